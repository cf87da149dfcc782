/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules of whodistro-verdict(7): lineages and verdicts from os-release, a dpkg database and
 * evidence that is put by hand.
 */
#include "pkgdb/descriptor.h"
#include "provenance/subject.h"
#include "temproot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Acme, its derivative Kid and the unrelated Zeta are of one family; Hat and Cap of another. */
static const char distros[] = "family\tdeb\tDeb family\tdpkg\ts\n"
			      "family\trpm\tRPM family\trpm\ts\n"
			      "distro\tacme\tAcme\tdistro\tacme\t-\ts\n"
			      "distro\tkid\tKid\tdistro\tkid\tacme\ts\n"
			      "distro\tzeta\tZeta\tdistro\tzeta\t-\ts\n"
			      "distro\that\tHat\tdistro\that\t-\ts\n"
			      "distro\tcap\tCap\tdistro\tcap\t-\ts\n"
			      "distro\tvend.example\tVendor\tvendor\t-\t-\ts\n"
			      "distro\tstore\tStore\tguest\t-\t-\ts\n"
			      "id\tdpkg\tkid\tversion=kid\ts\n"
			      "id\tdpkg\tacme\tpackager=@acme\ts\n"
			      "id\tdpkg\tzeta\tpackager=@zeta\ts\n"
			      "id\trpm\that\tpackager=@hat\ts\n"
			      "id\trpm\tcap\tpackager=@cap\ts\n"
			      "version\tacme\t$1\texact\tversion=[+]acme([0-9.]+)\ts\n";
static const char programs[] = "loader\tlib/ld-*.so\ts\n";

/* Files of every root; what a package owns is in its list. */
static const char *const files[] = {"lib/ld-x.so", "lib/libc.so.6", "own/1", "own/2",
				    "own/3",	   "opt/1",	    "opt/2", "opt/3"};

struct world {
	struct wd_subject s;
	struct wd_descriptors backends;
	struct wd_verdict v;
};

static wd_node_id node_of(struct world *w, struct wd_blob name)
{
	wd_node_id node = wd_tree_find(w->s.tree, name, false);

	assert_true(node != WD_NODE_NONE);
	return node;
}

static const char *keep(struct world *w, struct wd_blob text)
{
	uint32_t id;

	if (wd_blob_is(text, "-"))
		text = WD_BLOB("");
	assert_int_equal(wd_strpool_intern(&w->s.evidence.strings, text, &id), 0);
	/* the pool does not terminate */
	return id ? strndup(text.ptr, text.len) : strdup("");
}

static enum wd_item_strength strength_of(struct wd_blob word)
{
	return wd_blob_is(word, "strong")   ? WD_ITEM_STRONG
	       : wd_blob_is(word, "medium") ? WD_ITEM_MEDIUM
					    : WD_ITEM_WEAK;
}

/* A file that items speak of has the first of them as its origin, if that is packaged. */
static void put_origin(struct world *w, wd_node_id node, uint32_t item)
{
	struct wd_origin o = {node, item, "", "", "", ""};
	size_t at = 0;

	while (at < w->s.evidence.origins.n && w->s.evidence.origins.v[at].node < node)
		at++;
	if (at < w->s.evidence.origins.n && w->s.evidence.origins.v[at].node == node)
		return;
	assert_int_equal(wd_array_push(&w->s.evidence.origins, o), 0);
	for (size_t i = w->s.evidence.origins.n - 1; i > at; i--)
		w->s.evidence.origins.v[i] = w->s.evidence.origins.v[i - 1];
	w->s.evidence.origins.v[at] = o;
}

/* The C library's banner, as a file states it. */
static void put_banner(struct world *w, wd_node_id node, const char *value)
{
	struct wd_examined x = {node, (uint32_t)w->s.cat.facts.n, 1, 0};
	struct wd_fact f = {.kind = WD_FACT_BANNER};

	assert_int_equal(wd_strpool_intern(&w->s.cat.strings, wd_blob_str(value), &f.value), 0);
	assert_int_equal(wd_array_push(&w->s.cat.facts, f), 0);
	assert_int_equal(wd_array_push(&w->s.cat.examined, x), 0);
}

