/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/attribute.h"

#include "base/glob.h"
#include "base/status.h"
#include "pkgdb/descriptor.h"

#include <string.h>

/* Packages of one name (architectures, versions side by side) that a look-up goes through. */
#define NAMESAKES_MAX 64

struct rule {
	struct wd_blob glob;
	struct wd_blob owner; /* candidates, separated by spaces */
	enum wd_basis basis;
	bool captures;	      /* the owner names some */
	struct wd_blob scope; /* a backend's name, or "*" */
};

/* The candidates that name a package. */
static const struct kind {
	const char *word;
	uint32_t mask, flags; /* the package's flags of the mask have to be these */
} kinds[] = {
	/* what was removed makes no files any more */
	{"pkg:", WD_PACKAGE_CONFIG_FILES, 0},
	{"removed:", WD_PACKAGE_CONFIG_FILES, WD_PACKAGE_CONFIG_FILES},
	{"listless:", WD_PACKAGE_CONFIG_FILES | WD_PACKAGE_NO_FILES, WD_PACKAGE_NO_FILES},
};

struct attributor {
	struct wd_owners *o;
	uint32_t *by_name;   /* string id of a name: 1 + its first package, 0 = none */
	uint32_t *same_name; /* package: 1 + the next one of the same name */
	struct rule rule;
	const char *asked; /* a candidate of rules that depends on no path, */
	uint32_t answer;   /* and the package that it names */
	struct wd_buf path;
	struct wd_buf work;
};

static int index_names(struct attributor *a)
{
	const struct wd_catalog *cat = a->o->cat;

	a->by_name = calloc(cat->strings.entries.n + 1, sizeof(*a->by_name));
	a->same_name = calloc(cat->packages.n + 1, sizeof(*a->same_name));
	if (!a->by_name || !a->same_name)
		return -ENOMEM;
	for (size_t i = cat->packages.n; i > 0; i--) {
		uint32_t name = cat->packages.v[i - 1].field[WD_PACKAGE_NAME];

		a->same_name[i - 1] = a->by_name[name];
		a->by_name[name] = (uint32_t)i;
	}
	return 0;
}

static bool in_scope(const struct attributor *a, uint32_t db)
{
	return wd_blob_is(a->rule.scope, "*") ||
	       wd_blob_is(a->rule.scope, a->o->cat->dbs.v[db]->backend->name);
}

/* Whether the rootfs has any database that the rule is for. */
static bool applies(const struct attributor *a)
{
	for (uint32_t i = 0; i < a->o->cat->dbs.n; i++)
		if (in_scope(a, i))
			return true;
	return false;
}

/* NAME, or NAME:ARCH, of a database in scope. */
static uint32_t find_package(const struct attributor *a, struct wd_blob spec,
			     const struct kind *kind)
{
	const struct wd_catalog *cat = a->o->cat;
	ptrdiff_t colon = wd_blob_rchr(spec, ':');
	struct wd_blob name = colon < 0 ? spec : wd_blob_head(spec, (size_t)colon);
	struct wd_blob arch = colon < 0 ? WD_BLOB_NULL : wd_blob_skip(spec, (size_t)colon + 1);
	uint32_t id = wd_strpool_find(&cat->strings, name);
	int namesakes = 0;

	for (uint32_t i = id ? a->by_name[id] : 0; i && namesakes < NAMESAKES_MAX;
	     i = a->same_name[i - 1], namesakes++) {
		const struct wd_cat_package *p = &cat->packages.v[i - 1];

		if (!in_scope(a, p->db) || (p->flags & kind->mask) != kind->flags)
			continue;
		if (arch.len == 0 || wd_blob_equal(arch, wd_package_field(cat, p, WD_PACKAGE_ARCH)))
			return i - 1;
	}
	return WD_PACKAGE_NONE;
}

static bool is_owned(const struct attributor *a, wd_node_id node)
{
	return node != WD_NODE_NONE && wd_owners_basis(a->o, node) != WD_BASIS_NONE;
}

