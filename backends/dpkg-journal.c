/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * updates/, dpkg's journal. For every change of a package's state dpkg writes the whole stanza to a
 * file there, named by a number, and puts them into the status file now and then and at its end.
 * One that was interrupted leaves them, and whoever reads the database, dpkg-query too, takes what
 * they say for newer than the status file (dpkg, lib/dpkg/dbmodify.c: cleanupdates()).
 */
#include "dpkg-internal.h"

#include "base/cleanup.h"

#include <stdlib.h>

#define JOURNAL_DIR "updates"

static struct wd_dpkg_source source_of(struct wd_blob name)
{
	return (struct wd_dpkg_source){JOURNAL_DIR "/", name, "", 0};
}

static bool is_entry(struct wd_blob name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] < '0' || name.ptr[i] > '9')
			return false;
	return name.len > 0;
}

/* Keeps the stanzas of one file; what is wrong with them is reported. */
static int take_stanzas(struct wd_dpkg *db, struct wd_dpkg_source *source, struct wd_blob bytes)
{
	struct wd_dpkg_text rest = {bytes, 1}, text;
	struct wd_dpkg_update update = {.file = source->name};
	struct wd_dpkg_fault fault;
	int r = 0;

	while (r == 0 && wd_dpkg_stanza_next(&rest, &text)) {
		update.order = db->journal.list.n;
		r = wd_dpkg_stanza_parse(&text, &update.stanza, &fault);
		r = r < 0 ? wd_dpkg_error(db, source, r, fault.line, "%s", fault.message)
			  : wd_array_push(&db->journal.list, update);
	}
	return r;
}

static int read_entry(struct wd_dpkg *db, struct wd_blob name)
{
	struct wd_dpkg_source source = source_of(name);
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	const char *path = wd_dpkg_file_name(db, &source);
	size_t room = WD_DPKG_SMALL_MAX - db->journal.bytes;
	int r = path ? wd_dpkg_read(db, path, room, &text, NULL) : -ENOMEM;

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return wd_dpkg_error(db, &source, r, 0, "%s", wd_status_text(r));
	wd_buf_append(&text, "\n\n", 2);
	r = text.status;
	if (r == 0)
		r = wd_array_push(&db->journal.texts, text);
	if (r < 0)
		return r;
	db->journal.bytes += text.len < room ? text.len : room;
	r = take_stanzas(db, &source, wd_buf_view(&text));
	text = WD_BUF_INIT; /* it is the journal's now */
	return r;
}

static int cmp_packages(const struct wd_dpkg_stanza *a, const struct wd_dpkg_stanza *b)
{
	int r = wd_blob_cmp(a->field[WD_DPKG_PACKAGE], b->field[WD_DPKG_PACKAGE]);

	return r ? r : wd_blob_cmp(a->field[WD_DPKG_ARCHITECTURE], b->field[WD_DPKG_ARCHITECTURE]);
}

static int cmp_updates(const void *a, const void *b)
{
	const struct wd_dpkg_update *x = a, *y = b;
	int r = cmp_packages(&x->stanza, &y->stanza);

	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static int cmp_key(const void *key, const void *member)
{
	return cmp_packages(key, &((const struct wd_dpkg_update *)member)->stanza);
}

int wd_dpkg_journal_read(struct wd_dpkg *db)
{
	struct wd_dpkg_journal *j = &db->journal;
	int r = wd_names_read(db->req, JOURNAL_DIR, WD_DPKG_NAMES_MAX, &j->names);

	if (r == -ENOMEM)
		return r;
	if (r < 0 && r != WD_EABSENT) {
		struct wd_dpkg_source source = {"", WD_BLOB(JOURNAL_DIR), "", 0};

		return wd_dpkg_error(db, &source, r, 0, "%s", wd_status_text(r));
	}
	for (size_t i = 0; r == 0 && i < j->names.count; i++)
		if (is_entry(wd_blob_str(j->names.name[i])))
			r = read_entry(db, wd_blob_str(j->names.name[i]));
	if (r == 0 && j->list.n)
		qsort(j->list.v, j->list.n, sizeof(*j->list.v), cmp_updates);
	return r == WD_EABSENT ? 0 : r;
}

bool wd_dpkg_journal_has(const struct wd_dpkg_journal *j, const struct wd_dpkg_stanza *st)
{
	return j->list.n && bsearch(st, j->list.v, j->list.n, sizeof(*j->list.v), cmp_key) != NULL;
}

int wd_dpkg_journal_load(struct wd_dpkg *db)
{
	const struct wd_dpkg_journal *j = &db->journal;
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->list.n; i++) {
		const struct wd_dpkg_update *u = &j->list.v[i];

		if (i + 1 < j->list.n && cmp_packages(&u->stanza, &u[1].stanza) == 0)
			continue; /* a newer one follows */
		db->status = source_of(u->file);
		if (u->stanza.installed)
			r = wd_dpkg_load_package(db, &u->stanza);
	}
	return r;
}

void wd_dpkg_journal_done(struct wd_dpkg *db)
{
	struct wd_dpkg_journal *j = &db->journal;

	for (size_t i = 0; i < j->texts.n; i++)
		wd_buf_done(&j->texts.v[i]);
	wd_array_done(&j->texts);
	wd_array_done(&j->list);
	wd_names_done(&j->names);
}
