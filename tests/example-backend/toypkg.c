/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A backend for the database of toypkg, a package manager that does not exist: var/lib/toypkg/db.
 * The first line is "toypkg 1". Each line behind it is a package: its name, its version and the
 * paths of its files, separated by blanks:
 *
 *	hello 2.10 usr/bin/hello usr/share/doc/hello/NEWS
 */
#include "base/buf.h"
#include "pkgdb/backend.h"

#define DB_MAX (64u << 20) /* bytes; the worker's memory is limited too */

static int send_claim(struct wd_sink *sink, struct wd_blob path)
{
	ptrdiff_t slash = wd_blob_rchr(path, '/');
	struct wd_claim claim = {.dir = wd_blob_head(path, slash < 0 ? 0 : (size_t)slash),
				 .name = wd_blob_skip(path, (size_t)(slash + 1)),
				 .size = WD_SIZE_UNKNOWN};

	return wd_sink_claim(sink, &claim);
}

static int send_package(struct wd_sink *sink, const struct wd_package *pkg, struct wd_blob paths)
{
	struct wd_blob path;
	int r = wd_sink_package(sink, pkg);

	while (r == 0 && wd_blob_word(&paths, &path))
		r = send_claim(sink, path);
	return r;
}

static int load_packages(struct wd_sink *sink, struct wd_blob rest)
{
	struct wd_blob line;
	int r = 0;

	for (unsigned number = 2; r == 0 && wd_blob_token(&rest, '\n', &line); number++) {
		struct wd_package pkg = {.size = WD_SIZE_UNKNOWN};

		/* a bad line costs its package: it is reported, and the next one is read */
		if (wd_blob_word(&line, &pkg.field[WD_PACKAGE_NAME]) &&
		    wd_blob_word(&line, &pkg.field[WD_PACKAGE_VERSION]))
			r = send_package(sink, &pkg, line);
		else
			r = wd_sink_error(sink, WD_ECORRUPT, NULL, "line %u: no name or no version",
					  number);
	}
	return r;
}

static int toypkg_load(const struct wd_request *req, struct wd_sink *sink)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	struct wd_blob rest, line;
	int r = wd_buf_read_fd(&text, req->fd, DB_MAX);

	if (r < 0)
		return r;
	rest = wd_buf_view(&text);
	if (!wd_blob_token(&rest, '\n', &line) || !wd_blob_starts(line, WD_BLOB("toypkg ")))
		return WD_ENOTMINE;
	if (!wd_blob_is(line, "toypkg 1"))
		return WD_EUNSUPPORTED;
	r = wd_sink_format(sink, "toypkg-1");
	return r < 0 ? r : load_packages(sink, rest);
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "toypkg",
	.version = "1.0",
	.load = toypkg_load,
};
