/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "backend-log.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#define OR_DASH(b) WD_BLOB_PRINTF((b).len ? (b) : WD_BLOB("-"))

static struct wd_buf *text_of(struct wd_sink *sink)
{
	return &((struct backend_log *)((char *)sink - offsetof(struct backend_log, sink)))->text;
}

static void put_size(struct wd_buf *text, uint64_t size)
{
	if (size == WD_SIZE_UNKNOWN)
		wd_buf_str(text, " -");
	else
		wd_buf_printf(text, " %llu", (unsigned long long)size);
}

static int on_package(struct wd_sink *sink, const struct wd_package *pkg)
{
	static const int shown[] = {WD_PACKAGE_NAME,   WD_PACKAGE_VERSION,  WD_PACKAGE_ARCH,
				    WD_PACKAGE_SOURCE, WD_PACKAGE_PACKAGER, WD_PACKAGE_URL};
	struct wd_buf *text = text_of(sink);

	wd_buf_byte(text, 'P');
	for (size_t i = 0; i < WD_ARRAY_SIZE(shown); i++)
		wd_buf_printf(text, " %.*s", OR_DASH(pkg->field[shown[i]]));
	put_size(text, pkg->size);
	wd_buf_printf(text, " %x\n", pkg->flags);
	return 0;
}

static int on_claim(struct wd_sink *sink, const struct wd_claim *c)
{
	struct wd_buf *text = text_of(sink);

	wd_buf_printf(text, "C %.*s%s%.*s %o %x", WD_BLOB_PRINTF(c->dir),
		      c->dir.len && c->name.len ? "/" : "", WD_BLOB_PRINTF(c->name), c->mode,
		      c->flags);
	put_size(text, c->size);
	wd_buf_printf(text, " %d:", c->digest_algo);
	wd_buf_hex(text, c->digest);
	wd_buf_printf(text, " %.*s\n", OR_DASH(c->target));
	return 0;
}

static int on_alias(struct wd_sink *sink, struct wd_blob path, struct wd_blob target)
{
	wd_buf_printf(text_of(sink), "A %.*s %.*s\n", WD_BLOB_PRINTF(path), WD_BLOB_PRINTF(target));
	return 0;
}

static int on_format(struct wd_sink *sink, const char *format)
{
	wd_buf_printf(text_of(sink), "F %s\n", format);
	return 0;
}

static int on_error(struct wd_sink *sink, int status, const char *path, const char *message)
{
	wd_buf_printf(text_of(sink), "E %s %s %s\n", wd_status_name(status), path ? path : "-",
		      message);
	return 0;
}

int backend_log_setup(void **state)
{
	static const struct wd_sink_ops ops = {on_package, on_claim, on_alias, on_format, on_error};
	struct backend_log *log = calloc(1, sizeof(*log));

	if (!log)
		return -1;
	strcpy(log->root, "/tmp/wd-backend-XXXXXX");
	log->sink.ops = &ops;
	log->fd = mkdtemp(log->root) ? open(log->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	*state = log;
	return log->fd < 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int backend_log_teardown(void **state)
{
	struct backend_log *log = *state;

	nftw(log->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	close(log->fd);
	wd_buf_done(&log->text);
	free(log);
	return 0;
}

void backend_log_put(struct backend_log *log, const char *path, const void *bytes, size_t len)
{
	char dir[512];
	int fd;

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(p - path), path);
		mkdirat(log->fd, dir, 0755);
	}
	fd = openat(log->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

void backend_log_puts(struct backend_log *log, const char *path, const char *text)
{
	backend_log_put(log, path, text, strlen(text));
}

const char *backend_log_load(struct backend_log *log, const char *path, uint32_t want)
{
	int r;

	log->text.len = 0;
	log->from.req.want = want;
	assert_true(request_dir_open(&log->from, log->fd, path));
	r = wd_backend_v2.load(&log->from.req, &log->sink);
	request_dir_close(&log->from);
	wd_buf_printf(&log->text, "R %s", r < 0 ? wd_status_name(r) : "ok");
	wd_buf_byte(&log->text, '\0');
	assert_int_equal(log->text.status, 0);
	return log->text.ptr;
}