/* A release that files of the distribution are too new for. Takes the strings. */
static void put_excluded(struct world *w, const struct wd_item *item)
{
	struct wd_excluded_release e = {item->distro, item->version};

	assert_int_equal(wd_array_push(&w->s.evidence.excluded, e), 0);
	free((char *)item->kind);
	free((char *)item->family);
}

/* "KIND FAMILY DISTRO VERSION STRENGTH USE FILE...", or "excluded" with the first four */
static void put_item(struct world *w, struct wd_blob line)
{
	struct wd_item item = {.use = WD_ITEM_PACKAGED};
	struct wd_blob f[6] = {WD_BLOB_NULL}, file;

	for (size_t i = 0; i < WD_ARRAY_SIZE(f); i++)
		assert_true(wd_blob_word(&line, &f[i]) || wd_blob_is(f[0], "excluded"));
	item.kind = keep(w, f[0]);
	item.family = keep(w, f[1]);
	item.distro = keep(w, f[2]);
	item.version = keep(w, f[3]);
	if (wd_blob_is(f[0], "excluded")) {
		put_excluded(w, &item);
		return;
	}
	item.strength = strength_of(f[4]);
	item.value = item.kind;
	if (wd_blob_is(f[5], "built-on"))
		item.use = WD_ITEM_BUILT_ON;
	while (wd_blob_word(&line, &file)) {
		wd_node_id node = node_of(w, file);

		if (item.files++ == 0)
			item.node = node;
		if (item.use == WD_ITEM_PACKAGED)
			put_origin(w, node, (uint32_t)w->s.evidence.items.n);
		if (wd_blob_is(f[0], "banner"))
			put_banner(w, node, item.value);
	}
	assert_int_equal(wd_array_push(&w->s.evidence.items, item), 0);
}

static void put_root(struct temproot *t, const char *os, const char *packages)
{
	struct wd_blob rest = wd_blob_str(packages), line, name, version, packager;
	WD_CLEANUP_BUF struct wd_buf status = WD_BUF_INIT, list = WD_BUF_INIT;
	char path[64];

	temproot_clear(t);
	temproot_file(t, "data/distros.tsv", distros);
	temproot_file(t, "data/generated.tsv", "");
	temproot_file(t, "data/programs.tsv", programs);
	temproot_file(t, "data/signals.tsv", "");
	for (size_t i = 0; i < WD_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "root/%s", files[i]);
		temproot_file(t, path, "12345");
	}
	if (os)
		temproot_file(t, "root/etc/os-release", os);
	while (wd_blob_token(&rest, '\n', &line)) {
		assert_true(wd_blob_word(&line, &name) && wd_blob_word(&line, &version) &&
			    wd_blob_word(&line, &packager));
		wd_buf_printf(&status,
			      "Package: %.*s\nStatus: install ok installed\nArchitecture: all\n"
			      "Version: %.*s\nMaintainer: M <%.*s>\n\n",
			      WD_BLOB_PRINTF(name), WD_BLOB_PRINTF(version),
			      WD_BLOB_PRINTF(packager));
		snprintf(path, sizeof(path), "root/var/lib/dpkg/info/%.*s.list",
			 WD_BLOB_PRINTF(name));
		list.len = 0;
		while (wd_blob_word(&line, &name))
			wd_buf_printf(&list, "%.*s\n", WD_BLOB_PRINTF(name));
		temproot_bytes(t, path, list.ptr, list.len);
	}
	if (status.len)
		temproot_bytes(t, "root/var/lib/dpkg/status", status.ptr, status.len);
}

