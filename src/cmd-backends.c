/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "base/status.h"

#include <string.h>

enum {
	NAME,
	MODULE_VERSION,
	FORMATS,
	PROBES,
	SOURCES,
	LIBRARIES,
	DESCRIPTION,
	DIRECTORY,
	BROKEN,
	COLUMNS
};

static const struct wd_column columns[COLUMNS] = {
	[NAME] = {"name", WD_COLUMN_TEXT, .width = 12},
	[MODULE_VERSION] = {"version", WD_COLUMN_TEXT, .width = 7},
	[FORMATS] = {"formats", WD_COLUMN_LIST, .width = 20},
	[PROBES] = {"probes", WD_COLUMN_LIST, .data_only = true},
	[SOURCES] = {"sources", WD_COLUMN_LIST, .data_only = true},
	[LIBRARIES] = {"libraries", WD_COLUMN_TEXT, .width = 26},
	[DESCRIPTION] = {"description", WD_COLUMN_TEXT},
	[DIRECTORY] = {"directory", WD_COLUMN_PATH, .data_only = true},
	[BROKEN] = {"broken", WD_COLUMN_TEXT, .optional = true},
};

/* Wide enough for what there is, within reason. */
static void widen(struct wd_column *col, const char *text, unsigned most)
{
	size_t len = text ? strlen(text) : 0;

	len = len < most ? len : most;
	if (len > col->width)
		col->width = (unsigned)len;
}

struct about {
	char *version;
	char *libraries;
	char *broken;
};

/* What the module itself says, and why it cannot be used where that is so. 0 or -ENOMEM. */
static int ask(const struct wd_descriptor *d, struct about *ret)
{
	struct wd_catalog cat = {.dbs = {0}};
	int r = d->broken ? 0 : wd_load_about(d, &cat, &ret->version, &ret->libraries);

	if (d->broken)
		ret->broken = strdup(d->broken);
	else if (r < 0)
		ret->broken = strdup(cat.errors.n ? cat.errors.v[0].message : wd_status_text(r));
	wd_catalog_done(&cat);
	return (d->broken || r < 0) && !ret->broken ? -ENOMEM : 0;
}

static int write_row(struct wd_writer *w, const struct wd_descriptor *d, const struct about *about)
{
	WD_CLEANUP_BUF struct wd_buf probes = WD_BUF_INIT, sources = WD_BUF_INIT;
	struct wd_cell cells[COLUMNS] = {
		[NAME].text = wd_blob_str(d->name),
		[MODULE_VERSION].text = wd_blob_str(about->version),
		[FORMATS].text = wd_blob_str(d->formats),
		[LIBRARIES].text = wd_blob_str(about->libraries),
		[DESCRIPTION].text = wd_blob_str(d->description),
		[DIRECTORY].text = wd_blob_str(d->dir),
		[BROKEN].text = wd_blob_str(about->broken),
	};
	int r;

	for (size_t i = 0; i < d->probes.n; i++)
		wd_buf_printf(&probes, "%s%s", i ? " " : "", d->probes.v[i]);
	for (size_t i = 0; i < d->sources.n; i++)
		wd_buf_printf(&sources, "%s%s", i ? " " : "", d->sources.v[i]);
	cells[PROBES].text = wd_buf_view(&probes);
	cells[SOURCES].text = wd_buf_view(&sources);
	r = probes.status < 0 ? probes.status : sources.status;
	r = r < 0 ? r : w->format->row(w, cells);
	w->rows++;
	return r;
}

static int write_all(const struct wd_cli *cli, struct wd_writer *w, const struct about *about,
		     struct wd_column *cols)
{
	struct wd_catalog none = {.dbs = {0}};
	size_t n = cli->backends.list.n;
	int r;

	for (size_t i = 0; i < n; i++) {
		widen(&cols[FORMATS], cli->backends.list.v[i]->formats, 32);
		widen(&cols[LIBRARIES], about[i].libraries, 60);
	}
	r = w->format->begin(w);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = write_row(w, cli->backends.list.v[i], &about[i]);
	return r < 0 ? r : w->format->end(w, &none);
}

static void about_done(struct about *about, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(about[i].version);
		free(about[i].libraries);
		free(about[i].broken);
	}
	free(about);
}

static int run(struct wd_cli *cli)
{
	struct wd_column cols[COLUMNS];
	struct wd_schema schema = {"whodistro/backends/1", "backends", "", cols, COLUMNS};
	size_t n = cli->backends.list.n;
	struct about *about = calloc(n + 1, sizeof(*about));
	struct wd_out out;
	struct wd_writer w = {.schema = &schema, .out = &out};
	int status = wd_cli_open_output(cli, &out, &w.format);
	int r = about ? 0 : -ENOMEM;

	memcpy(cols, columns, sizeof(cols));
	if (status < 0) {
		status = WD_EXIT_COMPLETE;
		for (size_t i = 0; r == 0 && i < n; i++)
			r = ask(cli->backends.list.v[i], &about[i]);
		for (size_t i = 0; r == 0 && i < n; i++)
			if (about[i].broken)
				status = WD_EXIT_INCOMPLETE;
		if (r == 0)
			r = write_all(cli, &w, about, cols);
		if (r < 0)
			wd_out_done(&out);
		status = r < 0 ? wd_cli_write_failed(cli, r)
			       : wd_cli_close_output(cli, &out, status);
	}
	about_done(about, about ? n : 0);
	return status;
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
