/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The backend for dpkg: var/lib/dpkg/status with what stands beside it, or var/lib/dpkg/status.d. */
#include "dpkg-internal.h"

#include <stdlib.h>

int wd_dpkg_error(struct wd_dpkg *db, struct wd_dpkg_source *source, int status, size_t line,
		  const char *fmt, ...)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	const char *shown = source->name.ptr ? "" : NULL;
	char message[384], place[32] = "";
	va_list ap;

	if (source->errors > WD_DPKG_ERRORS_MAX)
		return 0;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (line)
		snprintf(place, sizeof(place), "line %zu: ", line);
	if (shown) {
		wd_buf_blob(&path, db->home);
		wd_buf_printf(&path, "/%s%.*s%s", source->dir, WD_BLOB_PRINTF(source->name),
			      source->suffix);
		wd_buf_byte(&path, '\0');
		shown = path.status < 0 ? db->req->path : path.ptr;
	}
	if (source->errors++ == WD_DPKG_ERRORS_MAX)
		return wd_sink_error(db->sink, status, shown,
				     "%sfurther errors in this file are not shown", place);
	return wd_sink_error(db->sink, status, shown, "%s%s", place, message);
}

int wd_dpkg_read(struct wd_dpkg *db, const char *path, size_t max, struct wd_buf *buf,
		 bool *ret_complete)
{
	int r = wd_file_read(db->req, path, max, buf);

	if (r < 0)
		return r;
	if (ret_complete)
		*ret_complete = buf->len == 0 || buf->ptr[buf->len - 1] == '\n';
	if (buf->len && buf->ptr[buf->len - 1] != '\n')
		wd_buf_byte(buf, '\n');
	return buf->status;
}

const char *wd_dpkg_file_name(struct wd_dpkg *db, const struct wd_dpkg_source *source)
{
	db->name.len = 0;
	wd_buf_str(&db->name, source->dir);
	wd_buf_blob(&db->name, source->name);
	wd_buf_str(&db->name, source->suffix);
	wd_buf_byte(&db->name, '\0');
	return db->name.status < 0 ? NULL : db->name.ptr;
}

int wd_dpkg_push_package(struct wd_dpkg *db, const struct wd_dpkg_stanza *st, uint32_t flags)
{
	struct wd_package pkg;

	wd_dpkg_stanza_package(st, &pkg);
	pkg.flags |= flags;
	return wd_sink_package(db->sink, &pkg);
}

static int load_stanzas(struct wd_dpkg *db, struct wd_blob bytes)
{
	struct wd_dpkg_text rest = {bytes, 1}, text;
	struct wd_dpkg_stanza stanza;
	struct wd_dpkg_fault fault;

	while (wd_dpkg_stanza_next(&rest, &text)) {
		int r = wd_dpkg_stanza_parse(&text, &stanza, &fault);

		if (r < 0)
			r = wd_dpkg_error(db, &db->status, r, fault.line, "%s", fault.message);
		else if (stanza.installed && !wd_dpkg_journal_has(&db->journal, &stanza))
			r = wd_dpkg_load_package(db, &stanza);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_status(struct wd_dpkg *db)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	int r = wd_sink_format(db->sink, "status");

	if (r == 0)
		r = wd_buf_read_fd(&text, db->req->fd, WD_DPKG_STATUS_MAX);
	if (r < 0)
		return r;
	wd_buf_append(&text, "\n\n", 2);
	if (text.status < 0)
		return text.status;
	r = wd_dpkg_overrides_read(db);
	if (r == 0)
		r = wd_dpkg_journal_read(db);
	if (r == 0)
		r = load_stanzas(db, wd_buf_view(&text));
	if (r == 0)
		r = wd_dpkg_journal_load(db);
	return r < 0 ? r : wd_dpkg_alternatives_load(db);
}

/* The directory that holds the database; the database itself where it is one. */
static struct wd_blob home_of(const struct wd_request *req)
{
	struct wd_blob path = wd_blob_str(req->path);
	ptrdiff_t slash;

	while (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	if (req->is_dir)
		return path;
	slash = wd_blob_rchr(path, '/');
	return slash < 0 ? WD_BLOB(".") : wd_blob_head(path, (size_t)slash);
}

static int dpkg_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct wd_dpkg db = {.req = req, .sink = sink, .home = home_of(req)};
	int r;

	wd_dpkg_library_begin();
	r = req->is_dir ? wd_dpkg_statusd_load(&db) : load_status(&db);
	wd_dpkg_library_end();
	wd_dpkg_overrides_done(&db);
	wd_dpkg_journal_done(&db);
	wd_dpkg_paths_done(&db.files);
	wd_buf_done(&db.name);
	wd_buf_done(&db.list);
	wd_buf_done(&db.sums);
	return r;
}

static void dpkg_libraries(char *buf, size_t size)
{
#ifdef WD_LIBDPKG_VERSION /* a static library, which has no way to ask it */
	snprintf(buf, size, "libdpkg " WD_LIBDPKG_VERSION);
#else
	snprintf(buf, size, "libdpkg");
#endif
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "dpkg",
	.version = "1",
	.load = dpkg_load,
	.libraries = dpkg_libraries,
	.compare = wd_dpkg_compare,
};
