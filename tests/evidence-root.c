/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence-root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

const char *data_path(const struct temproot *t, bool ours)
{
	static char path[512];
	const char *srcdir = getenv("WD_SRCDIR");

	assert_non_null(srcdir);
	snprintf(path, sizeof(path), "%s/data", ours ? t->path : srcdir);
	return path;
}

static void add_fact(struct evidence *x, wd_node_id node, const struct said *s)
{
	struct wd_fact fact = {.kind = s->kind};
	struct wd_examined *last =
		x->cat.examined.n ? &x->cat.examined.v[x->cat.examined.n - 1] : NULL;

	assert_int_equal(wd_strpool_intern(&x->cat.strings, wd_blob_str(s->value), &fact.value), 0);
	if (!last || last->node != node) {
		struct wd_examined file = {.node = node, .fact = (uint32_t)x->cat.facts.n};

		assert_int_equal(wd_array_push(&x->cat.examined, file), 0);
		last = &x->cat.examined.v[x->cat.examined.n - 1];
	}
	assert_int_equal(wd_array_push(&x->cat.facts, fact), 0);
	last->nfacts++;
}

void open_evidence(struct temproot *t, const struct said *said, size_t n, bool ours,
		   struct evidence *x)
{
	char path[128];

	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "root/%s", said[i].path);
		temproot_file(t, path, "");
	}
	temproot_mkdir(t, "root");
	*x = (struct evidence){0};
	snprintf(path, sizeof(path), "%s/root", t->path);
	assert_int_equal(wd_root_open(path, &x->root), 0);
	assert_int_equal(wd_tree_new(&x->root, &x->tree), 0);
	assert_int_equal(wd_tree_scan(x->tree), 0);
	for (wd_node_id node = 0; node < x->tree->nodes.n; node++)
		for (size_t i = 0; i < n; i++)
			if (wd_tree_find(x->tree, wd_blob_str(said[i].path), false) == node)
				add_fact(x, node, &said[i]);
	x->status = wd_signals_read(&x->signals, data_path(t, ours), &x->line);
	if (x->status == 0)
		x->status = wd_evidence_gather(x->tree, &x->cat, &x->signals, &x->e);
}

void close_evidence(struct temproot *t, struct evidence *x)
{
	wd_evidence_done(&x->e);
	wd_signals_done(&x->signals);
	wd_catalog_done(&x->cat);
	wd_tree_free(x->tree);
	wd_root_done(&x->root);
	temproot_clear(t);
}

const struct wd_item *find_item(const struct evidence *x, enum wd_item_use use, const char *kind,
				const char *family, const char *distro)
{
	for (size_t i = 0; i < x->e.items.n; i++) {
		const struct wd_item *item = &x->e.items.v[i];

		if (item->use == use && strcmp(item->kind, kind) == 0 &&
		    strcmp(item->family, family) == 0 && strcmp(item->distro, distro) == 0)
			return item;
	}
	return NULL;
}

const char *list_items(const struct evidence *x, enum wd_item_use use)
{
	static char text[2048];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < x->e.items.n && n < sizeof(text); i++) {
		const struct wd_item *item = &x->e.items.v[i];

		if (item->use == use)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s %s %s %s",
					      n ? "; " : "", item->kind, item->family, item->distro,
					      item->version, wd_item_strength_name(item->strength));
	}
	return text;
}

const char *origin_text(const struct evidence *x)
{
	const struct wd_origin *o = x->e.origins.n ? &x->e.origins.v[0] : NULL;
	const struct wd_item *item = o ? &x->e.items.v[o->item] : NULL;
	static char text[512];

	assert_true(x->e.origins.n <= 1);
	if (!o)
		return "none";
	snprintf(text, sizeof(text), "%s %s %s %s package=%s source=%s version=%s arch=%s",
		 item->kind, item->family, item->distro, item->version, o->package, o->source,
		 o->version, o->arch);
	return text;
}
