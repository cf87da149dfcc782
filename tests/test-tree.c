/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree in memory: scanned or read as it is looked into, walked, resolved, matched, raced. */
#include "base/cleanup.h"
#include "base/glob.h"
#include "base/status.h"
#include "rootfs/tree.h"
#include "temproot.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

struct world {
	struct temproot *t;
	struct wd_root root;
	struct wd_tree *tree;
};

static void open_tree(struct world *w, struct temproot *t, const char *below, bool scan)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", t->path, below);
	w->t = t;
	assert_int_equal(wd_root_open(path, &w->root), 0);
	assert_int_equal(wd_tree_new(&w->root, &w->tree), 0);
	if (scan)
		assert_int_equal(wd_tree_scan(w->tree), 0);
}

static void close_tree(struct world *w)
{
	wd_tree_free(w->tree);
	wd_root_done(&w->root);
}

static void load_all(struct wd_tree *tree)
{
	for (wd_node_id i = 0; i < tree->nodes.n; i++)
		assert_int_equal(wd_tree_load(tree, i), 0);
}

/* ---- A random tree with names that sort oddly */

static const char *const names[] = {"a",    "a.b",   "a-", "a0", "A",	"a b",	 "\n", "x\ny",
				    "\xff", "\x80z", " ",  "-",	 "'\"", "a\x01", "aa", "..."};
static unsigned seed;

