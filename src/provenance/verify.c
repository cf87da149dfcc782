/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/verify.h"

#include "base/status.h"
#include "rootfs/image.h"

#include <inttypes.h>
#include <string.h>

const char *wd_finding_name(enum wd_finding_kind kind)
{
	static const char *const names[] = {
#define X(id, word) [WD_FINDING_##id] = word,
		WD_FINDINGS(X)
#undef X
	};

	return names[kind];
}

/* The value of a word "key=value" of a claim's detail; the null blob where there is none. */
static struct wd_blob detail(const struct wd_db *db, const struct wd_cat_claim *c, const char *key)
{
	struct wd_blob rest = WD_BLOB_NULL, word;
	size_t len = strlen(key);

	if (c->detail_len)
		rest = wd_blob(wd_pool_at(&db->bytes, c->digest + c->digest_len), c->detail_len);
	while (wd_blob_word(&rest, &word))
		if (word.len > len && word.ptr[len] == '=' && memcmp(word.ptr, key, len) == 0)
			return wd_blob_skip(word, len + 1);
	return WD_BLOB_NULL;
}

/* ---- What is to be read */

static bool compares_contents(const struct wd_tree *tree, wd_node_id node,
			      const struct wd_cat_claim *c)
{
	return wd_tree_node(tree, node)->type == WD_TYPE_FILE && wd_claim_is_effective(c) &&
	       !(c->flags & WD_CLAIM_GHOST);
}

/* A link has contents where the database has the digest of its target. */
static bool has_digest(const struct wd_tree *tree, wd_node_id node, const struct wd_db *db,
		       const struct wd_cat_claim *c)
{
	return compares_contents(tree, node, c) ||
	       (wd_tree_node(tree, node)->type == WD_TYPE_SYMLINK && wd_claim_is_effective(c) &&
		wd_blob_is(detail(db, c, "digest"), "target"));
}

static int ask(struct wd_verify *v, struct wd_content *f, const struct wd_db *db,
	       const struct wd_cat_claim *c, uint32_t supported)
{
	struct wd_blob caps;
	char *copy;

	if (!has_digest(v->s->tree, f->node, db, c))
		return 0;
	if (c->digest_len && c->digest_algo < WD_HASH_ALGOS) {
		f->algos |= 1u << c->digest_algo & supported;
		v->uncomparable[c->digest_algo] += !(supported >> c->digest_algo & 1);
	}
	if (!compares_contents(v->s->tree, f->node, c))
		return 0;
	caps = detail(db, c, "caps");
	if (!caps.ptr || f->caps || !supported)
		return 0;
	copy = strndup(caps.ptr, caps.len);
	if (!copy || wd_array_push(&v->texts, copy) < 0) {
		free(copy);
		return -ENOMEM;
	}
	f->caps = copy;
	return 0;
}

static int ask_node(struct wd_verify *v, wd_node_id node, uint32_t supported)
{
	const struct wd_owners *o = &v->s->owners;
	struct wd_content f = {.node = node};
	int r = 0;

	for (uint32_t i = o->start[node]; r == 0 && i < o->start[node + 1]; i++) {
		const struct wd_db *db = o->cat->dbs.v[o->refs[i].db];

		r = ask(v, &f, db, &db->claims.v[o->refs[i].claim], supported);
	}
	if (r == 0)
		r = wd_array_push(&v->contents.list, f);
	if (r == 0)
		v->content_of[node] = (uint32_t)v->contents.list.n;
	return r;
}

static int ask_all(struct wd_verify *v, uint32_t supported)
{
	const struct wd_owners *o = &v->s->owners;
	int r = 0;

	for (wd_node_id n = 0; r == 0 && n < o->nnodes; n++)
		if (o->start[n] != o->start[n + 1] &&
		    !(wd_tree_node(v->s->tree, n)->flags & WD_NODE_GHOST))
			r = ask_node(v, n, supported);
	return r;
}

/* The package that alone records a node. */
static uint32_t find_holder(const struct wd_owners *o, wd_node_id node)
{
	uint32_t package = WD_PACKAGE_NONE;

	for (uint32_t i = o->start[node]; i < o->start[node + 1]; i++) {
		const struct wd_db *db = o->cat->dbs.v[o->refs[i].db];
		uint32_t owner = db->claims.v[o->refs[i].claim].package;

		if (package != WD_PACKAGE_NONE && package != owner)
			return WD_PACKAGE_NONE;
		package = owner;
	}
	return package;
}

