/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sentence of a verdict, which says what decided. */
#include "provenance/verdict.h"

#include <inttypes.h>
#include <string.h>

static const char *name_of(const struct wd_case *c, const struct wd_lineage *l)
{
	return c->distros->list.v[l->distro].name;
}

static uint64_t packages_of(const struct wd_verdict *v)
{
	return v->lineages.n ? v->lineages.v[0].packages : 0;
}

/* "all 99 recorded packages are", "3 of 99 recorded packages are", "the one recorded package is" */
static void say_packages(struct wd_buf *b, uint64_t n, size_t of)
{
	if (of == 1)
		wd_buf_str(b,
			   n ? "the one recorded package is" : "the one recorded package is not");
	else if (n == of)
		wd_buf_printf(b, "all %zu recorded packages are", of);
	else
		wd_buf_printf(b, "%" PRIu64 " of %zu recorded packages are", n, of);
}

/* What decides for the C library, where it is of this lineage. */
static const struct wd_item *libc_item(const struct wd_case *c, const struct wd_lineage *l)
{
	return l->libc ? &c->evidence->items.v[c->lineages->libc_item] : NULL;
}

/* The first banner of a file, or the null blob. */
static struct wd_blob banner_of(const struct wd_catalog *cat, wd_node_id node)
{
	const struct wd_examined *x = node == WD_NODE_NONE ? NULL : wd_catalog_examined(cat, node);

	for (uint32_t i = 0; x && i < x->nfacts; i++)
		if (cat->facts.v[x->fact + i].kind == WD_FACT_BANNER)
			return wd_strpool_get(&cat->strings, cat->facts.v[x->fact + i].value);
	return WD_BLOB_NULL;
}

/* "Debian GLIBC 2.36-9" of "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36." */
static struct wd_blob in_parentheses(struct wd_blob banner)
{
	ptrdiff_t open = wd_blob_chr(banner, '('), close = wd_blob_chr(banner, ')');

	return open >= 0 && close > open ? wd_blob_head(wd_blob_skip(banner, (size_t)open + 1),
							(size_t)(close - open - 1))
					 : banner;
}

/* The C library says "Debian GLIBC 2.36-9", or has its "libc.so.6-2.34-60.el9.x86_64.debug". */
static void say_libc(struct wd_buf *b, const struct wd_case *c, const struct wd_item *item)
{
	struct wd_blob banner = banner_of(c->owners->cat, c->libc.libc);

	if (!banner.ptr)
		banner = banner_of(c->owners->cat, c->libc.loader);
	if (strcmp(item->kind, "banner") == 0 && banner.ptr)
		wd_buf_printf(b, "the C library says \"%.*s\"",
			      WD_BLOB_PRINTF(in_parentheses(banner)));
	else
		wd_buf_printf(b, "the C library has the %s \"%s\"", item->kind, item->value);
}

/*
 * Of what else the files show the item that most of them do, of another kind than the C library's.
 */
static const struct wd_item *widest_item(const struct wd_case *c, const struct wd_lineage *l,
					 const struct wd_item *libc)
{
	const struct wd_item *best = NULL;

	for (size_t i = 0; i < c->evidence->items.n; i++) {
		const struct wd_item *item = &c->evidence->items.v[i];

		if (c->lineages->distro_of_item[i] == l->distro &&
		    (!libc || strcmp(item->kind, libc->kind) != 0) &&
		    (!best || item->files > best->files))
			best = item;
	}
	return best;
}

/* "142 of 150 programs and libraries have a debuglink of it", "etc/issue speaks for its family" */
static void say_item(struct wd_buf *b, const struct wd_case *c, const struct wd_item *item)
{
	bool program = wd_catalog_examined(c->owners->cat, item->node);

	if (program && item->files > 1)
		wd_buf_printf(b, "%" PRIu32 " of %" PRIu64 " programs and libraries have",
			      item->files, c->evidence->examined - c->evidence->skipped);
	else
		wd_tree_path(c->owners->tree, item->node, b);
	if (program)
		wd_buf_printf(b, "%s a %s of", item->files > 1 ? "" : " has", item->kind);
	else
		wd_buf_str(b, " speaks for");
	wd_buf_str(b, *item->distro ? " it" : " its family");
}

/* "the C library says "…" and 142 of 150 programs and libraries have a debuglink of its family" */
static void say_files(struct wd_buf *b, const struct wd_case *c, const struct wd_lineage *l)
{
	const struct wd_item *libc = libc_item(c, l), *other = widest_item(c, l, libc);

	if (libc)
		say_libc(b, c, libc);
	if (libc && other)
		wd_buf_str(b, " and ");
	if (other)
		say_item(b, c, other);
}

/* "a later layer took away var/lib/dpkg/status, and "; or nothing */
static void say_deleted(struct wd_buf *b, const struct wd_lineage *l)
{
	for (size_t i = 0; i < l->reasons.n; i++) {
		if (strcmp(l->reasons.v[i].kind, "deleted") != 0)
			continue;
		wd_buf_printf(b, "a later layer took away %s%s", l->reasons.v[i].path,
			      l->shown > WD_STRENGTH_NONE ? ", and " : "");
		return;
	}
}

