/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attribution of what no database lists, by data/generated.tsv and by what links lead to. */
#ifndef WD_PROVENANCE_ATTRIBUTE_H
#define WD_PROVENANCE_ATTRIBUTE_H

#include "base/tsv.h"
#include "provenance/lineage.h"

/*
 * Attributes the nodes of the whole tree. 0, -ENOMEM, or a negated errno where the table cannot
 * be read; a row that is not understood is WD_ECORRUPT with its line in *ret_line.
 */
int wd_attribute_all(struct wd_owners *o, const char *data_dir, unsigned *ret_line);

/*
 * Attributes the files that nobody owns and that name their package themselves. The packages are
 * derived ones (see wd_catalog_derive()). 0, -ENOMEM or WD_ELIMIT.
 */
int wd_attribute_elf(struct wd_owners *o, const struct wd_evidence_list *evidence,
		     const struct wd_lineages *lineages);

#endif