static void open_world(struct temproot *t, const char *evidence, struct world *w)
{
	const char *build = getenv("WD_BUILDDIR");
	struct wd_blob rest = wd_blob_str(evidence), line;
	struct wd_subject_options o = {.scan = true,
				       .stat = true,
				       .owners = true,
				       .attribute = true,
				       .evidence = WD_EVIDENCE_ALL,
				       .backends = &w->backends};
	char data[80], root[80], path[512];

	*w = (struct world){.v = {.distro = -1}};
	snprintf(path, sizeof(path), "%s/backends", build ? build : ".");
	assert_int_equal(wd_descriptors_read(&w->backends, path), 0);
	snprintf(data, sizeof(data), "%s/data", t->path);
	snprintf(root, sizeof(root), "%s/root", t->path);
	o.data_dir = data;
	assert_int_equal(wd_subject_open(&w->s, root, &o), 0);
	wd_lineages_done(&w->s.lineages);
	while (wd_blob_token(&rest, '\n', &line))
		put_item(w, line);
	assert_int_equal(wd_lineages_find(&w->s.owners, &w->s.distros, &w->s.os, NULL,
					  &w->s.evidence, w->s.libc, &w->s.lineages),
			 0);
	assert_int_equal(wd_subject_judge(&w->s, &w->v), 0);
}

static void close_world(struct world *w)
{
	for (size_t i = 0; i < w->s.evidence.items.n; i++) {
		struct wd_item *item = &w->s.evidence.items.v[i];

		free((char *)item->kind);
		free((char *)item->family);
		free((char *)item->distro);
		free((char *)item->version);
	}
	for (size_t i = 0; i < w->s.evidence.excluded.n; i++) {
		free((char *)w->s.evidence.excluded.v[i].distro);
		free((char *)w->s.evidence.excluded.v[i].version);
	}
	wd_verdict_done(&w->v);
	wd_subject_done(&w->s);
	wd_descriptors_done(&w->backends);
}

/* "hidden strong: acme:3 strong 2, (deb) weak 1": the verdict, each lineage with its files */
static void describe(const struct world *w, struct wd_buf *b)
{
	wd_buf_printf(b, "%s %s:", wd_lineage_name(w->v.lineage),
		      wd_strength_name(w->v.confidence));
	for (size_t i = 0; i < w->v.lineages.n; i++) {
		const struct wd_lineage *l = &w->v.lineages.v[i];
		const struct wd_distro *d = &w->s.distros.list.v[l->distro];

		wd_buf_printf(b, "%s ", i ? "," : "");
		if (*d->id)
			wd_buf_str(b, d->label);
		else
			wd_buf_printf(b, "(%s%s%s)", d->family, *d->several ? " " : "", d->several);
		if (!*d->id && *d->version_id)
			wd_buf_printf(b, ":%s", d->version_id);
		wd_buf_printf(b, " %s %u", wd_strength_name(l->confidence), (unsigned)l->files);
	}
}

struct row {
	const char *os, *packages, *evidence, *expected;
};

static void check(struct temproot *t, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;
		struct world w;

		put_root(t, rows[i].os, rows[i].packages);
		open_world(t, rows[i].evidence, &w);
		describe(&w, &b);
		if (!wd_blob_is(wd_buf_view(&b), rows[i].expected))
			fail_msg("%zu: %.*s, not %s\n%s", i, WD_BLOB_PRINTF(wd_buf_view(&b)),
				 rows[i].expected, w.v.summary);
		assert_true(strlen(w.v.summary) > 10 && !strstr(w.v.summary, "(null)"));
		if (w.v.lineages.n)
			assert_int_equal(w.v.distro, w.v.lineages.v[0].distro);
		close_world(&w);
	}
}

#define OS(id, version) "ID=" id "\nVERSION_ID=" version "\n"
#define LIBC " lib/libc.so.6\n"
#define PACKAGED " packaged "

