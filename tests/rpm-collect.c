/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rpm-collect.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>

static struct collect *collect_of(struct wd_sink *sink)
{
	return (struct collect *)sink;
}

static int on_package(struct wd_sink *sink, const struct wd_package *p)
{
	struct wd_buf *out = &collect_of(sink)->out;

	wd_buf_printf(out, "P %.*s %.*s %x\n", WD_BLOB_PRINTF(p->field[WD_PACKAGE_NAME]),
		      WD_BLOB_PRINTF(p->field[WD_PACKAGE_VERSION]), p->flags);
	return 0;
}

static int on_claim(struct wd_sink *sink, const struct wd_claim *c)
{
	struct wd_buf *out = &collect_of(sink)->out;

	wd_buf_printf(out, "C %.*s|%.*s %x %o %" PRId64 " ", WD_BLOB_PRINTF(c->dir),
		      WD_BLOB_PRINTF(c->name), c->flags, c->mode, (int64_t)c->size);
	wd_buf_hex(out, c->digest);
	wd_buf_printf(out, " %.*s\n", WD_BLOB_PRINTF(c->target));
	return 0;
}

static int on_format(struct wd_sink *sink, const char *format)
{
	(void)sink;
	(void)format;
	return 0;
}

static int on_error(struct wd_sink *sink, int status, const char *path, const char *message)
{
	(void)path;
	wd_buf_printf(&collect_of(sink)->errors, "%s: %s\n", wd_status_name(status), message);
	return 0;
}

void collect_init(struct collect *c)
{
	static const struct wd_sink_ops ops = {
		.package = on_package,
		.claim = on_claim,
		.format = on_format,
		.error = on_error,
	};

	*c = (struct collect){{&ops}, WD_BUF_INIT, WD_BUF_INIT};
}

void collect_done(struct collect *c)
{
	wd_buf_done(&c->out);
	wd_buf_done(&c->errors);
}

const char *collect_text(struct wd_buf *b)
{
	wd_buf_byte(b, '\0');
	b->len--;
	return b->ptr;
}

static int open_beside(const struct wd_request *req, const char *name)
{
	int fd;

	(void)req;
	fd = open(scratch(name), O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : errno == ENOENT ? WD_EABSENT : -errno;
}

int collect_load(struct collect *c, const char *path)
{
	WD_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct wd_request req = {
		.path = path,
		.fd = fd,
		.want = WD_WANT_DIGESTS,
		.open = open_beside,
	};

	return fd < 0 ? -errno : wd_backend_v2.load(&req, &c->sink);
}

int collect_storage(struct collect *c, const char *path)
{
	WD_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct wd_request req = {.path = path, .fd = fd, .open = open_beside};
	struct wd_rpm_record rec = {.blob = WD_BUF_INIT};
	const struct wd_rpm_storage *storage;
	struct wd_rpm_source src;
	int r = wd_rpm_source_init(&src, &req, &c->sink);

	if (r < 0)
		return r;
	storage = wd_rpm_storage_find(&src);
	if (!storage)
		return WD_ENOTMINE;
	r = storage->open(&src);
	if (r < 0)
		return r;
	while ((r = storage->next(&src, &rec)) > 0) {
		wd_buf_printf(&c->out, "%" PRIu32 ":%.*s\n", rec.hnum, (int)rec.blob.len,
			      rec.blob.ptr);
		wd_buf_done(&rec.blob);
	}
	wd_buf_done(&rec.blob);
	storage->close(&src);
	return r;
}

const char *scratch_dir(void)
{
	static char dir[] = "/tmp/wd-test-rpm-XXXXXX";
	static bool made;

	if (!made && !mkdtemp(dir)) {
		perror(dir);
		exit(1);
	}
	made = true;
	return dir;
}

const char *scratch(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % WD_ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch_dir(), name);
	return path;
}

void scratch_write(const char *name, struct wd_blob bytes)
{
	FILE *f = fopen(scratch(name), "w");

	if (!f || fwrite(bytes.ptr, 1, bytes.len, f) != bytes.len || fclose(f) != 0) {
		perror(name);
		exit(1);
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void scratch_remove(void)
{
	nftw(scratch_dir(), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
