/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of whodistro/verify/1: one for each finding. */
#ifndef WD_REPORT_VERIFY_H
#define WD_REPORT_VERIFY_H

#include "provenance/verify.h"
#include "report/format.h"

/* Writes what differs, in order of path. 0 or negative. */
int wd_verify_rows(struct wd_verify *v, struct wd_writer *writer);

#endif
