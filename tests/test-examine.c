/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Workers that examine files: tests/mod-examine.c is the backend, and a word in the file says what
 * it does. Whatever it is, it costs that file only.
 */
#include "pkgdb/examine.h"
#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "pkgdb/process.h"
#include "temproot.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

struct run {
	struct wd_descriptors backends;
	struct wd_catalog cat;
	struct wd_root root;
	struct wd_tree *tree;
	struct wd_examine *ex;
	WD_ARRAY(wd_node_id) nodes;
};

static void install(struct temproot *t, const char *module, const char *magic)
{
	const char *build = getenv("WD_BUILDDIR");
	char target[512], text[512];

	snprintf(target, sizeof(target), "%s/tests/.libs/%s.so", build ? build : ".", module);
	snprintf(text, sizeof(text),
		 "name = odd\ndescription = D\nabi = %d\nformats = odd\npurl = odd\n%s",
		 WD_BACKEND_ABI, magic);
	temproot_link(t, target, "backends/odd.so");
	temproot_file(t, "backends/odd.backend", text);
}

#define ODD "magic = 4f44443a\n"

/* Executable: what is small and is not is no program. */
static void put(struct temproot *t, const char *path, const char *word)
{
	char full[256], text[32], whole[512];

	snprintf(full, sizeof(full), "root/%s", path);
	snprintf(text, sizeof(text), "ODD:%s", word);
	temproot_file(t, full, text);
	snprintf(whole, sizeof(whole), "%s/%s", t->path, full);
	assert_int_equal(chmod(whole, 0755), 0);
}

static int add_file(void *ctx, wd_node_id id, struct wd_blob path)
{
	struct run *run = ctx;

	(void)path;
	if (wd_tree_node(run->tree, id)->type != WD_TYPE_DIR)
		assert_int_equal(wd_array_push(&run->nodes, id), 0);
	return 0;
}

static int cmp_nodes(const void *a, const void *b)
{
	return *(const wd_node_id *)a < *(const wd_node_id *)b ? -1 : 1;
}

/* Everything that is no directory is given to the workers, also what is no regular file. */
static void start(struct temproot *t, struct run *run)
{
	char path[128];

	*run = (struct run){0};
	snprintf(path, sizeof(path), "%s/backends", t->path);
	assert_int_equal(wd_descriptors_read(&run->backends, path), 0);
	snprintf(path, sizeof(path), "%s/root", t->path);
	assert_int_equal(wd_root_open(path, &run->root), 0);
	assert_int_equal(wd_examine_start(&run->root, &run->backends, &run->ex), 0);
	assert_int_equal(wd_tree_new(&run->root, &run->tree), 0);
	assert_int_equal(wd_tree_scan(run->tree), 0);
	assert_int_equal(wd_tree_each(run->tree, add_file, run), 0);
	if (run->nodes.n)
		qsort(run->nodes.v, run->nodes.n, sizeof(*run->nodes.v), cmp_nodes);
}

