/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Workers that decode archives: tests/mod-archive.c is the module, and a word in the archive says
 * what it does, behind entries that are good. Whatever it is, it is named, and the entries stand.
 */
#include "pkgdb/container.h"
#include "pkgdb/decode.h"
#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "pkgdb/process.h"
#include "temproot.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cmocka.h>

struct opened {
	struct wd_catalog cat;
	struct wd_keep keep;
	struct wd_container *c;
	char *why;
	int status;
};

static void open_odd(struct temproot *t, const char *word, struct opened *o)
{
	const char *build = getenv("WD_BUILDDIR");
	char modules[96], archive[96], target[512];
	struct wd_container_options options = {
		.module_dir = modules, .keep = &o->keep, .max_bytes = WD_MAX_BYTES};

	temproot_clear(t);
	snprintf(target, sizeof(target), "%s/tests/.libs/mod-archive.so", build ? build : ".");
	temproot_link(t, target, "modules/archive.so");
	temproot_file(t, "odd", word);
	snprintf(modules, sizeof(modules), "%s/modules", t->path);
	snprintf(archive, sizeof(archive), "%s/odd", t->path);
	*o = (struct opened){0};
	o->status = wd_container_open(archive, &options, &o->cat, &o->c, &o->why);
	/* nobody is left behind */
	wd_process_wait_all();
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void done(struct opened *o)
{
	wd_container_free(o->c);
	wd_catalog_done(&o->cat);
	wd_keep_done(&o->keep);
	free(o->why);
}

/* The entries before what went wrong are there, and an error says what that is. */
static void expect(struct temproot *t, const char *word, int status, const char *text)
{
	struct opened o;

	open_odd(t, word, &o);
	print_message("%s: %s, %s\n", word, o.why ? o.why : "opened",
		      o.cat.errors.n ? o.cat.errors.v[0].message : "no error");
	assert_int_equal(o.status, 0);
	assert_int_not_equal(wd_tree_find(o.c->image->tree, WD_BLOB("usr/file"), false),
			     WD_NODE_NONE);
	assert_int_equal(o.cat.errors.n > 0, status != 0);
	if (status) {
		assert_string_equal(o.cat.errors.v[0].path, ".");
		assert_int_equal(o.cat.errors.v[0].status, status);
		assert_non_null(strstr(o.cat.errors.v[0].message, text));
	}
	done(&o);
}

static void good(void **state)
{
	expect(*state, "good", 0, "");
}

static void ways_out(void **state)
{
	struct wd_limits few = {.records = 10000}, none = {0};
	uint32_t fences = wd_fence_available();
	bool landlock = fences & WD_FENCE_LANDLOCK, seccomp = fences & WD_FENCE_SECCOMP;

	expect(*state, "crash", WD_ECRASHED, "died");
	expect(*state, "leave", WD_ECRASHED, "died");
	expect(*state, "garbage", WD_EPROTOCOL, "malformed");
	expect(*state, "old", WD_ELIMIT, "limit");
	if (landlock)
		expect(*state, "shadow", WD_ELIMIT, "limit");
	for (size_t i = 0; seccomp && i < 5; i++) {
		static const char *const words[] = {"new", "exec", "fork", "socket", "kill"};

		expect(*state, words[i], WD_EFORBIDDEN, "not allowed");
	}
	wd_limits_set(&few);
	expect(*state, "flood", WD_ELIMIT, "--limit-records");
	wd_limits_set(&none);
}

/* By the clock or by the processor's time. */
static void endless(void **state)
{
	struct wd_limits limits = {.seconds = 3}, none = {0};

	wd_limits_set(&limits);
	expect(*state, "stall", WD_ETIMEOUT, "3 s (--limit-time)");
	expect(*state, "spin", WD_ETIMEOUT, "(--limit-time)");
	wd_limits_set(&none);
}

/* What one worker may send in all; nearly all of it came already. */
static void bytes(void **state)
{
	const char *build = getenv("WD_BUILDDIR");
	struct temproot *t = *state;
	struct wd_catalog cat = {0};
	struct wd_decoding d;
	WD_CLEANUP_FD int fd = -1;
	char modules[512];
	struct wd_decode_job job = {.module_dir = modules, .mode = WD_DECODE_LAYER};
	struct wd_keep keep = {0};
	int r = 1;

	temproot_clear(t);
	snprintf(modules, sizeof(modules), "%s/tests/.libs/mod-archive.so", build ? build : ".");
	temproot_link(t, modules, "modules/archive.so");
	snprintf(modules, sizeof(modules), "%s/modules", t->path);
	temproot_file(t, "odd", "good");
	fd = openat(t->fd, "odd", O_RDONLY | O_CLOEXEC);
	job.job.fd = fd;
	job.keep = &keep;
	job.length = job.max_bytes = UINT64_MAX;
	assert_int_equal(wd_decoding_start(&job, &cat, &d), 0);
	d.worker.received = WD_LIMIT_BYTES - 100;
	while (r > 0)
		r = wd_decoding_read(&d);
	assert_int_equal(r, 0);
	assert_int_equal(d.streams.v[0]->status, WD_ELIMIT);
	assert_non_null(strstr(d.streams.v[0]->result.fault, "4 GiB"));
	wd_decoding_done(&d);
	wd_catalog_done(&cat);
	wd_process_wait_all();
}

static void memory(void **state)
{
	if (getenv("WD_SANITIZED") && *getenv("WD_SANITIZED"))
		skip(); /* it needs all of the address space for itself */
	expect(*state, "memory", -ENOMEM, "(--limit-memory)");
}

/* Nothing is read without the module, and it is named. */
static void no_module(void **state)
{
	struct wd_container_options options = {.module_dir = "/nonexistent",
					       .max_bytes = WD_MAX_BYTES};
	struct temproot *t = *state;
	struct opened o = {0};
	char archive[96];

	temproot_file(t, "odd", "good");
	snprintf(archive, sizeof(archive), "%s/odd", t->path);
	options.keep = &o.keep;
	assert_int_equal(wd_container_open(archive, &options, &o.cat, &o.c, &o.why), WD_EMODULE);
	assert_non_null(strstr(o.why, "/nonexistent/archive.so"));
	done(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),	  cmocka_unit_test(ways_out),  cmocka_unit_test(endless),
		cmocka_unit_test(memory), cmocka_unit_test(no_module), cmocka_unit_test(bytes),
	};

	return cmocka_run_group_tests(tests, temproot_setup, temproot_teardown);
}
