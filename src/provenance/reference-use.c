/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/reference-use.h"

#include "base/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Files by which another candidate must be behind, and how many times what it is ahead. */
#define BEHIND_MIN 10
#define BEHIND_TIMES 4

/* Files that must be alike, and how many times those that differ. */
#define AGREE_MIN 5
#define AGREE_TIMES 4

/* Programs that prove a candidate other than the best one. */
#define PROVEN_MIN 2

/* Candidates that can be evidence: for each, the tree is walked to its first file. */
#define EVIDENCE_MAX 64

static struct wd_blob string(const struct wd_answer *a, uint32_t s)
{
	return wd_strpool_get(&a->strings, s);
}

/* ---- How well the best candidate fits */

/* Whether all others fit clearly worse; *ret_rivals: of the same kind of package. */
static bool stands_alone(const struct wd_answer *a, size_t *ret_rivals)
{
	*ret_rivals = 0;
	for (size_t i = 1; i < a->candidates.n; i++) {
		const struct wd_candidate *c = &a->candidates.v[i];

		if (c->behind < BEHIND_MIN || c->behind < BEHIND_TIMES * c->ahead)
			return false;
		*ret_rivals += c->purl == a->candidates.v[0].purl;
	}
	return true;
}

/* ---- Evidence */

static bool is_alike(const struct wd_match *m)
{
	return m->flags & (WD_MATCH_DIGEST | WD_MATCH_BUILD);
}

struct first {
	const struct wd_answer *a;
	const struct wd_catalog *cat;
	uint32_t candidate;
	bool program; /* one with contents of the candidate */
	wd_node_id node;
};

static int is_first(void *ctx, wd_node_id node, struct wd_blob path)
{
	struct first *f = ctx;
	const struct wd_match *m = wd_answer_choose(f->a, node, f->candidate);
	const struct wd_examined *e = wd_catalog_examined(f->cat, node);

	(void)path;
	if (!m || (f->program && (!is_alike(m) || !e || e->status < 0)))
		return 0;
	f->node = node;
	return -ECANCELED;
}

/* What it has; where that does not tell the release, that this is the nearest of those learnt. */
static void say_candidate(const struct wd_answer *a, const struct wd_candidate *c, bool release,
			  struct wd_buf *b)
{
	if (!release)
		wd_buf_printf(b, "nearest to %.*s: ", WD_BLOB_PRINTF(string(a, c->version)));
	if (c->proven)
		wd_buf_printf(b, "%" PRIu64 " programs have contents that only it has", c->proven);
	else if (c->agree + c->differ)
		wd_buf_printf(b, "%" PRIu64 " paths, %" PRIu64 " of %" PRIu64 " with its contents",
			      c->paths, c->agree, c->agree + c->differ);
	else
		wd_buf_printf(b, "%" PRIu64 " paths, %" PRIu64 " of them only its own", c->paths,
			      c->only);
	wd_buf_byte(b, '\0');
}

static int add_item(const struct wd_answer *a, uint32_t candidate, enum wd_item_strength strength,
		    const struct wd_owners *o, struct wd_distros *distros,
		    struct wd_evidence_list *e)
{
	const struct wd_candidate *c = &a->candidates.v[candidate];
	struct first first = {a, o->cat, candidate, c->proven > 0, WD_NODE_NONE};
	bool release = wd_answer_tells_release(a, c);
	int distro = wd_distros_intern(distros, string(a, c->os),
				       release ? string(a, c->version) : WD_BLOB(""), NULL);
	WD_CLEANUP_BUF struct wd_buf value = WD_BUF_INIT;
	const struct wd_distro *d;
	int r;

	if (distro < 0)
		return distro;
	d = &distros->list.v[distro];
	if (d->vendor || !*d->id)
		return 0;
	r = wd_tree_each(o->tree, is_first, &first);
	if (r < 0 && r != -ECANCELED)
		return r;
	say_candidate(a, c, release, &value);
	if (value.status < 0)
		return value.status;
	return wd_evidence_add(
		e, &(struct wd_item){.kind = "reference",
				     .family = d->family,
				     .distro = d->id,
				     .version = d->version_id,
				     .value = value.ptr,
				     .node = first.node,
				     .files = (uint32_t)(c->proven ? c->proven : c->paths),
				     .strength = strength,
				     .use = WD_ITEM_PACKAGED});
}

