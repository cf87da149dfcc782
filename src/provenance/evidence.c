/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/evidence-gather.h"

#include "base/status.h"
#include "provenance/distro.h"

const char *wd_item_strength_name(enum wd_item_strength strength)
{
	static const char *const names[] = {"weak", "medium", "strong"};

	return names[strength];
}

bool wd_item_is_for(const struct wd_item *item, const char *id)
{
	struct wd_blob rest = wd_blob_str(item->distro), one;

	while (wd_blob_token(&rest, '|', &one))
		if (one.len && wd_blob_is(one, id))
			return true;
	return false;
}

/* What is shorter than the header of any program need not be opened. */
#define PROGRAM_MIN 52

static bool is_candidate(const struct wd_tree *tree, const struct wd_signals *signals,
			 wd_node_id id)
{
	const struct wd_node *n = wd_tree_node(tree, id);
	struct wd_blob name;
	ptrdiff_t dot;

	if (n->type != WD_TYPE_FILE || n->flags & WD_NODE_GHOST ||
	    (n->flags & WD_NODE_STAT && n->size < PROGRAM_MIN))
		return false;
	name = wd_tree_name(tree, id);
	dot = wd_blob_rchr(name, '.');
	return dot <= 0 ||
	       wd_strpool_find(&signals->skip, wd_blob_skip(name, (size_t)dot + 1)) == 0;
}

int wd_evidence_candidates(struct wd_tree *tree, const struct wd_signals *signals,
			   wd_node_id **ret_nodes, size_t *ret_n)
{
	WD_ARRAY(wd_node_id) nodes = {0};
	int r = 0;

	for (wd_node_id i = 0; r == 0 && i < tree->nodes.n; i++)
		if (is_candidate(tree, signals, i))
			r = wd_array_push(&nodes, i);
	if (r < 0) {
		wd_array_done(&nodes);
		return r;
	}
	*ret_nodes = nodes.v;
	*ret_n = nodes.n;
	return 0;
}

const char *wd_gather_keep(struct wd_gather *g, struct wd_blob s)
{
	uint32_t id;
	int r;

	if (s.len == 0)
		return "";
	g->work.len = 0;
	wd_buf_blob(&g->work, s);
	wd_buf_byte(&g->work, '\0');
	r = g->work.status < 0 ? g->work.status
			       : wd_strpool_intern(&g->e->strings, wd_buf_view(&g->work), &id);
	if (r < 0) {
		g->status = r;
		return "";
	}
	return wd_strpool_get(&g->e->strings, id).ptr;
}

/* The item of a key, made where it is new. */
static int intern_item(struct wd_gather *g, struct wd_blob key, const struct wd_item *like,
		       uint32_t *ret)
{
	struct wd_found found = {.last = WD_NODE_NONE, .first = WD_BUF_INIT};
	uint32_t id;
	int r = wd_strpool_intern(&g->keys, key, &id);

	if (r == 0 && id > g->e->items.n) {
		r = wd_array_push(&g->e->items, *like);
		if (r == 0)
			r = wd_array_push(&g->found, found);
	}
	*ret = id - 1;
	return r;
}

static struct wd_blob expand(struct wd_buf *buf, struct wd_blob template,
			     const struct wd_captures *caps)
{
	size_t from = buf->len;

	wd_glob_expand(template, caps, buf);
	wd_buf_byte(buf, '\0');
	return buf->status < 0 ? WD_BLOB_NULL : wd_blob(buf->ptr + from, buf->len - from - 1);
}

/* The item that a row makes with these groups of its pattern. 0, -ENOMEM or WD_ELIMIT. */
static int get_item(struct wd_gather *g, uint32_t row, enum wd_item_use use,
		    const struct wd_captures *caps, uint32_t *ret)
{
	const struct wd_signal *s = &g->signals->list.v[row];
	WD_CLEANUP_BUF struct wd_buf key = WD_BUF_INIT;
	struct wd_item item = {.node = WD_NODE_NONE, .strength = s->strength, .use = use};

	wd_buf_printf(&key, "%u %d", row, (int)use);
	wd_buf_byte(&key, '\0');
	item.distro = wd_gather_keep(g, expand(&key, s->distro, caps));
	item.version = wd_gather_keep(g, expand(&key, s->version, caps));
	item.kind = wd_gather_keep(g, s->kind);
	item.family = wd_gather_keep(g, s->family);
	if (key.status < 0 || g->status < 0)
		return key.status < 0 ? key.status : g->status;
	return intern_item(g, wd_buf_view(&key), &item, ret);
}

