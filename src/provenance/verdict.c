/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/verdict.h"

#include "pkgdb/descriptor.h"
#include "provenance/count.h"

#include <inttypes.h>
#include <string.h>

const char *wd_lineage_name(enum wd_lineage_kind kind)
{
	static const char *const names[] = {
#define X(id, name) name,
		WD_LINEAGES(X)
#undef X
	};

	return names[kind];
}

const char *wd_strength_name(enum wd_strength strength)
{
	static const char *const names[] = {
#define X(id, name) name,
		WD_STRENGTHS(X)
#undef X
	};

	return names[strength];
}

struct judge {
	const struct wd_owners *o;
	struct wd_distros *distros;
	const struct wd_os_release *os;
	struct wd_verdict *v;
	uint32_t *lineage_of;
};

static void lineage_done(struct wd_lineage *l)
{
	for (size_t i = 0; i < l->evidence.n; i++) {
		free(l->evidence.v[i].path);
		free(l->evidence.v[i].value);
	}
	wd_array_done(&l->evidence);
}

void wd_verdict_done(struct wd_verdict *v)
{
	for (size_t i = 0; i < v->lineages.n; i++)
		lineage_done(&v->lineages.v[i]);
	wd_array_done(&v->lineages);
	free(v->summary);
	v->summary = NULL;
}

__attribute__((format(printf, 5, 6))) static int
add_evidence(struct wd_lineage *l, const char *kind, const char *path, enum wd_strength strength,
	     const char *fmt, ...)
{
	struct wd_evidence e = {.kind = kind, .path = strdup(path), .strength = strength};
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&e.value, fmt, ap);
	va_end(ap);
	if (n < 0)
		e.value = NULL;
	if (!e.path || !e.value || wd_array_push(&l->evidence, e) < 0) {
		free(e.path);
		free(e.value);
		return -ENOMEM;
	}
	return 0;
}

static bool is_lineage(const struct wd_distro *d)
{
	return *d->id && !d->vendor;
}

/* The lineage of a distro: `lineage_of` has 1 + its index, by distro. NULL out of memory. */
static struct wd_lineage *get_lineage(struct judge *j, uint32_t distro)
{
	struct wd_lineage l = {.distro = distro};

	if (j->lineage_of[distro] == 0) {
		if (wd_array_push(&j->v->lineages, l) < 0)
			return NULL;
		j->lineage_of[distro] = (uint32_t)j->v->lineages.n;
	}
	return &j->v->lineages.v[j->lineage_of[distro] - 1];
}

static int weigh(struct judge *j, const struct wd_db *db, uint32_t distro, uint32_t n)
{
	struct wd_blob format = wd_strpool_get(&j->o->cat->strings, db->format);
	struct wd_lineage *l = get_lineage(j, distro);

	if (!l)
		return -ENOMEM;
	l->packages += n;
	l->confidence = WD_STRENGTH_STRONG;
	return add_evidence(l, "database", db->path, WD_STRENGTH_STRONG,
			    "%" PRIu32 " of %" PRIu32 " package%s (%s %.*s)", n, db->npackages,
			    db->npackages == 1 ? "" : "s", db->backend->name, WD_BLOB_PRINTF(format));
}

static int weigh_database(struct judge *j, const struct wd_db *db, uint32_t *counts)
{
	const struct wd_cat_package *first = &j->o->cat->packages.v[db->package];
	int r = 0;

	memset(counts, 0, j->distros->list.n * sizeof(*counts));
	for (uint32_t i = 0; i < db->npackages; i++)
		counts[first[i].distro]++;
	for (uint32_t d = 1; r == 0 && d < j->distros->list.n; d++)
		if (counts[d] && is_lineage(&j->distros->list.v[d]))
			r = weigh(j, db, d, counts[d]);
	return r;
}

static int weigh_databases(struct judge *j)
{
	WD_CLEANUP_FREE uint32_t *counts = calloc(j->distros->list.n, sizeof(*counts));
	int r = counts ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < j->o->cat->dbs.n; i++)
		r = weigh_database(j, j->o->cat->dbs.v[i], counts);
	return r;
}

