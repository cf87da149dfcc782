/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptors, the wire between worker and parent, and the sink. */
#include "pkgdb/descriptor.h"
#include "pkgdb/sink.h"
#include "pkgdb/wire.h"
#include "pkgdb/worker.h"
#include "temproot.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define B(literal) WD_BLOB(literal)
#define GOOD "name = x\ndescription = X\nabi = 2\nformats = f\npurl = x\nprobe = a/b\n"

/* ---- Descriptors */

static void descriptor_lines(void **state)
{
	static const struct {
		const char *text;
		const char *broken; /* how the reason begins; NULL: usable */
	} table[] = {
		{GOOD, NULL},
		{"# note\n\n  # note\n" GOOD, NULL},
		{"name=x\r\ndescription=X = Y\r\nabi=2\r\nformats=f\r\npurl=x\r\nprobe=a/", NULL},
		{GOOD "probe = c/\nprobe = d\n", NULL},
		{"", "descriptor's name"},
		{"name = y\n", "descriptor's name"},
		{"name = ../x\n", "descriptor's name"},
		{GOOD "name\n", "descriptor line 7 "},
		{GOOD "name =\n", "descriptor line 7 "},
		{GOOD "\n= x\n", NULL}, /* as a comment: nothing is set */
		{GOOD "what = x\n", "descriptor line 7 "},
		{GOOD "abi = one\n", "descriptor line 7 "},
		{GOOD "magic = 7f4\n", "descriptor line 7 "},
		{GOOD "magic = 7F45\n", "descriptor line 7 "},
		{GOOD "magic = 000102030405060708\n", "descriptor line 7 "},
		{GOOD "magic = 7f454c46\n", NULL},
		{GOOD "abi = -1\n", "descriptor line 7 "},
		{GOOD "abi = 65536\n", "descriptor line 7 "},
		{GOOD "abi = 18446744073709551617\n", "descriptor line 7 "},
		{"Name = x\n" GOOD, "descriptor line 1 "},
		{GOOD "abi = 1\n", "module is for ABI version 1"},
		{"name = x\nabi = 2\nformats = f\npurl = x\nprobe = a\n", "descriptor lacks"},
		{"name = x\ndescription = X\nabi = 2\npurl = x\nprobe = a\n", "descriptor lacks"},
		{"name = x\ndescription = X\nabi = 2\nformats = f\nprobe = a\n",
		 "descriptor lacks"},
		{"name = x\ndescription = X\nabi = 2\nformats = f\npurl = x\n", "descriptor lacks"},
		{"name = x\ndescription = X\nformats = f\npurl = x\nprobe = a\n",
		 "module is for ABI version 0"},
	};
	struct temproot *t = *state;

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		struct wd_descriptors d = {0};

		temproot_file(t, "x.backend", table[i].text);
		assert_int_equal(wd_descriptors_read(&d, t->path), 0);
		assert_int_equal(d.list.n, 1);
		assert_string_equal(d.list.v[0]->name, "x");
		if (!d.list.v[0]->broken != !table[i].broken ||
		    (table[i].broken &&
		     strncmp(d.list.v[0]->broken, table[i].broken, strlen(table[i].broken)) != 0))
			fail_msg("%s: %s", table[i].text, d.list.v[0]->broken);
		wd_descriptors_done(&d);
	}
}