/* Whether a node tells whose what leads to it is: what was left out is its package's in this, too. */
static bool tells_owner(const struct attributor *a, wd_node_id node)
{
	const struct wd_owners *o = a->o;

	return is_owned(a, node) ||
	       (node < o->nnodes && wd_tree_node(o->tree, node)->flags & WD_NODE_GHOST &&
		o->start[node] != o->start[node + 1]);
}

/* What follows a candidate's "KIND:", with captures filled in; false where it is another kind. */
static bool of_kind(struct attributor *a, struct wd_blob spec, struct wd_blob kind,
		    const struct wd_captures *captures)
{
	if (!wd_blob_starts(spec, kind))
		return false;
	a->work.len = 0;
	wd_glob_expand(wd_blob_skip(spec, kind.len), captures, &a->work);
	return true;
}

/* The package that a candidate names, WD_PACKAGE_NONE for none; false where it names no package. */
static bool named_package(struct attributor *a, struct wd_blob spec,
			  const struct wd_captures *captures, uint32_t *ret)
{
	const struct kind *kind = kinds;

	if (spec.ptr != a->asked || a->rule.captures) {
		while (!of_kind(a, spec, wd_blob_str(kind->word), captures))
			if (++kind == kinds + WD_ARRAY_SIZE(kinds))
				return false;
		a->answer = find_package(a, wd_buf_view(&a->work), kind);
		a->asked = spec.ptr;
	}
	*ret = a->answer;
	return true;
}

/* Turns one candidate of a rule into an attribution; false where it has no owner here. */
static bool candidate(struct attributor *a, struct wd_blob spec, wd_node_id node,
		      const struct wd_captures *captures, struct wd_attribution *ret)
{
	*ret = (struct wd_attribution){
		.package = WD_PACKAGE_NONE, .via = WD_NODE_NONE, .basis = (uint8_t)a->rule.basis};
	if (named_package(a, spec, captures, &ret->package))
		return ret->package != WD_PACKAGE_NONE;
	if (of_kind(a, spec, WD_BLOB("path:"), captures))
		ret->via = wd_tree_find(a->o->tree, wd_buf_view(&a->work), false);
	else if (wd_tree_node(a->o->tree, node)->type == WD_TYPE_SYMLINK) /* target */
		ret->via = wd_tree_target(a->o->tree, node);
	return ret->via != node && tells_owner(a, ret->via);
}

static bool match_path(struct attributor *a, wd_node_id node, struct wd_captures *captures)
{
	a->path.len = 0;
	wd_tree_path(a->o->tree, node, &a->path);
	return wd_glob_path(a->rule.glob, wd_buf_view(&a->path), captures);
}

/* A node that may match the rule's glob: attributes it by the first candidate that exists. */
static int apply(void *ctx, wd_node_id node)
{
	struct attributor *a = ctx;
	struct wd_blob rest = a->rule.owner, spec;
	struct wd_captures captures = {.n = 0};
	struct wd_attribution at;

	if (is_owned(a, node) || wd_tree_node(a->o->tree, node)->flags & WD_NODE_GHOST)
		return 0;
	/* wd_tree_glob() has matched it already; only who asks for parts of its path needs more */
	if (a->rule.captures && !match_path(a, node, &captures))
		return 0;
	while (wd_blob_word(&rest, &spec))
		if (candidate(a, spec, node, &captures, &at))
			return wd_owners_attribute(a->o, node, at);
	return a->path.status < 0 ? a->path.status : a->work.status;
}

/* Columns: scope, glob, owner, basis, source. */
static int parse_rule(const struct wd_blob *col, size_t n, struct rule *rule)
{
	if (n < 4 || col[1].len == 0 || col[2].len == 0)
		return WD_ECORRUPT;
	*rule = (struct rule){.glob = col[1],
			      .owner = col[2],
			      .scope = col[0],
			      .captures = wd_blob_chr(col[2], '$') >= 0};
	if (wd_blob_is(col[3], "generated"))
		rule->basis = WD_BASIS_GENERATED;
	else if (wd_blob_is(col[3], "inferred"))
		rule->basis = WD_BASIS_INFERRED;
	else
		return WD_ECORRUPT;
	return 0;
}

