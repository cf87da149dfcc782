/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reference indexes: one of a few packages and what it says of a tree, files that are no index or a
 * broken one, and a worker that sends whatever it likes.
 */
#include "base/status.h"
#include "provenance/index.h"
#include "provenance/reference-use.h"
#include "provenance/reference-wire.h"
#include "temproot.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *modules(void)
{
	const char *dir = getenv("WD_BUILDDIR");

	return dir ? dir : ".";
}

/* ---- An index, by the module that makes real ones */

struct file {
	const char *dir, *name;
	uint32_t package;
	const char *md5; /* hex of its contents, with its size; NULL: not known */
	uint64_t size;
};

/* echo -n one | md5sum, and so on */
#define MD5_ONE "f97c5d29941bfb1b2fdab0874906ab82"
#define MD5_TWO "b8a9f715dbb64fd5c56e7783c6820a61"

static const struct file old_files[] = {
	{"usr/bin", "both", 1, MD5_ONE, 3},
	{"usr/bin", "old", 1, MD5_TWO, 3},
	{"usr/share/doc/a", "text", 1, NULL, 0},
};
static const struct file new_files[] = {
	{"usr/bin", "both", 1, MD5_TWO, 3},
	{"usr/bin", "new", 2, NULL, 0},
};

static void add_files(const struct wd_index_ops *ops, struct wd_index *ix, uint32_t source,
		      const struct file *files, size_t n)
{
	struct wd_packer p = {.out = WD_BUF_INIT, .name = WD_BUF_INIT};

	for (size_t i = 0; i < n; i++) {
		struct wd_index_owner owner = {files[i].package, files[i].md5 != NULL};
		uint8_t digest[16];

		if (i && strcmp(files[i].dir, files[i - 1].dir) != 0) {
			assert_int_equal(ops->add_dir(ix, source, wd_blob_str(files[i - 1].dir),
						      wd_buf_view(&p.out)),
					 0);
			wd_packer_done(&p);
		}
		wd_pack(&p, wd_blob_str(files[i].name), &owner, 1);
		if (files[i].md5) {
			assert_int_equal(wd_blob_unhex(wd_blob_str(files[i].md5), digest, 16), 16);
			assert_int_equal(ops->add_digest(ix, source, files[i].package,
							 files[i].size, wd_blob(digest, 16)),
					 0);
		}
	}
	assert_int_equal(
		ops->add_dir(ix, source, wd_blob_str(files[n - 1].dir), wd_buf_view(&p.out)), 0);
	wd_packer_done(&p);
}

static void add_source(const struct wd_index_ops *ops, struct wd_index *ix, const char *path,
		       const char *version, const struct file *files, size_t n)
{
	struct wd_index_source s = {.path = wd_blob_str(path),
				    .kind = WD_BLOB("test"),
				    .packages = 2,
				    .files = n,
				    .digests = 1};
	struct wd_index_distro d = {
		.os = WD_BLOB("debian"), .version = wd_blob_str(version), .purl = WD_BLOB("deb")};
	static const char *const names[] = {"a", "b"};

	assert_int_equal(ops->forget(ix, s.path, s.given), 0);
	assert_int_equal(ops->add_source(ix, &s), 0);
	assert_int_equal(ops->add_distro(ix, &d), 0);
	for (uint32_t i = 0; i < 2; i++) {
		struct wd_index_package p = {.source = s.id,
					     .id = i + 1,
					     .distro = d.id,
					     .name = wd_blob_str(names[i]),
					     .version = wd_blob_str(version)};

		for (size_t k = 0; k < n; k++) {
			p.files += files[k].package == p.id;
			p.core += files[k].package == p.id &&
				  wd_index_is_core(wd_blob_str(files[k].dir));
		}
		assert_int_equal(ops->add_package(ix, &p), 0);
	}
	add_files(ops, ix, s.id, files, n);
	s.distro = d.id;
	assert_int_equal(ops->count_source(ix, &s), 0);
}

static char *path_in(const struct temproot *t, const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", t->path, name) > 0);
	return path;
}

