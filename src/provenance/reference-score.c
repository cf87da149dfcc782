/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/index.h"
#include "provenance/reference.h"

#include "base/status.h"

static int cmp_matches(const void *a, const void *b)
{
	const struct wd_match *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->package < y->package ? -1 : x->package > y->package;
}

/* Brings what was found of one file and package at several times together. */
static void join_matches(struct wd_answer *a)
{
	size_t kept = 0;

	if (a->matches.n)
		qsort(a->matches.v, a->matches.n, sizeof(*a->matches.v), cmp_matches);
	for (size_t i = 0; i < a->matches.n; i++) {
		if (kept && cmp_matches(&a->matches.v[kept - 1], &a->matches.v[i]) == 0)
			a->matches.v[kept - 1].flags |= a->matches.v[i].flags;
		else
			a->matches.v[kept++] = a->matches.v[i];
	}
	a->matches.n = kept;
}

const struct wd_match *wd_answer_of(const struct wd_answer *a, wd_node_id node, size_t *ret_n)
{
	size_t low = 0, high = a->matches.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (a->matches.v[mid].node < node)
			low = mid + 1;
		else
			high = mid;
	}
	for (high = low; high < a->matches.n && a->matches.v[high].node == node; high++)
		;
	*ret_n = high - low;
	return a->matches.v + low;
}

static bool is_alike(const struct wd_match *m)
{
	return m->flags & (WD_MATCH_DIGEST | WD_MATCH_BUILD);
}

/*
 * A file whose digest is known for its path, and that has another: one that was read, or whose size
 * no known digest has.
 */
static void find_differing(const struct wd_question *q, struct wd_answer *a)
{
	size_t c = 0; /* contents are in order of node, too */

	for (size_t i = 0; q->wanted && i < a->matches.n; i++) {
		struct wd_match *m = &a->matches.v[i];
		const struct wd_node *n = wd_tree_node(q->tree, m->node);

		while (c < a->contents.list.n && a->contents.list.v[c].node < m->node)
			c++;
		if (!(m->flags & WD_MATCH_KNOWN) || is_alike(m) || !q->wanted[m->node] ||
		    !(n->flags & WD_NODE_STAT))
			continue;
		if (c == a->contents.list.n || a->contents.list.v[c].node != m->node ||
		    a->contents.list.v[c].hashed)
			m->flags |= WD_MATCH_DIFFERS;
	}
}

/* Whether x is the better explanation of the file than y. */
static bool is_better(const struct wd_answer *a, const struct wd_match *x, const struct wd_match *y)
{
	const struct wd_ref_package *p = &a->packages.v[x->package],
				    *q = &a->packages.v[y->package];
	bool differs_x = x->flags & WD_MATCH_DIFFERS, differs_y = y->flags & WD_MATCH_DIFFERS;

	if (is_alike(x) != is_alike(y))
		return is_alike(x);
	if (differs_x != differs_y)
		return differs_y;
	if ((x->flags ^ y->flags) & WD_MATCH_PATH)
		return x->flags & WD_MATCH_PATH;
	if (p->share < q->share || p->share > q->share)
		return p->share > q->share;
	if (p->agree != q->agree)
		return p->agree > q->agree;
	return p->version && !q->version;
}

const struct wd_match *wd_answer_choose(const struct wd_answer *a, wd_node_id node,
					uint32_t candidate)
{
	const struct wd_match *best = NULL;
	size_t n;
	const struct wd_match *m = wd_answer_of(a, node, &n);

	for (size_t i = 0; i < n; i++)
		if (a->packages.v[m[i].package].candidate == candidate &&
		    (!best || is_better(a, &m[i], best)))
			best = &m[i];
	return best;
}

static bool same_text(const struct wd_answer *a, uint32_t x, uint32_t y)
{
	return wd_blob_equal(wd_strpool_get(&a->strings, x), wd_strpool_get(&a->strings, y));
}

/* Whether nothing tells two matches of one file apart but chance. */
static bool is_rival(const struct wd_answer *a, const struct wd_match *chosen,
		     const struct wd_match *other)
{
	const struct wd_ref_package *p = &a->packages.v[chosen->package],
				    *q = &a->packages.v[other->package];

	if (p->candidate != q->candidate || is_alike(chosen) != is_alike(other) ||
	    (chosen->flags ^ other->flags) & (WD_MATCH_PATH | WD_MATCH_DIFFERS))
		return false;
	return is_alike(chosen) ? q->agree >= p->agree || q->share >= WD_SHARE_MIN
				: q->share >= WD_SHARE_MIN;
}