static unsigned random_below(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void make_random(int dir, int depth)
{
	static const char *const targets[] = {"a", "/a",   "..",    "../a", "a/..",
					      "/", "none", "a-/a0", "./aa", "../../a b/a"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(names); i++) {
		int fd;

		switch (random_below(7)) {
		case 0:
		case 1:
			if (depth == 0 || mkdirat(dir, names[i], 0755) < 0)
				break;
			fd = openat(dir, names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			make_random(fd, depth - 1);
			close(fd);
			break;
		case 2:
			assert_int_equal(symlinkat(targets[random_below(10)], dir, names[i]), 0);
			break;
		case 3:
			assert_int_equal(mkfifoat(dir, names[i], 0600), 0);
			break;
		case 4:
			assert_int_equal(mknodat(dir, names[i], S_IFREG | 0640, 0), 0);
			break;
		default:
			break;
		}
	}
}

static void random_tree(struct temproot *t, unsigned which)
{
	seed = which;
	temproot_clear(t);
	make_random(t->fd, 3);
}

struct listing {
	struct wd_tree *tree;
	struct wd_buf buf;
	WD_ARRAY(char *) paths;
};

static int list_node(void *ctx, wd_node_id id, struct wd_blob path)
{
	struct listing *l = ctx;
	const struct wd_node *n = wd_tree_node(l->tree, id);
	WD_CLEANUP_BUF struct wd_buf own = WD_BUF_INIT;

	wd_tree_path(l->tree, id, &own);
	assert_true(wd_blob_equal(wd_buf_view(&own), path));
	wd_buf_printf(&l->buf, "%s %.*s", wd_type_name(n->type), WD_BLOB_PRINTF(path));
	if (n->type == WD_TYPE_SYMLINK && !(n->flags & WD_NODE_GHOST))
		wd_buf_printf(&l->buf, " -> %.*s", WD_BLOB_PRINTF(wd_tree_link(l->tree, id)));
	wd_buf_byte(&l->buf, '\0');
	assert_int_equal(wd_array_push(&l->paths, strndup(path.ptr, path.len)), 0);
	return 0;
}

static void list_tree(struct wd_tree *tree, struct listing *l)
{
	*l = (struct listing){.tree = tree};
	assert_int_equal(wd_tree_each(tree, list_node, l), 0);
}

static void listing_done(struct listing *l)
{
	for (size_t i = 0; i < l->paths.n; i++)
		free(l->paths.v[i]);
	wd_array_done(&l->paths);
	wd_buf_done(&l->buf);
}

static struct listing found;
static size_t root_len;

static int find_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? wd_array_push(&found.paths, strdup(path + root_len)) : 0;
}

static int cmp_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The walk's order is that of `find | LC_ALL=C sort`; a scan and look-ups make the same tree. */
static void order(void **state)
{
	struct temproot *t = *state;

	for (unsigned i = 0; i < 12; i++) {
		struct listing scanned, lazy;
		struct world a, b;

		random_tree(t, i);
		open_tree(&a, t, "", true);
		open_tree(&b, t, "", false);
		load_all(b.tree);
		list_tree(a.tree, &scanned);
		list_tree(b.tree, &lazy);
		assert_int_equal(scanned.buf.len, lazy.buf.len);
		assert_memory_equal(scanned.buf.ptr, lazy.buf.ptr, lazy.buf.len);
		found = (struct listing){0};
		root_len = strlen(t->path) + 1;
		nftw(t->path, find_entry, 64, FTW_PHYS);
		qsort(found.paths.v, found.paths.n, sizeof(char *), cmp_paths);
		assert_true(found.paths.n > 5);
		assert_int_equal(found.paths.n, scanned.paths.n);
		for (size_t k = 0; k < found.paths.n; k++)
			assert_string_equal(found.paths.v[k], scanned.paths.v[k]);
		listing_done(&found);
		listing_done(&scanned);
		listing_done(&lazy);
		close_tree(&a);
		close_tree(&b);
	}
}

/* Ghosts stand in their places, below anything, and are found again. */
static void ghosts(void **state)
{
	struct temproot *t = *state;

	for (unsigned i = 0; i < 12; i++) {
		struct listing l;
		struct world w;

		random_tree(t, i);
		open_tree(&w, t, "", i % 2);
		for (unsigned k = 0; k < 800; k++) {
			wd_node_id dir = random_below((unsigned)w.tree->nodes.n), id;
			struct wd_blob name = wd_blob_str(names[random_below(16)]);
			bool there = wd_tree_child(w.tree, dir, name) != WD_NODE_NONE;

			id = wd_tree_child_or_ghost(w.tree, dir, name);
			assert_true(id < w.tree->nodes.n);
			assert_int_equal(wd_tree_child(w.tree, dir, name), id);
			assert_true(wd_blob_equal(wd_tree_name(w.tree, id), name));
			assert_int_equal(wd_tree_node(w.tree, id)->parent, dir);
			if (!there)
				assert_true(wd_tree_node(w.tree, id)->flags & WD_NODE_GHOST);
		}
		list_tree(w.tree, &l);
		if (i % 2)
			assert_int_equal(l.paths.n, w.tree->nodes.n - 1);
		for (size_t k = 1; k < l.paths.n; k++)
			assert_true(strcmp(l.paths.v[k - 1], l.paths.v[k]) < 0);
		listing_done(&l);
		close_tree(&w);
	}
}

/* ---- Resolution on the tree is the kernel's */

static void random_path(char *path, size_t size)
{
	size_t n = 0;

	*path = '\0';
	for (unsigned i = random_below(6) + 1; i > 0; i--) {
		unsigned k = random_below(20);
		const char *name = k < 16 ? names[k] : k < 18 ? ".." : k < 19 ? "." : "";

		n += (size_t)snprintf(path + n, size - n, "%s%s", n || random_below(2) ? "/" : "",
				      name);
	}
}

static uint64_t inode_of(const struct world *w, wd_node_id id)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	struct stat st;

	wd_tree_path(w->tree, id, &path);
	wd_buf_byte(&path, '\0');
	assert_int_equal(fstatat(w->t->fd, path.ptr[0] ? path.ptr : ".", &st, AT_SYMLINK_NOFOLLOW),
			 0);
	return st.st_ino;
}

static void resolve_one(struct world *w, const char *path, unsigned *hits)
{
	wd_node_id id = wd_tree_walk(w->tree, WD_NODE_ROOT, wd_blob_str(path), false);
	int fd = wd_openat_in_root(w->root.fd, path, O_PATH);
	struct stat st;

	if (fd == -ENOTDIR) /* "file/..": the tree may be kinder */
		return;
	if ((fd < 0) != (id == WD_NODE_NONE))
		fail_msg("'%s': kernel %d, tree %d", path, fd, (int)id);
	if (fd < 0)
		return;
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	if (inode_of(w, id) != st.st_ino)
		fail_msg("'%s' is another node", path);
	++*hits;
}

