/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Workers that crash, leave, flood and try what they must not: tests/mod-odd.c is the backend, a
 * word in the database says what it does. Whatever it is, it costs that database only.
 */
#include "pkgdb/compare.h"
#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "pkgdb/load.h"
#include "temproot.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct loaded {
	struct wd_descriptors backends;
	struct wd_catalog cat;
	struct wd_root root;
};

/* A directory of modules: the one named, and its descriptor. */
static void install(struct temproot *t, const char *module, const char *name, const char *probes)
{
	const char *build = getenv("WD_BUILDDIR");
	char target[512], path[64], text[512];

	if (module) {
		snprintf(target, sizeof(target), "%s/tests/.libs/%s.so", build ? build : ".",
			 module);
		snprintf(path, sizeof(path), "backends/%s.so", name);
		temproot_link(t, target, path);
	}
	snprintf(path, sizeof(path), "backends/%s.backend", name);
	snprintf(text, sizeof(text),
		 "name = %s\ndescription = D\nabi = %d\nformats = odd\npurl = odd\n%s", name,
		 WD_BACKEND_ABI, probes);
	temproot_file(t, path, text);
}

static int tick(void *ctx, struct wd_load *load)
{
	(void)ctx;
	(void)load;
	return 0;
}

/* Adds what is found to the catalog. */
static void load_more(struct temproot *t, struct loaded *l)
{
	char path[128];
	struct wd_tree *tree;
	struct wd_load *run;

	snprintf(path, sizeof(path), "%s/backends", t->path);
	assert_int_equal(wd_descriptors_read(&l->backends, path), 0);
	snprintf(path, sizeof(path), "%s/root", t->path);
	assert_int_equal(wd_root_open(path, &l->root), 0);
	assert_int_equal(wd_load_start(&l->root, &l->backends, 0, &l->cat, &run), 0);
	assert_int_equal(wd_load_gather(run, tick, NULL), 0);
	assert_int_equal(wd_tree_new(&l->root, &tree), 0);
	assert_int_equal(wd_load_patterns(run, tree, tick, NULL), 0);
	assert_int_equal(wd_load_finish(run), 0);
	wd_tree_free(tree);
	assert_int_equal(wd_catalog_finish(&l->cat), 0);
}

static void load(struct temproot *t, struct loaded *l)
{
	*l = (struct loaded){0};
	load_more(t, l);
}

static void loaded_done(struct loaded *l)
{
	wd_catalog_done(&l->cat);
	wd_descriptors_done(&l->backends);
	wd_root_done(&l->root);
}

static const struct wd_db *find_db(const struct loaded *l, const char *path)
{
	for (size_t i = 0; i < l->cat.dbs.n; i++)
		if (strcmp(l->cat.dbs.v[i]->path, path) == 0)
			return l->cat.dbs.v[i];
	return NULL;
}

static int error_of(const struct loaded *l, const char *path)
{
	for (size_t i = 0; i < l->cat.errors.n; i++)
		if (strcmp(l->cat.errors.v[i].path, path) == 0)
			return l->cat.errors.v[i].status;
	return 0;
}

static void expect_good(const struct loaded *l, const char *path)
{
	const struct wd_db *db = find_db(l, path);

	assert_non_null(db);
	assert_true(db->complete);
	assert_int_equal(db->npackages, 1);
	assert_int_equal(db->claims.n, 1);
	assert_true(wd_blob_is(wd_strpool_get(&l->cat.strings, db->format), "odd"));
	assert_int_equal(error_of(l, path), 0);
}

/* The odd database between two good ones. */
static void load_odd(struct temproot *t, const char *word, struct loaded *l)
{
	install(t, "mod-odd", "odd", "probe = db/1\nprobe = db/2\nprobe = db/3\nprobe = db/none\n");
	temproot_file(t, "root/db/1", "good");
	temproot_file(t, "root/db/2", word);
	temproot_file(t, "root/db/3", "beside");
	temproot_file(t, "root/db/beside", "beside");
	temproot_file(t, "root/secret", "secret");
	temproot_link(t, "../secret", "root/db/outside");
	load(t, l);
	expect_good(l, "db/1");
	expect_good(l, "db/3");
}

