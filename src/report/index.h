/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables about reference indexes: what one holds, whodistro/learn/1. */
#ifndef WD_REPORT_INDEX_H
#define WD_REPORT_INDEX_H

#include "provenance/reference.h"
#include "report/format.h"

/* Writes the sources of an index, in the order in which they were learnt. 0 or negative. */
int wd_rows_sources(const struct wd_reference *ref, struct wd_writer *writer);

#endif
