/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The formats that are a line or a record for each row: csv, nul, text. */
#include "report/format.h"
#include "report/text.h"

static void number(struct wd_buf *out, uint64_t n)
{
	if (n != WD_SIZE_UNKNOWN)
		wd_buf_number(out, n, 10, 1);
}

/* A word with a bit set where a byte of w is c (and perhaps in bytes above one that is). */
static uint64_t has_byte(uint64_t w, uint8_t c)
{
	uint64_t x = w ^ (0x0101010101010101u * c);

	return (x - 0x0101010101010101u) & ~x & 0x8080808080808080u;
}

/* Most fields of a map need no quotes: looked at eight bytes at a time. */
static bool needs_quotes(struct wd_blob s)
{
	uint64_t hits = 0;

	for (size_t i = 0; i < s.len; i += 8) {
		uint64_t w = 0;

		memcpy(&w, s.ptr + i, s.len - i < 8 ? s.len - i : 8);
		hits |= has_byte(w, '"') | has_byte(w, ',') | has_byte(w, '\n') | has_byte(w, '\r');
	}
	return hits != 0;
}

/* RFC 4180, with bytes as they are and lines ending in LF. */
static void csv_field(struct wd_buf *out, struct wd_blob s)
{
	if (!needs_quotes(s)) {
		wd_buf_blob(out, s);
		return;
	}
	wd_buf_byte(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			wd_buf_byte(out, '"');
		wd_buf_byte(out, s.ptr[i]);
	}
	wd_buf_byte(out, '"');
}

static int csv_begin(struct wd_writer *w)
{
	const char *sep = "";

	for (size_t i = 0; i < w->schema->ncolumns; i++) {
		if (w->schema->columns[i].optional)
			continue;
		wd_buf_printf(&w->out->buf, "%s%s", sep, w->schema->columns[i].name);
		sep = ",";
	}
	wd_buf_byte(&w->out->buf, '\n');
	return wd_out_check(w->out);
}

static int csv_row(struct wd_writer *w, const struct wd_cell *cells)
{
	struct wd_buf *out = &w->out->buf;
	bool first = true;

	for (size_t i = 0; i < w->schema->ncolumns; i++) {
		const struct wd_column *col = &w->schema->columns[i];

		if (col->optional)
			continue;
		if (!first)
			wd_buf_byte(out, ',');
		first = false;
		if (col->kind == WD_COLUMN_NUMBER)
			number(out, cells[i].number);
		else
			csv_field(out, cells[i].text);
	}
	wd_buf_byte(out, '\n');
	return wd_out_check(w->out);
}

static int no_end(struct wd_writer *w, const struct wd_catalog *cat)
{
	(void)cat;
	return wd_out_check(w->out);
}

static int no_begin(struct wd_writer *w)
{
	return wd_out_check(w->out);
}

/* Every field ends in NUL, so that xargs -0 -n COLUMNS reads it back whatever the names hold. */
static int nul_row(struct wd_writer *w, const struct wd_cell *cells)
{
	struct wd_buf *out = &w->out->buf;

	for (size_t i = 0; i < w->schema->ncolumns; i++) {
		const struct wd_column *col = &w->schema->columns[i];

		if (col->optional)
			continue;
		if (col->kind == WD_COLUMN_NUMBER)
			number(out, cells[i].number);
		else
			wd_buf_blob(out, cells[i].text);
		wd_buf_byte(out, '\0');
	}
	return wd_out_check(w->out);
}

static void pad(struct wd_buf *out, size_t have, size_t want)
{
	static const char spaces[] =
		"                                                                ";

	while (have < want) {
		size_t n = want - have < sizeof(spaces) - 1 ? want - have : sizeof(spaces) - 1;

		wd_buf_append(out, spaces, n);
		have += n;
	}
}

static int text_begin(struct wd_writer *w)
{
	struct wd_buf *out = &w->out->buf;

	if (!w->out->terminal)
		return 0;
	wd_buf_str(out, w->out->color ? "\033[1m" : "");
	for (size_t i = 0; i < w->schema->ncolumns; i++) {
		const struct wd_column *col = &w->schema->columns[i];

		if (col->data_only)
			continue;
		for (const char *p = col->name; *p; p++)
			wd_buf_byte(out, *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p);
		if (col->width)
			pad(out, strlen(col->name), col->width + 2);
		else
			wd_buf_str(out, "  ");
	}
	wd_buf_str(out, w->out->color ? "\033[0m\n" : "\n");
	return wd_out_check(w->out);
}

/* Numbers stand to the right, everything else to the left; a path is shown from the root. */
static void text_cell(struct wd_buf *out, const struct wd_column *col, const struct wd_cell *cell)
{
	struct wd_buf work = WD_BUF_INIT;
	size_t width = 0;

	if (col->kind == WD_COLUMN_NUMBER) {
		if (cell->number != WD_SIZE_UNKNOWN)
			wd_text_number(&work, cell->number);
		pad(out, work.len, col->width);
		wd_buf_blob(out, wd_buf_view(&work));
		width = col->width;
	} else {
		if (col->kind == WD_COLUMN_PATH &&
		    (cell->text.len == 0 || cell->text.ptr[0] != '/')) {
			wd_buf_byte(out, '/');
			width++;
		}
		width += wd_text_escape(out, cell->text);
		if (cell->text.len == 0 && col->kind == WD_COLUMN_TEXT && col->width) {
			wd_buf_byte(out, '-');
			width++;
		}
	}
	pad(out, width, col->width);
	wd_buf_done(&work);
}

static int text_row(struct wd_writer *w, const struct wd_cell *cells)
{
	struct wd_buf *out = &w->out->buf;
	bool first = true;

	for (size_t i = 0; i < w->schema->ncolumns; i++) {
		const struct wd_column *col = &w->schema->columns[i];

		if (col->data_only)
			continue;
		if (!first)
			wd_buf_str(out, "  ");
		first = false;
		text_cell(out, col, &cells[i]);
	}
	while (out->len && out->ptr[out->len - 1] == ' ')
		out->len--;
	wd_buf_byte(out, '\n');
	return wd_out_check(w->out);
}

const struct wd_format wd_format_csv = {
	.name = "csv", .lean = true, .begin = csv_begin, .row = csv_row, .end = no_end};
const struct wd_format wd_format_nul = {
	.name = "nul", .lean = true, .begin = no_begin, .row = nul_row, .end = no_end};
const struct wd_format wd_format_text = {
	.name = "text", .lean = true, .begin = text_begin, .row = text_row, .end = no_end};
