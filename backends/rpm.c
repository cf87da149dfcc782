/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rpm backend: picks the storage by its magic number and pushes its headers. */
#include "rpm-header.h"

#if WD_WITH_LIBDB
#include <db.h>
#endif
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmver.h>
#include <sqlite3.h>
#include <string.h>

/* librpm's words never reach a terminal: what is wrong is said through the sink. */
static int swallow(rpmlogRec rec, rpmlogCallbackData data)
{
	(void)rec;
	(void)data;
	return 0;
}

static int push_all(const struct wd_rpm_storage *storage, struct wd_rpm_source *src)
{
	struct wd_rpm_record rec = {.blob = WD_BUF_INIT};
	int r;

	while ((r = storage->next(src, &rec)) > 0) {
		r = wd_rpm_header_push(src, &rec);
		wd_buf_done(&rec.blob);
		if (r < 0)
			break;
	}
	wd_buf_done(&rec.blob);
	return r;
}

static int rpm_load(const struct wd_request *req, struct wd_sink *sink)
{
	const struct wd_rpm_storage *storage;
	struct wd_rpm_source src;
	int r;

	if (req->is_dir)
		return WD_ENOTMINE;
	r = wd_rpm_source_init(&src, req, sink);
	if (r < 0)
		return r;
	storage = wd_rpm_storage_find(&src);
	if (!storage)
		return WD_ENOTMINE;
	r = wd_sink_format(sink, storage->format);
	if (r < 0)
		return r;
	rpmlogSetCallback(swallow, NULL);
	r = storage->open(&src);
	if (r < 0)
		return r;
	r = push_all(storage, &src);
	storage->close(&src);
	return r;
}

static void rpm_libraries(char *buf, size_t size)
{
#if WD_WITH_LIBDB
	int major, minor, patch;

	db_version(&major, &minor, &patch);
	snprintf(buf, size, "librpm %s, Berkeley DB %d.%d.%d, SQLite %s", RPMVERSION, major, minor,
		 patch, sqlite3_libversion());
#else
	snprintf(buf, size, "librpm %s, SQLite %s", RPMVERSION, sqlite3_libversion());
#endif
}

/* What is no version to librpm is compared as a text. */
static int rpm_compare(const char *a, const char *b)
{
	rpmver x = rpmverParse(a), y = rpmverParse(b);
	int c = x && y ? rpmverCmp(x, y) : strcmp(a, b);

	rpmverFree(x);
	rpmverFree(y);
	return c;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "rpm",
	.version = "1",
	.load = rpm_load,
	.libraries = rpm_libraries,
	.compare = rpm_compare,
};