static void hidden(void **state)
{
	static const struct row rows[] = {
		/* nothing, and what never counts */
		{NULL, "", "", "none none:"},
		{NULL, "", "compiler deb acme 3 strong built-on own/1 own/2\n", "none none:"},
		/* one kind is weak, however many files; unless it is the C library */
		{NULL, "", "note deb acme 3 strong" PACKAGED "opt/1 opt/2 opt/3\n",
		 "hidden weak: acme:3 weak 3"},
		{NULL, "", "banner deb acme 3 strong" PACKAGED LIBC,
		 "hidden strong: acme:3 strong 1"},
		{NULL, "", "banner deb acme 3 medium" PACKAGED LIBC, "hidden weak: acme:3 weak 1"},
		/* a second kind that names the same */
		{NULL, "",
		 "note deb acme 3 strong" PACKAGED "opt/1\nissue deb acme 3 medium" PACKAGED
		 "opt/2\n",
		 "hidden strong: acme:3 strong 2"},
		{NULL, "",
		 "note deb acme 3 strong" PACKAGED "opt/1\nissue deb acme 3 weak" PACKAGED
		 "opt/2\n",
		 "hidden weak: acme:3 weak 2"},
		{NULL, "",
		 "note deb acme 3 medium" PACKAGED "opt/1\nissue deb acme 3 medium" PACKAGED
		 "opt/2\n",
		 "hidden weak: acme:3 weak 2"},
		/* what only fits makes nothing surer, and a family is not made into a member */
		{NULL, "",
		 "note deb acme 3 strong" PACKAGED "opt/1\nlink deb - - strong" PACKAGED
		 "opt/2 opt/3\n",
		 "hidden weak: acme:3 weak 3"},
		{NULL, "", "link deb - - strong" PACKAGED "opt/1\n", "hidden weak: (deb) weak 1"},
		{NULL, "",
		 "link deb - - strong" PACKAGED "opt/1\ndoc deb - - medium" PACKAGED "opt/2\n",
		 "hidden strong: (deb) strong 2"},
		{NULL, "", "link deb - - strong" PACKAGED LIBC, "hidden strong: (deb) strong 1"},
		/* one of several */
		{NULL, "",
		 "link rpm hat|cap 8 strong" PACKAGED "opt/1\nsection rpm hat|cap - medium" PACKAGED
		 "opt/2\n",
		 "hidden strong: (rpm hat|cap):8 strong 2"},
		{NULL, "",
		 "note rpm cap 8 strong" PACKAGED "opt/1\nlink rpm hat|cap 8 strong" PACKAGED
		 "opt/2\n",
		 "hidden weak: cap:8 weak 2"},
		{NULL, "",
		 "note deb acme 3 strong" PACKAGED "opt/1\nlink rpm hat|cap 8 strong" PACKAGED
		 "opt/2 opt/3\n",
		 "hidden weak: (rpm hat|cap):8 weak 2, acme:3 weak 1"},
		/* weak alone counts where there is nothing else */
		{NULL, "", "issue deb acme 3 weak" PACKAGED "opt/1\n",
		 "hidden weak: acme:3 weak 1"},
		{NULL, "",
		 "note rpm hat 8 strong" PACKAGED "opt/1\nissue deb acme 3 weak" PACKAGED "opt/2\n",
		 "hidden weak: hat:8 weak 1"},
		{NULL, "", "doc deb - - weak" PACKAGED "opt/1\n", "hidden weak: (deb) weak 1"},
		/* in a family that a strong item names, only a strong one names another */
		{NULL, "",
		 "note deb zeta 1 strong" PACKAGED "opt/1\nissue deb acme 3 medium" PACKAGED
		 "opt/2\n",
		 "hidden weak: zeta:1 weak 1"},
		{NULL, "",
		 "note deb acme 3 strong" PACKAGED "opt/1 opt/3\nnote deb zeta 1 strong" PACKAGED
		 "opt/2\n",
		 "hidden weak: acme:3 weak 2, zeta:1 weak 1"},
		/* third parties are none */
		{NULL, "", "note deb vend.example - strong" PACKAGED "opt/1\n", "none none:"},
		/* a guest only where there is no other */
		{NULL, "", "path nix store - strong" PACKAGED "opt/1\n",
		 "hidden weak: store weak 1"},
		{NULL, "",
		 "path nix store - strong" PACKAGED "opt/1 opt/2\nnote deb acme - strong" PACKAGED
		 "opt/3\n",
		 "hidden weak: acme weak 1"},
	};

	check(*state, rows, WD_ARRAY_SIZE(rows));
}

