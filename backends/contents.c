/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Debian's Contents-ARCH (wiki.debian.org/DebianRepository/Format): lines of
 *
 *	PATH  [[AREA/]SECTION/]PACKAGE[,[[AREA/]SECTION/]PACKAGE...]
 *
 * in order of path. A path may have blanks in it, what follows has none. Older files begin with
 * text for people, up to a line FILE LOCATION.
 *
 * The contract is package by package, so all of it is read first: directories and names in one
 * run of text each, then pairs of line and package, which a counting sort brings into order.
 */
#include "common.h"
#include "unpack.h"

#include "base/pool.h"

#include <archive.h>
#include <inttypes.h>

#define TEXT_MAX (2ull << 30) /* unpacked; all of Debian sid is half a gigabyte */
#define LINE_MAX (1u << 20)   /* bytes */
#define HEAD_MAX (64u << 10)  /* bytes in which the text for people must end */
#define PACKAGES_MAX (1u << 20)
#define PAIRS_MAX 20000000u

/* Line i is names[line[i].name .. line[i + 1].name) in dirs[dir[line[i].dir] ..), alike. */
struct line {
	uint32_t dir;
	uint32_t name;
};

struct pair {
	uint32_t line;
	uint32_t package;
};

struct contents {
	struct wd_faults faults;
	struct wd_unpack unpack;
	int unpacked;	    /* what wd_unpack_next() returned last */
	struct wd_buf dirs; /* text: offsets are below TEXT_MAX */
	struct wd_buf names;
	WD_ARRAY(uint32_t) dir;
	WD_ARRAY(struct line) lines;
	WD_ARRAY(struct pair) pairs;
	struct wd_strpool packages; /* "SECTION/PACKAGE" */
	WD_ARRAY(uint32_t) count;   /* of pairs, by id of package, from 1 */
	uint32_t last;		    /* package of the line before */
	struct wd_buf carry;	    /* the beginning of a line that its block does not end */
	bool skipping;		    /* inside of a line that is too long */
	uint64_t lineno;
};

static void contents_done(struct contents *c)
{
	wd_buf_done(&c->dirs);
	wd_buf_done(&c->names);
	wd_buf_done(&c->carry);
	wd_array_done(&c->dir);
	wd_array_done(&c->lines);
	wd_array_done(&c->pairs);
	wd_array_done(&c->count);
	wd_strpool_done(&c->packages);
}

/* Debian policy 5.6.7, with letters of both cases; and sections, which are of the same alphabet. */
static bool is_package(struct wd_blob s)
{
	ptrdiff_t slash = wd_blob_rchr(s, '/');

	if ((size_t)(slash + 1) == s.len || s.ptr[0] == '/')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char ch = s.ptr[i];
		bool alnum = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') ||
			     (ch >= 'A' && ch <= 'Z');

		if (!alnum && !memchr("+-._/", ch, 5))
			return false;
	}
	return true;
}

static int bad_line(struct contents *c)
{
	return wd_fault(&c->faults, WD_ECORRUPT, "line %" PRIu64 ": not PATH [SECTION/]PACKAGE",
			c->lineno);
}

/* The id of a package. 0; 1 where it is not the name of one; or a negative status. */
static int find_package(struct contents *c, struct wd_blob s, uint32_t *ret)
{
	int r;

	if (c->last && wd_blob_equal(s, wd_strpool_get(&c->packages, c->last))) {
		*ret = c->last;
		return 0;
	}
	if (wd_strpool_find(&c->packages, s) == 0) {
		if (s.len == 0 || !is_package(s))
			return 1;
		if (c->packages.entries.n >= PACKAGES_MAX)
			return WD_ELIMIT;
		r = wd_array_push(&c->count, 0);
		if (r < 0)
			return r;
	}
	r = wd_strpool_intern(&c->packages, s, ret);
	c->last = *ret;
	return r;
}

/* The current directory, or a new one. Neighbouring lines mostly share theirs. */
static int find_dir(struct contents *c, struct wd_blob dir)
{
	uint32_t last = c->dir.n ? c->dir.v[c->dir.n - 1] : 0;

	if (c->dir.n && wd_blob_equal(dir, wd_blob_skip(wd_buf_view(&c->dirs), last)))
		return 0;
	if (wd_array_push(&c->dir, (uint32_t)c->dirs.len) < 0)
		return -ENOMEM;
	wd_buf_blob(&c->dirs, dir);
	return c->dirs.status;
}

static int keep_path(struct contents *c, struct wd_blob path)
{
	ptrdiff_t slash = wd_blob_rchr(path, '/');
	struct line line = {.name = (uint32_t)c->names.len};
	int r = find_dir(c, wd_blob_head(path, slash < 0 ? 0 : (size_t)slash));

	if (r < 0)
		return r;
	line.dir = (uint32_t)c->dir.n - 1;
	wd_buf_blob(&c->names, wd_blob_skip(path, (size_t)(slash + 1)));
	return c->names.status < 0 ? c->names.status : wd_array_push(&c->lines, line);
}