/* With ghosts every path leads somewhere, and what is there is still what is found. */
static void resolve_ghosts(struct world *w, const char *path)
{
	wd_node_id id = wd_tree_walk(w->tree, WD_NODE_ROOT, wd_blob_str(path), true);
	int fd = wd_openat_in_root(w->root.fd, path, O_PATH);
	struct stat st;

	assert_true(id < w->tree->nodes.n);
	if (fd < 0)
		return;
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	assert_int_equal(inode_of(w, id), st.st_ino);
}

static void walk_as_kernel(void **state)
{
	struct temproot *t = *state;
	unsigned hits = 0;

	for (unsigned i = 0; i < 12; i++) {
		struct world w;
		char path[256];

		random_tree(t, i);
		open_tree(&w, t, "", true);
		for (unsigned k = 0; k < 4000; k++) {
			random_path(path, sizeof(path));
			if (k < 2000)
				resolve_one(&w, path, &hits);
			else
				resolve_ghosts(&w, path);
		}
		close_tree(&w);
	}
	assert_true(hits > 500);
}

static void find_links(void **state)
{
	static const struct {
		const char *path, *find, *walk; /* NULL: not there */
	} table[] = {
		{"", "", ""},
		{"/", "", ""},
		{"..", "", ""},
		{"a/link", "a/link", "b"},
		{"a/link/", "a/link", "b"},
		{"a/link/f", "b/f", "b/f"},
		{"/a/../../b/f", "b/f", "b/f"},
		{"a/link/..", "", ""},
		{"loop", "loop", NULL},
		{"loop/x", NULL, NULL},
		{"abs", "abs", "b/f"},
		{"abs/x", NULL, NULL},
		{"none", NULL, NULL},
		{"two", "two", "b"},
		{"two/f", "b/f", "b/f"},
		{"gone", "gone", NULL},
		{"b/f/g", NULL, NULL},
	};
	struct temproot *t = *state;
	struct world w;

	temproot_file(t, "b/f", "");
	temproot_link(t, "../b", "a/link");
	temproot_link(t, "loop", "loop");
	temproot_link(t, "/b/f", "abs");
	temproot_link(t, "a/link", "two");
	temproot_link(t, "nowhere", "gone");
	open_tree(&w, t, "", false);
	for (size_t i = 0; i < 2 * WD_ARRAY_SIZE(table); i++) {
		struct wd_blob path = wd_blob_str(table[i / 2].path);
		const char *want = i % 2 ? table[i / 2].find : table[i / 2].walk;
		wd_node_id id = i % 2 ? wd_tree_find(w.tree, path, false)
				      : wd_tree_walk(w.tree, WD_NODE_ROOT, path, false);
		WD_CLEANUP_BUF struct wd_buf got = WD_BUF_INIT;

		if (id != WD_NODE_NONE)
			wd_tree_path(w.tree, id, &got);
		if ((id == WD_NODE_NONE) != !want || (want && !wd_blob_is(wd_buf_view(&got), want)))
			fail_msg("%s %s: %.*s", i % 2 ? "find" : "walk", table[i / 2].path,
				 WD_BLOB_PRINTF(wd_buf_view(&got)));
	}
	assert_int_equal(wd_tree_target(w.tree, wd_tree_find(w.tree, WD_BLOB("loop"), false)),
			 WD_NODE_NONE);
	assert_int_equal(wd_tree_target(w.tree, wd_tree_find(w.tree, WD_BLOB("two"), false)),
			 wd_tree_find(w.tree, WD_BLOB("b"), false));
	/* a ghost below a link that leads nowhere is below that place */
	assert_true(wd_tree_find(w.tree, WD_BLOB("gone/x"), true) != WD_NODE_NONE);
	assert_int_equal(wd_tree_find(w.tree, WD_BLOB("nowhere/x"), false),
			 wd_tree_find(w.tree, WD_BLOB("gone/x"), false));
	close_tree(&w);
}

