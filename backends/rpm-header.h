/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An rpm header blob as a package and its claims. */
#ifndef WD_RPM_HEADER_H
#define WD_RPM_HEADER_H

#include "rpm-storage.h"

/*
 * Pushes the package of a record and its claims into the sink; consumes the record's blob. What
 * is wrong with the package is reported there, too. Returns 0, or a negative status that ends
 * the load.
 */
int wd_rpm_header_push(struct wd_rpm_source *src, struct wd_rpm_record *rec);

#endif