static void make_index(struct temproot *t, const char *name)
{
	const struct wd_index_ops *ops = wd_index_load(modules());
	WD_CLEANUP_FREE char *path = path_in(t, name);
	struct wd_index *ix;

	assert_non_null(ops);
	temproot_bytes(t, name, "", 0);
	assert_int_equal(ops->edit(path, &ix), 0);
	add_source(ops, ix, "/old", "11", old_files, WD_ARRAY_SIZE(old_files));
	add_source(ops, ix, "/new", "12", new_files, WD_ARRAY_SIZE(new_files));
	assert_int_equal(ops->commit(ix), 0);
	ops->close(ix);
}

/* A scanned tree, and what an index says of it. */
struct asked {
	struct wd_root root;
	struct wd_tree *tree;
	struct wd_catalog cat;
	struct wd_reference ref;
	struct wd_answer answer;
	uint8_t wanted[256];
};

static void ask(struct temproot *t, const char *index, const char *module_dir, struct asked *a)
{
	WD_CLEANUP_FREE char *path = path_in(t, index);
	WD_CLEANUP_FREE char *root = path_in(t, "root");
	struct wd_question q;

	*a = (struct asked){0};
	memset(a->wanted, 1, sizeof(a->wanted));
	assert_int_equal(wd_root_open(root, &a->root), 0);
	assert_int_equal(wd_tree_new(&a->root, &a->tree), 0);
	a->tree->want_stat = true;
	assert_int_equal(wd_tree_scan(a->tree), 0);
	assert_true(a->tree->nodes.n < sizeof(a->wanted));
	assert_int_equal(wd_reference_open(&a->ref, path, modules(), false), 0);
	/* what follows must not need the path */
	a->ref.path = "x.index";
	q = (struct wd_question){.refs = &a->ref,
				 .nrefs = 1,
				 .module_dir = module_dir,
				 .tree = a->tree,
				 .wanted = a->wanted,
				 .cat = &a->cat};
	assert_int_equal(wd_reference_ask(&q, &a->answer), 0);
}

static void asked_done(struct asked *a)
{
	wd_answer_done(&a->answer);
	wd_reference_done(&a->ref);
	wd_catalog_done(&a->cat);
	wd_tree_free(a->tree);
	wd_root_done(&a->root);
}

static struct wd_blob version_of(const struct asked *a, size_t candidate)
{
	return wd_strpool_get(&a->answer.strings, a->answer.candidates.v[candidate].version);
}

static void plant(struct temproot *t)
{
	temproot_file(t, "root/bin/both", "one");
	temproot_file(t, "root/usr/bin/old", "two");
	temproot_file(t, "root/usr/bin/new/file", "a directory is nobody's");
	temproot_file(t, "root/app/two", "two");
}

static void answers(void **state)
{
	struct temproot *t = *state;
	const struct wd_match *m;
	struct asked a;
	wd_node_id both;
	size_t n;

	make_index(t, "x.index");
	plant(t);
	ask(t, "x.index", modules(), &a);
	assert_int_equal(a.cat.errors.n, 0);
	assert_int_equal(a.ref.sources.n, 2);
	assert_int_equal(a.ref.distros.n, 2);
	assert_true(a.ref.digests && !a.ref.builds);
	assert_int_equal(a.answer.files, 4);
	assert_int_equal(a.answer.system, 2);

	/* /bin/both: the old one's contents at the path of both */
	both = wd_tree_find(a.tree, WD_BLOB("bin/both"), false);
	m = wd_answer_of(&a.answer, both, &n);
	assert_int_equal(n, 2);
	assert_int_equal(m[0].flags | m[1].flags,
			 WD_MATCH_PATH | WD_MATCH_KNOWN | WD_MATCH_DIGEST | WD_MATCH_DIFFERS);
	assert_int_equal(a.answer.candidates.n, 2);
	assert_true(wd_blob_is(version_of(&a, 0), "11"));
	assert_int_equal(a.answer.candidates.v[0].paths, 2);
	assert_int_equal(a.answer.candidates.v[0].only, 1);
	/* both, old, and app/two: "two" is what both releases have somewhere */
	assert_int_equal(a.answer.candidates.v[0].agree, 3);
	assert_int_equal(a.answer.candidates.v[0].differ, 0);
	assert_true(wd_blob_is(version_of(&a, 1), "12"));
	assert_int_equal(a.answer.candidates.v[1].paths, 1);
	assert_int_equal(a.answer.candidates.v[1].differ, 1);
	m = wd_answer_choose(&a.answer, both, 0);
	assert_true(m && m->flags & WD_MATCH_DIGEST);
	/* two files are too few to say anything by */
	assert_false(wd_answer_fits(&a.answer));
	assert_int_equal(wd_answer_confidence(&a.answer), WD_ANSWER_NONE);
	asked_done(&a);
}

