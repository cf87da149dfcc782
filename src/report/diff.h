/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of whodistro/diff/1: of the root filesystem, of packages, of files, in this order. */
#ifndef WD_REPORT_DIFF_H
#define WD_REPORT_DIFF_H

#include "provenance/diff.h"
#include "report/format.h"

/* `a` and `b` are the verdicts on both sides; a difference of them is counted in `d`. */
int wd_diff_rows(struct wd_diff *d, const struct wd_verdict *a, const struct wd_verdict *b,
		 struct wd_writer *writer);

#endif
