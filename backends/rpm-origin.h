/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which source package an rpm was built from. */
#ifndef WD_RPM_ORIGIN_H
#define WD_RPM_ORIGIN_H

#include "pkgdb/backend.h"

/*
 * Takes SOURCERPM apart, "name-version-release.src.rpm": neither version nor release can hold a
 * dash. Anything else leaves the package as it is.
 */
void wd_rpm_set_source(struct wd_package *pkg, struct wd_blob sourcerpm);

#endif