/* One program that differs may be of a neighbouring release; of many, most have to be alike. */
static void how_sure(void **state)
{
	static const struct {
		uint64_t proven, disproven, other;
		enum wd_answer_confidence expected;
	} rows[] = {
		{10, 0, 1, WD_ANSWER_CERTAIN}, {9, 0, 0, WD_ANSWER_STRONG},
		{10, 0, 2, WD_ANSWER_STRONG},  {10, 1, 0, WD_ANSWER_STRONG},
		{900, 1, 0, WD_ANSWER_STRONG}, {10, 2, 0, WD_ANSWER_NONE},
		{2, 0, 0, WD_ANSWER_STRONG},   {1, 0, 0, WD_ANSWER_NONE},
		{8, 0, 3, WD_ANSWER_NONE},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(rows); i++) {
		struct wd_candidate both[] = {
			{.score = 1, .proven = rows[i].proven, .disproven = rows[i].disproven},
			{.proven = rows[i].other}};
		struct wd_answer a = {.candidates = {.v = both, .n = 2}, .files = 1000};

		if (wd_answer_confidence(&a) != rows[i].expected)
			fail_msg("row %zu: %s", i,
				 wd_answer_confidence_name(wd_answer_confidence(&a)));
	}
}

static void learns_again(void **state)
{
	const struct wd_index_ops *ops = wd_index_load(modules());
	struct temproot *t = *state;
	WD_CLEANUP_FREE char *path = path_in(t, "x.index");
	struct wd_reference ref;
	struct wd_index *ix;

	make_index(t, "x.index");
	assert_int_equal(ops->edit(path, &ix), 0);
	add_source(ops, ix, "/new", "13", new_files, WD_ARRAY_SIZE(new_files));
	assert_int_equal(ops->commit(ix), 0);
	ops->close(ix);
	assert_int_equal(wd_reference_open(&ref, path, modules(), true), 0);
	assert_int_equal(ref.sources.n, 2);
	assert_int_equal(ref.distros.n, 2);
	assert_true(wd_blob_is(wd_strpool_get(&ref.strings, ref.distros.v[1].version), "13"));
	wd_reference_done(&ref);
}

/* ---- Broken indexes: an answer or a clear error, and never anything else */

static void flip(struct temproot *t, const char *bytes, size_t len, uint32_t seed)
{
	WD_CLEANUP_FREE char *copy = malloc(len);

	memcpy(copy, bytes, len);
	for (int i = 0; i < 4; i++) {
		seed = seed * 1103515245 + 12345;
		copy[(seed >> 8) % len] ^= (char)(1 << (seed >> 4) % 8);
	}
	temproot_bytes(t, "bad.index", copy, len);
}

static void open_bad(struct temproot *t, bool check)
{
	WD_CLEANUP_FREE char *path = path_in(t, "bad.index");
	struct wd_reference ref;
	struct asked a;
	int r = wd_reference_open(&ref, path, modules(), check);

	if (r < 0)
		assert_true(ref.why || r == WD_ENOTREG || r == WD_ECRASHED || r == WD_ETIMEOUT);
	wd_reference_done(&ref);
	if (r == 0) {
		ask(t, "bad.index", modules(), &a);
		asked_done(&a);
	}
}

