/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/signals.h"

#include "base/status.h"

/* Columns of a signal; the last one, where the fact comes from, is for people. */
enum column {
	COL_SOURCE,
	COL_WHERE,
	COL_PATTERN,
	COL_KIND,
	COL_FAMILY,
	COL_DISTRO,
	COL_VERSION,
	COL_USE,
	COL_STRENGTH,
	COL_CHECKED,
	COL_COUNT
};

static bool find_word(const char *const *words, size_t n, struct wd_blob word, unsigned *ret)
{
	for (unsigned i = 0; i < n; i++) {
		if (words[i] && wd_blob_is(word, words[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static struct wd_blob dash(struct wd_blob b)
{
	return wd_blob_is(b, "-") ? WD_BLOB_NULL : b;
}

/* V seen on a real file, R read in a source that is named, K recalled: never more than weak. */
static bool parse_checked(struct wd_blob word, enum wd_item_strength *strength)
{
	if (wd_blob_is(word, "K"))
		*strength = WD_ITEM_WEAK;
	return wd_blob_is(word, "K") || wd_blob_is(word, "R") || wd_blob_is(word, "V");
}

static bool parse_words(struct wd_signal *s, const struct wd_blob *col)
{
	static const char *const sources[] = {
#define X(id, name) name,
		WD_FACTS(X)
#undef X
			[WD_SIGNAL_TEXT] = "text",
		[WD_SIGNAL_PATH] = "path",
	};
	static const char *const uses[] = {
		[WD_ITEM_PACKAGED] = "packaged",
		[WD_ITEM_BUILT_ON] = "built-on",
		[WD_ITEM_TRAP] = "trap",
		[WD_ITEM_RELEASE] = "release",
	};
	static const char *const strengths[] = {
		[WD_ITEM_WEAK] = "weak",
		[WD_ITEM_MEDIUM] = "medium",
		[WD_ITEM_STRONG] = "strong",
	};
	unsigned use, strength;

	if (!find_word(sources, WD_ARRAY_SIZE(sources), col[COL_SOURCE], &s->source) ||
	    !find_word(uses, WD_ARRAY_SIZE(uses), col[COL_USE], &use) ||
	    !find_word(strengths, WD_ARRAY_SIZE(strengths), col[COL_STRENGTH], &strength))
		return false;
	s->use = (enum wd_item_use)use;
	s->strength = (enum wd_item_strength)strength;
	return parse_checked(col[COL_CHECKED], &s->strength);
}

/*
 * A trap by path is for all below a directory, and everything else by path or text is looked for
 * at its place: what begins with `**` would be looked for in every directory.
 */
static bool place_is_possible(const struct wd_signal *s)
{
	bool trap = s->source == WD_SIGNAL_PATH && s->use == WD_ITEM_TRAP;
	struct wd_blob rest = s->where, glob;

	if (s->source < WD_SIGNAL_TEXT)
		return true;
	while (wd_blob_word(&rest, &glob))
		if (glob.ptr[0] == '!' || (trap ? !wd_blob_ends(glob, WD_BLOB("/**"))
						: wd_blob_starts(glob, WD_BLOB("**"))))
			return false;
	return s->where.len > 0;
}

static int parse_signal(struct wd_signals *all, const struct wd_blob *col, size_t n)
{
	struct wd_signal s = {
		.where = wd_blob_is(col[COL_WHERE], "**") ? WD_BLOB_NULL : col[COL_WHERE],
		.pattern.text = dash(col[COL_PATTERN]),
		.kind = col[COL_KIND],
		.family = dash(col[COL_FAMILY]),
		.distro = dash(col[COL_DISTRO]),
		.version = dash(col[COL_VERSION]),
	};

	if (n <= COL_COUNT || col[COL_WHERE].len == 0 || col[COL_KIND].len == 0 ||
	    !parse_words(&s, col) || !place_is_possible(&s) ||
	    (s.use == WD_ITEM_PACKAGED && !s.family.len && !s.distro.len) ||
	    (s.use == WD_ITEM_RELEASE && !s.version.len))
		return WD_ECORRUPT;
	s.captures = wd_blob_chr(s.distro, '$') >= 0 || wd_blob_chr(s.version, '$') >= 0;
	s.pattern.groups = s.captures;
	return wd_array_push(&all->list, s);
}

/* release LIBRARY VERSION FAMILY DISTRO RELEASE CHECKED */
static int parse_release(struct wd_signals *all, const struct wd_blob *col, size_t n)
{
	struct wd_signal_release r = {col[1], col[2], col[3], col[4], col[5], WD_ITEM_MEDIUM};

	if (n < 7 || !r.library.len || !r.version.len || !r.family.len || !r.distro.len ||
	    !r.release.len || !parse_checked(col[6], &r.strength))
		return WD_ECORRUPT;
	return wd_array_push(&all->releases, r);
}

static int parse_row(struct wd_signals *all, const struct wd_blob *col, size_t n)
{
	uint32_t id;

	if (wd_blob_is(col[0], "release"))
		return parse_release(all, col, n);
	if (!wd_blob_is(col[0], "skip"))
		return parse_signal(all, col, n);
	return n >= 2 && col[1].len ? wd_strpool_intern(&all->skip, col[1], &id) : WD_ECORRUPT;
}

int wd_signals_read(struct wd_signals *s, const char *data_dir, unsigned *ret_line)
{
	struct wd_blob col[WD_TSV_COLUMNS];
	size_t n;
	int r;

	*s = (struct wd_signals){0};
	r = wd_tsv_open(&s->table, data_dir, "signals.tsv");
	while (r == 0 && (n = wd_tsv_next(&s->table, col)) > 0) {
		*ret_line = s->table.line;
		r = parse_row(s, col, n);
	}
	return r;
}

void wd_signals_done(struct wd_signals *s)
{
	for (size_t i = 0; i < s->list.n; i++)
		wd_pattern_done(&s->list.v[i].pattern);
	wd_array_done(&s->list);
	wd_array_done(&s->releases);
	wd_strpool_done(&s->skip);
	wd_tsv_done(&s->table);
}

bool wd_signal_is_at(const struct wd_signal *signal, struct wd_blob path)
{
	struct wd_blob rest = signal->where, glob;
	bool somewhere = false, here = false;

	while (wd_blob_word(&rest, &glob)) {
		bool barred = glob.ptr[0] == '!';

		somewhere |= !barred;
		if (!wd_glob_path(wd_blob_skip(glob, barred ? 1 : 0), path, NULL))
			continue;
		if (barred)
			return false;
		here = true;
	}
	return here || !somewhere;
}

int wd_signals_status(const struct wd_signals *s)
{
	for (size_t i = 0; i < s->list.n; i++)
		if (s->list.v[i].pattern.starved)
			return -ENOMEM;
	return 0;
}

bool wd_signal_match(struct wd_signal *signal, struct wd_blob text, struct wd_captures *ret)
{
	if (ret)
		ret->n = 0;
	if (signal->pattern.text.len == 0)
		return true;
	return wd_pattern_may_match(&signal->pattern, text) &&
	       wd_pattern_match(&signal->pattern, text, ret);
}