static int run_rules(struct attributor *a, const char *data_dir, unsigned *ret_line)
{
	struct wd_blob col[WD_TSV_COLUMNS];
	struct wd_tsv table;
	size_t n;
	int r = wd_tsv_open(&table, data_dir, "generated.tsv");

	while (r == 0 && (n = wd_tsv_next(&table, col)) > 0) {
		*ret_line = table.line;
		r = parse_rule(col, n, &a->rule);
		if (r < 0 || !applies(a))
			continue;
		r = wd_tree_glob(a->o->tree, WD_NODE_ROOT, a->rule.glob, apply, a);
	}
	wd_tsv_done(&table);
	return r;
}

/* A link that a database made (update-alternatives) is its target's owner's. */
static int apply_aliases(struct attributor *a, const struct wd_db *db)
{
	for (size_t i = 0; i < db->aliases.n; i++) {
		const struct wd_cat_alias *alias = &db->aliases.v[i];
		struct wd_blob path = wd_blob(wd_pool_at(&db->bytes, alias->path), alias->path_len);
		struct wd_attribution at = {WD_PACKAGE_NONE, WD_NODE_NONE, WD_BASIS_GENERATED};
		wd_node_id node = wd_tree_find(a->o->tree, path, false);
		int r;

		if (node == WD_NODE_NONE || is_owned(a, node))
			continue;
		if (wd_tree_node(a->o->tree, node)->type == WD_TYPE_SYMLINK)
			at.via = wd_tree_target(a->o->tree, node);
		if (!tells_owner(a, at.via)) {
			struct wd_blob target =
				wd_blob(wd_pool_at(&db->bytes, alias->target), alias->target_len);

			at.via = wd_tree_find(a->o->tree, target, false);
		}
		if (at.via == node || !tells_owner(a, at.via))
			continue;
		r = wd_owners_attribute(a->o, node, at);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * What a chain of links of one directory ends at, WD_NODE_NONE where it leaves the directory. A
 * target that is a plain name cannot leave it.
 */
static wd_node_id beside(struct wd_tree *tree, wd_node_id node)
{
	for (int i = 0; i < 40; i++) {
		struct wd_blob target = wd_tree_link(tree, node);

		if (wd_blob_chr(target, '/') >= 0)
			return WD_NODE_NONE;
		node = wd_tree_child(tree, wd_tree_node(tree, node)->parent, target);
		if (node == WD_NODE_NONE || wd_tree_node(tree, node)->type != WD_TYPE_SYMLINK ||
		    wd_tree_node(tree, node)->flags & WD_NODE_GHOST)
			return node;
	}
	return WD_NODE_NONE;
}

/* A symbolic link beside an owned file that it names. */
static int apply_beside(struct attributor *a, wd_node_id node)
{
	struct wd_attribution at = {WD_PACKAGE_NONE, WD_NODE_NONE, WD_BASIS_INFERRED};
	const struct wd_node *n = wd_tree_node(a->o->tree, node);

	if (n->type != WD_TYPE_SYMLINK || n->flags & WD_NODE_GHOST || is_owned(a, node))
		return 0;
	at.via = beside(a->o->tree, node);
	if (at.via == WD_NODE_NONE || !is_owned(a, at.via) ||
	    wd_tree_node(a->o->tree, at.via)->flags & WD_NODE_GHOST)
		return 0;
	return wd_owners_attribute(a->o, node, at);
}

static void attributor_done(struct attributor *a)
{
	free(a->by_name);
	free(a->same_name);
	wd_buf_done(&a->path);
	wd_buf_done(&a->work);
}

int wd_attribute_all(struct wd_owners *o, const char *data_dir, unsigned *ret_line)
{
	struct attributor a = {.o = o, .path = WD_BUF_INIT, .work = WD_BUF_INIT};
	int r = 0;

	*ret_line = 0;
	if (o->cat->dbs.n == 0)
		return 0;
	r = index_names(&a);
	for (size_t i = 0; r == 0 && i < o->cat->dbs.n; i++)
		r = apply_aliases(&a, o->cat->dbs.v[i]);
	if (r == 0)
		r = run_rules(&a, data_dir, ret_line);
	for (wd_node_id i = 0; r == 0 && i < o->nnodes; i++)
		r = apply_beside(&a, i);
	attributor_done(&a);
	return r;
}