static int release_item(struct wd_gather *g, uint32_t release, enum wd_item_strength strength,
			uint32_t *ret)
{
	const struct wd_signal_release *row = &g->signals->releases.v[release];
	struct wd_item item = {.node = WD_NODE_NONE,
			       .use = WD_ITEM_RELEASE,
			       .strength = row->strength < strength ? row->strength : strength,
			       .kind = wd_gather_keep(g, row->library),
			       .family = wd_gather_keep(g, row->family),
			       .distro = wd_gather_keep(g, row->distro),
			       .version = wd_gather_keep(g, row->release)};
	char key[32];
	int n = snprintf(key, sizeof(key), "r%u", release);

	if (g->status < 0)
		return g->status;
	return intern_item(g, wd_blob(key, (size_t)n), &item, ret);
}

/* One more file, where it is another than the last one, shows an item. 0 or -ENOMEM. */
static int count_item(struct wd_gather *g, uint32_t index, wd_node_id node, struct wd_blob path,
		      struct wd_blob value)
{
	struct wd_item *item = &g->e->items.v[index];
	struct wd_found *found = &g->found.v[index];

	if (found->last == node)
		return 0;
	found->last = node;
	item->files++;
	if (item->files > 1 && wd_blob_cmp(path, wd_buf_view(&found->first)) >= 0)
		return 0;
	found->first.len = 0;
	wd_buf_blob(&found->first, path);
	item->node = node;
	item->value = wd_gather_keep(g, value);
	return found->first.status < 0 ? found->first.status : g->status;
}

static bool have_common(struct wd_blob a, struct wd_blob b)
{
	struct wd_blob one, rest, other;

	while (wd_blob_token(&a, '|', &one))
		for (rest = b; wd_blob_token(&rest, '|', &other);)
			if (wd_blob_equal(one, other))
				return true;
	return false;
}

/* Whether a library can be that distribution's: its file does not say that it is another's. */
static bool can_be_from(const struct wd_gather *g, wd_node_id node,
			const struct wd_signal_release *row)
{
	const struct wd_origin *o = wd_evidence_origin(g->e, node);
	const struct wd_item *item = o ? &g->e->items.v[o->item] : NULL;

	return !item || ((!*item->family || wd_blob_is(row->family, item->family)) &&
			 (!*item->distro || have_common(row->distro, wd_blob_str(item->distro))));
}

/* A file that is surely of the row's distribution has this version of the row's library. */
static void see_version(struct wd_gather *g, uint32_t release, wd_node_id node,
			struct wd_blob version)
{
	const struct wd_origin *o = wd_evidence_origin(g->e, node);
	const struct wd_item *item = o ? &g->e->items.v[o->item] : NULL;
	const char *latest = g->latest[release];

	if (item && item->strength == WD_ITEM_STRONG &&
	    wd_blob_is(g->signals->releases.v[release].distro, item->distro) &&
	    (!latest || wd_version_cmp(version, wd_blob_str(latest)) > 0))
		g->latest[release] = wd_gather_keep(g, version);
}

/* The releases of all distributions that have this version of the library. */
static int count_releases(struct wd_gather *g, const struct wd_signal *s,
			  const struct wd_captures *caps, wd_node_id node, struct wd_blob path,
			  struct wd_blob value)
{
	WD_CLEANUP_BUF struct wd_buf buf = WD_BUF_INIT;
	struct wd_blob version = expand(&buf, s->version, caps);
	int r = buf.status;

	for (uint32_t i = 0; r == 0 && i < g->signals->releases.n; i++) {
		const struct wd_signal_release *row = &g->signals->releases.v[i];
		uint32_t item;

		if (!wd_blob_equal(row->library, s->kind))
			continue;
		see_version(g, i, node, version);
		if (!wd_blob_equal(row->version, version) || !can_be_from(g, node, row))
			continue;
		r = release_item(g, i, s->strength < WD_ITEM_MEDIUM ? s->strength : WD_ITEM_MEDIUM,
				 &item);
		if (r == 0)
			r = count_item(g, item, node, path, value);
		if (r == 0)
			g->seen[i] = item + 1;
	}
	return r;
}

int wd_gather_signal(struct wd_gather *g, uint32_t row, enum wd_item_use use, wd_node_id node,
		     struct wd_blob path, struct wd_blob text, struct wd_blob value, uint32_t *item)
{
	struct wd_signal *s = &g->signals->list.v[row];
	struct wd_captures caps = {.n = 0};
	int r = 0;

	if (s->captures && !wd_signal_match(s, text, &caps))
		return 0;
	if (use == WD_ITEM_RELEASE)
		return count_releases(g, s, &caps, node, path, value);
	if (*item == WD_GATHER_NONE)
		r = get_item(g, row, use, &caps, item);
	return r < 0 ? r : count_item(g, *item, node, path, value);
}