static void releases(void **state)
{
	static const struct row rows[] = {
		/* the C library's, then the latest of the strongest */
		{NULL, "",
		 "banner deb acme 3 strong" PACKAGED LIBC "note deb acme 2 strong" PACKAGED
		 "opt/1\n",
		 "hidden strong: acme:3 strong 2"},
		{NULL, "",
		 "note deb acme 2 strong" PACKAGED "opt/1\nnote deb acme 10 strong" PACKAGED
		 "opt/2\n",
		 "hidden weak: acme:10 weak 2"},
		{NULL, "",
		 "note deb acme - strong" PACKAGED "opt/1\nissue deb acme 3 medium" PACKAGED
		 "opt/2\n",
		 "hidden strong: acme:3 strong 2"},
		/* weak items tell no release of what is known better */
		{NULL, "",
		 "note deb acme - strong" PACKAGED "opt/1\nissue deb acme 3 weak" PACKAGED
		 "opt/2\n",
		 "hidden weak: acme weak 2"},
		/*
		 * a later release beside the C library's, and another C library of an earlier one
		 */
		{NULL, "",
		 "banner deb acme 3 strong" PACKAGED LIBC "note deb acme 4 strong" PACKAGED
		 "opt/1\n",
		 "hidden strong: acme:3 strong 1, acme:4 weak 1"},
		{NULL, "",
		 "banner deb acme 3 strong" PACKAGED LIBC "banner deb acme 2 strong" PACKAGED
		 "opt/1\n",
		 "hidden strong: acme:3 strong 1, acme:2 weak 1"},
		/* papers stand where the C library says nothing */
		{OS("acme", "3"), "", "note deb acme 2 strong" PACKAGED "opt/1\n",
		 "declared weak: acme:3 weak 1"},
		{OS("acme", "3"), "", "note deb acme 4 strong" PACKAGED "opt/1\n",
		 "contradicted weak: acme:4 weak 1, acme:3 weak 0"},
		{OS("acme", "3.1"), "", "banner deb acme 3 strong" PACKAGED LIBC,
		 "declared strong: acme:3.1 strong 1"},
		{"ID=acme\n", "", "banner deb acme 3 strong" PACKAGED LIBC,
		 "declared strong: acme strong 1"},
	};

	check(*state, rows, WD_ARRAY_SIZE(rows));
}

#define P1 "p 1+acme3 m@acme "