/* ---- Patterns */

static int hit_node(void *ctx, wd_node_id id)
{
	uint8_t *hits = ctx;

	hits[id] = 1;
	return 0;
}

/* A pattern led by the tree finds exactly what matches it path by path. */
static void globs(void **state)
{
	static const char *const patterns[] = {
		"a",	  "*",	     "a*",	"*/*",	    "**",	 "a/**",  "**/a",
		"**/a*",  "a/**/a",  "**/a/**", "**/*/a?*", "[A-a]/*/*", "*/a",	  "**/a0",
		"none/*", "**/none", "*/**/a",	"",	    "a.b/**/*",	 "a b/*",
	};
	struct temproot *t = *state;
	static uint8_t hits[100000];

	for (unsigned i = 0; i < 40; i++) {
		struct wd_blob pattern = wd_blob_str(patterns[i / 2]);
		struct world w;

		random_tree(t, 3 + i / 8);
		/* the front of the list is read as it stands: only a scan makes it whole */
		open_tree(&w, t, "", i % 2 || wd_blob_starts(pattern, WD_BLOB("**/")));
		memset(hits, 0, sizeof(hits));
		assert_int_equal(wd_tree_glob(w.tree, WD_NODE_ROOT, pattern, hit_node, hits), 0);
		load_all(w.tree);
		for (wd_node_id id = 1; id < w.tree->nodes.n; id++) {
			WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
			bool match;

			wd_tree_path(w.tree, id, &path);
			match = wd_glob_path(pattern, wd_buf_view(&path), NULL);
			if (match != hits[id])
				fail_msg("%s tree, '%s' %s '%.*s'", i % 2 ? "scanned" : "lazy",
					 patterns[i / 2], match ? "misses" : "hits",
					 WD_BLOB_PRINTF(wd_buf_view(&path)));
		}
		close_tree(&w);
	}
}

/* ---- Extremes */

static void remove_chain(int dir)
{
	/* the second level takes the place of the first, until none is left */
	while (renameat(dir, "d/d", dir, "next") == 0) {
		unlinkat(dir, "d", AT_REMOVEDIR);
		renameat(dir, "next", dir, "d");
	}
	unlinkat(dir, "d", AT_REMOVEDIR);
}

static int count_depth(void *ctx, wd_node_id id, struct wd_blob path)
{
	size_t *longest = ctx;

	(void)id;
	*longest = path.len > *longest ? path.len : *longest;
	return 0;
}

static void deep(void **state)
{
	struct temproot *t = *state;
	size_t longest = 0;
	int fd = dup(t->fd);
	struct world w;

	for (int i = 0; i < 10000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	close(fd);
	open_tree(&w, t, "", true);
	assert_int_equal(w.tree->nodes.n, 10001);
	assert_int_equal(w.tree->errors.n, 0);
	assert_int_equal(wd_tree_each(w.tree, count_depth, &longest), 0);
	assert_int_equal(longest, 2 * 10000 - 1);
	close_tree(&w);
	/* by path, a directory at a time, the kernel stops at 4 KiB: said, not ignored */
	open_tree(&w, t, "", false);
	load_all(w.tree);
	assert_true(w.tree->nodes.n > 500);
	assert_int_equal(w.tree->errors.n, w.tree->nodes.n == 10001 ? 0 : 1);
	close_tree(&w);
	remove_chain(t->fd);
}

static void wide(void **state)
{
	struct temproot *t = *state;
	char name[256];
	struct world w;

	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "%0*d", i < 1000 ? 255 : 6, i * 7919 % 100000);
		assert_int_equal(mknodat(t->fd, name, S_IFREG | 0600, 0), 0);
	}
	open_tree(&w, t, "", true);
	assert_int_equal(w.tree->nodes.n, 100001);
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "%0*d", i < 1000 ? 255 : 6, i * 7919 % 100000);
		assert_true(wd_tree_child(w.tree, WD_NODE_ROOT, wd_blob_str(name)) != WD_NODE_NONE);
	}
	assert_int_equal(wd_tree_child(w.tree, WD_NODE_ROOT, WD_BLOB("000000x")), WD_NODE_NONE);
	close_tree(&w);
}