static bool is_proven(const struct wd_candidate *c)
{
	return c->proven >= PROVEN_MIN && c->proven >= c->disproven;
}

/* Of the best candidate, where it fits and no programs prove it. */
static enum wd_item_strength strength_of(const struct wd_answer *a)
{
	const struct wd_candidate *best = a->candidates.v;
	size_t rivals;

	if (!stands_alone(a, &rivals))
		return WD_ITEM_WEAK;
	return rivals || (best->agree >= AGREE_MIN && best->agree >= AGREE_TIMES * best->differ)
		       ? WD_ITEM_MEDIUM
		       : WD_ITEM_WEAK;
}

int wd_reference_evidence(const struct wd_answer *a, const struct wd_owners *o,
			  struct wd_distros *distros, struct wd_evidence_list *e)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < a->candidates.n && i < EVIDENCE_MAX; i++) {
		if (is_proven(&a->candidates.v[i]))
			r = add_item(a, i, WD_ITEM_STRONG, o, distros, e);
		else if (i == 0 && wd_answer_fits(a))
			r = add_item(a, i, strength_of(a), o, distros, e);
	}
	return r;
}

/* ---- Owners */

struct user {
	struct wd_owners *o;
	struct wd_distros *distros;
	const struct wd_answer *a;
	uint32_t *recorded;    /* string id of a name: 1 + the first such package, 0: none */
	size_t nrecorded;      /* of recorded: what is interned later names no recorded package */
	uint32_t *derived;     /* of the answer's packages: 1 + the catalog's, 0: not yet made; */
	uint32_t *unversioned; /* and without a version */
};

static void user_done(struct user *u)
{
	free(u->recorded);
	free(u->derived);
	free(u->unversioned);
}

static int user_start(struct user *u)
{
	struct wd_catalog *cat = u->o->cat;

	u->nrecorded = cat->strings.entries.n + 1;
	u->recorded = calloc(u->nrecorded, sizeof(*u->recorded));
	u->derived = calloc(u->a->packages.n + 1, sizeof(*u->derived));
	u->unversioned = calloc(u->a->packages.n + 1, sizeof(*u->unversioned));
	if (!u->recorded || !u->derived || !u->unversioned)
		return -ENOMEM;
	for (size_t i = cat->nrecorded; i > 0; i--)
		if (!(cat->packages.v[i - 1].flags & WD_PACKAGE_CONFIG_FILES))
			u->recorded[cat->packages.v[i - 1].field[WD_PACKAGE_NAME]] = (uint32_t)i;
	return 0;
}

/* The package of this name that a database records, or NULL. */
static const struct wd_cat_package *find_recorded(const struct user *u,
						  const struct wd_ref_package *p)
{
	const struct wd_catalog *cat = u->o->cat;
	uint32_t name = wd_strpool_find(&cat->strings, string(u->a, p->name));

	if (!name || name >= u->nrecorded || !u->recorded[name])
		return NULL;
	return &cat->packages.v[u->recorded[name] - 1];
}

/*
 * Whether files of a recorded package may lack in its database's lists: it has none, or it has the
 * digests of regular files alone (dpkg's status.d).
 */
static bool has_gaps(const struct user *u, const struct wd_cat_package *p)
{
	const struct wd_catalog *cat = u->o->cat;

	return p->flags & WD_PACKAGE_NO_FILES ||
	       wd_blob_is(wd_strpool_get(&cat->strings, cat->dbs.v[p->db]->format), "statusd");
}