static void descriptor_files(void **state)
{
	static const char nul[] = GOOD "formats = a\0b\n";
	struct temproot *t = *state;
	struct wd_descriptors d = {0};
	static char big[64 * 1024 + 2];

	memset(big, '\n', sizeof(big));
	temproot_file(t, "one/x.backend", GOOD "probe = c/\n");
	temproot_file(t, "one/a.so", "");
	temproot_file(t, "one/.backend", "");
	temproot_file(t, "one/.h.backend", "");
	temproot_bytes(t, "two/nul.backend", nul, sizeof(nul) - 1);
	temproot_file(t, "two/x.backend", "garbage\n");
	temproot_bytes(t, "two/big.backend", big, sizeof(big));
	temproot_mkdir(t, "two/dir.backend");
	assert_int_equal(mkfifoat(t->fd, "two/fifo.backend", 0600), 0);
	assert_int_equal(fchdir(t->fd), 0);
	assert_int_equal(wd_descriptors_read(&d, "one"), 0);
	assert_int_equal(wd_descriptors_read(&d, "two"), 0);
	assert_int_equal(wd_descriptors_read(&d, "none"), -ENOENT);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(d.list.n, 5);
	assert_string_equal(d.list.v[0]->name, "big");
	assert_string_equal(d.list.v[0]->broken, "descriptor cannot be read");
	assert_string_equal(d.list.v[1]->broken, "descriptor cannot be read");
	assert_string_equal(d.list.v[2]->broken, "descriptor cannot be read");
	assert_string_equal(d.list.v[3]->broken, "descriptor line 7 is not understood");
	assert_string_equal(d.list.v[4]->name, "x"); /* the directory read first wins */
	assert_null(d.list.v[4]->broken);
	assert_string_equal(d.list.v[4]->dir, "one");
	assert_int_equal(d.list.v[4]->probes.n, 2);
	assert_string_equal(d.list.v[4]->probes.v[1], "c/");
	wd_descriptors_done(&d);
}

/* ---- The wire: records made by hand, as a hostile worker might */

static struct wd_descriptor backend = {.name = (char *)"x", .purl = (char *)"x"};

struct wire {
	struct wd_worker w;
	struct wd_catalog cat;
	struct wd_buf out;
};

static void wire_init(struct wire *x)
{
	*x = (struct wire){.w = {.pipe = -1, .db = wd_db_new(&backend, "db")}};
	assert_non_null(x->w.db);
}

static void wire_done(struct wire *x)
{
	wd_worker_done(&x->w);
	wd_db_free(x->w.db);
	wd_catalog_done(&x->cat);
	wd_buf_done(&x->out);
}

/* Sends all that is in x->out, in pieces of `step` bytes, and returns the worker's status. */
static int wire_send(struct wire *x, size_t step)
{
	int fds[2];
	size_t at = 0;
	int r;

	assert_int_equal(x->out.status, 0);
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	x->w.pipe = fds[0];
	do {
		size_t n = x->out.len - at < step ? x->out.len - at : step;

		if (n)
			assert_int_equal(write(fds[1], x->out.ptr + at, n), n);
		at += n;
		if (n == 0 && fds[1] >= 0) {
			close(fds[1]);
			fds[1] = -1;
		}
		r = wd_worker_read(&x->w, &x->cat);
		assert_true(r >= 0);
	} while (r == 1);
	if (fds[1] >= 0)
		close(fds[1]);
	return x->w.status;
}

static void put_package(struct wd_buf *b, uint32_t flags, const char *name)
{
	size_t at = wd_wire_begin(b, WD_WIRE_PACKAGE);

	wd_wire_u32(b, flags);
	wd_wire_u64(b, 0);
	wd_wire_u64(b, 0);
	wd_wire_string(b, wd_blob_str(name));
	for (int i = 1; i < WD_PACKAGE_FIELD_COUNT; i++)
		wd_wire_string(b, WD_BLOB_NULL);
	wd_wire_end(b, at);
}

static void put_string(struct wd_buf *b, enum wd_wire_type type, struct wd_blob s)
{
	size_t at = wd_wire_begin(b, type);

	wd_wire_string(b, s);
	wd_wire_end(b, at);
}

static void put_two(struct wd_buf *b, enum wd_wire_type type, struct wd_blob s, struct wd_blob t)
{
	size_t at = wd_wire_begin(b, type);

	wd_wire_string(b, s);
	wd_wire_string(b, t);
	wd_wire_end(b, at);
}

