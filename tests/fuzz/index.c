/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The module that reads reference indexes, on one that came from anywhere. */
#include "provenance/index.h"
#include "fuzz.h"

#define ROWS_MAX 1000 /* of one statement */

extern const struct wd_index_ops wd_index_module;

struct asking {
	struct wd_index *ix;
	unsigned rows;
};

static int count(struct asking *a)
{
	fuzz_found++;
	return a->rows++ < ROWS_MAX ? 0 : 1;
}

static int on_source(void *ctx, const struct wd_index_source *s)
{
	fuzz_touch(s->path);
	fuzz_touch(s->given);
	fuzz_touch(s->kind);
	return count(ctx);
}

static int on_distro(void *ctx, const struct wd_index_distro *d)
{
	fuzz_touch(d->os);
	fuzz_touch(d->version);
	fuzz_touch(d->purl);
	return count(ctx);
}

static int on_owner(void *ctx, uint32_t source, uint32_t package)
{
	struct asking *a = ctx;
	struct wd_index_package p = {.source = source, .id = package};

	if (wd_index_module.package(a->ix, &p) == 0) {
		fuzz_touch(p.name);
		fuzz_touch(p.version);
		fuzz_touch(p.arch);
		fuzz_touch(p.origin);
	}
	return count(a);
}

/* What was read can be written, and read again. */
static void check_packing(struct wd_blob entries)
{
	struct wd_unpacker u = {.in = wd_cursor(entries), .name = WD_BUF_INIT};
	struct wd_unpacker first = u, again = u;
	struct wd_packer p = {.out = WD_BUF_INIT, .name = WD_BUF_INIT};

	while (wd_unpack(&first) > 0)
		wd_pack(&p, wd_buf_view(&first.name), first.owners, first.nowners);
	again.in = wd_cursor(wd_buf_view(&p.out));
	while (wd_unpack(&u) > 0) {
		FUZZ_CHECK(wd_unpack(&again) == 1 && again.nowners == u.nowners);
		FUZZ_CHECK(wd_blob_equal(wd_buf_view(&again.name), wd_buf_view(&u.name)));
		for (size_t i = 0; i < u.nowners; i++)
			FUZZ_CHECK(again.owners[i].package == u.owners[i].package &&
				   again.owners[i].digest == u.owners[i].digest);
	}
	FUZZ_CHECK(wd_unpack(&again) == 0);
	wd_packer_done(&p);
	wd_buf_done(&u.name);
	wd_buf_done(&first.name);
	wd_buf_done(&again.name);
}

/* Names ascend, and each has an owner. */
static int on_dir(void *ctx, uint32_t source, struct wd_blob entries)
{
	WD_CLEANUP_BUF struct wd_buf last = WD_BUF_INIT;
	struct wd_unpacker u = {.in = wd_cursor(entries), .name = WD_BUF_INIT};
	bool first = true;

	check_packing(entries);
	while (wd_unpack(&u) > 0) {
		FUZZ_CHECK(first || wd_blob_cmp(wd_buf_view(&last), wd_buf_view(&u.name)) < 0);
		FUZZ_CHECK(u.nowners <= WD_INDEX_OWNERS);
		last.len = 0;
		wd_buf_blob(&last, wd_buf_view(&u.name));
		first = false;
		if (u.nowners && on_owner(ctx, source, u.owners[u.nowners - 1].package))
			break;
	}
	wd_buf_done(&u.name);
	return count(ctx);
}

static void ask(struct wd_index *ix)
{
	static const char *const dirs[] = {"", "usr/bin", "usr/share/doc/libc6"};
	struct wd_blob key = WD_BLOB("0123456789abcdef0123456789abcdef");
	struct asking a = {.ix = ix};
	uint32_t algos = 0;

	wd_index_module.check(ix);
	wd_index_module.sources(ix, on_source, &a);
	a.rows = 0;
	wd_index_module.distros(ix, on_distro, &a);
	for (size_t i = 0; i < WD_ARRAY_SIZE(dirs); i++) {
		a.rows = 0;
		wd_index_module.dir(ix, wd_blob_str(dirs[i]), on_dir, &a);
	}
	a.rows = 0;
	wd_index_module.digest(ix, 100, key, on_owner, &a);
	a.rows = 0;
	wd_index_module.build(ix, wd_blob_head(key, 20), on_owner, &a);
	wd_index_module.sized(ix, 100, &algos);
	FUZZ_CHECK(*wd_index_module.why(ix));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WD_CLEANUP_BUF struct wd_buf why = WD_BUF_INIT;
	struct wd_index *ix;
	int r = wd_index_module.open(data, size, &ix, &why);

	FUZZ_CHECK(r <= 0 && (r == 0 || why.len));
	if (r < 0)
		return 0;
	ask(ix);
	wd_index_module.close(ix);
	return 0;
}
