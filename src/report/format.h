/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Output formats of tables. A command describes its columns once and pushes rows; a format is one
 * ops struct. The formats stand in a static, NULL-ended table in format.c; `sqlite` is a module,
 * so that no other run maps SQLite.
 */
#ifndef WD_REPORT_FORMAT_H
#define WD_REPORT_FORMAT_H

#include "pkgdb/catalog.h"
#include "report/out.h"

#define WD_COLUMNS_MAX 24

enum wd_column_kind {
	WD_COLUMN_TEXT,
	WD_COLUMN_PATH,	  /* bytes; JSON adds NAME_hex where they are not UTF-8 */
	WD_COLUMN_NAME,	  /* a path or a name of something else: bytes, shown as they are */
	WD_COLUMN_NUMBER, /* null where unknown */
	WD_COLUMN_LIST,	  /* words separated by spaces; an array in JSON */
};

struct wd_column {
	const char *name;
	enum wd_column_kind kind;
	bool optional;	/* left out of csv and nul; in JSON only where it is not empty */
	bool data_only; /* left out of text */
	unsigned width; /* columns that text keeps for it; 0: as it comes (for the last) */
};

struct wd_schema {
	const char *name;  /* "whodistro/map/1" */
	const char *table; /* "map": SQLite's table, JSON's array is "rows" */
	const char *rootfs;
	const struct wd_column *columns;
	size_t ncolumns;
};

struct wd_cell {
	struct wd_blob text;
	uint64_t number; /* NUMBER only; WD_SIZE_UNKNOWN: null */
};

struct wd_writer;
struct wd_format {
	const char *name;
	bool needs_file; /* cannot be written to a stream */
	bool lean;	 /* leaves optional columns out: they need not be filled */
	int (*begin)(struct wd_writer *w);
	int (*row)(struct wd_writer *w, const struct wd_cell *cells);
	/* Ends the report; the errors go into it where the format has a place for them. */
	int (*end)(struct wd_writer *w, const struct wd_catalog *cat);
};

struct wd_writer {
	const struct wd_format *format;
	const struct wd_schema *schema;
	struct wd_out *out;
	uint64_t rows;
	void *state; /* the format's */
};

/* The format of a name, or NULL. `module_dir` is where format modules are. */
const struct wd_format *wd_format_find(const char *name, const char *module_dir);

#define WD_FORMAT_MODULE_SYMBOL "wd_format_module"

extern const struct wd_format wd_format_text;
extern const struct wd_format wd_format_csv;
extern const struct wd_format wd_format_nul;
extern const struct wd_format wd_format_json;
extern const struct wd_format wd_format_ndjson;

#endif