struct wd_rivals wd_answer_rivals(const struct wd_answer *a, const struct wd_match *chosen)
{
	const struct wd_ref_package *p = &a->packages.v[chosen->package];
	struct wd_rivals rivals = {false, false};
	size_t n;
	const struct wd_match *m = wd_answer_of(a, chosen->node, &n);

	for (size_t i = 0; i < n; i++) {
		const struct wd_ref_package *q = &a->packages.v[m[i].package];

		if (q == p || !is_rival(a, chosen, &m[i]))
			continue;
		if (!same_text(a, p->name, q->name))
			rivals.package = true;
		else if (!same_text(a, p->version, q->version) && q->agree >= p->agree)
			rivals.version = true;
	}
	return rivals;
}

/* ---- Packages */

struct place {
	wd_node_id dir;
	bool core, system;
	struct wd_buf path, as_learnt;
};

static int place_done(struct place *p)
{
	int r = p->path.status < 0 ? p->path.status : p->as_learnt.status;

	wd_buf_done(&p->path);
	wd_buf_done(&p->as_learnt);
	return r;
}

/* Files of one directory follow each other. */
static const struct place *place_of(struct place *p, const struct wd_tree *tree, wd_node_id node)
{
	wd_node_id dir = wd_tree_node(tree, node)->parent;

	if (p->dir != dir) {
		p->dir = dir;
		p->path.len = p->as_learnt.len = 0;
		wd_tree_path(tree, dir, &p->path);
		wd_index_dir(wd_buf_view(&p->path), &p->as_learnt);
		p->core = wd_index_is_core(wd_buf_view(&p->as_learnt));
		p->system = wd_index_is_system(wd_buf_view(&p->as_learnt));
	}
	return p;
}

/* A package of nothing but documentation is there as far as that is. */
static void set_shares(struct wd_answer *a)
{
	for (size_t i = 0; i < a->packages.n; i++) {
		struct wd_ref_package *p = &a->packages.v[i];
		uint32_t of = p->core ? p->core : p->files;
		uint32_t there = p->core ? p->matched_core : p->matched;

		/* an index may say anything of its numbers */
		p->share = of == 0 || there > of ? (there ? 1 : 0) : (double)there / of;
	}
}

static int count_packages(const struct wd_question *q, struct wd_answer *a)
{
	struct place place = {.dir = WD_NODE_NONE, .path = WD_BUF_INIT, .as_learnt = WD_BUF_INIT};

	for (size_t i = 0; i < a->matches.n; i++) {
		const struct wd_match *m = &a->matches.v[i];
		struct wd_ref_package *p = &a->packages.v[m->package];

		if (m->flags & WD_MATCH_PATH) {
			p->matched++;
			p->matched_core += place_of(&place, q->tree, m->node)->core;
		}
		p->agree += is_alike(m);
		p->differ += (m->flags & WD_MATCH_DIFFERS) != 0;
	}
	set_shares(a);
	return place_done(&place);
}

/* ---- Candidates */

/* What one candidate has of one file. */
struct vote {
	uint32_t candidate;
	uint8_t flags;
	double weight;
};

struct votes {
	struct vote v[WD_INDEX_OWNERS * 4];
	size_t n;
	double sum;
	unsigned alike; /* candidates that have the contents */
	unsigned paths; /* and the path */
};

static double weight_of(const struct wd_answer *a, const struct wd_match *m)
{
	if (is_alike(m))
		return 1;
	return m->flags & WD_MATCH_DIFFERS ? 0 : a->packages.v[m->package].share;
}

/* One file's votes: of each candidate the package that is there most. */
static void collect(const struct wd_answer *a, const struct wd_match *m, size_t n,
		    struct votes *ret)
{
	*ret = (struct votes){.n = 0};
	for (size_t i = 0; i < n; i++) {
		uint32_t candidate = a->packages.v[m[i].package].candidate;
		double weight = weight_of(a, &m[i]);
		size_t k = 0;

		while (k < ret->n && ret->v[k].candidate != candidate)
			k++;
		if (k == WD_ARRAY_SIZE(ret->v))
			continue;
		if (k == ret->n)
			ret->v[ret->n++] = (struct vote){.candidate = candidate};
		ret->v[k].flags |= m[i].flags;
		if (weight > ret->v[k].weight)
			ret->v[k].weight = weight;
	}
	for (size_t k = 0; k < ret->n; k++) {
		ret->sum += ret->v[k].weight;
		ret->alike += (ret->v[k].flags & (WD_MATCH_DIGEST | WD_MATCH_BUILD)) != 0;
		ret->paths += ret->v[k].flags & WD_MATCH_PATH;
	}
}

