/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/lineage.h"

#include "pkgdb/descriptor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *wd_strength_name(enum wd_strength strength)
{
	static const char *const names[] = {
#define X(id, name) name,
		WD_STRENGTHS(X)
#undef X
	};

	return names[strength];
}

const char *wd_item_use_name(enum wd_item_use use)
{
	static const char *const names[] = {
		[WD_ITEM_PACKAGED] = "packaged",
		[WD_ITEM_BUILT_ON] = "built-on",
		[WD_ITEM_TRAP] = "trap",
		[WD_ITEM_RELEASE] = "release",
	};

	return names[use];
}

void wd_lineage_done(struct wd_lineage *l)
{
	for (size_t i = 0; i < l->reasons.n; i++) {
		free(l->reasons.v[i].path);
		free(l->reasons.v[i].value);
	}
	wd_array_done(&l->reasons);
}

void wd_lineages_done(struct wd_lineages *l)
{
	for (size_t i = 0; i < l->list.n; i++)
		wd_lineage_done(&l->list.v[i]);
	wd_array_done(&l->list);
	free(l->distro_of_item);
	free(l->word_of_item);
	l->distro_of_item = l->word_of_item = NULL;
}

int wd_lineages_add(struct wd_lineages *l, uint32_t distro)
{
	struct wd_lineage lineage = {.distro = distro, .release_item = WD_ITEM_NONE};
	int r = wd_array_push(&l->list, lineage);

	return r < 0 ? r : (int)l->list.n - 1;
}

int wd_lineage_reason(struct wd_lineage *l, struct wd_reason reason, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&reason.value, fmt, ap);
	va_end(ap);
	if (n < 0)
		reason.value = NULL;
	if (!reason.path || !reason.value || wd_array_push(&l->reasons, reason) < 0) {
		free(reason.path);
		free(reason.value);
		return -ENOMEM;
	}
	return 0;
}

struct hearing {
	const struct wd_owners *o;
	struct wd_distros *distros;
	const struct wd_os_release *os;
	struct wd_lineages *l;
	WD_ARRAY(uint32_t) lineage_of; /* of a distro: 1 + its lineage, 0: it is none yet */
};

static bool is_lineage(const struct wd_distro *d)
{
	return *d->id && !d->vendor;
}

/* How many packages of a database each distro has. */
static void count_packages(const struct wd_catalog *cat, const struct wd_db *db, size_t ndistros,
			   uint32_t *counts)
{
	memset(counts, 0, ndistros * sizeof(*counts));
	for (uint32_t i = 0; i < db->npackages; i++)
		counts[cat->packages.v[db->package + i].distro]++;
}

/* The lineage of a distro, which is added where it is new; its index, or -ENOMEM. */
static int find_lineage(struct hearing *h, uint32_t distro)
{
	size_t have = h->lineage_of.n, n = h->distros->list.n;
	int r = n > have ? wd_array_reserve(&h->lineage_of, n - have) : 0;

	if (r < 0)
		return r;
	while (h->lineage_of.n < n)
		h->lineage_of.v[h->lineage_of.n++] = 0;
	if (h->lineage_of.v[distro])
		return (int)h->lineage_of.v[distro] - 1;
	r = wd_lineages_add(h->l, distro);
	if (r >= 0)
		h->lineage_of.v[distro] = (uint32_t)r + 1;
	return r;
}

static int hear_packages(struct hearing *h, const struct wd_db *db, uint32_t distro, uint32_t n)
{
	struct wd_blob format = wd_strpool_get(&h->o->cat->strings, db->format);
	struct wd_reason reason = {.kind = "database", .strength = WD_ITEM_STRONG};
	int index = find_lineage(h, distro);
	struct wd_lineage *l;

	if (index < 0)
		return index;
	l = &h->l->list.v[index];
	l->packages += n;
	reason.path = strdup(db->path);
	return wd_lineage_reason(l, reason, "%" PRIu32 " of %" PRIu32 " package%s (%s %.*s)", n,
				 db->npackages, db->npackages == 1 ? "" : "s", db->backend->name,
				 WD_BLOB_PRINTF(format));
}

static int hear_database(struct hearing *h, const struct wd_db *db, uint32_t *counts)
{
	int r = 0;

	count_packages(h->o->cat, db, h->distros->list.n, counts);
	for (uint32_t d = 1; r == 0 && d < h->distros->list.n; d++)
		if (counts[d] && is_lineage(&h->distros->list.v[d]))
			r = hear_packages(h, db, d, counts[d]);
	return r;
}

static int hear_databases(struct hearing *h)
{
	WD_CLEANUP_FREE uint32_t *counts = calloc(h->distros->list.n, sizeof(*counts));
	int r = counts ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < h->o->cat->ndatabases; i++)
		r = hear_database(h, h->o->cat->dbs.v[i], counts);
	return r;
}

static int add_os_release(struct wd_lineage *l, const struct wd_os_release *os)
{
	const char *name = *os->pretty_name ? os->pretty_name : os->name;
	struct wd_reason reason = {"os-release", strdup(os->path), NULL, WD_ITEM_STRONG, 0};

	l->declared = true;
	return wd_lineage_reason(l, reason, "%s%sID=%s%s%s%s", name, *name ? " (" : "", os->id,
				 *os->version_id ? ", VERSION_ID=" : "", os->version_id,
				 *name ? ")" : "");
}

/* More lineages than these, which agree but are not the same, only somebody who means harm makes. */
#define LIKE_MAX 64