int wd_verify_read(const struct wd_subject *s, const struct wd_hash_ops *ops,
		   void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
		   struct wd_verify *ret)
{
	uint32_t supported = ops ? ops->supported() : 0;
	const struct wd_image *img = s->tree->root->image;
	int r;

	if (img)
		supported &= img->details ? img->details->algos : 0;
	*ret = (struct wd_verify){.s = s, .nnodes = s->owners.nnodes, .replaced = WD_NODE_NONE};
	ret->content_of = calloc(ret->nnodes + 1, sizeof(*ret->content_of));
	ret->holder = calloc(ret->nnodes + 1, sizeof(*ret->holder));
	ret->recorded = calloc(s->cat.packages.n + 1, sizeof(*ret->recorded));
	if (!ret->content_of || !ret->holder || !ret->recorded)
		return -ENOMEM;
	for (wd_node_id n = 0; n < ret->nnodes; n++)
		ret->holder[n] = find_holder(&s->owners, n);
	r = wd_accounts_read(&s->root, "etc/passwd", &ret->users);
	if (r == 0)
		r = wd_accounts_read(&s->root, "etc/group", &ret->groups);
	if (r == 0)
		r = ask_all(ret, supported);
	return r < 0 ? r : wd_contents_read(s->tree, &ret->contents, ops, progress, ctx);
}

void wd_verify_done(struct wd_verify *v)
{
	for (size_t i = 0; i < v->texts.n; i++)
		free(v->texts.v[i]);
	wd_array_done(&v->texts);
	wd_contents_done(&v->contents);
	wd_accounts_done(&v->users);
	wd_accounts_done(&v->groups);
	free(v->content_of);
	free(v->holder);
	free(v->recorded);
	v->content_of = v->holder = NULL;
	v->recorded = NULL;
}

/* ---- Comparing */

/* One comparison under way. */
struct comparison {
	const struct wd_verify *v;
	const struct wd_content *f;
	const struct wd_db *db;
	const struct wd_cat_claim *c;
	struct wd_finding *finding;
	struct wd_buf *expected, *found;
	uint32_t unverified; /* what the package asks not to be compared */
};

static void begin_word(struct wd_buf *out, const char *key)
{
	if (out->len)
		wd_buf_byte(out, ' ');
	wd_buf_str(out, key);
	wd_buf_byte(out, '=');
}

static void differ(struct comparison *x, uint32_t bit, const char *key, struct wd_blob expected,
		   struct wd_blob found)
{
	x->finding->differs |= bit;
	begin_word(x->expected, key);
	wd_buf_blob(x->expected, expected);
	begin_word(x->found, key);
	wd_buf_blob(x->found, found);
}

static void compare_numbers(struct comparison *x, uint32_t bit, const char *key, uint64_t expected,
			    uint64_t found, unsigned base)
{
	if (expected == found)
		return;
	x->finding->differs |= bit;
	begin_word(x->expected, key);
	wd_buf_number(x->expected, expected, base, 1);
	begin_word(x->found, key);
	wd_buf_number(x->found, found, base, 1);
}

/* A type without permissions and size is only what a list of files lets one guess. */
static bool knows_mode(const struct wd_cat_claim *c)
{
	return c->mode & 07777 || (c->mode && c->size != WD_SIZE_UNKNOWN);
}

/* Where a database tells no mode, a digest says that it was a regular file. */
static uint32_t recorded_type(const struct wd_cat_claim *c)
{
	if (knows_mode(c))
		return c->mode & S_IFMT;
	return c->digest_len && c->mode ? S_IFREG : 0;
}

/*
 * A link has no mode of its own. Which type a ghost has is not the package's business (rpm's
 * lib/verify.c).
 */
static void compare_mode(struct comparison *x)
{
	uint32_t type = recorded_type(x->c);

	if (type && type != (x->f->mode & S_IFMT) && !(x->c->flags & WD_CLAIM_GHOST))
		differ(x, WD_DIFFERS_TYPE, "type", wd_blob_str(wd_type_name(wd_type_of_mode(type))),
		       wd_blob_str(wd_type_name(wd_type_of_mode(x->f->mode))));
	else if (knows_mode(x->c) && !S_ISLNK(x->f->mode))
		compare_numbers(x, WD_DIFFERS_MODE, "mode", x->c->mode & 07777u,
				x->f->mode & 07777u, 8);
}