static void count_votes(struct wd_answer *a, const struct votes *votes, bool program, bool system)
{
	for (size_t k = 0; k < votes->n; k++) {
		const struct vote *v = &votes->v[k];
		struct wd_candidate *c = &a->candidates.v[v->candidate];
		bool alike = v->flags & (WD_MATCH_DIGEST | WD_MATCH_BUILD);
		bool differs = !alike && v->flags & WD_MATCH_DIFFERS;

		c->paths += v->flags & WD_MATCH_PATH;
		c->only += v->flags & WD_MATCH_PATH && votes->paths == 1;
		c->agree += alike;
		c->differ += differs;
		c->proven += alike && program && votes->alike == 1;
		c->disproven += differs && program;
		c->at += system && v->flags & WD_MATCH_PATH;
		c->system += system ? v->weight : 0;
		if (votes->sum > 0)
			c->score += v->weight * v->weight / votes->sum;
	}
}

/* How each candidate stands against the best one. */
static void compare_votes(struct wd_answer *a, uint32_t best, const struct votes *votes,
			  double *all_behind)
{
	double weight = 0;

	for (size_t k = 0; k < votes->n; k++)
		if (votes->v[k].candidate == best)
			weight = votes->v[k].weight;
	*all_behind += weight;
	for (size_t k = 0; k < votes->n; k++) {
		struct wd_candidate *c = &a->candidates.v[votes->v[k].candidate];
		double w = votes->v[k].weight;

		if (w > weight)
			c->ahead += w - weight;
		/* where it has no vote, it is behind by the whole of it */
		c->behind -= w < weight ? w : weight;
	}
}

static size_t next_file(const struct wd_answer *a, size_t i)
{
	size_t end = i;

	while (end < a->matches.n && a->matches.v[end].node == a->matches.v[i].node)
		end++;
	return end;
}

static uint32_t best_of(const struct wd_answer *a)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < a->candidates.n; i++)
		if (a->candidates.v[i].score > a->candidates.v[best].score)
			best = i;
	return best;
}

static int count_candidates(const struct wd_question *q, struct wd_answer *a)
{
	struct place place = {.dir = WD_NODE_NONE, .path = WD_BUF_INIT, .as_learnt = WD_BUF_INIT};
	struct votes votes;
	double all_behind = 0;
	uint32_t best;

	for (size_t i = 0, end; i < a->matches.n; i = end) {
		const struct wd_examined *e = wd_catalog_examined(q->cat, a->matches.v[i].node);

		end = next_file(a, i);
		collect(a, &a->matches.v[i], end - i, &votes);
		count_votes(a, &votes, e && e->status == 0,
			    place_of(&place, q->tree, a->matches.v[i].node)->system);
	}
	best = best_of(a);
	for (size_t i = 0, end; i < a->matches.n; i = end) {
		end = next_file(a, i);
		collect(a, &a->matches.v[i], end - i, &votes);
		compare_votes(a, best, &votes, &all_behind);
	}
	for (size_t i = 0; i < a->candidates.n; i++)
		a->candidates.v[i].behind += all_behind;
	return place_done(&place);
}

/* ---- Order */

static int cmp_candidates(const void *x, const void *y, void *ctx)
{
	const struct wd_answer *a = ctx;
	const struct wd_candidate *p = &a->candidates.v[*(const uint32_t *)x];
	const struct wd_candidate *q = &a->candidates.v[*(const uint32_t *)y];
	int c;

	if (p->score != q->score)
		return p->score > q->score ? -1 : 1;
	c = wd_blob_cmp(wd_strpool_get(&a->strings, p->os), wd_strpool_get(&a->strings, q->os));
	if (c == 0)
		c = wd_blob_cmp(wd_strpool_get(&a->strings, p->version),
				wd_strpool_get(&a->strings, q->version));
	return c ? c
		 : wd_blob_cmp(wd_strpool_get(&a->strings, p->purl),
			       wd_strpool_get(&a->strings, q->purl));
}