static void say_hidden(struct wd_buf *b, const struct wd_case *c, const struct wd_verdict *v)
{
	wd_buf_printf(b, "%s, hidden: no os-release and no package %s, but ",
		      name_of(c, &v->lineages.v[0]),
		      c->owners->cat->nrecorded ? "of a distribution" : "database");
	say_deleted(b, &v->lineages.v[0]);
	say_files(b, c, &v->lineages.v[0]);
}

static void say_none(struct wd_buf *b, const struct wd_case *c)
{
	wd_buf_printf(b,
		      "No os-release and no package%s: nothing declares, records or shows which "
		      "distribution this is",
		      c->owners->cat->ndatabases ? " in any database that could be read"
						 : " database");
}

/* ", 3 of Debian GNU/Linux 12 (bookworm), whose packages it ships"; or nothing */
static void say_parent(struct wd_buf *b, const struct wd_case *c, const struct wd_verdict *v)
{
	const char *own = c->distros->list.v[v->lineages.v[0].distro].id;

	for (size_t i = 1; i < v->lineages.n; i++) {
		const struct wd_lineage *l = &v->lineages.v[i];
		const char *id = c->distros->list.v[l->distro].id;

		if (l->packages == 0 || strcmp(own, id) == 0 ||
		    (!wd_distros_descends(c->distros, own, id) &&
		     !wd_distros_expected(c->distros, c->os, id)))
			continue;
		wd_buf_printf(b, ", %" PRIu64 " of %s, whose packages it ships", l->packages,
			      name_of(c, l));
		return;
	}
}

static void say_declared(struct wd_buf *b, const struct wd_case *c, const struct wd_verdict *v)
{
	const struct wd_lineage *l = &v->lineages.v[0];
	size_t packages = c->owners->cat->nrecorded;

	wd_buf_printf(b, "%s: os-release says so, and ", name_of(c, l));
	if (packages) {
		say_packages(b, packages_of(v), packages);
		wd_buf_str(b, " its own");
		say_parent(b, c, v);
	} else if (l->shown > WD_STRENGTH_NONE) {
		wd_buf_str(b, "though no package database confirms it, ");
		say_files(b, c, l);
	} else {
		wd_buf_str(b, "no package database confirms it");
	}
}

static void say_recorded(struct wd_buf *b, const struct wd_case *c, const struct wd_verdict *v)
{
	bool known = v->distro >= 0;

	wd_buf_printf(b, "%s: no os-release, %s ",
		      known ? name_of(c, &v->lineages.v[0]) : "Unknown", known ? "but" : "and");
	say_packages(b, packages_of(v), c->owners->cat->nrecorded);
	wd_buf_str(b, known ? " its own" : " of a known distribution");
	if (known)
		say_parent(b, c, v);
}

/* Both sides: who says what, and what denies it. */
static void say_contradicted(struct wd_buf *b, const struct wd_case *c, const struct wd_verdict *v)
{
	const struct wd_lineage *denied = v->by_files ? &v->lineages.v[v->denied] : NULL;
	const char *pretty = *c->os->pretty_name ? c->os->pretty_name : c->os->id;

	wd_buf_str(b, "Contradicted: ");
	if (!denied) {
		wd_buf_printf(b, "os-release says %s, but ", pretty);
		say_packages(b, v->lineages.v[0].packages, c->owners->cat->nrecorded);
		wd_buf_printf(b, " of %s", name_of(c, &v->lineages.v[0]));
		return;
	}
	wd_buf_printf(b, "%s%s%s say%s %s, but the files are of %s: ",
		      denied->declared ? "os-release" : "",
		      denied->declared && denied->packages ? " and " : "",
		      denied->packages ? "the package databases" : "", denied->packages ? "" : "s",
		      name_of(c, denied), name_of(c, &v->lineages.v[0]));
	say_files(b, c, &v->lineages.v[0]);
}

char *wd_verdict_summary(const struct wd_case *c, const struct wd_verdict *v)
{
	struct wd_buf b = WD_BUF_INIT;

	switch (v->lineage) {
	case WD_LINEAGE_NONE:
		say_none(&b, c);
		break;
	case WD_LINEAGE_HIDDEN:
		say_hidden(&b, c, v);
		break;
	case WD_LINEAGE_CONTRADICTED:
		say_contradicted(&b, c, v);
		break;
	case WD_LINEAGE_RECORDED:
		say_recorded(&b, c, v);
		break;
	case WD_LINEAGE_DECLARED:
		say_declared(&b, c, v);
		break;
	}
	wd_buf_str(&b, ".");
	wd_buf_byte(&b, '\0');
	if (b.status < 0)
		wd_buf_done(&b);
	return b.ptr;
}
