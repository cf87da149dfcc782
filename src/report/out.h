/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a report goes: standard output, or a file that appears under its name only when it is
 * complete (it is written beside it and renamed). What exists and is no regular file is written to
 * as it is.
 */
#ifndef WD_REPORT_OUT_H
#define WD_REPORT_OUT_H

#include "base/buf.h"

struct wd_out {
	struct wd_buf buf;
	int fd;
	int status; /* sticky: the first failed write */
	char *path; /* -o FILE, or NULL */
	char *temp; /* the file being written; NULL where that is `path` itself */
	bool terminal;
	bool color;
	bool utf8;   /* the user's locale shows it */
	int columns; /* width of the terminal; 0 where it is none */
};

enum wd_color { WD_COLOR_AUTO, WD_COLOR_ALWAYS, WD_COLOR_NEVER };

/* `path` NULL: standard output. 0 or a negated errno. */
int wd_out_open(struct wd_out *out, const char *path, enum wd_color color);

/* Writes the buffer when it is large. 0 or the sticky status. */
int wd_out_check(struct wd_out *out);

/* Writes everything and puts the file in its place. 0 or a negated errno. */
int wd_out_commit(struct wd_out *out);

/* Releases; removes a file that was not committed. */
void wd_out_done(struct wd_out *out);

/* Removes what wd_out_open() made and is not committed; safe in a signal handler. */
void wd_out_abort_all(void);

#endif