/* Puts the candidates into order, best first, and the packages' references to them. */
static int rank(struct wd_answer *a)
{
	size_t n = a->candidates.n;
	WD_CLEANUP_FREE uint32_t *order = calloc(n + 1, sizeof(*order));
	WD_CLEANUP_FREE uint32_t *place = calloc(n + 1, sizeof(*place));
	struct wd_candidate *sorted = calloc(n + 1, sizeof(*sorted));

	if (!order || !place || !sorted) {
		free(sorted);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), cmp_candidates, a);
	for (uint32_t i = 0; i < n; i++) {
		sorted[i] = a->candidates.v[order[i]];
		place[order[i]] = i;
	}
	for (size_t i = 0; i < a->packages.n; i++)
		a->packages.v[i].candidate = place[a->packages.v[i].candidate];
	free(a->candidates.v);
	a->candidates.v = sorted;
	a->candidates.cap = n + 1;
	return 0;
}

static int count_files(const struct wd_question *q, struct wd_answer *a)
{
	struct place place = {.dir = WD_NODE_NONE, .path = WD_BUF_INIT, .as_learnt = WD_BUF_INIT};

	for (wd_node_id n = 1; n < q->tree->nodes.n; n++) {
		const struct wd_node *node = wd_tree_node(q->tree, n);

		if (node->type == WD_TYPE_DIR || node->flags & WD_NODE_GHOST)
			continue;
		a->files++;
		a->system += place_of(&place, q->tree, n)->system;
	}
	return place_done(&place);
}

int wd_answer_score(const struct wd_question *q, struct wd_answer *a)
{
	int r = count_files(q, a);

	join_matches(a);
	find_differing(q, a);
	if (r == 0)
		r = count_packages(q, a);
	if (r == 0 && a->candidates.n)
		r = count_candidates(q, a);
	return r < 0 ? r : rank(a);
}

#define REFUTED_MIN 10
#define REFUTED_TIMES 4

/* Whether most files at its paths have other contents: then it is another release, if not more. */
static bool is_refuted(const struct wd_candidate *c)
{
	return c->differ >= REFUTED_MIN && c->agree * REFUTED_TIMES < c->differ;
}

#define SYSTEM_MIN 5
#define FILES_MIN 5
#define FITTING_SHARE 0.5

bool wd_answer_fits(const struct wd_answer *a)
{
	const struct wd_candidate *best = a->candidates.v;

	if (a->candidates.n == 0 || is_refuted(best))
		return false;
	if (a->system >= SYSTEM_MIN)
		return best->system >= FITTING_SHARE * (double)a->system;
	return best->score >= FILES_MIN && best->score >= FITTING_SHARE * (double)a->files;
}

#define NEAR_PATHS 0.97
#define NEAR_PACKAGES 0.99

bool wd_answer_is_near(const struct wd_answer *a)
{
	const struct wd_candidate *best = a->candidates.v;

	if (!wd_answer_fits(a))
		return false;
	if (a->system < SYSTEM_MIN)
		return (double)best->paths >= NEAR_PATHS * (double)a->files;
	return (double)best->at >= NEAR_PATHS * (double)a->system ||
	       best->system >= NEAR_PACKAGES * (double)best->at;
}

#define RELEASE_TIMES 9

bool wd_candidate_is_release(const struct wd_candidate *c)
{
	return c->proven >= RELEASE_TIMES * c->disproven;
}

bool wd_answer_tells_release(const struct wd_answer *a, const struct wd_candidate *c)
{
	return c->proven ? wd_candidate_is_release(c) : wd_answer_is_near(a);
}

const char *wd_answer_confidence_name(enum wd_answer_confidence confidence)
{
	static const char *const names[] = {"none", "weak", "strong", "certain"};

	return names[confidence];
}

enum wd_answer_confidence wd_answer_confidence(const struct wd_answer *a)
{
	const struct wd_candidate *best = a->candidates.v;
	uint64_t other = 0;

	if (a->candidates.n == 0 || best->score <= 0 || is_refuted(best))
		return WD_ANSWER_NONE;
	for (size_t i = 1; i < a->candidates.n; i++)
		if (a->candidates.v[i].proven > other)
			other = a->candidates.v[i].proven;
	if (best->proven >= 10 && best->disproven == 0 && best->proven >= 10 * other)
		return WD_ANSWER_CERTAIN;
	if (best->proven >= 2 && wd_candidate_is_release(best) && best->proven >= 4 * other)
		return WD_ANSWER_STRONG;
	return wd_answer_fits(a) ? WD_ANSWER_WEAK : WD_ANSWER_NONE;
}