static int keep_line(struct contents *c, struct wd_blob path, struct wd_blob packages)
{
	struct pair pair = {.line = (uint32_t)c->lines.n};
	struct wd_blob package;
	int r = keep_path(c, path);

	while (r == 0 && wd_blob_token(&packages, ',', &package)) {
		r = find_package(c, package, &pair.package);
		if (r == 1) {
			r = bad_line(c);
			continue;
		}
		if (r == 0 && c->pairs.n >= PAIRS_MAX)
			r = WD_ELIMIT;
		if (r == 0)
			r = wd_array_push(&c->pairs, pair);
		if (r == 0)
			c->count.v[pair.package - 1]++;
	}
	return r;
}

/* Cuts what follows the last blank off a line. False where either half is empty. */
static bool split_line(struct wd_blob *line, struct wd_blob *ret_packages)
{
	struct wd_blob b = wd_blob_trim(*line);
	ptrdiff_t space = wd_blob_rchr(b, ' ');
	ptrdiff_t tab = wd_blob_rchr(wd_blob_skip(b, (size_t)(space + 1)), '\t');

	space += tab + 1;
	if (space < 0)
		return false;
	*ret_packages = wd_blob_skip(b, (size_t)space + 1);
	*line = wd_blob_trim(wd_blob_head(b, (size_t)space));
	return true;
}

static int take_line(struct contents *c, struct wd_blob line)
{
	struct wd_blob packages;

	c->lineno++;
	if (line.len == 0)
		return 0;
	if (!split_line(&line, &packages))
		return bad_line(c);
	return keep_line(c, line, packages);
}

/* Ends the line that `carry` began, or goes on with it. */
static int take_carried(struct contents *c, struct wd_blob *block)
{
	ptrdiff_t end = wd_blob_chr(*block, '\n');
	struct wd_blob part = wd_blob_head(*block, end < 0 ? block->len : (size_t)end);
	int r;

	*block = wd_blob_skip(*block, end < 0 ? block->len : (size_t)end + 1);
	if (!c->skipping && c->carry.len + part.len > LINE_MAX) {
		c->skipping = true;
		r = wd_fault(&c->faults, WD_ELIMIT, "line %" PRIu64 ": longer than %u bytes",
			     c->lineno + 1, LINE_MAX);
		if (r < 0)
			return r;
	}
	if (!c->skipping)
		wd_buf_blob(&c->carry, part);
	if (c->carry.status < 0 || end < 0)
		return c->carry.status;
	if (c->skipping)
		c->lineno++;
	r = c->skipping ? 0 : take_line(c, wd_buf_view(&c->carry));
	c->skipping = false;
	c->carry.len = 0;
	return r;
}

static int take_block(struct contents *c, struct wd_blob block)
{
	int r = 0;

	if (c->carry.len || c->skipping)
		r = take_carried(c, &block);
	while (r == 0 && block.len) {
		ptrdiff_t end = wd_blob_chr(block, '\n');

		if (end < 0)
			return take_carried(c, &block);
		r = take_line(c, wd_blob_head(block, (size_t)end));
		block = wd_blob_skip(block, (size_t)end + 1);
	}
	return r;
}

/* Whether a line ends the text for people. */
static bool is_heading(struct wd_blob line)
{
	struct wd_blob word;

	return wd_blob_word(&line, &word) && wd_blob_is(word, "FILE") &&
	       wd_blob_is(wd_blob_trim(line), "LOCATION");
}

/* Drops the text for people, where there is any. */
static struct wd_blob skip_head(struct contents *c, struct wd_blob start)
{
	struct wd_blob rest = start, line;

	for (uint64_t n = 1; wd_blob_token(&rest, '\n', &line); n++) {
		if (is_heading(line)) {
			c->lineno = n;
			return rest;
		}
	}
	return start;
}

/* Whether the first line is as all are: anything else is no such list. */
static bool is_contents(struct wd_blob start)
{
	struct wd_blob line, packages, package;

	return wd_blob_token(&start, '\n', &line) && split_line(&line, &packages) &&
	       wd_blob_token(&packages, ',', &package) && is_package(package);
}

/* The next block; false at the end, where c->unpacked says how it came to it. */
static bool next_block(struct contents *c, struct wd_blob *ret)
{
	c->unpacked = wd_unpack_next(&c->unpack, ret);
	return c->unpacked > 0;
}