static bool has_contents(const struct comparison *x)
{
	return S_ISREG(x->f->mode) && !(x->c->flags & WD_CLAIM_GHOST);
}

static bool of_target(const struct comparison *x)
{
	return S_ISLNK(x->f->mode) && wd_blob_is(detail(x->db, x->c, "digest"), "target");
}

static void compare_digest(struct comparison *x)
{
	struct wd_blob wanted = WD_BLOB_NULL, got;

	if (x->c->digest_len)
		wanted = wd_blob(wd_pool_at(&x->db->bytes, x->c->digest), x->c->digest_len);
	if (!has_contents(x) && !of_target(x))
		return;
	if (!wanted.len) {
		/* a regular file where there was none has contents that nobody recorded */
		if (x->finding->differs & WD_DIFFERS_TYPE)
			x->finding->differs |= WD_DIFFERS_DIGEST;
		return;
	}
	got = wd_content_digest(&x->v->contents, x->f, x->c->digest_algo);
	if (got.len != wanted.len) {
		x->finding->unknown |= WD_DIFFERS_DIGEST;
		return;
	}
	if (wd_blob_equal(wanted, got))
		return;
	x->finding->differs |= WD_DIFFERS_DIGEST;
	begin_word(x->expected, "digest");
	wd_buf_hex(x->expected, wanted);
	begin_word(x->found, "digest");
	wd_buf_hex(x->found, got);
}

/* rpm compares the low 16 bits, which is what a header holds. */
static void compare_device(struct comparison *x)
{
	struct wd_blob text = detail(x->db, x->c, "rdev");
	uint64_t rdev;

	if ((S_ISCHR(x->f->mode) || S_ISBLK(x->f->mode)) &&
	    recorded_type(x->c) == (x->f->mode & S_IFMT) && wd_blob_u64(text, &rdev))
		compare_numbers(x, WD_DIFFERS_DEVICE, "rdev", rdev & 0xffff, x->f->rdev & 0xffff,
				10);
}

static void compare_link(struct comparison *x)
{
	struct wd_blob wanted, got;

	if (!S_ISLNK(x->f->mode) || !x->c->target_len || x->c->flags & WD_CLAIM_GHOST)
		return;
	wanted = wd_blob(wd_pool_at(&x->db->bytes, x->c->target), x->c->target_len);
	got = wd_tree_link(x->v->s->tree, x->f->node);
	if (!wd_blob_equal(wanted, got))
		differ(x, WD_DIFFERS_LINK, "target", wanted, got);
}

static void compare_account(struct comparison *x, uint32_t bit, const char *key, const char *id_key,
			    const struct wd_accounts *accounts, uint32_t id)
{
	struct wd_blob wanted = detail(x->db, x->c, key), got;
	struct wd_blob wanted_id = detail(x->db, x->c, id_key);
	char number[16];
	uint64_t n;

	if (wd_blob_u64(wanted_id, &n))
		compare_numbers(x, bit, id_key, n, id, 10);
	if (!wanted.len || wd_accounts_match(accounts, id, wanted))
		return;
	got = wd_accounts_name(accounts, id);
	if (!got.len) {
		snprintf(number, sizeof(number), "%" PRIu32, id);
		got = wd_blob_str(number);
	}
	differ(x, bit, key, wanted, got);
}

/* The bits of letters: what a package asks not to be verified, in those of rpm -V. */
static uint32_t letters(struct wd_blob text)
{
	static const char all[] = {
#define X(id, word, letter) letter,
		WD_DIFFERENCES(X)
#undef X
	};
	uint32_t bits = 0;

	for (size_t i = 0; i < WD_DIFFERENCE_COUNT; i++)
		if (wd_blob_chr(text, all[i]) >= 0)
			bits |= 1u << i;
	return bits;
}

static bool asked(const struct comparison *x, uint32_t bit)
{
	return !(x->unverified & bit);
}

static void compare_mtime(struct comparison *x)
{
	const char *key = has_contents(x) ? "mtime" : S_ISLNK(x->f->mode) ? "linkmtime" : NULL;
	uint64_t mtime;

	if (key && asked(x, WD_DIFFERS_MTIME) && wd_blob_u64(detail(x->db, x->c, key), &mtime))
		compare_numbers(x, WD_DIFFERS_MTIME, "mtime", mtime, (uint64_t)x->f->mtime, 10);
}

