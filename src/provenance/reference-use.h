/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an answer means for a root filesystem: evidence of whose it is, and owners of files. */
#ifndef WD_PROVENANCE_REFERENCE_USE_H
#define WD_PROVENANCE_REFERENCE_USE_H

#include "provenance/lineage.h"
#include "provenance/reference.h"

/*
 * Adds an item of kind "reference" for each candidate that programs prove, and for the best one
 * where its paths fit: strong where programs prove it; medium where it alone of several learnt
 * distributions of its kind fits, or where four of five files have its contents; else weak. It
 * names a release only where wd_candidate_is_release() or wd_answer_is_near() says so: the right
 * one may never have been learnt. 0 or -ENOMEM.
 */
int wd_reference_evidence(const struct wd_answer *a, const struct wd_owners *o,
			  struct wd_distros *distros, struct wd_evidence_list *e);

/*
 * Attributes files that no database owns. By contents: the package that has the file's contents or
 * build-id and, unless it is a program, its path. By paths: only where the best candidate alone
 * fits the whole rootfs, is near, and is one of its lineages, to packages of which nearly all is
 * there; or to packages that a database of the same distribution records without a list of files.
 * Where packages of several names have it as well, none gets it. A version is given only where
 * contents say it. 0, -ENOMEM or WD_ELIMIT.
 */
int wd_reference_by_contents(struct wd_owners *o, struct wd_distros *distros,
			     const struct wd_answer *a);
int wd_reference_by_paths(struct wd_owners *o, struct wd_distros *distros,
			  const struct wd_answer *a, const struct wd_lineages *lineages);

#endif
