/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Path resolution inside a root: by the kernel and by the walk, on the same trees. */
#include "base/cleanup.h"
#include "base/status.h"
#include "rootfs/chase.h"
#include "rootfs/root.h"
#include "rootfs/tree.h"
#include "temproot.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <cmocka.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static void make_links(struct temproot *t)
{
	temproot_file(t, "root/d/e/f", "in");
	temproot_link(t, "/d/e", "root/abs");
	temproot_link(t, "../d", "root/d/self");
	temproot_link(t, "../../../d", "root/d/over");
	temproot_link(t, "chain2", "root/chain1");
	temproot_link(t, "d", "root/chain2");
	temproot_link(t, "loop", "root/loop");
	temproot_link(t, "l2", "root/l1");
	temproot_link(t, "/l1", "root/l2");
	temproot_link(t, "/nowhere", "root/dangling");
	temproot_link(t, "/", "root/top");
	temproot_link(t, "..", "root/d/parent");
	temproot_link(t, "/etc", "root/host");
	temproot_link(t, "../outside", "root/out");
	temproot_link(t, "e/f", "root/d/file");
	temproot_link(t, "e/f/", "root/d/slash");
	temproot_link(t, "..", "root/d/e/..x");
	temproot_file(t, "outside/f", "out");
	for (int i = 0; i < 41; i++) {
		char target[16], path[24];

		snprintf(target, sizeof(target), "n%d", i - 1);
		snprintf(path, sizeof(path), "root/n%d", i);
		temproot_link(t, i ? target : "d", path);
	}
}

/* A path, the place that it leads to in the root, and what says no. */
static const struct {
	const char *path;
	const char *place; /* NULL: in_root is the error */
	int in_root;
	int beneath; /* 0: the same place */
} table[] = {
	{"d/e/f", "d/e/f", 0, 0},
	{"/d//e/./f", "d/e/f", 0, 0},
	{"", ".", 0, 0},
	{"/", ".", 0, 0},
	{".", ".", 0, 0},
	{"..", ".", 0, -EXDEV},
	{"../../..", ".", 0, -EXDEV},
	{"d/../..", ".", 0, -EXDEV},
	{"d/e/../e/f", "d/e/f", 0, 0},
	{"d/..", ".", 0, 0},
	{"d/e/../../../d", "d", 0, -EXDEV},
	{"abs", "d/e", 0, -EXDEV},
	{"abs/f", "d/e/f", 0, -EXDEV},
	{"abs/../e/f", "d/e/f", 0, -EXDEV},
	{"d/self/self/e/f", "d/e/f", 0, 0},
	{"d/over/e", "d/e", 0, -EXDEV},
	{"chain1/e/f", "d/e/f", 0, 0},
	{"top/d", "d", 0, -EXDEV},
	{"d/parent/d/e", "d/e", 0, 0},
	{"d/parent/..", ".", 0, -EXDEV},
	{"d/e/..x/e/f", "d/e/f", 0, 0},
	{"d/file", "d/e/f", 0, 0},
	{"host/passwd", NULL, -ENOENT, -EXDEV},
	{"out/f", NULL, -ENOENT, -EXDEV},
	{"../outside/f", NULL, -ENOENT, -EXDEV},
	{"dangling", NULL, -ENOENT, -EXDEV},
	{"dangling/x", NULL, -ENOENT, -EXDEV},
	{"none", NULL, -ENOENT, -ENOENT},
	{"none/..", NULL, -ENOENT, -ENOENT},
	{"loop", NULL, -ELOOP, -ELOOP},
	{"loop/x", NULL, -ELOOP, -ELOOP},
	{"l1", NULL, -ELOOP, -EXDEV},
	{"n39/e", "d/e", 0, 0},
	{"n40/e", NULL, -ELOOP, -ELOOP},
	{"d/e/", "d/e", 0, 0},
	{"abs/", "d/e", 0, -EXDEV},
	{"d/e/f/", NULL, -ENOTDIR, -ENOTDIR},
	{"d/e/f/.", NULL, -ENOTDIR, -ENOTDIR},
	{"d/e/f/..", NULL, -ENOTDIR, -ENOTDIR},
	{"d/e/f/g", NULL, -ENOTDIR, -ENOTDIR},
	{"d/file/", NULL, -ENOTDIR, -ENOTDIR},
	{"d/slash", NULL, -ENOTDIR, -ENOTDIR},
};