/* The beginning is looked at as a whole, for the text for people and what kind of file it is. */
static int take_start(struct contents *c)
{
	WD_CLEANUP_BUF struct wd_buf start = WD_BUF_INIT;
	struct wd_blob block, rest;
	int r;

	while (start.len < HEAD_MAX && next_block(c, &block))
		wd_buf_blob(&start, block);
	if (start.status < 0)
		return start.status;
	rest = skip_head(c, wd_buf_view(&start));
	if (c->lineno == 0 && start.len && !is_contents(rest))
		return WD_ENOTMINE;
	r = wd_sink_format(c->faults.sink, "contents");
	return r < 0 ? r : take_block(c, rest);
}

static int take_all(struct contents *c)
{
	struct wd_blob block;
	int r = take_start(c);

	while (r == 0 && c->unpacked > 0 && next_block(c, &block))
		r = take_block(c, block);
	/* a last line without its newline; where the file is cut off, so is the line */
	if (r == 0 && c->unpacked == 0 && c->carry.len)
		r = take_block(c, WD_BLOB("\n"));
	if (r == 0 && c->unpacked < 0) {
		r = wd_fault(&c->faults, c->unpacked, "line %" PRIu64 ": %s", c->lineno + 1,
			     c->unpacked == WD_ELIMIT ? "too much text"
						      : wd_unpack_fault(&c->unpack));
	}
	return r < 0 ? r : c->unpacked;
}

/* Turns the counts into where each package ends in the order; one slot more than packages. */
static int sort_pairs(struct contents *c, uint32_t **ret_order)
{
	uint32_t *order = calloc(c->pairs.n + 1, sizeof(*order));
	uint32_t sum = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < c->count.n; i++) {
		uint32_t n = c->count.v[i];

		c->count.v[i] = sum;
		sum += n;
	}
	for (size_t i = 0; i < c->pairs.n; i++)
		order[c->count.v[c->pairs.v[i].package - 1]++] = c->pairs.v[i].line;
	*ret_order = order;
	return 0;
}

static struct wd_blob between(const struct wd_buf *text, uint32_t from, uint32_t to)
{
	return wd_blob(text->ptr + from, to - from);
}

static int push_claim(struct contents *c, uint32_t i)
{
	struct line line = c->lines.v[i];
	struct wd_claim claim = {.size = WD_SIZE_UNKNOWN};

	claim.dir = between(&c->dirs, c->dir.v[line.dir], c->dir.v[line.dir + 1]);
	claim.name = between(&c->names, line.name, c->lines.v[i + 1].name);
	return wd_sink_claim(c->faults.sink, &claim);
}

static int push_package(struct contents *c, uint32_t id)
{
	struct wd_blob s = wd_strpool_get(&c->packages, id);
	ptrdiff_t slash = wd_blob_rchr(s, '/');
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN};

	pkg.field[WD_PACKAGE_NAME] = wd_blob_skip(s, (size_t)(slash + 1));
	if (slash > 0)
		pkg.field[WD_PACKAGE_SECTION] = wd_blob_head(s, (size_t)slash);
	return wd_sink_package(c->faults.sink, &pkg);
}

static int push_all(struct contents *c)
{
	WD_CLEANUP_FREE uint32_t *order = NULL;
	uint32_t at = 0;
	int r = sort_pairs(c, &order);

	/* where the last ones end */
	if (r == 0)
		r = wd_array_push(&c->lines, ((struct line){.name = (uint32_t)c->names.len}));
	if (r == 0)
		r = wd_array_push(&c->dir, (uint32_t)c->dirs.len);
	for (uint32_t id = 1; r == 0 && id <= c->count.n; id++) {
		r = push_package(c, id);
		while (r == 0 && at < c->count.v[id - 1])
			r = push_claim(c, order[at++]);
	}
	return r;
}

/* The last component of a path, without what an apt list has before it. */
static bool is_of_sources(const char *path)
{
	return strstr(path, "Contents-source") != NULL;
}

static int contents_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct contents c = {.faults.sink = sink};
	int status, r;

	/* paths inside of source packages, which are on no system */
	if (is_of_sources(req->path))
		return WD_EUNSUPPORTED;
	status = wd_unpack_open(&c.unpack, req->fd, TEXT_MAX);
	if (status < 0)
		wd_fault(&c.faults, status, "%s", wd_unpack_fault(&c.unpack));
	else
		status = take_all(&c);
	r = status == WD_ENOTMINE || status == -ENOMEM ? 0 : push_all(&c);
	wd_unpack_done(&c.unpack);
	contents_done(&c);
	return status < 0 ? status : r;
}

static void contents_libraries(char *buf, size_t size)
{
	snprintf(buf, size, "%s", archive_version_string());
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "contents",
	.version = "1",
	.load = contents_load,
	.libraries = contents_libraries,
};