static const char *missing_fences(const struct wd_db *db)
{
	for (int bit = 0; bit < WD_FENCE_COUNT; bit++)
		if (!(db->fences >> bit & 1))
			return wd_fence_name((enum wd_fence_bit)bit);
	return NULL;
}

static void misbehaviour(void **state)
{
	static const struct {
		const char *word;
		int status;
		uint32_t packages;
	} table[] = {
		{"crash", WD_ECRASHED, 0},
		{"leave", WD_ECRASHED, 0},
		{"linger", WD_ECRASHED, 0},
		{"garbage", WD_EPROTOCOL, 0},
		{"nothing", WD_ENOTMINE, 0},
		/* WD_ELIMIT: what it tried failed */
		{"outside", WD_ELIMIT, 0},
		{"descriptors", WD_ELIMIT, 0},
		/* what no parser has any reason to try */
		{"old", WD_EFORBIDDEN, 0},
		{"socket", WD_EFORBIDDEN, 0},
		{"network", WD_EFORBIDDEN, 0},
		{"fork", WD_EFORBIDDEN, 0},
		{"bomb", WD_EFORBIDDEN, 0},
		{"exec", WD_EFORBIDDEN, 0},
		{"kill", WD_EFORBIDDEN, 0},
		{"setown", WD_EFORBIDDEN, 0},
		{"ptrace", WD_EFORBIDDEN, 0},
		{"setuid", WD_EFORBIDDEN, 0},
		{"handle", WD_EFORBIDDEN, 0},
		{"unlink", WD_EFORBIDDEN, 0},
		{"new", WD_EFORBIDDEN, 0},
		{"truncate", WD_EFORBIDDEN, 0},
		{"poison", WD_EFORBIDDEN, 0},
		{"deny", WD_EABSENT, 1},
		{"memory", -ENOMEM, 0},
		/* records that are none */
		{"unknown", WD_EPROTOCOL, 0},
		{"hello", WD_EPROTOCOL, 0},
		{"long", WD_EPROTOCOL, 0},
		{"string", WD_EPROTOCOL, 0},
		{"foreign", WD_EPROTOCOL, 0},
	};
	struct temproot *t = *state;

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		const struct wd_db *db;
		struct loaded l;

		temproot_clear(t);
		load_odd(t, table[i].word, &l);
		if (error_of(&l, "db/2") != table[i].status)
			fail_msg("%s: %s", table[i].word, wd_status_text(error_of(&l, "db/2")));
		assert_int_equal(l.cat.errors.n, 1);
		db = find_db(&l, "db/2");
		assert_non_null(db);
		assert_false(db->complete);
		assert_int_equal(db->npackages, table[i].packages);
		loaded_done(&l);
	}
}

/* What Landlock alone refuses, where the kernel has it; and that nothing was written. */
static void fenced_files(void **state)
{
	static const char *const words[] = {"shadow", "parent", "new", "old", "truncate", "unlink"};
	struct temproot *t = *state;

	for (size_t i = 0; i < WD_ARRAY_SIZE(words); i++) {
		const struct wd_db *db;
		struct loaded l;
		char *beside;

		temproot_clear(t);
		load_odd(t, words[i], &l);
		db = find_db(&l, "db/2");
		assert_non_null(db);
		if (missing_fences(db))
			print_message("# no fence %s here\n", missing_fences(db));
		if (i < 2 && db->fences & WD_FENCE_LANDLOCK && error_of(&l, "db/2") != WD_ELIMIT)
			fail_msg("%s worked", words[i]);
		assert_int_equal(faccessat(t->fd, "root/db/new", F_OK, 0), -1);
		beside = slurp(openat(t->fd, "root/db/beside", O_RDONLY | O_CLOEXEC));
		assert_string_equal(beside, "beside");
		free(beside);
		loaded_done(&l);
	}
}