/* What derived packages are in the catalog: they have no database. */
static const struct wd_descriptor *descriptor_of(const struct user *u, uint32_t purl)
{
	static const struct wd_descriptor kinds[] = {
		{.name = (char *)"reference", .purl = (char *)"generic"},
		{.name = (char *)"reference", .purl = (char *)"deb"},
		{.name = (char *)"reference", .purl = (char *)"rpm"},
		{.name = (char *)"reference", .purl = (char *)"apk"},
		{.name = (char *)"reference", .purl = (char *)"alpm"},
	};

	for (size_t i = 1; i < WD_ARRAY_SIZE(kinds); i++)
		if (wd_blob_is(string(u->a, purl), kinds[i].purl))
			return &kinds[i];
	return &kinds[0];
}

static int derive(struct user *u, uint32_t package, bool version, uint32_t *ret)
{
	const struct wd_ref_package *p = &u->a->packages.v[package];
	const struct wd_candidate *c = &u->a->candidates.v[p->candidate];
	struct wd_catalog *cat = u->o->cat;
	struct wd_cat_package pkg = {.size = WD_SIZE_UNKNOWN};
	const struct {
		enum wd_package_field field;
		uint32_t text;
	} fields[] = {{WD_PACKAGE_NAME, p->name},
		      {WD_PACKAGE_ARCH, p->arch},
		      {WD_PACKAGE_SOURCE, p->origin},
		      {WD_PACKAGE_VERSION, version ? p->version : 0}};
	int r = wd_distros_intern(u->distros, string(u->a, c->os), string(u->a, c->version), NULL);

	pkg.distro = r < 0 ? 0 : (uint32_t)r;
	for (size_t i = 0; r >= 0 && i < WD_ARRAY_SIZE(fields); i++)
		r = wd_strpool_intern(&cat->strings, string(u->a, fields[i].text),
				      &pkg.field[fields[i].field]);
	return r < 0 ? r : wd_catalog_derive(cat, descriptor_of(u, c->purl), &pkg, ret);
}

/* Gives the node to a package of the answer, derived when it is first needed. */
static int give(struct user *u, wd_node_id node, uint32_t package, bool version)
{
	uint32_t *known = version ? &u->derived[package] : &u->unversioned[package];
	struct wd_attribution at = {.via = WD_NODE_NONE, .basis = WD_BASIS_REFERENCE};
	int r = 0;

	if (!*known) {
		r = derive(u, package, version, known);
		*known += r == 0;
	}
	if (r < 0)
		return r;
	at.package = *known - 1;
	return wd_owners_reattribute(u->o, node, at);
}

static int give_recorded(struct user *u, wd_node_id node, const struct wd_cat_package *p)
{
	struct wd_attribution at = {.package = (uint32_t)(p - u->o->cat->packages.v),
				    .via = WD_NODE_NONE,
				    .basis = WD_BASIS_REFERENCE};

	return wd_owners_reattribute(u->o, node, at);
}

/* What nobody owns, and what was only inferred. */
static bool is_open(const struct user *u, wd_node_id node)
{
	enum wd_basis basis = wd_owners_basis(u->o, node);

	return basis == WD_BASIS_NONE || basis == WD_BASIS_INFERRED;
}

static bool same_version(const struct user *u, const struct wd_cat_package *recorded,
			 const struct wd_ref_package *p)
{
	return wd_blob_equal(wd_package_field(u->o->cat, recorded, WD_PACKAGE_VERSION),
			     string(u->a, p->version));
}

/* The files with matches, one after the other. */
static int each_file(struct user *u, int (*use)(struct user *u, wd_node_id node, void *ctx),
		     void *ctx)
{
	wd_node_id last = WD_NODE_NONE;
	int r = user_start(u);

	for (size_t i = 0; r == 0 && i < u->a->matches.n; i++) {
		wd_node_id node = u->a->matches.v[i].node;

		if (node != last && is_open(u, node))
			r = use(u, node, ctx);
		last = node;
	}
	user_done(u);
	return r;
}

/*
 * What the best candidate that has the file's contents has of it, or NULL. Texts are alike in many
 * places: away from its path only a program is known by its contents. An index may have thousands of
 * candidates: only those with a match are looked at.
 */
