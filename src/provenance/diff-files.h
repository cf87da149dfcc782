/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WD_PROVENANCE_DIFF_FILES_H
#define WD_PROVENANCE_DIFF_FILES_H

#include "provenance/diff.h"

/* The changes of files, for wd_diff_make(). 0 or a negative status. */
int wd_diff_files(struct wd_diff *d, const struct wd_hash_ops *ops);

#endif
