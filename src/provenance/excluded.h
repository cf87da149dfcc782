/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What dpkg was told not to unpack: path-exclude and path-include in its configuration
 * (etc/dpkg/dpkg.cfg.d/, then etc/dpkg/dpkg.cfg), as images called slim have it. dpkg records such
 * paths all the same.
 */
#ifndef WD_PROVENANCE_EXCLUDED_H
#define WD_PROVENANCE_EXCLUDED_H

#include "provenance/owners.h"

/*
 * Marks what dpkg's databases claim, what is not there, and what is excluded as not installed. A
 * configuration that cannot be read is an error in the catalog. 0 or -ENOMEM.
 */
int wd_excluded_mark(struct wd_owners *o);

#endif
