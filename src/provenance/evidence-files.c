/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Evidence from facts: what each examined file says of itself. Facts are interned strings, and
 * most files say the same, so that a string is asked of the rows once.
 */
#include "provenance/evidence-gather.h"

#include "base/status.h"

/* A row that matched a string, wherever that was found. */
struct match {
	uint32_t row;
	uint32_t item; /* WD_GATHER_NONE before it was counted */
};

/* What the rows say of a string as one kind of fact. */
struct answer {
	uint32_t first; /* in matches; they are consecutive */
	uint32_t n;
	enum wd_fact_kind kind;
};

/* A match that holds for the file at hand. */
struct hit {
	uint32_t row;
	uint32_t match;
	const struct wd_fact *fact;
	enum wd_item_use use;
};

struct files {
	struct wd_gather *g;
	WD_ARRAY(uint32_t) rows[WD_FACT_KIND_COUNT]; /* of each kind, in the table's order */
	WD_ARRAY(uint32_t) bundles;		     /* rows that are traps by path */
	WD_ARRAY(struct match) matches;
	WD_ARRAY(struct answer) answers;
	uint32_t *asked; /* string: 1 + its answer, 0 = not asked */
	wd_node_id dir;	 /* the directory that `bundle` is about */
	uint32_t bundle; /* the row of the bundle that it is in, or WD_GATHER_NONE */
	/* the file at hand */
	const struct wd_examined *file;
	struct wd_buf path; /* empty while nobody needed it */
	WD_ARRAY(struct hit) hits;
};

static const struct wd_signal *signal_at(const struct files *f, uint32_t row)
{
	return &f->g->signals->list.v[row];
}

static struct wd_blob fact_text(const struct files *f, const struct wd_fact *fact)
{
	return wd_strpool_get(&f->g->cat->strings, fact->value);
}

static struct wd_blob file_path(struct files *f)
{
	if (f->path.len == 0)
		wd_tree_path(f->g->tree, f->file->node, &f->path);
	return wd_buf_view(&f->path);
}

static int sort_rows(struct files *f)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < f->g->signals->list.n; i++) {
		const struct wd_signal *s = signal_at(f, i);

		if (s->source < WD_FACT_KIND_COUNT)
			r = wd_array_push(&f->rows[s->source], i);
		else if (s->source == WD_SIGNAL_PATH && s->use == WD_ITEM_TRAP)
			r = wd_array_push(&f->bundles, i);
	}
	f->asked = calloc(f->g->cat->strings.entries.n + 1, sizeof(*f->asked));
	return r == 0 && !f->asked ? -ENOMEM : r;
}

/* Which rows match a fact's text. One string is hardly ever the value of two kinds of facts. */
static int ask(struct files *f, const struct wd_fact *fact, struct answer *ret)
{
	struct answer a = {.first = (uint32_t)f->matches.n, .kind = fact->kind};
	uint32_t asked = f->asked[fact->value];
	int r = 0;

	if (asked && f->answers.v[asked - 1].kind == fact->kind) {
		*ret = f->answers.v[asked - 1];
		return 0;
	}
	for (size_t i = 0; r == 0 && i < f->rows[fact->kind].n; i++) {
		struct match m = {f->rows[fact->kind].v[i], WD_GATHER_NONE};

		if (wd_signal_match(&f->g->signals->list.v[m.row], fact_text(f, fact), NULL))
			r = wd_array_push(&f->matches, m);
	}
	a.n = (uint32_t)f->matches.n - a.first;
	if (r == 0)
		r = wd_array_push(&f->answers, a);
	f->asked[fact->value] = (uint32_t)f->answers.n;
	*ret = a;
	return r;
}

/* Of the rows of one kind that match a fact, the first is meant. */
static bool has_kind(const struct files *f, size_t from, struct wd_blob kind)
{
	for (size_t i = from; i < f->hits.n; i++)
		if (wd_blob_equal(signal_at(f, f->hits.v[i].row)->kind, kind))
			return true;
	return false;
}