/* A directory that may not be read costs itself. */
static void unreadable(void **state)
{
	struct temproot *t = *state;
	uid_t me = geteuid();

	temproot_file(t, "closed/f", "");
	temproot_file(t, "open/f", "");
	assert_int_equal(fchmod(t->fd, 0755), 0);
	assert_int_equal(fchmodat(t->fd, "closed", me ? 0 : 0700, 0), 0);
	assert_true(me != 0 || seteuid(65534) == 0);
	for (int scan = 0; scan < 2; scan++) {
		struct world w;
		wd_node_id id;

		open_tree(&w, t, "", scan);
		load_all(w.tree);
		id = wd_tree_find(w.tree, WD_BLOB("closed"), false);
		assert_true(wd_tree_node(w.tree, id)->flags & WD_NODE_HIDDEN);
		assert_int_equal(w.tree->errors.n, 1);
		assert_int_equal(w.tree->errors.v[0].status, -EACCES);
		assert_string_equal(w.tree->errors.v[0].path, "closed");
		assert_true(wd_tree_find(w.tree, WD_BLOB("open/f"), false) != WD_NODE_NONE);
		assert_int_equal(wd_tree_find(w.tree, WD_BLOB("closed/f"), false), WD_NODE_NONE);
		close_tree(&w);
	}
	assert_true(me != 0 || seteuid(me) == 0);
	assert_int_equal(fchmodat(t->fd, "closed", 0755, 0), 0);
}

static void stats(void **state)
{
	struct temproot *t = *state;

	temproot_file(t, "d/f", "12345");
	temproot_link(t, "d/f", "link");
	assert_int_equal(fchmodat(t->fd, "d/f", 04751, 0), 0);
	for (int i = 0; i < 2; i++) {
		wd_node_id id;
		struct world w;

		open_tree(&w, t, "", false);
		w.tree->want_stat = i;
		assert_int_equal(wd_tree_scan(w.tree), 0);
		id = wd_tree_find(w.tree, WD_BLOB("d/f"), false);
		assert_int_equal(wd_tree_node(w.tree, id)->flags & WD_NODE_STAT,
				 i ? WD_NODE_STAT : 0);
		wd_tree_stat(w.tree, id);
		assert_int_equal(wd_tree_node(w.tree, id)->size, 5);
		assert_int_equal(wd_tree_node(w.tree, id)->mode, 04751);
		id = wd_tree_find(w.tree, WD_BLOB("link"), false);
		wd_tree_stat(w.tree, id);
		assert_int_equal(wd_tree_node(w.tree, id)->size, 3); /* of the link itself */
		close_tree(&w);
	}
}

static atomic_bool stop;

static void *swap(void *arg)
{
	struct temproot *t = arg;

	while (!atomic_load(&stop))
		renameat2(t->fd, "root/swap", t->fd, "root/evil", RENAME_EXCHANGE);
	return NULL;
}

/* A directory that is a link to the outside every other moment is never followed out. */
static void race(void **state)
{
	struct temproot *t = *state;
	unsigned inside = 0;
	pthread_t thread;

	temproot_file(t, "root/swap/in", "");
	temproot_link(t, "../outside", "root/evil");
	temproot_file(t, "outside/leak", "");
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, swap, t), 0);
	for (int i = 0; i < 600; i++) {
		struct world w;

		open_tree(&w, t, "root", i % 2);
		load_all(w.tree);
		for (wd_node_id id = 0; id < w.tree->nodes.n; id++) {
			assert_false(wd_blob_is(wd_tree_name(w.tree, id), "leak"));
			inside += wd_blob_is(wd_tree_name(w.tree, id), "in");
		}
		close_tree(&w);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	assert_true(inside > 10);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, temproot_setup, temproot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(order), CASE(ghosts), CASE(walk_as_kernel), CASE(find_links), CASE(globs),
		CASE(deep),  CASE(wide),   CASE(unreadable),	 CASE(stats),	   CASE(race),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