static void finish(struct run *run)
{
	assert_non_null(run->ex);
	assert_int_equal(wd_examine_files(run->ex, run->tree, run->nodes.v, run->nodes.n), 0);
	assert_int_equal(wd_examine_finish(run->ex, &run->cat, NULL, NULL), 0);
	/* nobody is left behind */
	wd_process_wait_all();
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void examine(struct temproot *t, struct run *run)
{
	start(t, run);
	finish(run);
}

static void done(struct run *run)
{
	wd_catalog_done(&run->cat);
	wd_descriptors_done(&run->backends);
	wd_tree_free(run->tree);
	wd_root_done(&run->root);
	wd_array_done(&run->nodes);
}

static const struct wd_examined *examined(const struct run *run, const char *path)
{
	wd_node_id node = wd_tree_find(run->tree, wd_blob_str(path), false);

	assert_int_not_equal(node, WD_NODE_NONE);
	return wd_catalog_examined(&run->cat, node);
}

static int error_of(const struct run *run, const char *path)
{
	for (size_t i = 0; i < run->cat.errors.n; i++)
		if (strcmp(run->cat.errors.v[i].path, path) == 0)
			return run->cat.errors.v[i].status;
	return 0;
}

static struct wd_blob value_of(const struct run *run, const struct wd_examined *e, uint32_t i)
{
	return wd_strpool_get(&run->cat.strings, run->cat.facts.v[e->fact + i].value);
}

/* The one fact of a good file is its own path. */
static void expect_good(const struct run *run, const char *path)
{
	const struct wd_examined *e = examined(run, path);

	if (!e)
		fail_msg("%s was not examined", path);
	assert_int_equal(e->status, 0);
	assert_int_equal(e->nfacts, 1);
	assert_int_equal(run->cat.facts.v[e->fact].kind, WD_FACT_STRING);
	assert_true(wd_blob_is(value_of(run, e, 0), path));
	assert_int_equal(error_of(run, path), 0);
}

/* Many files in many directories, most of them not the backend's. */
static void many(void **state)
{
	struct temproot *t = *state;
	char path[64];
	struct run run;

	install(t, "mod-examine", ODD);
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "d%d/e%d/f%d", i / 100, i / 7, i);
		put(t, path, "good");
		snprintf(path, sizeof(path), "root/d%d/e%d/t%d", i / 100, i / 7, i);
		temproot_file(t, path, "text");
	}
	put(t, "top", "good");
	examine(t, &run);
	assert_int_equal(run.cat.errors.n, 0);
	assert_int_equal(run.cat.examined.n, 1001);
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "d%d/e%d/f%d", i / 100, i / 7, i);
		expect_good(&run, path);
	}
	expect_good(&run, "top");
	for (size_t i = 1; i < run.cat.examined.n; i++)
		assert_true(run.cat.examined.v[i - 1].node < run.cat.examined.v[i].node);
	done(&run);
}

/* What is not, or no longer, a regular file that can be read is passed over, and not opened. */
static void other_files(void **state)
{
	struct temproot *t = *state;
	struct run run;

	install(t, "mod-examine", ODD);
	put(t, "a/good", "good");
	put(t, "a/gone", "crash");
	put(t, "a/linked", "crash");
	put(t, "a/fifo", "crash");
	put(t, "a/dir", "crash");
	put(t, "b/moved", "crash");
	put(t, "outside", "crash");
	temproot_link(t, "../outside", "root/a/link");
	temproot_file(t, "root/a/empty", "");
	temproot_file(t, "root/a/short", "ODD");
	assert_int_equal(mkfifoat(t->fd, "root/a/pipe", 0600), 0);
	assert_int_equal(unlinkat(t->fd, "root/outside", 0), 0);
	start(t, &run);
	assert_int_equal(unlinkat(t->fd, "root/a/gone", 0), 0);
	assert_int_equal(unlinkat(t->fd, "root/a/linked", 0), 0);
	temproot_link(t, "good", "root/a/linked");
	assert_int_equal(unlinkat(t->fd, "root/a/fifo", 0), 0);
	assert_int_equal(mkfifoat(t->fd, "root/a/fifo", 0600), 0);
	assert_int_equal(unlinkat(t->fd, "root/a/dir", 0), 0);
	temproot_mkdir(t, "root/a/dir");
	assert_int_equal(renameat(t->fd, "root/b", t->fd, "root/c"), 0);
	finish(&run);
	assert_int_equal(run.cat.examined.n, 1);
	assert_int_equal(run.cat.errors.n, 0);
	expect_good(&run, "a/good");
	done(&run);
}

/* 70 files, of which one misbehaves. */
static void examine_odd(struct temproot *t, const char *word, struct run *run)
{
	char path[64];

	temproot_clear(t);
	install(t, "mod-examine", ODD);
	for (int i = 0; i < 70; i++) {
		snprintf(path, sizeof(path), "d/%02d", i);
		put(t, path, i == 40 ? word : "good");
	}
	examine(t, run);
}

static void deaths(void **state)
{
	static const char *const words[] = {"crash", "leave"};
	char path[64];
	struct run run;

	for (size_t w = 0; w < WD_ARRAY_SIZE(words); w++) {
		examine_odd(*state, words[w], &run);
		assert_int_equal(error_of(&run, "d/40"), WD_ECRASHED);
		assert_int_equal(run.cat.errors.n, 1);
		assert_null(examined(&run, "d/40"));
		assert_int_equal(run.cat.examined.n, 69);
		for (int i = 0; i < 70; i++) {
			snprintf(path, sizeof(path), "d/%02d", i);
			if (i != 40)
				expect_good(&run, path);
		}
		done(&run);
	}
}

