/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Patterns: a line of pattern, a line of path, against a plain matcher that tries everything, and
 * against fnmatch(3) where both have the same language.
 */
#include "base/glob.h"
#include "fuzz.h"

#include <fnmatch.h>

#define LENGTH_MAX 24 /* of what the plain matcher gets */

static bool tries_path(struct wd_blob pattern, struct wd_blob path, bool started);

/* One component of each is matched by wd_glob_name(), which is compared with fnmatch(). */
static bool tries_component(struct wd_blob pattern, struct wd_blob path)
{
	struct wd_blob p = WD_BLOB(""), c = WD_BLOB("");

	wd_blob_token(&pattern, '/', &p);
	wd_blob_token(&path, '/', &c);
	return wd_glob_name(p, c) && tries_path(pattern, path, true);
}

static bool tries_path(struct wd_blob pattern, struct wd_blob path, bool started)
{
	struct wd_blob rest = pattern, first;

	if (!wd_blob_token(&rest, '/', &first))
		return path.len == 0;
	if (!wd_blob_is(first, "**"))
		return (path.len || !started) && tries_component(pattern, path);
	for (;;) {
		if (tries_path(rest, path, started))
			return true;
		if (!wd_blob_token(&path, '/', &first))
			return false;
		started = true;
	}
}

static bool is_plain(struct wd_blob b)
{
	return wd_blob_chr(b, '[') < 0 && wd_blob_chr(b, '\\') < 0 && wd_blob_chr(b, '/') < 0 &&
	       wd_blob_chr(b, '\0') < 0;
}

static void check_name(struct wd_blob pattern, struct wd_blob name)
{
	WD_CLEANUP_FREE char *p = strndup(pattern.ptr, pattern.len);
	WD_CLEANUP_FREE char *n = strndup(name.ptr, name.len);

	FUZZ_CHECK(wd_glob_name(pattern, name) == (fnmatch(p, n, 0) == 0));
}

static bool is_normal(struct wd_blob path)
{
	struct wd_blob name;

	if (path.len && path.ptr[path.len - 1] == '/')
		return false;
	while (wd_blob_token(&path, '/', &name))
		if (name.len == 0)
			return false;
	return true;
}

static void check_captures(const struct wd_captures *c, struct wd_blob path)
{
	WD_CLEANUP_BUF struct wd_buf out = WD_BUF_INIT;

	for (size_t i = 0; i < c->n && i < WD_GLOB_CAPTURES; i++)
		FUZZ_CHECK(c->at[i].len == 0 ||
			   (c->at[i].ptr >= path.ptr &&
			    c->at[i].ptr + c->at[i].len <= path.ptr + path.len));
	wd_glob_expand(WD_BLOB("$1/$2x$9$0$"), c, &out);
	fuzz_touch(wd_buf_view(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wd_blob rest = wd_blob(data, size), pattern, path;
	struct wd_captures captures = {0};
	bool hit;

	if (!wd_blob_token(&rest, '\n', &pattern) || !wd_blob_token(&rest, '\n', &path))
		return 0;
	hit = wd_glob_path(pattern, path, &captures);
	fuzz_found += hit;
	if (hit)
		check_captures(&captures, path);
	if (is_plain(pattern) && is_plain(path))
		check_name(pattern, path);
	if (pattern.len <= LENGTH_MAX && path.len <= LENGTH_MAX && is_normal(pattern) &&
	    is_normal(path) && path.len)
		FUZZ_CHECK(hit == tries_path(pattern, path, false));
	return 0;
}