/* Equal, or the one is the other with more dots ("8" and "8.4"), or one is not known. */
static bool versions_agree(const char *a, const char *b)
{
	size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return n == 0 ||
	       (strncmp(a, b, n) == 0 && (a[n] == '\0' || a[n] == '.') && (b[n] == '\0' || b[n] == '.'));
}

/* Whether packages of this distro are what the rootfs' os-release lets one expect. */
static bool agrees(const struct judge *j, const struct wd_distro *d)
{
	if (!wd_distros_expected(j->distros, j->os, d->id))
		return false;
	return strcmp(d->id, j->os->id) != 0 || versions_agree(d->version_id, j->os->version_id);
}

static int add_os_release(struct wd_lineage *l, const struct wd_os_release *os)
{
	const char *name = *os->pretty_name ? os->pretty_name : os->name;

	return add_evidence(l, "os-release", os->path, WD_STRENGTH_STRONG, "%s%sID=%s%s%s%s", name,
			    *name ? " (" : "", os->id, *os->version_id ? ", VERSION_ID=" : "",
			    os->version_id, *name ? ")" : "");
}

/*
 * os-release speaks for the lineage of the packages that agree with it, else for one of its own.
 */
static int weigh_os_release(struct judge *j)
{
	const struct wd_os_release *os = j->os;
	struct wd_lineage own = {.confidence = WD_STRENGTH_WEAK};
	int index, r;

	if (!os->present || !*os->id)
		return 0;
	for (size_t i = 0; i < j->v->lineages.n; i++) {
		struct wd_lineage *l = &j->v->lineages.v[i];
		const struct wd_distro *d = &j->distros->list.v[l->distro];

		if (strcmp(d->id, os->id) == 0 && versions_agree(d->version_id, os->version_id)) {
			l->confidence = WD_STRENGTH_CERTAIN;
			return add_os_release(l, os);
		}
	}
	index = wd_distros_intern(j->distros, wd_blob_str(os->id), wd_blob_str(os->version_id), os);
	if (index < 0)
		return index;
	own.distro = (uint32_t)index;
	r = add_os_release(&own, os);
	if (r == 0)
		r = wd_array_push(&j->v->lineages, own);
	if (r < 0)
		lineage_done(&own);
	return r;
}

/* A Nix store on somebody else's system says nothing of whose system that is. */
static void drop_guests(struct judge *j)
{
	size_t hosts = 0, kept = 0;

	for (size_t i = 0; i < j->v->lineages.n; i++)
		hosts += !j->distros->list.v[j->v->lineages.v[i].distro].guest;
	for (size_t i = 0; i < j->v->lineages.n; i++) {
		struct wd_lineage *l = &j->v->lineages.v[i];
		const struct wd_distro *d = &j->distros->list.v[l->distro];

		if (hosts && d->guest && strcmp(d->id, j->os->id) != 0)
			lineage_done(l);
		else
			j->v->lineages.v[kept++] = *l;
	}
	j->v->lineages.n = kept;
}

static int cmp_lineages(const void *a, const void *b, void *ctx)
{
	const struct wd_lineage *x = a, *y = b;
	const struct wd_distros *d = ctx;

	if (x->packages != y->packages)
		return x->packages > y->packages ? -1 : 1;
	if (x->confidence != y->confidence)
		return x->confidence > y->confidence ? -1 : 1;
	return strcmp(d->list.v[x->distro].label, d->list.v[y->distro].label);
}

static int count(struct judge *j)
{
	WD_CLEANUP_FREE uint64_t *by_distro = calloc(j->distros->list.n, sizeof(*by_distro));
	int r = by_distro ? wd_count_files(j->o, j->distros->list.n, &j->v->files, by_distro) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < j->v->lineages.n; i++)
		j->v->lineages.v[i].files = by_distro[j->v->lineages.v[i].distro];
	return r;
}

static const struct wd_lineage *first_with_packages(const struct wd_verdict *v)
{
	return v->lineages.n && v->lineages.v[0].packages ? &v->lineages.v[0] : NULL;
}

static enum wd_lineage_kind kind_of(const struct judge *j)
{
	const struct wd_lineage *l = first_with_packages(j->v);
	bool packages = j->o->cat->packages.n > 0;

	if (!j->os->present || !*j->os->id)
		return packages ? WD_LINEAGE_RECORDED : WD_LINEAGE_NONE;
	if (l && !agrees(j, &j->distros->list.v[l->distro]))
		return WD_LINEAGE_CONTRADICTED;
	return WD_LINEAGE_DECLARED;
}