static void put_claim(struct wd_buf *b, struct wd_wire_claim c, struct wd_blob tail)
{
	size_t at = wd_wire_begin(b, WD_WIRE_CLAIM);

	wd_buf_append(b, &c, sizeof(c));
	wd_buf_blob(b, tail);
	wd_wire_end(b, at);
}

static void put_status(struct wd_buf *b, enum wd_wire_type type, int32_t status)
{
	size_t at = wd_wire_begin(b, type);

	wd_wire_u32(b, (uint32_t)status);
	if (type == WD_WIRE_ERROR) {
		wd_wire_string(b, B("where"));
		wd_wire_string(b, B("what"));
	}
	wd_wire_end(b, at);
}

static void wire_good(void **state)
{
	static const size_t steps[] = {1, 7, 60000};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(steps); i++) {
		struct wire x;
		const struct wd_cat_claim *c;

		wire_init(&x);
		put_string(&x.out, WD_WIRE_FORMAT, B("f"));
		put_package(&x.out, WD_PACKAGE_HOLD, "p");
		put_string(&x.out, WD_WIRE_DIR, B("a/b"));
		put_claim(&x.out,
			  (struct wd_wire_claim){.name_len = 1,
						 .target_len = 2,
						 .recorded_len = 3,
						 .digest_len = 4,
						 .flags = WD_CLAIM_OBSOLETE},
			  B("nttrrrdddd"));
		put_claim(&x.out, (struct wd_wire_claim){0}, B(""));
		put_two(&x.out, WD_WIRE_ALIAS, B("l"), B("/t"));
		put_status(&x.out, WD_WIRE_ERROR, WD_ECORRUPT);
		put_status(&x.out, WD_WIRE_DONE, 0);
		wd_buf_str(&x.out, "anything"); /* nothing follows the last record */
		assert_int_equal(wire_send(&x, steps[i]), 0);
		assert_true(x.w.done);
		assert_int_equal(x.w.db->packages.n, 1);
		assert_int_equal(x.w.db->packages.v[0].nclaims, 2);
		assert_int_equal(x.w.db->claims.n, 2);
		c = &x.w.db->claims.v[0];
		assert_true(wd_blob_is(wd_claim_name(x.w.db, c), "n"));
		assert_true(wd_blob_is(wd_claim_dir(x.w.db, c), "a/b"));
		assert_int_equal(c->flags, WD_CLAIM_OBSOLETE);
		assert_memory_equal(wd_pool_at(&x.w.db->bytes, c->digest), "dddd", 4);
		assert_int_equal(x.w.db->aliases.n, 1);
		assert_int_equal(x.cat.errors.n, 1);
		assert_string_equal(x.cat.errors.v[0].path, "where");
		wire_done(&x);
	}
}

/* Each of these, after one good package, must end the worker with WD_EPROTOCOL. */
enum defect { /* clang-format off */
	D_TYPE_0, D_TYPE_9, D_TYPE_255, D_HUGE, D_HELLO_SHORT, D_FORMAT_LONG, D_FORMAT_SHORT,
	D_PACKAGE_EMPTY, D_PACKAGE_NAMELESS, D_PACKAGE_FLAGS, D_PACKAGE_BILLION, D_PACKAGE_SHORT,
	D_DIR_UP, D_DIR_DOT, D_DIR_SLASH, D_DIR_TRAILING, D_DIR_DOUBLE, D_DIR_NUL, D_DIR_LONG,
	D_DIR_BILLION, D_CLAIM_EMPTY, D_CLAIM_UP, D_CLAIM_DOT, D_CLAIM_SLASH, D_CLAIM_NUL,
	D_CLAIM_LONG, D_CLAIM_FLAGS, D_CLAIM_SHORT, D_CLAIM_TAIL, D_CLAIM_DIGEST, D_CLAIM_TARGET,
	D_CLAIM_RECORDED, D_ALIAS_EMPTY, D_ALIAS_UP, D_ALIAS_HALF, D_ALIAS_TARGET, D_ERROR_OK,
	D_ERROR_EMPTY, D_ERROR_MIN, D_DONE_POSITIVE, D_DONE_EMPTY, D_DONE_MIN, D_COUNT
}; /* clang-format on */