static void several(void **state)
{
	static const struct row rows[] = {
		/* the C library decides, though another explains more */
		{NULL, "",
		 "banner deb acme 3 strong" PACKAGED LIBC "note rpm hat 8 strong" PACKAGED
		 "opt/1 opt/2 opt/3\nlink rpm hat 8 strong" PACKAGED "opt/1\n",
		 "hidden strong: acme:3 strong 1, hat:8 strong 3"},
		/* without one, the surer; then the one that explains more */
		{NULL, "",
		 "note deb acme 3 strong" PACKAGED "opt/1\nissue deb acme 3 medium" PACKAGED
		 "opt/1\nnote rpm hat 8 strong" PACKAGED "opt/2 opt/3\n",
		 "hidden strong: acme:3 strong 1, hat:8 weak 2"},
		{NULL, "",
		 "note deb acme 3 strong" PACKAGED "opt/1\nnote rpm hat 8 strong" PACKAGED
		 "opt/2 opt/3\n",
		 "hidden weak: hat:8 weak 2, acme:3 weak 1"},
		/* a derivative by what only it has, if that is sure */
		{NULL, "",
		 "banner deb acme 3 strong" PACKAGED LIBC "note deb kid 1 strong" PACKAGED
		 "opt/1\nkeys deb kid - medium" PACKAGED "opt/2\n",
		 "hidden strong: kid:1 strong 2, acme:3 strong 1"},
		{NULL, "",
		 "banner deb acme 3 strong" PACKAGED LIBC "issue deb kid 1 medium" PACKAGED
		 "opt/1\n",
		 "hidden strong: acme:3 strong 1, kid:1 weak 1"},
		/* beside papers */
		{OS("acme", "3"), P1 "/own/1\n", "note rpm hat 8 strong" PACKAGED "opt/1\n",
		 "declared certain: acme:3 certain 1, hat:8 weak 1"},
	};

	check(*state, rows, WD_ARRAY_SIZE(rows));
}