static long landlock_abi; /* the kernel's, or an older one */

/*
 * Every Landlock is as those before it, and says which it is. As libc's own, this takes six
 * arguments however many there are.
 */
__attribute__((no_sanitize_address)) long syscall(long number, ...)
{
	static long (*real)(long, ...);
	long a[6], r;
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < WD_ARRAY_SIZE(a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (!real)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	r = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_landlock_create_ruleset && a[2] && landlock_abi && r > landlock_abi)
		return landlock_abi;
	return r;
}

/* The first two of Landlock let a file be emptied that was opened for reading. */
static void old_landlock(void **state)
{
	struct temproot *t = *state;
	struct loaded l;
	char *beside;

	landlock_abi = 2;
	install(t, "mod-odd", "odd", "probe = db/1\n");
	temproot_file(t, "root/db/1", "empty");
	temproot_file(t, "root/db/beside", "beside");
	assert_int_equal(fchmodat(t->fd, "root/db/beside", 0666, 0), 0);
	load(t, &l);
	landlock_abi = 0;
	assert_int_equal(error_of(&l, "db/1"), WD_ELIMIT);
	beside = slurp(openat(t->fd, "root/db/beside", O_RDONLY | O_CLOEXEC));
	assert_string_equal(beside, "beside");
	free(beside);
	loaded_done(&l);
}

/* A worker that only sends, until its parent has had enough. */
static void records(void **state)
{
	const struct wd_limits few = {.records = 100000};
	struct temproot *t = *state;
	struct loaded l;

	wd_limits_set(&few);
	load_odd(t, "billion", &l);
	assert_int_equal(error_of(&l, "db/2"), WD_ELIMIT);
	loaded_done(&l);
	temproot_clear(t);
	load_odd(t, "endless", &l);
	assert_int_equal(error_of(&l, "db/2"), WD_ELIMIT);
	assert_int_equal(find_db(&l, "db/2")->npackages, few.records);
	loaded_done(&l);
	wd_limits_set(&(const struct wd_limits){0});
}

/* What workers may send together, nearly all of which came already. */
static void total(void **state)
{
	struct temproot *t = *state;
	struct loaded l = {.cat.received = WD_LIMIT_TOTAL - 1};

	install(t, "mod-odd", "odd", "probe = db/*\n");
	temproot_file(t, "root/db/1", "good");
	load_more(t, &l);
	assert_int_equal(error_of(&l, "db/1"), WD_ELIMIT);
	assert_non_null(strstr(l.cat.errors.v[0].message, "8 GiB of records from all"));
	assert_int_equal(find_db(&l, "db/1")->npackages, 0);
	loaded_done(&l);
}

static void limits(void **state)
{
	struct temproot *t = *state;
	struct loaded l;

	load_odd(t, "endless", &l);
	assert_int_equal(error_of(&l, "db/2"), WD_ELIMIT);
	assert_int_equal(find_db(&l, "db/2")->npackages, WD_LIMIT_PACKAGES);
	loaded_done(&l);
	temproot_clear(t);
	load_odd(t, "errors", &l);
	assert_int_equal(error_of(&l, "db/2"), WD_ECORRUPT);
	assert_int_equal(l.cat.errors.n, WD_LIMIT_ERRORS);
	assert_false(find_db(&l, "db/2")->complete);
	loaded_done(&l);
}

