/* SPDX-License-Identifier: GPL-3.0-or-later */
/* package-url: https://github.com/package-url/purl-spec, types deb and rpm. */
#ifndef WD_PROVENANCE_PURL_H
#define WD_PROVENANCE_PURL_H

#include "provenance/distro.h"

/* Appends the package-url of a package whose distro is `distro`. */
void wd_purl(const struct wd_catalog *cat, const struct wd_cat_package *pkg,
	     const struct wd_distro *distro, struct wd_buf *out);

#endif