static void broken(void **state)
{
	struct temproot *t = *state;
	WD_CLEANUP_FREE char *path = path_in(t, "x.index");
	WD_CLEANUP_BUF struct wd_buf bytes = WD_BUF_INIT;
	WD_CLEANUP_FD int fd = -1;
	int rounds = getenv("WD_SANITIZED") ? 30 : 120;

	make_index(t, "x.index");
	plant(t);
	fd = open(path, O_RDONLY);
	assert_int_equal(wd_buf_read_fd(&bytes, fd, 1 << 20), 0);
	for (size_t n = 0; n < bytes.len; n += 1024) {
		temproot_bytes(t, "bad.index", bytes.ptr, n);
		open_bad(t, n % 2048 == 0);
	}
	for (int i = 0; i < rounds; i++) {
		flip(t, bytes.ptr, bytes.len, (uint32_t)i);
		open_bad(t, i % 2 == 0);
	}
}

/* ---- A worker that was taken over */

static void put_u32(struct wd_buf *b, uint32_t n)
{
	wd_buf_append(b, &n, sizeof(n));
}

struct attack {
	const char *what;
	void (*make)(struct wd_buf *b, const struct asked *a);
	int status;
};

static size_t begin(struct wd_buf *b, enum wd_reference_record type)
{
	return wd_wire_begin(b, (enum wd_wire_type)type);
}

static void good_package(struct wd_buf *b)
{
	size_t at = begin(b, WD_REFERENCE_PACKAGE);

	put_u32(b, 1);
	put_u32(b, 1);
	put_u32(b, 1);
	put_u32(b, 0); /* no files, and yet one matches */
	put_u32(b, 0);
	for (int i = 0; i < 4; i++)
		wd_wire_string(b, WD_BLOB("text"));
	wd_wire_end(b, at);
}

static void two_numbers(struct wd_buf *b, enum wd_reference_record type, uint32_t x, uint32_t y)
{
	size_t at = begin(b, type);

	put_u32(b, x);
	put_u32(b, y);
	wd_wire_end(b, at);
}

static wd_node_id node_of(const struct asked *a, const char *path)
{
	return wd_tree_find(a->tree, wd_blob_str(path), false);
}

static void done(struct wd_buf *b, int32_t status)
{
	size_t at = begin(b, WD_REFERENCE_DONE);

	put_u32(b, (uint32_t)status);
	wd_wire_string(b, WD_BLOB("\033[31mwhy"));
	wd_wire_end(b, at);
}

static void nothing(struct wd_buf *b, const struct asked *a)
{
	(void)a;
	(void)b;
}

static void huge(struct wd_buf *b, const struct asked *a)
{
	(void)a;
	put_u32(b, UINT32_MAX);
	wd_buf_byte(b, WD_REFERENCE_PATH);
}

static void unknown_type(struct wd_buf *b, const struct asked *a)
{
	(void)a;
	wd_wire_end(b, wd_wire_begin(b, 200));
}

static void cut_record(struct wd_buf *b, const struct asked *a)
{
	(void)a;
	wd_wire_end(b, begin(b, WD_REFERENCE_PACKAGE));
}

static void no_such_node(struct wd_buf *b, const struct asked *a)
{
	good_package(b);
	two_numbers(b, WD_REFERENCE_PATH, (uint32_t)a->tree->nodes.n, 0);
}

static void a_directory(struct wd_buf *b, const struct asked *a)
{
	good_package(b);
	two_numbers(b, WD_REFERENCE_DIGEST, node_of(a, "usr/bin"), 0);
}

static void no_such_package(struct wd_buf *b, const struct asked *a)
{
	good_package(b);
	two_numbers(b, WD_REFERENCE_BUILD, node_of(a, "bin/both"), 1);
}

static void no_such_distro(struct wd_buf *b, const struct asked *a)
{
	size_t at = begin(b, WD_REFERENCE_PACKAGE);

	(void)a;
	put_u32(b, 1);
	put_u32(b, 1);
	put_u32(b, 77);
	wd_wire_end(b, at);
}