static void compare_rest(struct comparison *x)
{
	compare_mtime(x);
	if (!has_contents(x))
		return;
	if (asked(x, WD_DIFFERS_CAPS) && x->f->caps_differ)
		differ(x, WD_DIFFERS_CAPS, "caps", detail(x->db, x->c, "caps"), WD_BLOB("others"));
}

static void compare(struct comparison *x)
{
	x->unverified = letters(detail(x->db, x->c, "unverified"));
	if (asked(x, WD_DIFFERS_SIZE) && has_contents(x) && x->c->size != WD_SIZE_UNKNOWN)
		compare_numbers(x, WD_DIFFERS_SIZE, "size", x->c->size, x->f->size, 10);
	if (asked(x, WD_DIFFERS_MODE))
		compare_mode(x);
	if (asked(x, WD_DIFFERS_DIGEST))
		compare_digest(x);
	if (asked(x, WD_DIFFERS_DEVICE))
		compare_device(x);
	if (asked(x, WD_DIFFERS_LINK))
		compare_link(x);
	if (asked(x, WD_DIFFERS_USER))
		compare_account(x, WD_DIFFERS_USER, "user", "uid", &x->v->users, x->f->uid);
	if (asked(x, WD_DIFFERS_GROUP))
		compare_account(x, WD_DIFFERS_GROUP, "group", "gid", &x->v->groups, x->f->gid);
	compare_rest(x);
}

static bool is_digest_of(const struct wd_verify *v, const struct wd_content *f,
			 const struct wd_db *db, const struct wd_cat_claim *c)
{
	struct wd_blob got = wd_content_digest(&v->contents, f, c->digest_algo);

	return got.len && c->digest_len == got.len && wd_claim_is_effective(c) &&
	       memcmp(wd_pool_at(&db->bytes, c->digest), got.ptr, got.len) == 0;
}

/* The first two packages whose claims have the digest of the file: found once for all its owners. */
static void find_replacers(struct wd_verify *v, const struct wd_content *f)
{
	const struct wd_owners *o = &v->s->owners;

	v->replaced = f->node;
	v->replacers[0] = v->replacers[1] = WD_PACKAGE_NONE;
	for (uint32_t i = o->start[f->node]; i < o->start[f->node + 1]; i++) {
		const struct wd_db *db = o->cat->dbs.v[o->refs[i].db];
		const struct wd_cat_claim *c = &db->claims.v[o->refs[i].claim];

		if (c->package == v->replacers[0] || !is_digest_of(v, f, db, c))
			continue;
		if (v->replacers[0] != WD_PACKAGE_NONE) {
			v->replacers[1] = c->package;
			return;
		}
		v->replacers[0] = c->package;
	}
}

/* Another package's claim whose digest is that of the file; WD_PACKAGE_NONE where there is none. */
static uint32_t find_replacer(struct wd_verify *v, const struct comparison *x)
{
	if (v->replaced != x->f->node)
		find_replacers(v, x->f);
	return v->replacers[v->replacers[0] == x->c->package];
}

static enum wd_finding_kind judge(struct wd_verify *v, struct comparison *x)
{
	if (x->f->status < 0) {
		x->finding->status = x->f->status;
		return WD_FINDING_UNREADABLE;
	}
	compare(x);
	if (x->finding->differs & WD_DIFFERS_DIGEST) {
		x->finding->replacer = find_replacer(v, x);
		if (x->finding->replacer != WD_PACKAGE_NONE)
			return WD_FINDING_REPLACED;
	}
	return x->finding->differs ? WD_FINDING_MODIFIED : WD_FINDING_SAME;
}

/*
 * A tree (of the Nix store) has contents, too, and no digest that is compared. What was recorded as
 * something else than a file differs anyway.
 */
static void count_recorded(struct wd_verify *v, const struct comparison *x)
{
	struct wd_recorded *r = &v->recorded[x->c->package];

	if (x->finding->differs & WD_DIFFERS_TYPE ||
	    (!has_contents(x) && !(x->c->flags & WD_CLAIM_TREE)))
		return;
	r->files++;
	r->digests += x->c->digest_len != 0;
}