/* Owned files are own/1 to own/3; each package line ends in the paths of its list. */
static void denial(void **state)
{
	static const struct row rows[] = {
		/* papers that the files confirm, or say nothing of */
		{OS("acme", "3"), P1 "/own/1\n", "banner deb acme 3 strong" PACKAGED LIBC,
		 "declared certain: acme:3 certain 2"},
		{OS("acme", "3"), P1 "/own/1\n", "note rpm hat 8 strong" PACKAGED "opt/1 opt/2\n",
		 "declared certain: acme:3 certain 1, hat:8 weak 2"},
		{NULL, P1 "/own/1\n", "note rpm hat 8 strong" PACKAGED "opt/1 opt/2\n",
		 "recorded strong: acme:3 strong 1, hat:8 weak 2"},
		/* the C library is another's, or of another family */
		{OS("acme", "3"), P1 "/own/1\n", "banner rpm hat 8 strong" PACKAGED LIBC,
		 "contradicted strong: hat:8 strong 1, acme:3 weak 1"},
		{OS("acme", "3"), "", "banner rpm hat 8 strong" PACKAGED LIBC,
		 "contradicted strong: hat:8 strong 1, acme:3 weak 0"},
		{NULL, P1 "/own/1\n", "banner deb zeta 8 strong" PACKAGED LIBC,
		 "contradicted strong: zeta:8 strong 1, acme:3 weak 1"},
		{OS("acme", "3"), "", "link rpm - - strong" PACKAGED LIBC,
		 "contradicted strong: (rpm) strong 1, acme:3 weak 0"},
		/* but not weakly, and not where its name fits */
		{OS("acme", "3"), P1 "/own/1\n", "banner rpm hat 8 medium" PACKAGED LIBC,
		 "declared certain: acme:3 certain 1, hat:8 weak 1"},
		{OS("acme", "3"), "", "link deb - - strong" PACKAGED LIBC,
		 "declared weak: acme:3 weak 1"},
		{OS("hat", "8"), "", "link rpm hat|cap 8 strong" PACKAGED LIBC,
		 "declared weak: hat:8 weak 1"},
		/* a derivative and its parent do not deny each other */
		{OS("kid", "1"), "", "banner deb acme 3 strong" PACKAGED LIBC,
		 "declared weak: kid:1 weak 0, acme:3 strong 1"},
		{"ID=foo\nID_LIKE=acme\n", "", "banner deb acme 3 strong" PACKAGED LIBC,
		 "declared weak: foo weak 0, acme:3 strong 1"},
		/* another release: unless a package brought the C library */
		{OS("acme", "3"), "", "banner deb acme 2 strong" PACKAGED LIBC,
		 "contradicted strong: acme:2 strong 1, acme:3 weak 0"},
		{OS("acme", "3"), P1 "/own/1\n", "banner deb acme 4 strong" PACKAGED LIBC,
		 "contradicted strong: acme:4 strong 1, acme:3 weak 1"},
		{OS("acme", "3"), P1 "/lib/libc.so.6\n", "banner deb acme 4 strong" PACKAGED LIBC,
		 "declared certain: acme:3 certain 1, acme:4 strong 0"},
		/* most of what the packages own says otherwise; or a minority */
		{OS("acme", "3"), P1 "/own/1\nq 1+acme3 m@acme /own/2\nr 1+acme3 m@acme /own/3\n",
		 "note rpm hat 8 strong" PACKAGED "own/1 own/2\nlink rpm hat 8 strong" PACKAGED
		 "own/1\nnote deb acme 3 strong" PACKAGED "own/3\n",
		 "contradicted strong: hat:8 strong 0, acme:3 weak 3"},
		{OS("acme", "3"), P1 "/own/1\nq 1+acme3 m@acme /own/2\nr 1+acme3 m@acme /own/3\n",
		 "note rpm hat 8 strong" PACKAGED "own/1\nlink rpm hat 8 strong" PACKAGED
		 "own/1\nnote deb acme 3 strong" PACKAGED "own/2 own/3\n",
		 "declared certain: acme:3 certain 3, hat:8 strong 0"},
		/* os-release alone, and most files say otherwise, surely or not */
		{OS("acme", "3"), "",
		 "note rpm hat 8 strong" PACKAGED "opt/1 opt/2\nlink rpm hat 8 medium" PACKAGED
		 "opt/3\n",
		 "contradicted strong: hat:8 strong 3, acme:3 weak 0"},
		{OS("acme", "3"), "", "note rpm hat 8 medium" PACKAGED "opt/1 opt/2\n",
		 "contradicted weak: hat:8 weak 2, acme:3 weak 0"},
		{OS("acme", "3"), "", "banner rpm hat 8 medium" PACKAGED LIBC,
		 "contradicted weak: hat:8 weak 1, acme:3 weak 0"},
		{OS("acme", "3"), "", "link rpm - - medium" PACKAGED "opt/1 opt/2\n",
		 "contradicted weak: (rpm) weak 2, acme:3 weak 0"},
		{OS("acme", "3"), "", "note rpm hat 8 weak" PACKAGED "opt/1 opt/2\n",
		 "declared weak: acme:3 weak 0"},
		/* but something speaks for it */
		{OS("acme", "3"), "",
		 "note rpm hat 8 medium" PACKAGED "opt/1 opt/2\nlink deb - - weak" PACKAGED
		 "opt/3\n",
		 "declared weak: acme:3 weak 1, hat:8 weak 2"},
		/* an os-release that was left behind */
		{OS("acme", "3"), "",
		 "note deb acme 4 strong" PACKAGED "opt/1 opt/2\nlink deb acme 4 medium" PACKAGED
		 "opt/3\ndoc deb - - strong" PACKAGED "own/1\n",
		 "contradicted strong: acme:4 strong 4, acme:3 weak 0"},
		/* files that name no release make that of os-release no surer */
		{OS("acme", "3"), "", "banner deb acme - strong" PACKAGED LIBC,
		 "declared weak: acme:3 weak 1"},
		{"ID=acme\n", "", "banner deb acme - strong" PACKAGED LIBC,
		 "declared strong: acme strong 1"},
		/* and deny it where they are too new for it, if that is all the papers */
		{OS("acme", "3"), "",
		 "banner deb acme - strong" PACKAGED LIBC "excluded deb acme 3\n",
		 "contradicted strong: acme strong 1, acme:3 weak 0"},
		{OS("acme", "3"), P1 "/own/1\n",
		 "banner deb acme - strong" PACKAGED LIBC "excluded deb acme 3\n",
		 "declared certain: acme:3 certain 2"},
		/* and not where some are of it */
		{OS("acme", "3"), "",
		 "note rpm hat 8 strong" PACKAGED "opt/1 opt/2\nlink rpm hat 8 medium" PACKAGED
		 "opt/3\nnote deb acme - strong" PACKAGED "own/1\n",
		 "declared weak: acme:3 weak 1, hat:8 strong 3"},
		/* the files take a side between os-release and packages */
		{OS("zeta", "1"), P1 "/own/1\n", "banner deb zeta 1 strong" PACKAGED LIBC,
		 "contradicted strong: zeta:1 strong 1, acme:3 weak 1"},
		{OS("zeta", "1"), P1 "/own/1\n", "banner deb acme 3 strong" PACKAGED LIBC,
		 "contradicted strong: acme:3 strong 2, zeta:1 weak 0"},
		/* packages of nobody */
		{NULL, "p 1 m@else /own/1\n", "", "recorded none:"},
		{NULL, "p 1 m@else /own/1\n", "banner deb acme 3 strong" PACKAGED LIBC,
		 "hidden strong: acme:3 strong 1"},
	};

	check(*state, rows, WD_ARRAY_SIZE(rows));
}

