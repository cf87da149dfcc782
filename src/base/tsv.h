/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The data tables: one row a line, columns separated by single tabs, lines that are empty or
 * begin with '#' are comments.
 */
#ifndef WD_BASE_TSV_H
#define WD_BASE_TSV_H

#include "base/buf.h"

#define WD_TSV_COLUMNS 12

struct wd_tsv {
	struct wd_buf text;
	struct wd_blob rest;
	unsigned line; /* of the row read last, from 1 */
};

/* Opens DIR/NAME. 0 or a negated errno. Release with wd_tsv_done(). */
int wd_tsv_open(struct wd_tsv *t, const char *dir, const char *name);
void wd_tsv_done(struct wd_tsv *t);

/*
 * The next row: its columns, borrowed from the table, missing ones empty. Returns the number of
 * columns (at most WD_TSV_COLUMNS; the last one then holds the rest), or 0 at the end.
 */
size_t wd_tsv_next(struct wd_tsv *t, struct wd_blob columns[WD_TSV_COLUMNS]);

#endif