static const struct wd_match *choose_alike(const struct user *u, wd_node_id node)
{
	const struct wd_examined *e = wd_catalog_examined(u->o->cat, node);
	bool program = e && e->status == 0;
	uint32_t best = UINT32_MAX;
	size_t n;
	const struct wd_match *m = wd_answer_of(u->a, node, &n);

	for (size_t i = 0; i < n; i++) {
		uint32_t candidate = u->a->packages.v[m[i].package].candidate;

		if (is_alike(&m[i]) && (m[i].flags & WD_MATCH_PATH || program) && candidate < best)
			best = candidate;
	}
	return best == UINT32_MAX ? NULL : wd_answer_choose(u->a, node, best);
}

static int use_contents(struct user *u, wd_node_id node, void *ctx)
{
	const struct wd_match *m = choose_alike(u, node);
	const struct wd_cat_package *recorded;
	struct wd_rivals rivals;

	(void)ctx;
	if (!m)
		return 0;
	recorded = find_recorded(u, &u->a->packages.v[m->package]);
	if (recorded && same_version(u, recorded, &u->a->packages.v[m->package]))
		return give_recorded(u, node, recorded);
	rivals = wd_answer_rivals(u->a, m);
	return rivals.package ? 0 : give(u, node, m->package, !rivals.version);
}

int wd_reference_by_contents(struct wd_owners *o, struct wd_distros *distros,
			     const struct wd_answer *a)
{
	struct user u = {.o = o, .distros = distros, .a = a};

	return each_file(&u, use_contents, NULL);
}

/* A database that records the package says that it is there: a path is enough. */
static const struct wd_cat_package *recorded_owner(const struct user *u, wd_node_id node)
{
	size_t n;
	const struct wd_match *m = wd_answer_of(u->a, node, &n);

	for (size_t i = 0; i < n; i++) {
		const struct wd_ref_package *p = &u->a->packages.v[m[i].package];
		const struct wd_candidate *c = &u->a->candidates.v[p->candidate];
		const struct wd_cat_package *recorded = find_recorded(u, p);
		const struct wd_distro *d;

		if (!recorded || !(m[i].flags & WD_MATCH_PATH) || !has_gaps(u, recorded))
			continue;
		d = &u->distros->list.v[recorded->distro];
		if (wd_blob_is(string(u->a, c->os), d->id) &&
		    wd_blob_is(string(u->a, c->version), d->version_id))
			return recorded;
	}
	return NULL;
}

static int use_paths(struct user *u, wd_node_id node, void *ctx)
{
	const bool *best_counts = ctx;
	const struct wd_cat_package *recorded = recorded_owner(u, node);
	const struct wd_match *m;
	const struct wd_ref_package *p;
	struct wd_rivals rivals;

	if (recorded)
		return give_recorded(u, node, recorded);
	m = *best_counts ? wd_answer_choose(u->a, node, 0) : NULL;
	if (!m || !(m->flags & WD_MATCH_PATH))
		return 0;
	p = &u->a->packages.v[m->package];
	/* a package whose database has its list would have the file in it */
	if (p->share < WD_SHARE_MIN || find_recorded(u, p) ||
	    wd_owners_basis(u->o, node) != WD_BASIS_NONE)
		return 0;
	rivals = wd_answer_rivals(u->a, m);
	if (rivals.package)
		return 0;
	return give(u, node, m->package, p->agree && !p->differ && !rivals.version);
}

static bool is_lineage(const struct user *u, const struct wd_lineages *lineages)
{
	const struct wd_candidate *best = u->a->candidates.v;

	for (size_t i = 0; i < lineages->list.n; i++) {
		const struct wd_distro *d = &u->distros->list.v[lineages->list.v[i].distro];

		if (wd_blob_is(string(u->a, best->os), d->id) &&
		    wd_blob_is(string(u->a, best->version), d->version_id))
			return true;
	}
	return false;
}

int wd_reference_by_paths(struct wd_owners *o, struct wd_distros *distros,
			  const struct wd_answer *a, const struct wd_lineages *lineages)
{
	struct user u = {.o = o, .distros = distros, .a = a};
	size_t rivals;
	bool best_counts =
		wd_answer_is_near(a) && stands_alone(a, &rivals) && is_lineage(&u, lineages);

	return each_file(&u, use_paths, &best_counts);
}