static unsigned count_left(const struct run *run)
{
	const struct wd_cat_error *last = &run->cat.errors.v[run->cat.errors.n - 1];
	unsigned left = 0;

	assert_string_equal(last->path, ".");
	assert_int_equal(sscanf(last->message, "%u files were not examined", &left), 1);
	return left;
}

/* A worker that forges records is not believed what it says that it is at. */
static void forgeries(void **state)
{
	static const char *const words[] = {"garbage", "forge", "repeat"};
	struct run run;

	for (size_t w = 0; w < WD_ARRAY_SIZE(words); w++) {
		examine_odd(*state, words[w], &run);
		assert_int_equal(run.cat.errors.n, 2);
		assert_non_null(strstr(run.cat.errors.v[0].path, "backends/odd.so"));
		assert_int_equal(run.cat.errors.v[0].status, WD_EPROTOCOL);
		/* of three chunks, one worker got no further than the second */
		assert_in_range(count_left(&run), 32, 32 + 6);
		assert_int_equal(run.cat.examined.n, 70 - count_left(&run));
		expect_good(&run, "d/00");
		expect_good(&run, "d/31");
		done(&run);
	}
}

/* As many deaths as are put up with, in one chunk and in several. */
static void restarts(void **state)
{
	struct temproot *t = *state;
	char path[64];
	struct run run;

	install(t, "mod-examine", ODD);
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "%03d", i);
		put(t, path,
		    i < 5 || (i % 64 == 0 && i / 64 <= WD_LIMIT_RESTARTS - 5) ? "crash" : "good");
	}
	examine(t, &run);
	assert_int_equal(run.cat.errors.n, WD_LIMIT_RESTARTS);
	assert_int_equal(run.cat.examined.n, 300 - WD_LIMIT_RESTARTS);
	assert_int_equal(error_of(&run, "000"), WD_ECRASHED);
	assert_int_equal(error_of(&run, "192"), WD_ECRASHED);
	expect_good(&run, "005");
	expect_good(&run, "299");
	done(&run);
}

/* Beyond that, one error says how many files nobody looked into. */
static void given_up(void **state)
{
	struct temproot *t = *state;
	char path[64];
	struct run run;

	install(t, "mod-examine", ODD);
	for (int i = 0; i < 400; i++) {
		snprintf(path, sizeof(path), "%03d", i);
		put(t, path, i % 4 ? "good" : "crash");
	}
	examine(t, &run);
	assert_true(run.cat.errors.n > WD_LIMIT_RESTARTS);
	assert_int_equal(run.cat.examined.n + run.cat.errors.n - 1 + count_left(&run), 400);
	done(&run);
}

/* One that does not come back, also where it sends something all the time. */
static void stuck(void **state)
{
	static const struct {
		const char *word;
		struct wd_limits limits;
		bool silent;
	} table[] = {{"hang", {0}, true}, {"drip", {.seconds = 1}, false}};
	struct temproot *t = *state;

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		const struct wd_cat_error *last;
		struct run run;

		install(t, "mod-examine", ODD);
		put(t, "1", "good");
		put(t, "2", table[i].word);
		put(t, "3", "good");
		wd_limits_set(&table[i].limits);
		examine(t, &run);
		assert_true(run.cat.errors.n > 0);
		last = &run.cat.errors.v[run.cat.errors.n - 1];
		assert_int_equal(last->status, WD_ETIMEOUT);
		assert_string_equal(last->path, "2");
		assert_true(run.cat.errors.n == 1 || !table[i].silent);
		expect_good(&run, "1");
		expect_good(&run, "3");
		done(&run);
		temproot_clear(t);
	}
	wd_limits_set(&(const struct wd_limits){0});
}