static int take_fact(struct files *f, const struct wd_fact *fact)
{
	size_t from = f->hits.n;
	struct answer a;
	int r;

	if (f->rows[fact->kind].n == 0 || fact->value == 0)
		return 0;
	r = ask(f, fact, &a);
	for (uint32_t i = 0; r == 0 && i < a.n; i++) {
		struct hit hit = {.match = a.first + i, .fact = fact};
		const struct wd_signal *s;

		hit.row = f->matches.v[hit.match].row;
		s = signal_at(f, hit.row);
		hit.use = s->use;
		if (has_kind(f, from, s->kind) ||
		    (s->where.len && !wd_signal_is_at(s, file_path(f))))
			continue;
		r = wd_array_push(&f->hits, hit);
	}
	return r;
}

/* ---- Traps */

/* Somebody's own toolchain, or objects from everywhere: no distribution built that file. */
static bool has_several_vendors(const struct files *f)
{
	const struct wd_signal *one = NULL;

	for (size_t i = 0; i < f->hits.n; i++) {
		const struct wd_signal *s = signal_at(f, f->hits.v[i].row);

		if (!wd_blob_is(s->kind, "compiler") || s->use == WD_ITEM_TRAP)
			continue;
		if (one &&
		    (!wd_blob_equal(one->family, s->family) ||
		     (one->distro.len && s->distro.len && !wd_blob_equal(one->distro, s->distro))))
			return true;
		if (!one || !one->distro.len)
			one = s;
	}
	return false;
}

/* The row of the bundle, as of a wheel or a node module, that the file's directory is in. */
static uint32_t find_bundle(struct files *f)
{
	wd_node_id dir = wd_tree_node(f->g->tree, f->file->node)->parent;

	if (dir == f->dir)
		return f->bundle;
	f->dir = dir;
	f->bundle = WD_GATHER_NONE;
	for (size_t i = 0; i < f->bundles.n && f->bundle == WD_GATHER_NONE; i++)
		if (wd_signal_is_at(signal_at(f, f->bundles.v[i]), file_path(f)))
			f->bundle = f->bundles.v[i];
	return f->bundle;
}

/* Nothing takes away what is packaged and strong, or a trap. */
static bool can_be_taken(const struct files *f, const struct hit *h)
{
	return h->use != WD_ITEM_TRAP &&
	       (h->use != WD_ITEM_PACKAGED || signal_at(f, h->row)->strength < WD_ITEM_STRONG);
}

/* The strength of the strongest trap that the file is in, -1 where it is in none. */
static int find_trap(struct files *f, uint32_t *ret_bundle)
{
	int trap = has_several_vendors(f) ? WD_ITEM_STRONG : -1;

	*ret_bundle = WD_GATHER_NONE;
	for (size_t i = 0; i < f->hits.n; i++) {
		int strength = (int)signal_at(f, f->hits.v[i].row)->strength;

		if (f->hits.v[i].use == WD_ITEM_TRAP && strength > trap)
			trap = strength;
		if (*ret_bundle == WD_GATHER_NONE && can_be_taken(f, &f->hits.v[i]))
			*ret_bundle = find_bundle(f);
	}
	if (*ret_bundle != WD_GATHER_NONE && (int)signal_at(f, *ret_bundle)->strength > trap)
		trap = (int)signal_at(f, *ret_bundle)->strength;
	return trap;
}

static bool is_taken(const struct files *f, const struct hit *h, int trap)
{
	if (trap < 0 || !can_be_taken(f, h))
		return false;
	return h->use != WD_ITEM_PACKAGED || (int)signal_at(f, h->row)->strength < trap;
}

/*
 * A program that needs nothing of where it runs is copied anywhere: its compiler tells what it was
 * built on.
 */