/* Nothing that a library prints comes out of the program. */
static void silence(void **state)
{
	struct temproot *t = *state;
	int fd = openat(t->fd, "said", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	struct loaded l;
	struct stat st;

	fflush(stdout);
	fflush(stderr);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	install(t, "mod-odd", "odd", "probe = talk\n");
	temproot_file(t, "root/talk", "talk");
	load(t, &l);
	fflush(stdout);
	fflush(stderr);
	assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
	expect_good(&l, "talk");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	close(out);
	close(err);
	close(fd);
	loaded_done(&l);
}

/* A module that is none costs its backend. */
static void modules(void **state)
{
	struct temproot *t = *state;
	struct loaded l;

	install(t, "mod-odd", "odd", "probe = 1\n");
	install(t, "mod-abi", "abi", "probe = 2\n");
	install(t, "mod-nosymbol", "nosymbol", "probe = 3\n");
	install(t, "no-such-module", "dangling", "probe = 4\n");
	install(t, "mod-odd", "text", "probe = 5\n");
	assert_int_equal(unlinkat(t->fd, "backends/text.so", 0), 0);
	temproot_file(t, "backends/text.so", "this is no ELF file");
	for (const char *p = "12345"; *p; p++) {
		char path[] = {'r', 'o', 'o', 't', '/', *p, '\0'};

		temproot_file(t, path, "good");
	}
	load(t, &l);
	expect_good(&l, "1");
	assert_int_equal(error_of(&l, "2"), WD_EABI);
	assert_int_equal(error_of(&l, "3"), WD_EMODULE);
	assert_int_equal(error_of(&l, "4"), WD_EMODULE);
	assert_int_equal(error_of(&l, "5"), WD_EMODULE);
	assert_int_equal(l.cat.errors.n, 4);
	loaded_done(&l);
}

/* What stands at a probed path: only regular files and directories are looked into. */
static void probes(void **state)
{
	struct temproot *t = *state;
	struct loaded l;

	install(t, "mod-odd", "odd",
		"probe = fifo\nprobe = dir\nprobe = file/\nprobe = link\nprobe = same\n"
		"probe = loop\nprobe = out\nprobe = deep/a/f\nprobe = alias/f\n");
	temproot_mkdir(t, "root/dir");
	assert_int_equal(mkfifoat(t->fd, "root/fifo", 0600), 0);
	temproot_file(t, "root/file", "good");
	temproot_file(t, "root/link", "good");
	temproot_link(t, "/link", "root/same");
	temproot_link(t, "loop", "root/loop");
	temproot_link(t, "/etc/passwd", "root/out");
	temproot_file(t, "root/deep/a/f", "good");
	temproot_link(t, "/deep/a", "root/alias");
	load(t, &l);
	expect_good(&l, "link");
	expect_good(&l, "deep/a/f");
	assert_int_equal(l.cat.dbs.n, 2); /* the same file by two names counts once */
	assert_int_equal(error_of(&l, "fifo"), WD_ENOTREG);
	assert_int_equal(error_of(&l, "dir"), WD_ENOTREG);
	assert_int_equal(error_of(&l, "loop"), -ELOOP);
	assert_int_equal(l.cat.errors.n, 3);
	loaded_done(&l);
}

/* A probe may be a pattern: each match is a database, also where one of them is no good. */
static void patterns(void **state)
{
	struct temproot *t = *state;
	struct loaded l;
	char path[32];

	install(t, "mod-odd", "odd", "probe = many/*/db\nprobe = many/1/db\nprobe = none/*/db\n");
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "root/many/%d/db", i);
		temproot_file(t, path, i == 7 ? "crash" : "good");
	}
	temproot_mkdir(t, "root/many/empty");
	temproot_link(t, "/etc", "root/many/out");
	load(t, &l);
	assert_int_equal(l.cat.dbs.n, 20);
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "many/%d/db", i);
		if (i != 7)
			expect_good(&l, path);
	}
	assert_int_equal(error_of(&l, "many/7/db"), WD_ECRASHED);
	assert_int_equal(l.cat.errors.n, 1);
	loaded_done(&l);
}

