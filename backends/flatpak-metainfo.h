/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a package record takes from an AppStream component (AppStream, 2.1 Upstream Metadata). */
#ifndef WD_FLATPAK_METAINFO_H
#define WD_FLATPAK_METAINFO_H

#include "base/buf.h"
#include "xml.h"

struct wd_metainfo {
	struct wd_buf id, version, developer, homepage; /* empty where not recorded */
};

void wd_metainfo_done(struct wd_metainfo *m);

/*
 * Fills *m, which is emptied first. 0, -ENOMEM, or WD_ECORRUPT with *fault set; what was found
 * before the fault stays.
 */
int wd_metainfo_parse(struct wd_blob document, struct wd_metainfo *m, struct wd_xml_fault *fault);

#endif
