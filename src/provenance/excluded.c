/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/excluded.h"

#include "base/cleanup.h"
#include "base/glob.h"
#include "base/status.h"
#include "pkgdb/descriptor.h"
#include "rootfs/root.h"

#define CONFIG_MAX (64u << 10) /* bytes of one file */
/* Bytes of patterns times bytes of paths: 20 times 100,000 missing paths of 60 bytes by 600 bytes. */
#define WORK_MAX (UINT64_C(1) << 36)

struct pattern {
	struct wd_blob glob;
	bool exclude;
};

struct excluder {
	struct wd_owners *o;
	bool read; /* the configuration, once something is missing */
	WD_ARRAY(struct wd_buf) texts;
	WD_ARRAY(struct pattern) list;
	uint64_t bytes, work; /* of the patterns; what they have cost */
	struct wd_buf path;
};

/* ---- dpkg's configuration */

/* A name of an option, or of a file: dpkg takes no others (dpkg, lib/dpkg/options.c). */
static size_t word_length(struct wd_blob b, bool underscore)
{
	size_t n = 0;

	while (n < b.len &&
	       ((b.ptr[n] >= 'a' && b.ptr[n] <= 'z') || (b.ptr[n] >= 'A' && b.ptr[n] <= 'Z') ||
		(b.ptr[n] >= '0' && b.ptr[n] <= '9') || b.ptr[n] == '-' ||
		(underscore && b.ptr[n] == '_')))
		n++;
	return n;
}

static struct wd_blob without_quotes(struct wd_blob b)
{
	if (b.len > 1 && (b.ptr[0] == '"' || b.ptr[0] == '\'') && b.ptr[b.len - 1] == b.ptr[0])
		return wd_blob_skip(wd_blob_head(b, b.len - 1), 1);
	return b;
}

/* "path-exclude=PATTERN" or "path-exclude PATTERN" */
static int take_line(struct excluder *x, struct wd_blob line)
{
	struct wd_blob name;
	struct pattern p;

	line = wd_blob_trim(line);
	name = wd_blob_head(line, word_length(line, false));
	p.exclude = wd_blob_is(name, "path-exclude");
	if (!p.exclude && !wd_blob_is(name, "path-include"))
		return 0;
	p.glob = wd_blob_trim(wd_blob_skip(line, name.len));
	if (wd_blob_starts(p.glob, WD_BLOB("=")))
		p.glob = wd_blob_trim(wd_blob_skip(p.glob, 1));
	p.glob = without_quotes(p.glob);
	x->bytes += p.glob.len;
	return wd_array_push(&x->list, p);
}

static int take_text(struct excluder *x, struct wd_buf *text)
{
	struct wd_blob rest = wd_buf_view(text), line;
	int r = wd_array_push(&x->texts, *text);

	if (r < 0)
		return r;
	*text = WD_BUF_INIT; /* the excluder's now */
	while (r == 0 && wd_blob_token(&rest, '\n', &line))
		r = take_line(x, line);
	return r;
}

static int read_config(struct excluder *x, const char *path)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	int r = wd_root_read(x->o->tree->root, path, CONFIG_MAX, &text);

	if (r == 0)
		return take_text(x, &text);
	if (r != -ENOMEM && r != WD_EABSENT)
		wd_catalog_error(x->o->cat, path, r, NULL);
	return r == -ENOMEM ? r : 0;
}

static int read_part(void *ctx, wd_node_id node)
{
	struct excluder *x = ctx;
	struct wd_blob name = wd_tree_name(x->o->tree, node);

	if (word_length(name, true) != name.len)
		return 0;
	x->path.len = 0;
	wd_tree_path(x->o->tree, node, &x->path);
	wd_buf_byte(&x->path, '\0');
	return x->path.status < 0 ? x->path.status : read_config(x, x->path.ptr);
}

static int read_all(struct excluder *x)
{
	int r;

	x->read = true;
	r = wd_tree_glob(x->o->tree, WD_NODE_ROOT, WD_BLOB("etc/dpkg/dpkg.cfg.d/*"), read_part, x);
	return r < 0 ? r : read_config(x, "etc/dpkg/dpkg.cfg");
}

/* ---- What they exclude */

/* The last pattern that fits has it. A star takes slashes, too (dpkg, src/main/filters.c). */
static bool is_excluded(const struct excluder *x, struct wd_blob path)
{
	for (size_t i = x->list.n; i-- > 0;)
		if (wd_glob_name(x->list.v[i].glob, path))
			return x->list.v[i].exclude;
	return false;
}

static int mark_claim(struct excluder *x, const struct wd_claim_ref *ref)
{
	struct wd_db *db = x->o->cat->dbs.v[ref->db];
	struct wd_cat_claim *c = &db->claims.v[ref->claim];
	int r;

	if (strcmp(db->backend->name, "dpkg") != 0)
		return 0;
	r = x->read ? 0 : read_all(x);
	if (r < 0 || x->list.n == 0)
		return r;
	x->path.len = 0;
	wd_buf_byte(&x->path, '/');
	wd_claim_db_path(db, c, &x->path);
	if (x->path.status < 0)
		return x->path.status;
	x->work += x->bytes * x->path.len;
	if (x->work > WORK_MAX) {
		wd_catalog_error(
			x->o->cat, "etc/dpkg/dpkg.cfg", WD_ELIMIT,
			"more patterns of path-exclude than can be compared with all paths");
		return WD_ELIMIT;
	}
	if (is_excluded(x, wd_buf_view(&x->path)))
		c->flags |= WD_CLAIM_NOTINSTALLED;
	return 0;
}

static int mark_all(struct excluder *x)
{
	const struct wd_owners *o = x->o;
	int r = 0;

	for (wd_node_id n = 0; r == 0 && n < o->nnodes; n++)
		if (wd_tree_node(o->tree, n)->flags & WD_NODE_GHOST)
			for (uint32_t i = o->start[n]; r == 0 && i < o->start[n + 1]; i++)
				r = mark_claim(x, &o->refs[i]);
	return r == WD_ELIMIT ? 0 : r;
}

int wd_excluded_mark(struct wd_owners *o)
{
	struct excluder x = {.o = o, .path = WD_BUF_INIT};
	int r = mark_all(&x);

	if (x.list.n)
		wd_owners_mark(o);
	for (size_t i = 0; i < x.texts.n; i++)
		wd_buf_done(&x.texts.v[i]);
	wd_array_done(&x.texts);
	wd_array_done(&x.list);
	wd_buf_done(&x.path);
	return r;
}
