/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links that update-alternatives(1) makes: LINK -> /etc/alternatives/NAME -> the choice. Its own
 * file on each, alternatives/NAME, holds lines (update-alternatives.c):
 *
 *	auto | manual
 *	the link
 *	and for each slave: its name, its link
 *	(empty line)
 *	for each choice: path, priority, and for each slave: path, or an empty line
 *	(empty line)
 *
 * In automatic mode the choice of highest priority is the one. In manual mode only the link in
 * /etc/alternatives knows: one alias is sent for each choice, that of the highest priority first.
 */
#include "dpkg-internal.h"

#include <stdio.h>

#define SLAVES_MAX 1024
#define CHOICES_MAX 4096

struct alternative {
	struct wd_dpkg_source source;
	struct wd_blob rest;
	size_t line;
	bool automatic;
	struct wd_blob link;
	size_t slaves, choices;
	size_t best;
	struct {
		struct wd_blob name, link;
	} slave[SLAVES_MAX];
	/* where the lines of each choice begin: path, priority, a path for each slave */
	struct wd_blob choice[CHOICES_MAX];
};

static const char *next_line(struct alternative *a, struct wd_blob *ret)
{
	a->line++;
	return wd_blob_token(&a->rest, '\n', ret) ? NULL : "truncated";
}

static const char *check_path(struct wd_blob path)
{
	if (path.len == 0 || path.ptr[0] != '/')
		return "not an absolute path";
	return wd_dpkg_path_fault(path);
}

static const char *parse_head(struct alternative *a)
{
	struct wd_blob mode;
	const char *fault = next_line(a, &mode);

	if (fault)
		return fault;
	a->automatic = wd_blob_is(mode, "auto");
	if (!a->automatic && !wd_blob_is(mode, "manual"))
		return "neither \"auto\" nor \"manual\"";
	fault = next_line(a, &a->link);
	return fault ? fault : check_path(a->link);
}

static const char *parse_slaves(struct alternative *a)
{
	for (;;) {
		struct wd_blob name, link;
		const char *fault = next_line(a, &name);

		if (fault || name.len == 0)
			return fault;
		if (a->slaves == SLAVES_MAX)
			return "too many slaves";
		fault = memchr(name.ptr, '/', name.len) ? "slash in a name"
							: wd_dpkg_path_fault(name);
		if (!fault)
			fault = next_line(a, &link);
		if (!fault)
			fault = check_path(link);
		if (fault)
			return fault;
		a->slave[a->slaves].name = name;
		a->slave[a->slaves++].link = link;
	}
}

