/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Expressions of the data tables: POSIX extended, unanchored, case matters. There are hundreds and
 * most never match, so that a string is first looked at for the plain text that an expression
 * cannot do without, and what passes compiles it.
 */
#ifndef WD_PROVENANCE_PATTERN_H
#define WD_PROVENANCE_PATTERN_H

#include "base/glob.h"

#include <regex.h>

/* Plain text that whatever matches holds, as far as it is kept. */
#define WD_PATTERN_NEEDLES 4
#define WD_PATTERN_NEEDLE 15

struct wd_needle {
	uint8_t len;
	char text[WD_PATTERN_NEEDLE];
};

struct wd_pattern {
	struct wd_blob text; /* borrowed */
	bool groups;	     /* they will be asked for, which costs more */
	regex_t *compiled;
	bool broken;  /* it is no expression: matches nothing */
	bool starved; /* out of memory once: what it said since is worth nothing */
	bool looked;  /* the needles were looked for */
	uint8_t nneedles;
	struct wd_needle needles[WD_PATTERN_NEEDLES];
};

void wd_pattern_done(struct wd_pattern *p);

/* Whether s holds the plain text of any alternative: nothing else can match. Compiles nothing. */
bool wd_pattern_may_match(struct wd_pattern *p, struct wd_blob s);

/* Compiles where that was not done yet. False where it is broken, or out of memory. */
bool wd_pattern_compile(struct wd_pattern *p);

/* Whether it matches somewhere in s. *ret (may be NULL) are the groups, borrowed from s; unset
   without p->groups. */
bool wd_pattern_match(struct wd_pattern *p, struct wd_blob s, struct wd_captures *ret);

#endif