static const char *long_bytes(void)
{
	static char bytes[300000];

	memset(bytes, 'l', sizeof(bytes) - 1);
	return bytes;
}

static void put_raw(struct wd_buf *b, uint32_t len, uint8_t type, const void *bytes, size_t n)
{
	wd_wire_u32(b, len);
	wd_buf_byte(b, (char)type);
	wd_buf_append(b, bytes, n);
}

/* A defect in the frame of a record, or in a package. */
static void put_frame_defect(struct wd_buf *b, enum defect d)
{
	static const uint32_t billion = 1000000000;
	char pkg[24] = "";

	if (d == D_TYPE_0 || d == D_TYPE_9 || d == D_TYPE_255)
		put_raw(b, 0, d == D_TYPE_0 ? 0 : d == D_TYPE_9 ? 9 : 255, "", 0);
	else if (d == D_HUGE)
		put_raw(b, UINT32_MAX, WD_WIRE_DIR, "", 0);
	else if (d == D_HELLO_SHORT)
		put_raw(b, 3, WD_WIRE_HELLO, "abc", 3);
	else if (d == D_FORMAT_LONG)
		put_string(b, WD_WIRE_FORMAT, wd_blob(long_bytes(), 65));
	else if (d == D_FORMAT_SHORT)
		put_raw(b, 4, WD_WIRE_FORMAT, &billion, 4);
	else if (d == D_PACKAGE_EMPTY)
		put_raw(b, 0, WD_WIRE_PACKAGE, "", 0);
	else if (d == D_PACKAGE_NAMELESS)
		put_package(b, 0, "");
	else if (d == D_PACKAGE_FLAGS)
		put_package(b, 1u << WD_PACKAGE_FLAG_COUNT, "x");
	else if (d == D_PACKAGE_SHORT)
		put_raw(b, 20, WD_WIRE_PACKAGE, pkg, 20);
	memcpy(pkg + 20, &billion, 4);
	if (d == D_PACKAGE_BILLION)
		put_raw(b, 24, WD_WIRE_PACKAGE, pkg, 24);
	else if (d == D_DIR_BILLION)
		put_raw(b, 4, WD_WIRE_DIR, &billion, 4);
}

static void put_dir_defect(struct wd_buf *b, enum defect d)
{
	static const struct {
		enum defect d;
		struct wd_blob dir;
	} table[] = {
		{D_DIR_UP, {"a/../b", 6}},   {D_DIR_DOT, {"./a", 3}},	  {D_DIR_SLASH, {"/a", 2}},
		{D_DIR_TRAILING, {"a/", 2}}, {D_DIR_DOUBLE, {"a//b", 4}}, {D_DIR_NUL, {"a\0b", 3}},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++)
		if (table[i].d == d)
			put_string(b, WD_WIRE_DIR, table[i].dir);
	if (d == D_DIR_LONG)
		put_string(b, WD_WIRE_DIR, wd_blob(long_bytes(), WD_WIRE_NAME_MAX));
}