static int load_source(struct temproot *t, const char *file, struct loaded *l)
{
	char path[128];
	int r;

	*l = (struct loaded){.root.fd = -1};
	snprintf(path, sizeof(path), "%s/backends", t->path);
	assert_int_equal(wd_descriptors_read(&l->backends, path), 0);
	snprintf(path, sizeof(path), "%s/%s", t->path, file);
	r = wd_load_source(&l->backends, path, 0, &l->cat, tick, NULL);
	assert_int_equal(wd_catalog_finish(&l->cat), 0);
	return r;
}

static void expect_source(struct temproot *t, const char *file, int status)
{
	struct loaded l;

	assert_int_equal(load_source(t, file, &l), status);
	assert_int_equal(l.cat.dbs.n, 0);
	assert_int_equal(l.cat.errors.n, 0);
	loaded_done(&l);
}

static void sources(void **state)
{
	struct temproot *t = *state;
	char path[128];
	struct loaded l;

	install(t, "mod-odd", "odd", "source = *.odd\nsource = List-*\n");
	temproot_file(t, "a.odd", "good");
	temproot_file(t, "a.odd.other", "good");
	temproot_mkdir(t, "dir.odd");
	snprintf(path, sizeof(path), "%s/fifo.odd", t->path);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_source(t, "a.odd.other", WD_ENOTMINE);
	expect_source(t, "none.odd", -ENOENT);
	expect_source(t, "dir.odd", WD_ENOTREG);
	expect_source(t, "fifo.odd", WD_ENOTREG);

	assert_int_equal(load_source(t, "a.odd", &l), 0);
	snprintf(path, sizeof(path), "%s/a.odd", t->path);
	expect_good(&l, path);
	loaded_done(&l);

	temproot_file(t, "List-x", "beside");
	temproot_file(t, "beside", "beside");
	assert_int_equal(load_source(t, "List-x", &l), 0);
	snprintf(path, sizeof(path), "%s/List-x", t->path);
	assert_int_equal(error_of(&l, path), WD_ELIMIT);
	loaded_done(&l);

	temproot_file(t, "List-x", "shadow");
	assert_int_equal(load_source(t, "List-x", &l), 0);
	if (find_db(&l, path)->fences & WD_FENCE_LANDLOCK)
		assert_int_equal(error_of(&l, path), WD_ELIMIT);
	loaded_done(&l);

	temproot_file(t, "List-x", "crash");
	assert_int_equal(load_source(t, "List-x", &l), 0);
	assert_int_equal(error_of(&l, path), WD_ECRASHED);
	assert_false(find_db(&l, path)->complete);
	loaded_done(&l);
}

/* ---- Comparisons */

static void comparisons(void **state)
{
	static const struct wd_limits limits = {.seconds = 1};
	static const struct {
		const char *a;
		int status, order;
	} table[] = {{"1", 0, -1}, {"crash", WD_ECRASHED, 7}, {"drip", WD_ETIMEOUT, 7}};
	struct temproot *t = *state;
	struct wd_descriptors backends = {0};
	char path[128];

	install(t, "mod-odd", "odd", "probe = db\n");
	snprintf(path, sizeof(path), "%s/backends", t->path);
	assert_int_equal(wd_descriptors_read(&backends, path), 0);
	wd_limits_set(&limits);
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		struct wd_version_pair pair = {table[i].a, "2", 7};

		assert_int_equal(wd_versions_compare(backends.list.v[0], &pair, 1),
				 table[i].status);
		assert_int_equal(pair.order, table[i].order);
	}
	wd_limits_set(&(const struct wd_limits){0});
	wd_descriptors_done(&backends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(misbehaviour, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(fenced_files, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(records, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(limits, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(total, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(silence, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(modules, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(patterns, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(probes, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(sources, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(old_landlock, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(comparisons, temproot_setup, temproot_teardown),
	};

	alarm(100); /* a worker that is waited for ever is a failure, not a hang */
	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
