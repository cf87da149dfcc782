/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Path patterns of the data tables. Components are separated by '/'. Inside a component `*` is
 * any run of bytes, `?` one byte, `[a-z]` and `[!x]` sets; a component `**` is any number of
 * components, none too. `*` and `**` capture what they match, numbered from 1.
 */
#ifndef WD_BASE_GLOB_H
#define WD_BASE_GLOB_H

#include "base/buf.h"

#define WD_GLOB_CAPTURES 9

struct wd_captures {
	struct wd_blob at[WD_GLOB_CAPTURES]; /* borrowed from the path; $1 is at[0] */
	size_t n;
};

/* Whether one pattern component matches one name; no captures. */
bool wd_glob_name(struct wd_blob pattern, struct wd_blob name);

/* Whether a whole pattern matches a whole path. *ret (may be NULL) is set on a match. */
bool wd_glob_path(struct wd_blob pattern, struct wd_blob path, struct wd_captures *ret);

/* Whether a component holds no special byte, so that it matches only itself. */
bool wd_glob_is_literal(struct wd_blob component);

/* Appends a template with $1 to $9 replaced by captures (nothing for those that are not there). */
void wd_glob_expand(struct wd_blob template, const struct wd_captures *captures,
		    struct wd_buf *out);

#endif