static void half_a_number(struct wd_buf *b, const struct asked *a)
{
	size_t at;

	good_package(b);
	at = begin(b, WD_REFERENCE_PATH);
	put_u32(b, node_of(a, "bin/both"));
	wd_buf_byte(b, 0);
	wd_wire_end(b, at);
}

static void good_status(struct wd_buf *b, const struct asked *a)
{
	(void)a;
	done(b, 5);
}

static void says_corrupt(struct wd_buf *b, const struct asked *a)
{
	(void)a;
	done(b, WD_ECORRUPT);
}

static void no_status(struct wd_buf *b, const struct asked *a)
{
	(void)a;
	done(b, INT32_MIN);
}

/* It is the worker that has none: the rest of the result stands. */
static void no_memory(struct wd_buf *b, const struct asked *a)
{
	(void)a;
	done(b, -ENOMEM);
}

static void hostile_worker(void **state)
{
	static const struct attack attacks[] = {
		{"nothing at all", nothing, WD_ECRASHED},
		{"a huge record", huge, WD_EPROTOCOL},
		{"an unknown type", unknown_type, WD_EPROTOCOL},
		{"a package cut short", cut_record, WD_ECORRUPT},
		{"a node beyond the tree", no_such_node, WD_EPROTOCOL},
		{"the contents of a directory", a_directory, WD_EPROTOCOL},
		{"a package that was not sent", no_such_package, WD_EPROTOCOL},
		{"a distro that was not learnt", no_such_distro, WD_ECORRUPT},
		{"half a number", half_a_number, WD_EPROTOCOL},
		{"a status that is none", good_status, WD_EPROTOCOL},
		{"a status below all", no_status, WD_EPROTOCOL},
		{"a failure", says_corrupt, WD_ECORRUPT},
		{"no memory", no_memory, -ENOMEM},
	};
	struct temproot *t = *state;
	WD_CLEANUP_FREE char *dir = path_in(t, "modules");
	WD_CLEANUP_FREE char *module = NULL;
	struct asked good;

	make_index(t, "x.index");
	plant(t);
	assert_true(asprintf(&module, "%s/tests/.libs/mod-index.so", modules()) > 0);
	assert_int_equal(access(module, R_OK), 0);
	temproot_link(t, module, "modules/index.so");
	ask(t, "x.index", modules(), &good);
	for (size_t i = 0; i < WD_ARRAY_SIZE(attacks); i++) {
		WD_CLEANUP_BUF struct wd_buf bytes = WD_BUF_INIT;
		WD_CLEANUP_FREE char *path = path_in(t, "attack");
		struct wd_catalog cat = {0};
		struct wd_answer answer;
		struct wd_question q = {.refs = &good.ref,
					.nrefs = 1,
					.module_dir = dir,
					.tree = good.tree,
					.cat = &cat};

		attacks[i].make(&bytes, &good);
		/* an empty file cannot be mapped: a byte that is no record */
		wd_buf_byte(&bytes, 0);
		temproot_bytes(t, "attack", bytes.ptr, bytes.len);
		close(good.ref.fd);
		good.ref.fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_int_equal(wd_reference_ask(&q, &answer), 0);
		if (cat.errors.n != 1 || cat.errors.v[0].status != attacks[i].status)
			print_error("%s: %s\n", attacks[i].what,
				    cat.errors.n ? cat.errors.v[0].message : "no error");
		assert_int_equal(cat.errors.n, 1);
		assert_int_equal(cat.errors.v[0].status, attacks[i].status);
		wd_answer_done(&answer);
		wd_catalog_done(&cat);
	}
	asked_done(&good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers, temproot_setup, temproot_teardown),
		cmocka_unit_test(how_sure),
		cmocka_unit_test_setup_teardown(learns_again, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(broken, temproot_setup, temproot_teardown),
		cmocka_unit_test_setup_teardown(hostile_worker, temproot_setup, temproot_teardown),
	};

	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
