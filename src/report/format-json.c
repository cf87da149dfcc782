/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json: one object with `rows` and `errors`; ndjson: one object a line. Both stream. */
#include "base/status.h"
#include "report/format.h"
#include "report/text.h"

static void key(struct wd_buf *out, const char *name, bool *first)
{
	if (!*first)
		wd_buf_byte(out, ',');
	*first = false;
	wd_buf_byte(out, '"');
	wd_buf_str(out, name);
	wd_buf_append(out, "\":", 2);
}

static void list(struct wd_buf *out, struct wd_blob words)
{
	struct wd_blob word;
	bool first = true;

	wd_buf_byte(out, '[');
	while (wd_blob_word(&words, &word)) {
		if (!first)
			wd_buf_byte(out, ',');
		first = false;
		wd_json_string(out, word);
	}
	wd_buf_byte(out, ']');
}

/* The bytes of a path, where its JSON string could not keep them. */
static void hex(struct wd_buf *out, const char *name, struct wd_blob path)
{
	if (wd_utf8_valid(path))
		return;
	wd_buf_printf(out, ",\"%s_hex\":\"", name);
	wd_buf_hex(out, path);
	wd_buf_byte(out, '"');
}

static void cell(struct wd_buf *out, const struct wd_column *col, const struct wd_cell *c,
		 bool *first)
{
	if (col->optional &&
	    (col->kind == WD_COLUMN_NUMBER ? c->number == WD_SIZE_UNKNOWN : c->text.len == 0))
		return;
	key(out, col->name, first);
	if (col->kind == WD_COLUMN_LIST) {
		list(out, c->text);
	} else if (col->kind != WD_COLUMN_NUMBER) {
		wd_json_string(out, c->text);
	} else if (c->number == WD_SIZE_UNKNOWN) {
		wd_buf_str(out, "null");
	} else {
		wd_buf_number(out, c->number, 10, 1);
	}
	if (col->kind == WD_COLUMN_PATH || col->kind == WD_COLUMN_NAME)
		hex(out, col->name, c->text);
}

static void object(struct wd_buf *out, const struct wd_schema *schema, const struct wd_cell *cells)
{
	bool first = true;

	wd_buf_byte(out, '{');
	for (size_t i = 0; i < schema->ncolumns; i++)
		cell(out, &schema->columns[i], &cells[i], &first);
	wd_buf_byte(out, '}');
}

static int ndjson_begin(struct wd_writer *w)
{
	return wd_out_check(w->out);
}

static int ndjson_row(struct wd_writer *w, const struct wd_cell *cells)
{
	object(&w->out->buf, w->schema, cells);
	wd_buf_byte(&w->out->buf, '\n');
	return wd_out_check(w->out);
}

static int ndjson_end(struct wd_writer *w, const struct wd_catalog *cat)
{
	(void)cat; /* on standard error only: a line is a row */
	return wd_out_check(w->out);
}

static int json_begin(struct wd_writer *w)
{
	struct wd_buf *out = &w->out->buf;

	wd_buf_str(out, "{\"schema\":");
	wd_json_string(out, wd_blob_str(w->schema->name));
	wd_buf_str(out, ",\n\"rootfs\":");
	wd_json_string(out, wd_blob_str(w->schema->rootfs));
	hex(out, "rootfs", wd_blob_str(w->schema->rootfs));
	wd_buf_str(out, ",\n\"rows\":[");
	return wd_out_check(w->out);
}

static int json_row(struct wd_writer *w, const struct wd_cell *cells)
{
	wd_buf_str(&w->out->buf, w->rows ? ",\n" : "\n");
	object(&w->out->buf, w->schema, cells);
	return wd_out_check(w->out);
}

static int json_end(struct wd_writer *w, const struct wd_catalog *cat)
{
	struct wd_buf *out = &w->out->buf;

	wd_buf_str(out, "\n],\n\"errors\":[");
	for (size_t i = 0; i < cat->errors.n; i++) {
		const struct wd_cat_error *e = &cat->errors.v[i];

		wd_buf_str(out, i ? ",\n{\"path\":" : "\n{\"path\":");
		wd_json_string(out, wd_blob_str(e->path));
		hex(out, "path", wd_blob_str(e->path));
		wd_buf_printf(out, ",\"code\":\"%s\",\"message\":", wd_status_name(e->status));
		wd_json_string(out, wd_blob_str(e->message));
		wd_buf_byte(out, '}');
	}
	wd_buf_str(out, "]}\n");
	return wd_out_check(w->out);
}

const struct wd_format wd_format_json = {
	.name = "json", .begin = json_begin, .row = json_row, .end = json_end};
const struct wd_format wd_format_ndjson = {
	.name = "ndjson", .begin = ndjson_begin, .row = ndjson_row, .end = ndjson_end};