static void put_claim_defect(struct wd_buf *b, enum defect d)
{
	const struct {
		enum defect d;
		struct wd_wire_claim c;
		struct wd_blob tail;
	} table[] = {
		{D_CLAIM_UP, {.name_len = 2}, B("..")},
		{D_CLAIM_DOT, {.name_len = 1}, B(".")},
		{D_CLAIM_SLASH, {.name_len = 3}, B("a/b")},
		{D_CLAIM_NUL, {.name_len = 3}, B("a\0b")},
		{D_CLAIM_LONG, {.name_len = WD_WIRE_NAME_MAX}, wd_blob(long_bytes(), 4096)},
		{D_CLAIM_FLAGS, {.name_len = 1, .flags = 1u << WD_CLAIM_FLAG_COUNT}, B("a")},
		{D_CLAIM_SHORT, {.name_len = 2}, B("a")},
		{D_CLAIM_TAIL, {.name_len = 1}, B("ab")},
		{D_CLAIM_DIGEST, {.name_len = 1, .digest_len = 65}, wd_blob(long_bytes(), 66)},
		{D_CLAIM_TARGET, {.target_len = 4097}, wd_blob(long_bytes(), 4097)},
		{D_CLAIM_RECORDED, {.recorded_len = 65535}, wd_blob(long_bytes(), 65535)},
	};

	if (d == D_CLAIM_EMPTY)
		put_raw(b, 0, WD_WIRE_CLAIM, "", 0);
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++)
		if (table[i].d == d)
			put_claim(b, table[i].c, table[i].tail);
}

static void put_other_defect(struct wd_buf *b, enum defect d)
{
	if (d == D_ALIAS_EMPTY)
		put_two(b, WD_WIRE_ALIAS, B(""), B("t"));
	else if (d == D_ALIAS_UP)
		put_two(b, WD_WIRE_ALIAS, B(".."), B("t"));
	else if (d == D_ALIAS_HALF)
		put_string(b, WD_WIRE_ALIAS, B("a"));
	else if (d == D_ALIAS_TARGET)
		put_two(b, WD_WIRE_ALIAS, B("a"), wd_blob(long_bytes(), WD_WIRE_NAME_MAX));
	else if (d == D_ERROR_OK)
		put_status(b, WD_WIRE_ERROR, 0);
	else if (d == D_ERROR_EMPTY)
		put_raw(b, 0, WD_WIRE_ERROR, "", 0);
	else if (d == D_ERROR_MIN) /* its negation overflows */
		put_status(b, WD_WIRE_ERROR, INT32_MIN);
	else if (d == D_DONE_POSITIVE)
		put_status(b, WD_WIRE_DONE, 1);
	else if (d == D_DONE_EMPTY)
		put_raw(b, 0, WD_WIRE_DONE, "", 0);
	else if (d == D_DONE_MIN)
		put_status(b, WD_WIRE_DONE, INT32_MIN);
}

static void wire_defects(void **state)
{
	(void)state;
	for (int d = 0; d < D_COUNT; d++) {
		struct wire x;
		size_t before;

		wire_init(&x);
		put_package(&x.out, 0, "p");
		before = x.out.len;
		put_frame_defect(&x.out, (enum defect)d);
		put_dir_defect(&x.out, (enum defect)d);
		put_claim_defect(&x.out, (enum defect)d);
		put_other_defect(&x.out, (enum defect)d);
		assert_true(x.out.len > before);
		if (wire_send(&x, 50000) != WD_EPROTOCOL)
			fail_msg("defect %d: %s", d, wd_status_text(x.w.status));
		assert_int_equal(x.w.db->packages.n, 1);
		assert_int_equal(x.w.db->claims.n, 0);
		assert_true(x.w.eof);
		wire_done(&x);
	}
}

static void wire_claim_first(void **state)
{
	struct wire x;

	(void)state;
	wire_init(&x);
	put_claim(&x.out, (struct wd_wire_claim){.name_len = 1}, B("a"));
	assert_int_equal(wire_send(&x, 100), WD_EPROTOCOL);
	wire_done(&x);
}

/* A worker that stops anywhere in a record did not finish, and nothing half is taken. */
static void wire_truncated(void **state)
{
	struct wd_buf whole = WD_BUF_INIT;

	(void)state;
	put_package(&whole, 0, "p");
	put_claim(&whole, (struct wd_wire_claim){.name_len = 1}, B("a"));
	for (size_t len = 0; len < whole.len; len++) {
		struct wire x;

		wire_init(&x);
		wd_buf_append(&x.out, whole.ptr, len);
		assert_int_equal(wire_send(&x, 1000), 0);
		assert_true(x.w.eof && !x.w.done);
		assert_int_equal(x.w.db->claims.n, 0);
		wire_done(&x);
	}
	wd_buf_done(&whole);
}

