/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "request.h"

#include <dirent.h>
#include <stdio.h>

#define MARK "\n@@ "

/* Takes what stands before the next mark off the front of *rest. */
static struct wd_blob take_part(struct wd_blob *rest)
{
	const char *end = rest->len ? memmem(rest->ptr, rest->len, MARK, strlen(MARK)) : NULL;
	size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
	struct wd_blob part = wd_blob_head(*rest, len);

	*rest = wd_blob_skip(*rest, len + (end ? strlen(MARK) : 0));
	return part;
}

/* No part of a path that a directory cannot hold. */
static bool is_path(struct wd_blob path)
{
	struct wd_blob name;

	if (path.len == 0 || path.len > 255 || memchr(path.ptr, '\0', path.len) ||
	    path.ptr[path.len - 1] == '/')
		return false;
	while (wd_blob_token(&path, '/', &name))
		if (name.len == 0 || wd_blob_is(name, ".") || wd_blob_is(name, ".."))
			return false;
	return true;
}

static void add_files(struct fuzz_request *f, struct wd_blob rest)
{
	while (rest.len && f->nfiles < FUZZ_FILES_MAX) {
		struct wd_blob bytes = take_part(&rest), path = WD_BLOB("");

		wd_blob_token(&bytes, '\n', &path);
		if (is_path(path))
			f->files[f->nfiles++] = (struct fuzz_file){path, bytes};
	}
}

/* What is left of a file's path below a directory; empty where it is not there. */
static struct wd_blob below(struct wd_blob path, struct wd_blob dir)
{
	if (dir.len == 0)
		return path;
	if (!wd_blob_starts(path, dir) || path.len <= dir.len || path.ptr[dir.len] != '/')
		return WD_BLOB("");
	return wd_blob_skip(path, dir.len + 1);
}

static int open_file(const struct wd_request *req, const char *path)
{
	const struct fuzz_request *f = (const struct fuzz_request *)req;
	int r = WD_EABSENT;

	for (size_t i = 0; i < f->nfiles; i++) {
		if (wd_blob_is(f->files[i].path, path))
			return fuzz_memfd(f->files[i].bytes);
		if (below(f->files[i].path, wd_blob_str(path)).len)
			r = WD_ENOTREG;
	}
	return r;
}

/* The first component of what file i has below the directory, where no file before has it. */
static struct wd_blob new_name(const struct fuzz_request *f, size_t i, struct wd_blob dir)
{
	struct wd_blob rest = below(f->files[i].path, dir), name = rest;

	wd_blob_token(&rest, '/', &name);
	for (size_t k = 0; k < i; k++) {
		struct wd_blob other = below(f->files[k].path, dir), first = other;

		wd_blob_token(&other, '/', &first);
		if (wd_blob_equal(first, name))
			return WD_BLOB("");
	}
	return name;
}

static int list_dir(const struct wd_request *req, const char *path,
		    int (*each)(void *ctx, const char *name, unsigned char type), void *ctx)
{
	const struct fuzz_request *f = (const struct fuzz_request *)req;
	struct wd_blob dir = wd_blob_str(path);
	int r = dir.len ? WD_EABSENT : 0;

	for (size_t i = 0; i < f->nfiles; i++) {
		struct wd_blob rest = below(f->files[i].path, dir), name = new_name(f, i, dir);
		WD_CLEANUP_FREE char *text = strndup(name.len ? name.ptr : "", name.len);

		if (wd_blob_equal(f->files[i].path, dir))
			return WD_ENOTREG;
		if (rest.len)
			r = 0;
		if (name.len)
			r = each(ctx, text, name.len < rest.len ? DT_DIR : DT_REG);
		if (r != 0 && r != WD_EABSENT)
			return r;
	}
	return r;
}

void fuzz_request_init(struct fuzz_request *f, const char *path, struct wd_blob input)
{
	struct wd_blob database = take_part(&input);

	*f = (struct fuzz_request){.req = {.path = f->path, .open = open_file, .list = list_dir}};
	f->req.is_dir = wd_blob_ends(wd_blob_str(path), WD_BLOB("/"));
	f->req.want = WD_WANT_DIGESTS | WD_WANT_ATTRIBUTES;
	snprintf(f->path, sizeof(f->path), "%.*s", (int)(strlen(path) - f->req.is_dir), path);
	f->req.fd = f->req.is_dir ? -1 : fuzz_memfd(database);
	add_files(f, input);
}

void fuzz_request_done(struct fuzz_request *f)
{
	if (f->req.fd >= 0)
		close(f->req.fd);
}

/* ---- The sink */

static int on_package(struct wd_sink *sink, const struct wd_package *pkg)
{
	struct fuzz_sink *s = (struct fuzz_sink *)sink;

	s->in_package = pkg->field[WD_PACKAGE_NAME].len > 0;
	for (size_t i = 0; i < WD_PACKAGE_FIELD_COUNT; i++)
		fuzz_touch(pkg->field[i]);
	FUZZ_CHECK(pkg->flags >> WD_PACKAGE_FLAG_COUNT == 0);
	fuzz_found += s->in_package;
	return s->in_package ? 0 : WD_ECORRUPT;
}

static int on_claim(struct wd_sink *sink, const struct wd_claim *c)
{
	FUZZ_CHECK(((const struct fuzz_sink *)sink)->in_package);
	FUZZ_CHECK(c->flags >> WD_CLAIM_FLAG_COUNT == 0);
	FUZZ_CHECK(c->digest.len <= WD_DIGEST_MAX);
	fuzz_touch(c->dir);
	fuzz_touch(c->name);
	fuzz_touch(c->recorded);
	fuzz_touch(c->target);
	fuzz_touch(c->digest);
	fuzz_touch(c->detail);
	fuzz_found++;
	return 0;
}

static int on_alias(struct wd_sink *sink, struct wd_blob path, struct wd_blob target)
{
	(void)sink;
	fuzz_touch(path);
	fuzz_touch(target);
	fuzz_found++;
	return 0;
}

static int on_format(struct wd_sink *sink, const char *format)
{
	(void)sink;
	fuzz_touch(wd_blob_str(format));
	return 0;
}

static int on_error(struct wd_sink *sink, int status, const char *path, const char *message)
{
	(void)sink;
	FUZZ_CHECK(status < 0);
	FUZZ_CHECK(*message);
	fuzz_touch(wd_blob_str(path));
	fuzz_touch(wd_blob_str(message));
	return 0;
}

static int on_fact(struct wd_sink *sink, enum wd_fact_kind kind, struct wd_blob value)
{
	(void)sink;
	FUZZ_CHECK((unsigned)kind < WD_FACT_KIND_COUNT);
	fuzz_touch(value);
	fuzz_found++;
	return 0;
}

void fuzz_sink_init(struct fuzz_sink *s)
{
	static const struct wd_sink_ops ops = {
		.package = on_package,
		.claim = on_claim,
		.alias = on_alias,
		.format = on_format,
		.error = on_error,
		.fact = on_fact,
	};

	*s = (struct fuzz_sink){.sink.ops = &ops};
}