static void expect_place(int root, const char *how, const char *path, int r, const char *place,
			 int status)
{
	struct stat st, want;

	if (!place) {
		if (r != status)
			fail_msg("%s %s: %d, not %d", how, path, r, status);
		return;
	}
	if (r < 0)
		fail_msg("%s %s: %d, not %s", how, path, r, place);
	assert_int_equal(fstatat(root, place, &want, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstat(r, &st), 0);
	if (st.st_ino != want.st_ino)
		fail_msg("%s %s leads elsewhere than %s", how, path, place);
	close(r);
}

static void resolve(void **state)
{
	struct temproot *t = *state;
	WD_CLEANUP_FD int root = -1;

	make_links(t);
	root = openat(t->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		const char *path = table[i].path, *place = table[i].place;
		const char *below = table[i].beneath ? NULL : place;
		int flags = O_PATH | O_CLOEXEC;

		expect_place(root, "openat", path, wd_openat_in_root(root, path, O_PATH), place,
			     table[i].in_root);
		expect_place(root, "chase", path, wd_chase(root, path, flags, false), place,
			     table[i].in_root);
		expect_place(root, "chase beneath", path[0] == '/' ? path + 1 : path,
			     wd_chase(root, path[0] == '/' ? path + 1 : path, flags, true), below,
			     table[i].beneath);
	}
}

/* The last component is not followed where the caller says so, whoever resolves. */
static void resolve_nofollow(void **state)
{
	static const char *const links[] = {"abs", "loop", "dangling", "d/file", "abs/../parent"};
	struct temproot *t = *state;
	WD_CLEANUP_FD int root = -1;

	make_links(t);
	root = openat(t->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < WD_ARRAY_SIZE(links); i++) {
		const char *place = i < 4 ? links[i] : "d/parent";
		int flags = O_PATH | O_NOFOLLOW;

		expect_place(root, "openat", links[i], wd_openat_in_root(root, links[i], flags),
			     place, 0);
		expect_place(root, "chase", links[i],
			     wd_chase(root, links[i], flags | O_CLOEXEC, false), place, 0);
	}
	assert_int_equal(wd_openat_in_root(root, "abs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
			 -ENOTDIR);
	assert_true(wd_chase(root, "abs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, false) < 0);
	assert_int_equal(wd_openat_in_root(root, "d/file", O_RDONLY | O_NOFOLLOW), -ELOOP);
	assert_int_equal(wd_chase(root, "d/file", O_RDONLY | O_NOFOLLOW, false), -ELOOP);
	assert_int_equal(wd_openat_in_root(root, "d/e/f", O_RDONLY | O_DIRECTORY), -ENOTDIR);
	assert_int_equal(wd_chase(root, "d/e/f", O_RDONLY | O_DIRECTORY, false), -ENOTDIR);
}

/* What the doors for reading make of the same table. */
static void open_for_reading(void **state)
{
	struct temproot *t = *state;
	WD_CLEANUP_FD int root = -1;

	make_links(t);
	root = openat(t->fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		const char *place = table[i].place;
		int r = table[i].in_root;

		if (r == -ENOENT || r == -ENOTDIR)
			r = WD_EABSENT;
		expect_place(root, "in root", table[i].path,
			     wd_open_in_root(root, table[i].path, NULL), place, r);
		r = table[i].beneath;
		if (r == -ENOENT || r == -ENOTDIR)
			r = WD_EABSENT;
		expect_place(root, "beneath", table[i].path,
			     wd_open_beneath(root, table[i].path, NULL), r ? NULL : place, r);
	}
	for (int i = 0; i < 2; i++) {
		struct stat st;
		char *text = slurp(i ? wd_open_beneath(root, "d/file", &st)
				     : wd_open_in_root(root, "abs/f", &st));

		assert_string_equal(text, "in");
		assert_int_equal(st.st_size, 2);
		free(text);
	}
}

static void make_socket(struct temproot *t, const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", t->path, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

/* Opening a FIFO would wait for ever, a device might do anything. */
static void special_files(void **state)
{
	static const char *const names[] = {"fifo", "socket", "to-fifo", "null", "block"};
	struct temproot *t = *state;
	struct wd_root root;
	struct wd_buf b = WD_BUF_INIT;
	size_t n = 3;

	assert_int_equal(mkfifoat(t->fd, "fifo", 0666), 0);
	make_socket(t, "socket");
	temproot_link(t, "/fifo", "to-fifo");
	temproot_mkdir(t, "dir");
	temproot_file(t, "file", "text");
	if (mknodat(t->fd, "null", S_IFCHR | 0666, makedev(1, 3)) == 0 &&
	    mknodat(t->fd, "block", S_IFBLK | 0666, makedev(7, 0)) == 0)
		n = 5;
	assert_int_equal(wd_root_open(t->path, &root), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(wd_open_in_root(root.fd, names[i], NULL), WD_ENOTREG);
		assert_int_equal(wd_root_read(&root, names[i], 100, &b), WD_ENOTREG);
		if (i != 2)
			assert_int_equal(wd_open_beneath(root.fd, names[i], NULL), WD_ENOTREG);
	}
	assert_int_equal(wd_root_read(&root, "dir", 100, &b), WD_ENOTREG);
	assert_int_equal(wd_root_read(&root, "none", 100, &b), WD_EABSENT);
	assert_int_equal(wd_root_read(&root, "file", 3, &b), WD_ELIMIT);
	assert_int_equal(wd_root_read(&root, "file", 4, &b), 0);
	assert_true(wd_blob_is(wd_buf_view(&b), "text"));
	wd_buf_done(&b);
	wd_root_done(&root);
	assert_int_equal(wd_root_open("/dev/null", &root), -ENOTDIR);
	assert_int_equal(wd_root_open("/nowhere/at/all", &root), -ENOENT);
}

/* Depth and length are bounded, with a status and not a stack overflow. */
static void deep_paths(void **state)
{
	struct temproot *t = *state;
	static char path[200001];
	int fd = dup(t->fd);
	int r;

	for (int i = 0; i < 600; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_PATH | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	close(fd);
	for (size_t i = 0; i < sizeof(path) - 1; i++)
		path[i] = i % 2 ? '/' : 'd';
	r = wd_chase(t->fd, path, O_PATH | O_CLOEXEC, false);
	assert_int_equal(r, -ENAMETOOLONG);
	path[2 * 600] = '\0';
	r = wd_openat_in_root(t->fd, path, O_PATH);
	assert_true(r >= 0);
	close(r);
	path[2 * 500] = '\0';
	r = wd_chase(t->fd, path, O_PATH | O_CLOEXEC, false);
	assert_true(r >= 0);
	close(r);
	memset(path, 'n', 256);
	path[256] = '\0';
	assert_int_equal(wd_chase(t->fd, path, O_PATH | O_CLOEXEC, false), -ENAMETOOLONG);
	assert_int_equal(wd_openat_in_root(t->fd, path, O_PATH), -ENAMETOOLONG);
}

/* Deeper than a system call takes: the same directory as by hand, and no way out. */
static void longer_than_a_call(void **state)
{
	struct temproot *t = *state;
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	char name[256] = "";
	struct stat want, st;
	int fd = dup(t->fd);
	int r;

	memset(name, 'n', 255);
	for (int i = 0; i < 40; i++) {
		int next;

		assert_int_equal(mkdirat(fd, name, 0755), 0);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
		wd_buf_printf(&path, "%s/", name);
	}
	r = openat(fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fstat(r, &want), 0);
	close(r);
	close(fd);
	wd_buf_append(&path, "f", 2);
	r = wd_open_in_root(t->fd, path.ptr, &st);
	assert_true(r >= 0 && st.st_ino == want.st_ino);
	close(r);
	r = wd_open_beneath(t->fd, path.ptr, &st);
	assert_true(r >= 0 && st.st_ino == want.st_ino);
	close(r);
	path.len = 0;
	for (int i = 0; i < 2000; i++)
		wd_buf_str(&path, "../");
	wd_buf_append(&path, "etc/passwd", 11);
	assert_int_equal(wd_open_in_root(t->fd, path.ptr, NULL), WD_EABSENT);
	assert_int_equal(wd_open_beneath(t->fd, path.ptr, NULL), -EXDEV);
}

/* A root filesystem in which /proc is mounted, which is one with links that no text tells. */
static void made_up(void **state)
{
	static const char *const paths[] = {
		"self/status", "self/environ", "self/task",	   "self/root/etc/passwd",
		"self/cwd",    "self/exe",     "thread-self/root", "1/root/etc/passwd",
		"version",     "kmsg",	       "self/fd",	   "../self/root/..",
	};
	struct temproot *t = *state;
	struct wd_root proc;
	struct stat st;

	temproot_file(t, "secret", "out");
	if (wd_root_open("/proc", &proc) < 0 || !wd_is_made_up(proc.fd)) {
		skip();
		return;
	}
	for (size_t i = 0; i <= WD_ARRAY_SIZE(paths); i++) {
		int flags = O_PATH | O_CLOEXEC;
		char path[64];
		int r;

		if (i < WD_ARRAY_SIZE(paths))
			snprintf(path, sizeof(path), "%s", paths[i]);
		else
			snprintf(path, sizeof(path), "self/fd/%d/secret", t->fd);
		assert_true(wd_open_in_root(proc.fd, path, NULL) < 0);
		assert_true(wd_open_beneath(proc.fd, path, NULL) < 0);
		/* what the walk makes of the text of such a link is still of /proc */
		for (int chase = 0; chase < 2; chase++) {
			r = chase ? wd_chase(proc.fd, path, flags, false)
				  : wd_openat_in_root(proc.fd, path, flags);
			if (r >= 0 && (fstat(r, &st) < 0 || st.st_dev != proc.dev))
				fail_msg("%s: out of /proc", path);
			wd_cleanup_fd(&r);
		}
	}
	wd_root_done(&proc);
}

/* What may not be written. */
static void holds(void **state)
{
	static const struct {
		const char *rootfs, *path;
		bool holds;
	} cases[] = {
		{"root", "root", true},	      {"root", "root/x", true},
		{"root", "root/d/x", true},   {"root", "root/out/x", true},
		{"root", "root/out", true},   {"root", "into/x", true},
		{"root", "root/../x", true},  {"into", "root/d/x", true},
		{"root", "x", false},	      {"root", "outside/x", false},
		{"root", "rootless", false},  {"root/d", "root/x", false},
		{"root/d", "into/x", true},   {"none", "none/x", false},
		{"outside", "root/x", false}, {"outside", "root/out/x", true},
		{"file", "file", true},	      {"file", "other", false},
	};
	struct temproot *t = *state;

	temproot_mkdir(t, "root/d");
	temproot_mkdir(t, "outside");
	temproot_link(t, "../outside", "root/out");
	temproot_link(t, "root/d", "into");
	temproot_file(t, "file", "");
	for (size_t i = 0; i < WD_ARRAY_SIZE(cases); i++) {
		char rootfs[128], path[128];

		snprintf(rootfs, sizeof(rootfs), "%s/%s", t->path, cases[i].rootfs);
		snprintf(path, sizeof(path), "%s/%s", t->path, cases[i].path);
		if (wd_root_holds(rootfs, path) != cases[i].holds)
			fail_msg("%s in %s", cases[i].path, cases[i].rootfs);
		assert_false(wd_root_holds("/", path));
		assert_false(wd_root_holds("-", path));
	}
}

/* ---- Somebody else renames meanwhile */

struct race {
	struct temproot *t;
	const char *a, *b; /* exchanged all the time */
	atomic_bool stop;
	atomic_uint turns;
	pthread_t thread;
};

static void *exchange(void *arg)
{
	struct race *r = arg;

	while (!atomic_load(&r->stop)) {
		renameat2(r->t->fd, r->a, r->t->fd, r->b, RENAME_EXCHANGE);
		atomic_fetch_add(&r->turns, 1);
	}
	return NULL;
}

static void race_start(struct race *r)
{
	assert_int_equal(pthread_create(&r->thread, NULL, exchange, r), 0);
	while (atomic_load(&r->turns) == 0)
		;
}

static void race_end(struct race *r)
{
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
	assert_true(atomic_load(&r->turns) > 10);
}

static void expect_inside(int fd, unsigned *hits)
{
	char text[8] = "";

	if (fd < 0)
		return;
	assert_int_equal(read(fd, text, sizeof(text) - 1), 2);
	assert_string_equal(text, "in");
	close(fd);
	++*hits;
}

/* With `chase`, also by the walk alone, which opens whatever is there. */
static void read_while_racing(struct race *r, const char *path, bool chase)
{
	WD_CLEANUP_FD int root = openat(r->t->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned hits = 0;
	int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;

	race_start(r);
	for (int i = 0; i < 5000 || (hits < 20 && i < 200000); i++) {
		expect_inside(wd_open_in_root(root, path, NULL), &hits);
		expect_inside(wd_open_beneath(root, path, NULL), &hits);
		if (chase) {
			expect_inside(wd_chase(root, path, flags, false), &hits);
			expect_inside(wd_chase(root, path, flags, true), &hits);
		}
	}
	race_end(r);
	assert_true(hits >= 20);
}

/* A directory that is a link to the outside every other moment. */
static void race_link(void **state)
{
	struct temproot *t = *state;
	struct race r = {.t = t, .a = "root/swap", .b = "root/evil"};

	temproot_file(t, "root/swap/f", "in");
	temproot_link(t, "../outside", "root/evil");
	temproot_file(t, "outside/f", "out");
	read_while_racing(&r, "swap/f", true);
}

/* A directory that is moved out of the root while ".." is taken in it. */
static void race_parent(void **state)
{
	struct temproot *t = *state;
	struct race r = {.t = t, .a = "root/a/b", .b = "moved"};

	temproot_file(t, "root/a/b/c/x", "");
	temproot_file(t, "moved/c/x", "");
	temproot_file(t, "root/f", "in");
	temproot_file(t, "f", "out");
	temproot_file(t, "a/f", "out");
	read_while_racing(&r, "a/b/c/../../../f", true);
}

/* A regular file that is a FIFO every other moment: nothing waits. */
static void race_fifo(void **state)
{
	struct temproot *t = *state;
	struct race r = {.t = t, .a = "root/f", .b = "root/fifo"};

	temproot_file(t, "root/f", "in");
	assert_int_equal(mkfifoat(t->fd, "root/fifo", 0600), 0);
	read_while_racing(&r, "f", false);
}

/* What is not resolved any more, since links led through too much before, is said; once. */
static void exhausted(void **state)
{
	struct temproot *t = *state;
	char path[128];
	struct wd_root root;
	struct wd_tree *tree;

	temproot_file(t, "root/real/f", "");
	temproot_link(t, "real", "root/a");
	temproot_link(t, "real", "root/b");
	snprintf(path, sizeof(path), "%s/root", t->path);
	assert_int_equal(wd_root_open(path, &root), 0);
	assert_int_equal(wd_tree_new(&root, &tree), 0);
	assert_int_not_equal(wd_tree_walk(tree, WD_NODE_ROOT, WD_BLOB("a/f"), false), WD_NODE_NONE);
	assert_int_equal(tree->errors.n, 0);
	tree->steps = WD_TREE_STEPS + 1;
	assert_int_equal(wd_tree_walk(tree, WD_NODE_ROOT, WD_BLOB("b/f"), false), WD_NODE_NONE);
	assert_int_equal(wd_tree_walk(tree, WD_NODE_ROOT, WD_BLOB("a/f"), false), WD_NODE_NONE);
	assert_int_not_equal(wd_tree_walk(tree, WD_NODE_ROOT, WD_BLOB("real/f"), false),
			     WD_NODE_NONE);
	assert_int_equal(tree->errors.n, 1);
	assert_string_equal(tree->errors.v[0].path, "b");
	assert_int_equal(tree->errors.v[0].status, WD_ELIMIT);
	wd_tree_free(tree);
	wd_root_done(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(resolve, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(resolve_nofollow, temproot_setup,
						temproot_teardown),
		cmocka_unit_test_setup_teardown(open_for_reading, temproot_setup,
						temproot_teardown),
		cmocka_unit_test_setup_teardown(special_files, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(deep_paths, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(longer_than_a_call, temproot_setup,
						temproot_teardown),
		cmocka_unit_test_setup_teardown(made_up, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(holds, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(exhausted, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(race_link, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(race_parent, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(race_fifo, temproot_setup, temproot_teardown),
	};

	alarm(120); /* opening a FIFO must not hang */
	return cmocka_run_group_tests_name("rootfs", tests, NULL, NULL);
}