static bool parse_priority(struct wd_blob text, int64_t *ret)
{
	bool negative = text.len && text.ptr[0] == '-';
	uint64_t value;

	if (!wd_blob_u64(wd_blob_skip(text, negative), &value) || value > (uint64_t)INT32_MAX + 1)
		return false;
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

static const char *parse_choice(struct alternative *a, struct wd_blob path, int64_t *ret_priority)
{
	const char *fault = check_path(path);
	struct wd_blob text;

	if (!fault)
		fault = next_line(a, &text);
	if (!fault && !parse_priority(text, ret_priority))
		fault = "priority is not a number";
	for (size_t i = 0; !fault && i < a->slaves; i++) {
		fault = next_line(a, &text);
		if (!fault && text.len)
			fault = check_path(text);
	}
	return fault;
}

/* The empty line behind the last choice may be missing; nothing else may. */
static const char *parse_choices(struct alternative *a)
{
	int64_t best = INT64_MIN, priority = 0;

	for (;;) {
		struct wd_blob begin = a->rest, path;
		const char *fault;

		if (next_line(a, &path) || path.len == 0)
			return NULL;
		if (a->choices == CHOICES_MAX)
			return "too many choices";
		fault = parse_choice(a, path, &priority);
		if (fault)
			return fault;
		if (priority > best) {
			best = priority;
			a->best = a->choices;
		}
		a->choice[a->choices++] = begin;
	}
}

/* /etc/alternatives/NAME, in *ret. */
static struct wd_blob middle_link(struct wd_blob name, struct wd_buf *ret)
{
	ret->len = 0;
	wd_buf_str(ret, "/etc/alternatives/");
	wd_buf_blob(ret, name);
	return wd_buf_view(ret);
}

static int push_links(struct wd_dpkg *db, const struct alternative *a, struct wd_buf *middle)
{
	int r = wd_sink_alias(db->sink, a->link, middle_link(a->source.name, middle));

	for (size_t i = 0; r == 0 && i < a->slaves; i++)
		r = wd_sink_alias(db->sink, a->slave[i].link,
				  middle_link(a->slave[i].name, middle));
	return r < 0 ? r : middle->status;
}

/* The links from /etc/alternatives to one choice. */
static int push_choice(struct wd_dpkg *db, const struct alternative *a, size_t choice,
		       struct wd_buf *middle)
{
	struct wd_blob rest = a->choice[choice], path = WD_BLOB_NULL, priority;
	int r;

	wd_blob_token(&rest, '\n', &path);
	wd_blob_token(&rest, '\n', &priority);
	r = wd_sink_alias(db->sink, middle_link(a->source.name, middle), path);
	for (size_t i = 0; r == 0 && i < a->slaves && wd_blob_token(&rest, '\n', &path); i++) {
		if (path.len)
			r = wd_sink_alias(db->sink, middle_link(a->slave[i].name, middle), path);
	}
	return r < 0 ? r : middle->status;
}

static int push_alternative(struct wd_dpkg *db, const struct alternative *a, struct wd_buf *middle)
{
	int r = push_links(db, a, middle);

	if (r == 0 && a->choices)
		r = push_choice(db, a, a->best, middle);
	for (size_t i = 0; r == 0 && !a->automatic && i < a->choices; i++) {
		if (i != a->best)
			r = push_choice(db, a, i, middle);
	}
	return r;
}

static int load_alternative(struct wd_dpkg *db, struct alternative *a, struct wd_buf *middle)
{
	const char *fault = parse_head(a);

	if (!fault)
		fault = parse_slaves(a);
	if (!fault)
		fault = parse_choices(a);
	if (fault)
		return wd_dpkg_error(db, &a->source, WD_ECORRUPT, a->line, "%s", fault);
	return push_alternative(db, a, middle);
}

static int load_named(struct wd_dpkg *db, const char *name, struct alternative *a)
{
	const char *path;
	int r;

	a->source = (struct wd_dpkg_source){"alternatives/", wd_blob_str(name), "", 0};
	a->line = a->slaves = a->choices = a->best = 0;
	path = wd_dpkg_file_name(db, &a->source);
	r = path ? wd_dpkg_read(db, path, WD_DPKG_SMALL_MAX, &db->list, NULL) : -ENOMEM;
	if (r < 0)
		return wd_dpkg_error(db, &a->source, r, 0, "%s", wd_status_text(r));
	if (db->list.len == 0) /* as update-alternatives has it: no alternative */
		return 0;
	a->rest = wd_buf_view(&db->list);
	return load_alternative(db, a, &db->sums);
}

int wd_dpkg_alternatives_load(struct wd_dpkg *db)
{
	struct wd_dpkg_source source = {"", WD_BLOB("alternatives"), "", 0};
	WD_CLEANUP_FREE struct alternative *a = NULL;
	struct wd_names names;
	int r = wd_names_read(db->req, "alternatives", WD_DPKG_NAMES_MAX, &names);

	if (r == WD_EABSENT)
		return 0;
	if (r < 0)
		return wd_dpkg_error(db, &source, r, 0, "%s", wd_status_text(r));
	a = malloc(sizeof(*a));
	if (!a)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (!wd_blob_ends(wd_blob_str(names.name[i]), WD_BLOB(".dpkg-tmp")))
			r = load_named(db, names.name[i], a);
	}
	wd_names_done(&names);
	return r;
}