/* The derivative that os-release declares is the verdict where it ships its parent's packages. */
static void choose(struct judge *j)
{
	struct wd_verdict *v = j->v;
	size_t best = 0;

	v->distro = -1;
	v->lineage = kind_of(j);
	if (v->lineages.n == 0)
		return;
	for (size_t i = 0; v->lineage == WD_LINEAGE_DECLARED && i < v->lineages.n; i++) {
		const struct wd_distro *d = &j->distros->list.v[v->lineages.v[i].distro];

		if (strcmp(d->id, j->os->id) == 0 &&
		    versions_agree(d->version_id, j->os->version_id))
			best = i;
	}
	if (best) {
		struct wd_lineage chosen = v->lineages.v[best];

		memmove(v->lineages.v + 1, v->lineages.v, best * sizeof(chosen));
		v->lineages.v[0] = chosen;
	}
	v->distro = (int)v->lineages.v[0].distro;
	v->confidence = v->lineages.v[0].confidence;
}

/* "all 99 recorded packages are", "3 of 99 recorded packages are", "the one recorded package is" */
static void say_packages(struct wd_buf *b, uint64_t n, size_t of)
{
	if (of == 1)
		wd_buf_str(b, n ? "the one recorded package is" : "the one recorded package is not");
	else if (n == of)
		wd_buf_printf(b, "all %zu recorded packages are", of);
	else
		wd_buf_printf(b, "%" PRIu64 " of %zu recorded packages are", n, of);
}

static int summarize(struct judge *j)
{
	const struct wd_verdict *v = j->v;
	const char *name = v->distro < 0 ? "" : j->distros->list.v[v->distro].name;
	const char *declared = *j->os->pretty_name ? j->os->pretty_name : j->os->id;
	size_t packages = j->o->cat->packages.n;
	uint64_t most = v->lineages.n ? v->lineages.v[0].packages : 0;
	struct wd_buf b = WD_BUF_INIT;

	if (v->lineage == WD_LINEAGE_NONE) {
		wd_buf_printf(&b, "No os-release and no package%s: nothing declares or records "
				  "which distribution this is",
			      j->o->cat->dbs.n ? " in any database that could be read"
					       : " database");
	} else if (v->lineage == WD_LINEAGE_CONTRADICTED) {
		wd_buf_printf(&b, "Contradicted: os-release says %s, but ", declared);
		say_packages(&b, most, packages);
		wd_buf_printf(&b, " of %s", name);
	} else if (v->lineage == WD_LINEAGE_RECORDED) {
		wd_buf_printf(&b, "%s%sno os-release, ", name, *name ? ": " : "Unknown: ");
		wd_buf_str(&b, *name ? "but " : "and ");
		say_packages(&b, most, packages);
		wd_buf_str(&b, *name ? " its own" : " of a known distribution");
	} else {
		wd_buf_printf(&b, "%s: os-release says so, and ", name);
		if (packages)
			say_packages(&b, most, packages);
		wd_buf_str(&b, packages ? " its own" : "no package database confirms it");
	}
	wd_buf_str(&b, ".");
	wd_buf_byte(&b, '\0');
	if (b.status < 0)
		wd_buf_done(&b);
	j->v->summary = b.ptr;
	return b.ptr ? 0 : -ENOMEM;
}

int wd_verdict_reach(const struct wd_owners *o, struct wd_distros *distros,
		     const struct wd_os_release *os, struct wd_verdict *ret)
{
	WD_CLEANUP_FREE uint32_t *lineage_of = calloc(distros->list.n, sizeof(*lineage_of));
	struct judge j = {o, distros, os, ret, lineage_of};
	int r = lineage_of ? weigh_databases(&j) : -ENOMEM;

	if (r == 0)
		r = weigh_os_release(&j);
	if (r == 0)
		drop_guests(&j);
	if (r == 0 && ret->lineages.n)
		qsort_r(ret->lineages.v, ret->lineages.n, sizeof(*ret->lineages.v), cmp_lineages,
			distros);
	if (r == 0)
		r = count(&j);
	if (r < 0)
		return r;
	choose(&j);
	return summarize(&j);
}
