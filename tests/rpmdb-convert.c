/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copies the header blobs of an rpm database into a new one of another storage, so that a test
 * can ask for the same result from all of them:
 *
 *	rpmdb-convert STORAGE INFILE OUTFILE	STORAGE: see rpmdb_write()
 */
#include "rpmdb-write.h"

#include <fcntl.h>
#include <stdio.h>

static const char *infile;

static int on_error(struct wd_sink *sink, int status, const char *path, const char *message)
{
	(void)sink;
	(void)path;
	fprintf(stderr, "%s: %s: %s\n", infile, wd_status_name(status), message);
	return status;
}

static int open_beside(const struct wd_request *req, const char *name)
{
	const char *slash = strrchr(req->path, '/');
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	int fd;

	wd_buf_printf(&path, "%.*s%s", slash ? (int)(slash - req->path + 1) : 0, req->path, name);
	wd_buf_byte(&path, '\0');
	if (path.status < 0)
		return path.status;
	fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : errno == ENOENT ? WD_EABSENT : -errno;
}

static int read_all(const struct wd_rpm_storage *storage, struct wd_rpm_source *src,
		    struct rpmdb_set *set)
{
	struct wd_rpm_record rec = {.blob = WD_BUF_INIT};
	int r;

	while ((r = storage->next(src, &rec)) > 0) {
		set->records = reallocarray(set->records, set->count + 1, sizeof(rec));
		if (!set->records)
			return -ENOMEM;
		set->records[set->count++] = rec;
		rec.blob = WD_BUF_INIT;
	}
	return r;
}

static int read_set(const struct wd_request *req, struct rpmdb_set *set)
{
	static const struct wd_sink_ops ops = {.error = on_error};
	struct wd_sink sink = {&ops};
	const struct wd_rpm_storage *storage;
	struct wd_rpm_source src;
	int r = wd_rpm_source_init(&src, req, &sink);

	if (r < 0)
		return r;
	storage = wd_rpm_storage_find(&src);
	if (!storage)
		return WD_ENOTMINE;
	r = storage->open(&src);
	if (r < 0)
		return r;
	r = read_all(storage, &src, set);
	storage->close(&src);
	return r;
}

static void set_done(struct rpmdb_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		wd_buf_done(&set->records[i].blob);
	free(set->records);
}

int main(int argc, char **argv)
{
	WD_CLEANUP(set_done) struct rpmdb_set set = {0};
	WD_CLEANUP_FD int fd = -1;
	int r;

	if (argc != 4) {
		fprintf(stderr, "usage: rpmdb-convert STORAGE INFILE OUTFILE\n");
		return 2;
	}
	infile = argv[2];
	fd = open(infile, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(infile);
		return 1;
	}
	r = read_set(&(struct wd_request){.path = infile, .fd = fd, .open = open_beside}, &set);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", infile, wd_status_text(r));
		return 1;
	}
	return rpmdb_write(argv[1], argv[3], &set) < 0;
}
