/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include <stdio.h>

static const struct wd_column columns[] = {
	{"name", WD_COLUMN_TEXT, .width = 12},
	{"formats", WD_COLUMN_LIST, .width = 20},
	{"probes", WD_COLUMN_LIST, .data_only = true},
	{"description", WD_COLUMN_TEXT, .width = 44},
	{"directory", WD_COLUMN_PATH, .data_only = true},
	{"broken", WD_COLUMN_TEXT, .optional = true},
};

static int write_row(struct wd_writer *w, const struct wd_descriptor *d)
{
	WD_CLEANUP_BUF struct wd_buf probes = WD_BUF_INIT;
	struct wd_cell cells[WD_ARRAY_SIZE(columns)] = {
		{.text = wd_blob_str(d->name)},	       {.text = wd_blob_str(d->formats)},
		{.text = WD_BLOB_NULL},		       {.text = wd_blob_str(d->description)},
		{.text = wd_blob_str(d->dir)},	       {.text = wd_blob_str(d->broken)},
	};
	int r;

	for (size_t i = 0; i < d->probes.n; i++)
		wd_buf_printf(&probes, "%s%s", i ? " " : "", d->probes.v[i]);
	cells[2].text = wd_buf_view(&probes);
	r = probes.status < 0 ? probes.status : w->format->row(w, cells);
	w->rows++;
	return r;
}

static int run(struct wd_cli *cli)
{
	struct wd_schema schema = {"whodistro/backends/1", "backends", "", columns,
				   WD_ARRAY_SIZE(columns)};
	struct wd_catalog none = {.dbs = {0}};
	const struct wd_format *format;
	struct wd_out out;
	int status = wd_cli_open_output(cli, &out, &format);
	struct wd_writer w = {.schema = &schema, .out = &out};
	int r;

	if (status >= 0)
		return status;
	w.format = format;
	r = format->begin(&w);
	for (size_t i = 0; r == 0 && i < cli->backends.list.n; i++)
		r = write_row(&w, cli->backends.list.v[i]);
	if (r == 0)
		r = format->end(&w, &none);
	return r < 0 ? (wd_out_done(&out), wd_cli_write_failed(cli, r))
		     : wd_cli_close_output(cli, &out, WD_EXIT_COMPLETE);
}

const struct wd_command wd_cmd_backends = {
	.name = "backends",
	.operands = "",
	.summary = "what this build can read",
	.min_operands = 0,
	.max_operands = 0,
	.options = "",
	.formats = "text, csv, nul, json, ndjson",
	.run = run,
};