/* ---- Releases by libraries */

static bool same_row(const struct wd_signal_release *a, const struct wd_signal_release *b)
{
	return wd_blob_equal(a->distro, b->distro) && wd_blob_equal(a->library, b->library);
}

/*
 * Whether no later version of the same library of that distribution was seen: the table goes from
 * old to new, and what was not rebuilt for a release has older compilers' marks beside newer ones.
 */
static bool is_newest(const struct wd_gather *g, size_t row)
{
	const struct wd_signal_release *rows = g->signals->releases.v;

	for (size_t i = row + 1; g->seen[row] && i < g->signals->releases.n; i++)
		if (g->seen[i] && same_row(&rows[i], &rows[row]) &&
		    !wd_blob_equal(rows[i].version, rows[row].version))
			return false;
	return g->seen[row] != 0;
}

/* Whether the newest seen versions of all its libraries are in that release of a distribution. */
static bool release_stands(const struct wd_gather *g, size_t row)
{
	const struct wd_signal_release *rows = g->signals->releases.v, *want = &rows[row];

	for (size_t i = 0; i < g->signals->releases.n; i++) {
		bool has = false;

		if (!g->seen[i] || !wd_blob_equal(rows[i].distro, want->distro))
			continue;
		for (size_t k = 0; !has && k < g->signals->releases.n; k++)
			has = same_row(&rows[k], &rows[i]) && is_newest(g, k) &&
			      wd_blob_equal(rows[k].release, want->release);
		if (!has)
			return false;
	}
	return true;
}

/* The only release that stands of a distribution, whose first seen row this is. */
static int find_release(struct wd_gather *g, size_t first)
{
	const struct wd_signal_release *rows = g->signals->releases.v, *only = NULL;
	struct wd_library_release add = {0};

	for (size_t i = first; i < g->signals->releases.n; i++) {
		if (!wd_blob_equal(rows[i].distro, rows[first].distro) || !is_newest(g, i) ||
		    !release_stands(g, i))
			continue;
		if (only && !wd_blob_equal(only->release, rows[i].release))
			return 0;
		/* as strong as the weakest that it takes */
		if (!only || rows[i].strength < only->strength) {
			only = &rows[i];
			add.item = g->seen[i] - 1;
		}
	}
	if (!only)
		return 0;
	add.distro = wd_gather_keep(g, only->distro);
	add.version = wd_gather_keep(g, only->release);
	return g->status < 0 ? g->status : wd_array_push(&g->e->releases, add);
}

/* Whether a row's release has no version of the library as late as the one that was seen. */
static bool is_excluded(const struct wd_gather *g, size_t row)
{
	const struct wd_signal_release *rows = g->signals->releases.v;

	for (size_t i = 0; g->latest[row] && i < g->signals->releases.n; i++)
		if (same_row(&rows[i], &rows[row]) &&
		    wd_blob_equal(rows[i].release, rows[row].release) &&
		    wd_version_cmp(rows[i].version, wd_blob_str(g->latest[row])) >= 0)
			return false;
	return g->latest[row] != NULL;
}

static int find_excluded(struct wd_gather *g)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->signals->releases.n; i++) {
		const struct wd_signal_release *row = &g->signals->releases.v[i];

		if (is_excluded(g, i))
			r = wd_array_push(
				&g->e->excluded,
				((struct wd_excluded_release){wd_gather_keep(g, row->distro),
							      wd_gather_keep(g, row->release)}));
	}
	return r < 0 ? r : g->status;
}

bool wd_evidence_excludes(const struct wd_evidence_list *e, const char *distro, const char *release)
{
	for (size_t i = 0; *release && i < e->excluded.n; i++)
		if (strcmp(e->excluded.v[i].distro, distro) == 0 &&
		    strcmp(e->excluded.v[i].version, release) == 0)
			return true;
	return false;
}

static int find_releases(struct wd_gather *g)
{
	const struct wd_signal_release *rows = g->signals->releases.v;
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->signals->releases.n; i++) {
		bool first = g->seen[i] != 0;

		for (size_t k = 0; first && k < i; k++)
			first = !g->seen[k] || !wd_blob_equal(rows[k].distro, rows[i].distro);
		if (first)
			r = find_release(g, i);
	}
	return r;
}

const struct wd_library_release *wd_evidence_release(const struct wd_evidence_list *e,
						     const char *distro)
{
	for (size_t i = 0; i < e->releases.n; i++)
		if (wd_item_is_for(&e->items.v[e->releases.v[i].item], distro))
			return &e->releases.v[i];
	return NULL;
}