static void settle_static(struct files *f)
{
	bool is_static = false;

	for (uint32_t i = 0; i < f->file->nfacts; i++) {
		const struct wd_fact *fact = &f->g->cat->facts.v[f->file->fact + i];

		is_static |=
			fact->kind == WD_FACT_SHAPE && wd_blob_is(fact_text(f, fact), "static");
	}
	for (size_t i = 0; is_static && i < f->hits.n; i++)
		if (f->hits.v[i].use == WD_ITEM_PACKAGED &&
		    wd_blob_is(signal_at(f, f->hits.v[i].row)->kind, "compiler"))
			f->hits.v[i].use = WD_ITEM_BUILT_ON;
}

/* ---- Origins */

/*
 * The fields of .note.package:
 * https://uapi-group.org/specifications/specs/package_metadata_for_executable_files/
 */
static void take_note(struct files *f, struct wd_blob note, struct wd_origin *origin)
{
	const struct {
		struct wd_blob key;
		const char **field;
	} fields[] = {
		{WD_BLOB("name="), &origin->source},
		{WD_BLOB("version="), &origin->version},
		{WD_BLOB("architecture="), &origin->arch},
	};
	struct wd_blob word;

	while (wd_blob_token(&note, '\t', &word))
		for (size_t i = 0; i < WD_ARRAY_SIZE(fields); i++)
			if (wd_blob_starts(word, fields[i].key) && !**fields[i].field)
				*fields[i].field =
					wd_gather_keep(f->g, wd_blob_skip(word, fields[i].key.len));
}

/* Takes what follows the last `sep` off the end of *rest; the null blob where there is none. */
static struct wd_blob cut_last(struct wd_blob *rest, char sep)
{
	ptrdiff_t at = wd_blob_rchr(*rest, sep);
	struct wd_blob last = WD_BLOB_NULL;

	if (at > 0) {
		last = wd_blob_skip(*rest, (size_t)at + 1);
		rest->len = (size_t)at;
	}
	return last;
}

/* NAME-VERSION-RELEASE.ARCH.debug, as rpm's find-debuginfo has called them since Fedora 27. */
static void take_nevra(struct files *f, struct wd_blob link, struct wd_origin *origin)
{
	struct wd_blob arch, release, version;

	if (!wd_blob_is(cut_last(&link, '.'), "debug"))
		return;
	arch = cut_last(&link, '.');
	release = cut_last(&link, '-');
	version = cut_last(&link, '-');
	if (!arch.len || !release.len || !version.len || *origin->version)
		return;
	/* they lie side by side in the link */
	origin->version = wd_gather_keep(f->g, wd_blob(version.ptr, version.len + 1 + release.len));
	if (!*origin->arch)
		origin->arch = wd_gather_keep(f->g, arch);
}

/* /usr/lib/debug/.dwz/TRIPLET/PACKAGE.debug: dh_dwz makes one for each binary package. */
static void take_altlink(struct files *f, struct wd_blob link, struct wd_origin *origin)
{
	struct wd_blob name = cut_last(&link, '/');

	if (wd_blob_ends(name, WD_BLOB(".debug")) && !*origin->package)
		origin->package =
			wd_gather_keep(f->g, wd_blob_head(name, name.len - strlen(".debug")));
}

/* Whether hit a decides before b: the stronger, then what the table has first. */
static bool goes_before(const struct files *f, const struct hit *a, const struct hit *b)
{
	const struct wd_signal *x = signal_at(f, a->row), *y = signal_at(f, b->row);

	return x->strength != y->strength ? x->strength > y->strength : a->row < b->row;
}

