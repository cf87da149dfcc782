/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report of whodistro/inspect/1, for people and for programs. */
#ifndef WD_REPORT_INSPECT_H
#define WD_REPORT_INSPECT_H

#include "provenance/subject.h"
#include "report/out.h"

enum wd_inspect_flag {
	WD_INSPECT_EVIDENCE = 1, /* every item of the evidence, not only what decides */
	WD_INSPECT_INDENT = 2,	 /* JSON on several lines */
};

/* Appends the JSON object. 0 or -ENOMEM. */
int wd_inspect_json(const struct wd_subject *s, const struct wd_verdict *v, unsigned flags,
		    struct wd_buf *out);

/* Appends the text for one root filesystem. */
void wd_inspect_text(const struct wd_subject *s, const struct wd_verdict *v, unsigned flags,
		     struct wd_out *out);

/* The table for several: its head, and a line each. */
void wd_inspect_table_head(struct wd_out *out, size_t name_width);
void wd_inspect_table_row(const struct wd_subject *s, const struct wd_verdict *v, size_t name_width,
			  struct wd_out *out);

#endif