/* ---- The list in its order */

struct sorting {
	struct wd_item item;
	uint32_t index; /* before; it breaks ties, and follows the tables and the nodes */
};

static int cmp_items(const void *a, const void *b)
{
	const struct sorting *x = a, *y = b;
	int c = (int)y->item.strength - (int)x->item.strength;

	if (c == 0)
		c = strcmp(x->item.kind, y->item.kind);
	if (c == 0)
		c = strcmp(x->item.family, y->item.family);
	if (c == 0)
		c = strcmp(x->item.distro, y->item.distro);
	if (c == 0)
		c = strcmp(x->item.version, y->item.version);
	return c ? c : (x->index > y->index) - (x->index < y->index);
}

static int sort_items(struct wd_evidence_list *e)
{
	size_t n = e->items.n;
	WD_CLEANUP_FREE struct sorting *sorted = calloc(n + 1, sizeof(*sorted));
	WD_CLEANUP_FREE uint32_t *now = calloc(n + 1, sizeof(*now));

	if (!sorted || !now)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		sorted[i] = (struct sorting){e->items.v[i], i};
	qsort(sorted, n, sizeof(*sorted), cmp_items);
	for (uint32_t i = 0; i < n; i++) {
		e->items.v[i] = sorted[i].item;
		now[sorted[i].index] = i;
	}
	for (size_t i = 0; i < e->origins.n; i++)
		e->origins.v[i].item = now[e->origins.v[i].item];
	for (size_t i = 0; i < e->releases.n; i++)
		e->releases.v[i].item = now[e->releases.v[i].item];
	return 0;
}

static int copy_string(struct wd_evidence_list *e, const char **s)
{
	uint32_t id;
	int r = **s ? wd_strpool_intern(&e->strings, wd_blob(*s, strlen(*s) + 1), &id) : 0;

	if (r == 0)
		*s = **s ? wd_strpool_get(&e->strings, id).ptr : "";
	return r;
}

int wd_evidence_add(struct wd_evidence_list *e, const struct wd_item *item)
{
	struct wd_item copy = *item;
	const char **strings[] = {&copy.kind, &copy.family, &copy.distro, &copy.version,
				  &copy.value};
	int r = 0;

	for (size_t i = 0; r == 0 && i < WD_ARRAY_SIZE(strings); i++)
		r = copy_string(e, strings[i]);
	if (r == 0)
		r = wd_array_push(&e->items, copy);
	return r < 0 ? -ENOMEM : sort_items(e);
}

static void gather_done(struct wd_gather *g)
{
	for (size_t i = 0; i < g->found.n; i++)
		wd_buf_done(&g->found.v[i].first);
	wd_array_done(&g->found);
	wd_strpool_done(&g->keys);
	wd_buf_done(&g->work);
	free(g->seen);
	free(g->latest);
}

int wd_evidence_gather(struct wd_tree *tree, struct wd_catalog *cat, struct wd_signals *signals,
		       struct wd_evidence_list *ret)
{
	struct wd_gather g = {
		.tree = tree, .cat = cat, .signals = signals, .e = ret, .work = WD_BUF_INIT};
	int r;

	*ret = (struct wd_evidence_list){0};
	g.seen = calloc(signals->releases.n + 1, sizeof(*g.seen));
	g.latest = calloc(signals->releases.n + 1, sizeof(*g.latest));
	r = g.seen && g.latest ? 0 : -ENOMEM;
	if (r == 0)
		r = wd_gather_files(&g);
	if (r == 0)
		r = wd_gather_paths(&g);
	if (r == 0)
		r = wd_gather_texts(&g);
	if (r == 0)
		r = find_releases(&g);
	if (r == 0)
		r = find_excluded(&g);
	if (r == 0)
		r = wd_signals_status(signals);
	if (r == 0)
		r = sort_items(ret);
	gather_done(&g);
	if (r < 0)
		wd_evidence_done(ret);
	return r;
}

void wd_evidence_done(struct wd_evidence_list *e)
{
	wd_strpool_done(&e->strings);
	wd_array_done(&e->items);
	wd_array_done(&e->origins);
	wd_array_done(&e->releases);
	wd_array_done(&e->excluded);
	*e = (struct wd_evidence_list){0};
}

const struct wd_origin *wd_evidence_origin(const struct wd_evidence_list *e, wd_node_id node)
{
	size_t lo = 0, hi = e->origins.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (e->origins.v[mid].node == node)
			return &e->origins.v[mid];
		if (e->origins.v[mid].node < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}