/* What need not be there: ghosts, conffiles that are no longer shipped, %config(missingok). */
static bool may_be_missing(const struct wd_db *db, const struct wd_cat_claim *c)
{
	return c->flags & (WD_CLAIM_GHOST | WD_CLAIM_OBSOLETE | WD_CLAIM_TREE) ||
	       wd_blob_is(detail(db, c, "missing"), "ok");
}

void wd_verify_claim(struct wd_verify *v, wd_node_id node, const struct wd_owner *owner,
		     struct wd_finding *ret, struct wd_buf *expected, struct wd_buf *found)
{
	const struct wd_node *n = wd_tree_node(v->s->tree, node);
	uint32_t content = node < v->nnodes ? v->content_of[node] : 0;
	struct comparison x = {v, NULL, owner->db, owner->claim, ret, expected, found, 0};

	*ret = (struct wd_finding){.replacer = WD_PACKAGE_NONE};
	if (content) {
		x.f = &v->contents.list.v[content - 1];
		ret->kind = judge(v, &x);
		count_recorded(v, &x);
	} else if (n->flags & WD_NODE_GHOST && !(n->flags & WD_NODE_HIDDEN) &&
		   !may_be_missing(owner->db, owner->claim)) {
		ret->kind = WD_FINDING_MISSING;
	}
	v->counts[ret->kind]++;
}

/* A directory came with what is in it: __pycache__, with the files that are made there. */
static bool holds_explained(const struct wd_owners *o, const struct wd_node *n)
{
	if (n->type != WD_TYPE_DIR || !(n->flags & WD_NODE_LOADED))
		return false;
	for (wd_node_id i = n->first; i < n->first + n->count && i < o->nnodes; i++)
		if (wd_owners_basis(o, i) != WD_BASIS_NONE)
			return true;
	return false;
}

struct wd_blob wd_verify_digest(const struct wd_verify *v, wd_node_id node, unsigned algo)
{
	uint32_t content = node < v->nnodes ? v->content_of[node] : 0;

	return content ? wd_content_digest(&v->contents, &v->contents.list.v[content - 1], algo)
		       : WD_BLOB_NULL;
}

void wd_verify_errors(const struct wd_verify *v, struct wd_subject *s)
{
	for (unsigned i = 0; i < WD_HASH_ALGOS; i++)
		if (v->uncomparable[i])
			wd_catalog_error(&s->cat, ".", WD_EUNSUPPORTED,
					 "%s digests, of %" PRIu64
					 " paths, cannot be computed here: not compared",
					 wd_hash_name(i), v->uncomparable[i]);
	for (size_t i = 0; i < v->contents.list.n; i++) {
		const struct wd_content *f = &v->contents.list.v[i];
		WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;

		if (f->status == 0)
			continue;
		wd_tree_path(s->tree, f->node, &path);
		wd_buf_byte(&path, '\0');
		wd_catalog_error(&s->cat, path.status < 0 ? NULL : path.ptr, f->status, NULL);
	}
}

bool wd_verify_extra(struct wd_verify *v, wd_node_id node, uint32_t *ret_package)
{
	const struct wd_owners *o = &v->s->owners;
	const struct wd_node *n = wd_tree_node(v->s->tree, node);

	if (n->flags & WD_NODE_GHOST || wd_owners_basis(o, node) != WD_BASIS_NONE ||
	    n->parent >= o->nnodes || holds_explained(o, n))
		return false;
	*ret_package = v->holder[n->parent];
	v->counts[WD_FINDING_EXTRA] += *ret_package != WD_PACKAGE_NONE;
	return *ret_package != WD_PACKAGE_NONE;
}

bool wd_verify_unrecorded(struct wd_verify *v, uint32_t package, struct wd_buf *found)
{
	const struct wd_recorded *r = &v->recorded[package];
	uint32_t flags = v->s->cat.packages.v[package].flags;

	/* what is left of a removed package is configuration, which is its administrator's */
	if (flags & WD_PACKAGE_CONFIG_FILES)
		return false;
	if (r->digests < r->files)
		wd_buf_printf(found, "files=%" PRIu32 " digests=%" PRIu32, r->files, r->digests);
	else if (flags & WD_PACKAGE_NO_FILES)
		wd_buf_str(found, "no-file-list");
	else
		return false;
	v->counts[WD_FINDING_UNRECORDED]++;
	return true;
}