static void statuses(void **state)
{
	struct temproot *t = *state;
	struct run run;

	install(t, "mod-examine", ODD);
	put(t, "1", "good");
	put(t, "2", "corrupt");
	put(t, "3", "flood");
	put(t, "4", "complain");
	put(t, "5", "good");
	examine(t, &run);
	assert_int_equal(run.cat.examined.n, 5);
	assert_int_equal(examined(&run, "2")->status, WD_ECORRUPT);
	assert_int_equal(examined(&run, "2")->nfacts, 1);
	assert_int_equal(examined(&run, "3")->status, 0);
	assert_int_equal(examined(&run, "3")->nfacts, WD_LIMIT_FACTS);
	assert_int_equal(run.cat.errors.n, 1);
	assert_int_equal(error_of(&run, "4"), WD_ECORRUPT);
	expect_good(&run, "1");
	expect_good(&run, "5");
	done(&run);
}

static void fences(void **state)
{
	struct temproot *t = *state;
	struct stat before, after;
	struct run run;

	install(t, "mod-examine", ODD);
	put(t, "1", "outside");
	put(t, "2", "change");
	put(t, "3", "create");
	assert_int_equal(fstatat(t->fd, "root/2", &before, 0), 0);
	examine(t, &run);
	assert_int_equal(run.cat.errors.n, 1);
	assert_int_equal(examined(&run, "2")->status, WD_ELIMIT);
	assert_int_equal(error_of(&run, "3"), WD_EFORBIDDEN);
	assert_true(run.cat.examine_fences & WD_FENCE_NO_NEW_PRIVS);
	assert_true(run.cat.examine_fences & WD_FENCE_SECCOMP);
	if (run.cat.examine_fences & WD_FENCE_LANDLOCK)
		assert_int_equal(examined(&run, "1")->status, WD_ELIMIT);
	assert_int_equal(fstatat(t->fd, "root/2", &after, 0), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(faccessat(t->fd, "root/new", F_OK, 0), -1);
	done(&run);
}

/* A module that is none is said once, by however many workers. */
static void modules(void **state)
{
	static const struct {
		const char *module;
		int status;
	} table[] = {{"mod-abi", WD_EABI}, {"mod-nosymbol", WD_EMODULE}, {"none", WD_EMODULE}};
	struct temproot *t = *state;
	char path[64];
	struct run run;

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		temproot_clear(t);
		install(t, table[i].module, ODD);
		for (int k = 0; k < 600; k++) {
			snprintf(path, sizeof(path), "%d", k);
			put(t, path, "good");
		}
		examine(t, &run);
		assert_int_equal(run.cat.errors.n, 1);
		assert_int_equal(run.cat.errors.v[0].status, table[i].status);
		assert_non_null(strstr(run.cat.errors.v[0].path, "backends/odd.so"));
		assert_int_equal(run.cat.examined.n, 0);
		done(&run);
	}
}

static int refuse(void *ctx)
{
	++*(int *)ctx;
	return -ECANCELED;
}

/* No backend, no files, no patience. */
static void nothing(void **state)
{
	struct temproot *t = *state;
	struct run run;
	int ticks = 0;

	install(t, "mod-examine", "probe = odd\n");
	temproot_mkdir(t, "root");
	start(t, &run);
	assert_null(run.ex);
	done(&run);

	temproot_clear(t);
	install(t, "mod-examine", ODD);
	temproot_mkdir(t, "root");
	examine(t, &run);
	assert_int_equal(run.cat.examined.n, 0);
	done(&run);

	start(t, &run);
	assert_int_equal(wd_examine_finish(run.ex, &run.cat, NULL, NULL), 0);
	done(&run);

	put(t, "hang", "hang");
	start(t, &run);
	assert_int_equal(wd_examine_files(run.ex, run.tree, run.nodes.v, run.nodes.n), 0);
	assert_int_equal(wd_examine_finish(run.ex, &run.cat, refuse, &ticks), -ECANCELED);
	assert_int_equal(ticks, 1);
	wd_process_wait_all();
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	done(&run);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, temproot_setup, temproot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many),	TEST(other_files), TEST(deaths),   TEST(forgeries),
		TEST(restarts), TEST(given_up),	   TEST(statuses), TEST(fences),
		TEST(modules),	TEST(nothing),	   TEST(stuck),
	};

	alarm(100); /* a worker that is waited for ever is a failure, not a hang */
	return cmocka_run_group_tests_name("examine", tests, NULL, NULL);
}
