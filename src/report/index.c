/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/index.h"

#include "base/status.h"

enum {
	COL_DISTRO,
	COL_KIND,
	COL_PACKAGES,
	COL_FILES,
	COL_DIGESTS,
	COL_BUILDS,
	COL_SOURCE,
	COL_COUNT
};

static const struct wd_column columns[COL_COUNT] = {
	[COL_DISTRO] = {.name = "distro", .width = 16},
	[COL_KIND] = {.name = "kind", .width = 9},
	[COL_PACKAGES] = {.name = "packages", .kind = WD_COLUMN_NUMBER, .width = 8},
	[COL_FILES] = {.name = "files", .kind = WD_COLUMN_NUMBER, .width = 9},
	[COL_DIGESTS] = {.name = "digests", .kind = WD_COLUMN_NUMBER, .width = 9},
	[COL_BUILDS] = {.name = "build_ids", .kind = WD_COLUMN_NUMBER, .width = 9},
	[COL_SOURCE] = {.name = "source", .kind = WD_COLUMN_PATH},
};

/* "id:version_id", as everywhere */
static void label(const struct wd_reference *ref, uint32_t distro, struct wd_buf *out)
{
	const struct wd_reference_distro *d;

	out->len = 0;
	if (distro >= ref->distros.n)
		return;
	d = &ref->distros.v[distro];
	wd_buf_blob(out, wd_strpool_get(&ref->strings, d->os));
	if (wd_strpool_get(&ref->strings, d->version).len)
		wd_buf_byte(out, ':');
	wd_buf_blob(out, wd_strpool_get(&ref->strings, d->version));
}

static int write_source(const struct wd_reference *ref, const struct wd_reference_source *s,
			struct wd_writer *writer, struct wd_buf *distro)
{
	struct wd_cell cells[COL_COUNT] = {
		[COL_KIND].text = wd_strpool_get(&ref->strings, s->kind),
		[COL_PACKAGES].number = s->packages,
		[COL_FILES].number = s->files,
		[COL_DIGESTS].number = s->digests,
		[COL_BUILDS].number = s->builds,
		[COL_SOURCE].text = wd_strpool_get(&ref->strings, s->path),
	};

	label(ref, s->distro, distro);
	cells[COL_DISTRO].text = wd_buf_view(distro);
	return distro->status < 0 ? distro->status : writer->format->row(writer, cells);
}

int wd_rows_sources(const struct wd_reference *ref, struct wd_writer *writer)
{
	static const struct wd_catalog nothing;
	struct wd_schema schema = {"whodistro/learn/1", "sources", ref->path, columns, COL_COUNT};
	WD_CLEANUP_BUF struct wd_buf distro = WD_BUF_INIT;
	int r;

	writer->schema = &schema;
	r = writer->format->begin(writer);
	for (size_t i = 0; r == 0 && i < ref->sources.n; i++)
		r = write_source(ref, &ref->sources.v[i], writer, &distro);
	if (r == 0)
		r = writer->format->end(writer, &nothing);
	writer->schema = NULL;
	return r;
}