/* The lineage that agrees with it, else a new one; its index, or -ENOMEM. */
static int lineage_like(struct hearing *h, const char *id, const char *version_id,
			const struct wd_os_release *os)
{
	int distro;

	for (size_t i = 0; i < h->l->list.n && i < LIKE_MAX; i++) {
		const struct wd_distro *d = &h->distros->list.v[h->l->list.v[i].distro];

		if (strcmp(d->id, id) == 0 && wd_versions_agree(d->version_id, version_id))
			return (int)i;
	}
	distro = wd_distros_intern(h->distros, wd_blob_str(id), wd_blob_str(version_id), os);
	return distro < 0 ? distro : find_lineage(h, (uint32_t)distro);
}

/* os-release speaks for the lineage of the packages that agree with it, else for one of its own. */
static int hear_os_release(struct hearing *h)
{
	const struct wd_os_release *os = h->os;
	int index;

	if (!os->present || !*os->id)
		return 0;
	index = lineage_like(h, os->id, os->version_id, os);
	return index < 0 ? index : add_os_release(&h->l->list.v[index], os);
}

/* ---- What layers of an image took away */

static int hear_deleted_packages(struct hearing *h, const struct wd_deleted *deleted,
				 const struct wd_db *db, uint32_t distro, uint32_t n)
{
	const struct wd_distro *d = &deleted->distros->list.v[distro];
	struct wd_reason reason = {.kind = "deleted", .strength = WD_ITEM_STRONG};
	int index = lineage_like(h, d->id, d->version_id, deleted->os);
	struct wd_lineage *l;

	if (index < 0)
		return index;
	l = &h->l->list.v[index];
	l->deleted = l->recorded = true;
	reason.path = strdup(db->path);
	return wd_lineage_reason(
		l, reason, "%" PRIu32 " of %" PRIu32 " package%s (%s), taken away by a later layer",
		n, db->npackages, db->npackages == 1 ? "" : "s", db->backend->name);
}

static int hear_deleted_os_release(struct hearing *h, const struct wd_os_release *os)
{
	struct wd_reason reason = {"deleted", NULL, NULL, WD_ITEM_MEDIUM, 0};
	int index;

	if (!os->present || !*os->id)
		return 0;
	index = lineage_like(h, os->id, os->version_id, os);
	if (index < 0)
		return index;
	h->l->list.v[index].deleted = true;
	reason.path = strdup(os->path);
	return wd_lineage_reason(&h->l->list.v[index], reason,
				 "ID=%s%s%s, taken away by a later layer", os->id,
				 *os->version_id ? ", VERSION_ID=" : "", os->version_id);
}

static int hear_deleted(struct hearing *h, const struct wd_deleted *deleted)
{
	size_t ndistros = deleted->distros->list.n;
	WD_CLEANUP_FREE uint32_t *counts = calloc(ndistros + 1, sizeof(*counts));
	int r = counts ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < deleted->cat->ndatabases; i++) {
		const struct wd_db *db = deleted->cat->dbs.v[i];

		count_packages(deleted->cat, db, ndistros, counts);
		for (uint32_t d = 1; r == 0 && d < ndistros; d++)
			if (counts[d] && is_lineage(&deleted->distros->list.v[d]))
				r = hear_deleted_packages(h, deleted, db, d, counts[d]);
	}
	return r < 0 ? r : hear_deleted_os_release(h, deleted->os);
}

/* A Nix store on somebody else's system says nothing of whose system that is. */
static void drop_guests(struct hearing *h)
{
	size_t hosts = 0, kept = 0;

	for (size_t i = 0; i < h->l->list.n; i++)
		hosts += !h->distros->list.v[h->l->list.v[i].distro].guest;
	for (size_t i = 0; i < h->l->list.n; i++) {
		struct wd_lineage *l = &h->l->list.v[i];
		const struct wd_distro *d = &h->distros->list.v[l->distro];

		if (hosts && d->guest && strcmp(d->id, h->os->id) != 0)
			wd_lineage_done(l);
		else
			h->l->list.v[kept++] = *l;
	}
	h->l->list.n = kept;
}

/*
 * Only two papers that agree are certain. os-release alone is a text file that is easily copied, or
 * left behind: only files that name its release, too, make it any surer.
 */
static void set_confidence(struct wd_lineage *l)
{
	if (l->packages)
		l->confidence = l->declared ? WD_STRENGTH_CERTAIN : WD_STRENGTH_STRONG;
	else if (l->declared && (l->shown < WD_STRENGTH_WEAK || !l->confirmed))
		l->confidence = WD_STRENGTH_WEAK;
	else
		l->confidence = l->shown;
	if (l->deleted && l->confidence == WD_STRENGTH_NONE)
		l->confidence = WD_STRENGTH_WEAK;
}

int wd_lineages_find(const struct wd_owners *o, struct wd_distros *distros,
		     const struct wd_os_release *os, const struct wd_deleted *deleted,
		     const struct wd_evidence_list *evidence, struct wd_libc libc,
		     struct wd_lineages *ret)
{
	struct hearing h = {.o = o, .distros = distros, .os = os, .l = ret};
	int r = hear_databases(&h);

	ret->libc_item = WD_ITEM_NONE;
	if (r == 0)
		r = hear_os_release(&h);
	if (r == 0 && deleted)
		r = hear_deleted(&h, deleted);
	if (r == 0)
		r = wd_lineages_hear_files(ret, o, distros, os, evidence, libc);
	wd_array_done(&h.lineage_of);
	if (r < 0)
		return r;
	drop_guests(&h);
	for (size_t i = 0; i < ret->list.n; i++)
		set_confidence(&ret->list.v[i]);
	return 0;
}