/* The sentence says what decides, and both sides of a contradiction. */
static void summaries(void **state)
{
	static const struct row rows[] = {
		{NULL, "",
		 "banner deb acme 3 strong" PACKAGED LIBC "link deb - - strong" PACKAGED
		 "opt/1 opt/2\n",
		 "Acme 3, hidden: no os-release and no package database, but the C library says "
		 "\"banner\" and opt/1 speaks for its family."},
		{OS("acme", "3"), P1 "/own/1\n", "banner rpm hat 8 strong" PACKAGED LIBC,
		 "Contradicted: os-release and the package databases say Acme 3, but the files are "
		 "of "
		 "Hat 8: the C library says \"banner\"."},
		{NULL, P1 "/own/1\n", "banner rpm hat 8 strong" PACKAGED LIBC,
		 "Contradicted: the package databases say Acme 3, but the files are of Hat 8: the "
		 "C "
		 "library says \"banner\"."},
		{OS("acme", "3"), "", "",
		 "Acme 3: os-release says so, and no package database confirms it."},
		{NULL, "", "link deb - - strong" PACKAGED "opt/1\n",
		 "Deb family (deb), hidden: no os-release and no package database, but opt/1 "
		 "speaks for "
		 "its family."},
		{NULL, "", "link rpm hat|cap 8 strong" PACKAGED "opt/1\n",
		 "hat or cap 8, hidden: no os-release and no package database, but opt/1 speaks "
		 "for "
		 "it."},
	};
	struct temproot *t = *state;

	for (size_t i = 0; i < WD_ARRAY_SIZE(rows); i++) {
		struct world w;

		put_root(t, rows[i].os, rows[i].packages);
		open_world(t, rows[i].evidence, &w);
		assert_string_equal(w.v.summary, rows[i].expected);
		close_world(&w);
	}
}

/* What a hostile root can do costs time in proportion, and no lineages without end. */
static void many(void **state)
{
	WD_CLEANUP_BUF struct wd_buf b = WD_BUF_INIT;
	struct world w;

	for (int i = 0; i < 5000; i++)
		wd_buf_printf(&b, "note deb acme %d strong packaged opt/1\n", i + 1);
	for (int i = 0; i < 5000; i++)
		wd_buf_printf(&b, "note deb d%d 1 strong packaged opt/2\n", i);
	wd_buf_byte(&b, '\0');
	put_root(*state, OS("acme", "3"), "");
	open_world(*state, b.ptr, &w);
	assert_int_equal(w.v.lineage, WD_LINEAGE_DECLARED);
	assert_true(w.v.lineages.n > 10 && w.v.lineages.n < 200);
	close_world(&w);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, temproot_setup, temproot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(hidden), CASE(releases),  CASE(several),
		CASE(denial), CASE(summaries), CASE(many),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