/* ---- The sink, through a pipe into a catalog */

struct sink_case {
	struct wd_pipe_sink s;
	struct wire x;
	int fd; /* a file is a pipe that holds everything */
};

static void sink_init(struct sink_case *c)
{
	struct wd_package pkg = {.field[WD_PACKAGE_NAME] = B("p"), .size = 7, .epoch = 2};

	wire_init(&c->x);
	c->fd = memfd_create("pipe", MFD_CLOEXEC);
	assert_true(c->fd >= 0);
	wd_pipe_sink_init(&c->s, c->fd);
	assert_int_equal(wd_pipe_sink_hello(&c->s, 5), 0);
	assert_int_equal(wd_sink_package(&c->s.sink, &pkg), 0);
}

static int sink_finish(struct sink_case *c, int status)
{
	assert_int_equal(wd_pipe_sink_done(&c->s, status), 0);
	assert_int_equal(lseek(c->fd, 0, SEEK_SET), 0);
	c->x.w.pipe = c->fd;
	while (wd_worker_read(&c->x.w, &c->x.cat) == 1)
		;
	wd_buf_done(&c->s.out);
	wd_buf_done(&c->s.dir);
	wd_buf_done(&c->s.work);
	return c->x.w.status;
}

/* What arrives of a claim, or an error instead of it. */
static void sink_paths(void **state)
{
	static const struct {
		struct wd_blob dir, name;
		const char *path; /* NULL: refused */
	} table[] = {
		{{"usr/bin", 7}, {"a", 1}, "usr/bin/a"},
		{{"/usr//bin/", 10}, {"a", 1}, "usr/bin/a"},
		{{"./usr/./bin/.", 13}, {"a", 1}, "usr/bin/a"},
		{{"", 0}, {"a", 1}, "a"},
		{{"/", 1}, {"a", 1}, "a"},
		{{"/usr", 4}, {"", 0}, "usr"},
		{{"/", 1}, {"", 0}, ""},
		{{"...", 3}, {"..a", 3}, ".../..a"},
		{{"\xff\n", 2}, {"\x80", 1}, "\xff\n/\x80"},
		{{"..", 2}, {"a", 1}, NULL},
		{{"usr/../etc", 10}, {"a", 1}, NULL},
		{{"usr", 3}, {"..", 2}, NULL},
		{{"usr", 3}, {".", 1}, NULL},
		{{"usr", 3}, {"a/b", 3}, NULL},
		{{"usr", 3}, {"a\0b", 3}, NULL},
		{{"u\0r", 3}, {"a", 1}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++) {
		struct wd_claim claim = {.dir = table[i].dir, .name = table[i].name};
		WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
		struct sink_case c;
		const struct wd_db *db;

		sink_init(&c);
		assert_int_equal(wd_sink_claim(&c.s.sink, &claim), 0);
		assert_int_equal(sink_finish(&c, 0), 0);
		db = c.x.w.db;
		assert_int_equal(db->fences, 5);
		assert_int_equal(db->claims.n, table[i].path ? 1 : 0);
		assert_int_equal(c.x.cat.errors.n, table[i].path ? 0 : 1);
		if (table[i].path) {
			wd_claim_db_path(db, &db->claims.v[0], &path);
			if (!wd_blob_is(wd_buf_view(&path), table[i].path))
				fail_msg("%zu: %.*s", i, WD_BLOB_PRINTF(wd_buf_view(&path)));
		}
		wire_done(&c.x);
	}
}

/* A directory that was refused is not taken for the one that was sent last. */
static void sink_directories(void **state)
{
	static const struct wd_blob dirs[] = {{"a", 1}, {"..", 2}, {"..", 2},
					      {"a", 1}, {"/a", 2}, {"b", 1}};
	struct sink_case c;
	const struct wd_db *db;

	(void)state;
	sink_init(&c);
	for (size_t i = 0; i < WD_ARRAY_SIZE(dirs); i++) {
		struct wd_claim claim = {.dir = dirs[i], .name = B("f")};

		assert_int_equal(wd_sink_claim(&c.s.sink, &claim), 0);
	}
	assert_int_equal(sink_finish(&c, 0), 0);
	db = c.x.w.db;
	assert_int_equal(db->claims.n, 4);
	assert_int_equal(c.x.cat.errors.n, 2);
	for (size_t i = 0; i < 4; i++)
		assert_true(wd_blob_is(wd_claim_dir(db, &db->claims.v[i]), i < 3 ? "a" : "b"));
	wire_done(&c.x);
}

/* Whatever a backend passes on of its input costs at most that item. */
static void sink_extremes(void **state)
{
	struct wd_blob huge = wd_blob(long_bytes(), 200000);
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN};
	struct wd_claim claim = {.name = B("n"), .target = huge, .recorded = huge, .digest = huge};
	struct wd_claim too_long = {.name = wd_blob(huge.ptr, 65536 + 1)};
	struct sink_case c;

	(void)state;
	sink_init(&c);
	assert_int_equal(wd_sink_package(&c.s.sink, &pkg), WD_ECORRUPT);
	assert_int_equal(wd_sink_claim(&c.s.sink, &claim), WD_ECORRUPT);
	for (int i = 0; i < WD_PACKAGE_FIELD_COUNT; i++)
		pkg.field[i] = huge;
	assert_int_equal(wd_sink_package(&c.s.sink, &pkg), 0);
	assert_int_equal(wd_sink_claim(&c.s.sink, &claim), 0);
	assert_int_equal(wd_sink_claim(&c.s.sink, &too_long), 0);
	too_long.name = B("n");
	too_long.dir = huge;
	assert_int_equal(wd_sink_claim(&c.s.sink, &too_long), 0);
	assert_int_equal(wd_sink_error(&c.s.sink, WD_ECORRUPT, huge.ptr, "%s", huge.ptr), 0);
	assert_int_equal(wd_sink_alias(&c.s.sink, B("/"), B("t")), 0);
	assert_int_equal(wd_sink_alias(&c.s.sink, B("."), B("t")), 0);
	assert_int_equal(wd_sink_alias(&c.s.sink, B("a/.."), B("t")), 0);
	assert_int_equal(wd_sink_alias(&c.s.sink, B("a"), huge), 0);
	assert_int_equal(wd_sink_alias(&c.s.sink, B("/a//l"), B("/t")), 0);
	assert_int_equal(sink_finish(&c, WD_ELIMIT), WD_ELIMIT);
	assert_int_equal(c.x.w.db->packages.n, 2);
	assert_int_equal(c.x.w.db->claims.n, 1);
	assert_int_equal(c.x.w.db->claims.v[0].target_len, WD_WIRE_NAME_MAX);
	assert_int_equal(c.x.w.db->claims.v[0].digest_len, 0);
	assert_int_equal(c.x.w.db->aliases.n, 1);
	assert_int_equal(c.x.w.db->aliases.v[0].path_len, 3);
	assert_int_equal(c.x.cat.errors.n, 7);
	wire_done(&c.x);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, temproot_setup, temproot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(descriptor_lines),
		CASE(descriptor_files),
		cmocka_unit_test(wire_good),
		cmocka_unit_test(wire_defects),
		cmocka_unit_test(wire_claim_first),
		cmocka_unit_test(wire_truncated),
		cmocka_unit_test(sink_paths),
		cmocka_unit_test(sink_directories),
		cmocka_unit_test(sink_extremes),
	};

	return cmocka_run_group_tests_name("pkgdb", tests, NULL, NULL);
}