/* What the packaged signals that are left say together, of the family of the deciding one. */
static int add_origin(struct files *f)
{
	struct wd_origin origin = {f->file->node, 0, "", "", "", ""};
	const struct hit *best = NULL;

	for (size_t i = 0; i < f->hits.n; i++)
		if (f->hits.v[i].use == WD_ITEM_PACKAGED &&
		    (!best || goes_before(f, &f->hits.v[i], best)))
			best = &f->hits.v[i];
	if (!best)
		return 0;
	origin.item = f->matches.v[best->match].item;
	for (size_t i = 0; i < f->hits.n; i++) {
		const struct hit *h = &f->hits.v[i];
		struct wd_blob text = fact_text(f, h->fact);

		if (h->use != WD_ITEM_PACKAGED ||
		    !wd_blob_equal(signal_at(f, h->row)->family, signal_at(f, best->row)->family))
			continue;
		if (h->fact->kind == WD_FACT_NOTE)
			take_note(f, text, &origin);
		else if (h->fact->kind == WD_FACT_DEBUGLINK)
			take_nevra(f, text, &origin);
		else if (h->fact->kind == WD_FACT_DEBUGALTLINK)
			take_altlink(f, text, &origin);
	}
	return f->g->status < 0 ? f->g->status : wd_array_push(&f->g->e->origins, origin);
}

/* ---- One file, and all */

/* An item of another use than its row's is not that of the match. */
static int count_hit(struct files *f, const struct hit *h)
{
	uint32_t *item = &f->matches.v[h->match].item, other = WD_GATHER_NONE;

	return wd_gather_signal(f->g, h->row, h->use, f->file->node, file_path(f),
				fact_text(f, h->fact), fact_text(f, h->fact),
				h->use == signal_at(f, h->row)->use ? item : &other);
}

static int judge_file(struct files *f)
{
	uint32_t bundle, item = WD_GATHER_NONE;
	size_t kept = 0;
	int trap, r = 0;

	settle_static(f);
	trap = find_trap(f, &bundle);
	if (bundle != WD_GATHER_NONE)
		r = wd_gather_signal(f->g, bundle, WD_ITEM_TRAP, f->file->node, file_path(f),
				     WD_BLOB(""), WD_BLOB(""), &item);
	for (size_t i = 0; r == 0 && i < f->hits.n; i++) {
		if (is_taken(f, &f->hits.v[i], trap))
			continue;
		if (f->hits.v[i].use != WD_ITEM_RELEASE)
			r = count_hit(f, &f->hits.v[i]);
		f->hits.v[kept++] = f->hits.v[i];
	}
	f->hits.n = kept;
	if (r == 0)
		r = add_origin(f);
	/* whose release depends on whose file it is */
	for (size_t i = 0; r == 0 && i < f->hits.n; i++)
		if (f->hits.v[i].use == WD_ITEM_RELEASE)
			r = count_hit(f, &f->hits.v[i]);
	return r;
}

static int take_file(struct files *f, const struct wd_examined *file)
{
	int r = 0;

	f->file = file;
	f->path.len = 0;
	f->hits.n = 0;
	for (uint32_t i = 0; r == 0 && i < file->nfacts; i++)
		r = take_fact(f, &f->g->cat->facts.v[file->fact + i]);
	if (r == 0 && f->hits.n)
		r = judge_file(f);
	return r < 0 ? r : f->path.status;
}

static void files_done(struct files *f)
{
	for (size_t i = 0; i < WD_FACT_KIND_COUNT; i++)
		wd_array_done(&f->rows[i]);
	wd_array_done(&f->bundles);
	wd_array_done(&f->matches);
	wd_array_done(&f->answers);
	wd_array_done(&f->hits);
	wd_buf_done(&f->path);
	free(f->asked);
}

int wd_gather_files(struct wd_gather *g)
{
	struct files f = {
		.g = g, .dir = WD_NODE_NONE, .bundle = WD_GATHER_NONE, .path = WD_BUF_INIT};
	int r = g->cat->examined.n ? sort_rows(&f) : 0;

	for (size_t i = 0; r == 0 && i < g->cat->examined.n; i++) {
		const struct wd_examined *file = &g->cat->examined.v[i];

		g->e->examined++;
		g->e->skipped += file->status == WD_ECORRUPT;
		r = take_file(&f, file);
	}
	files_done(&f);
	return r;
}
