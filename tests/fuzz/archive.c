/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The module that decodes archives, on a tar with tars in it. The first byte says what is wanted of
 * entries and how the stream is handed over; the archive follows.
 */
#include "fuzz.h"
#include "pkgdb/archive.h"

#define BUDGET (8u << 20)

extern const struct wd_archive_module wd_archive_module;

enum { DIGESTS = 1, NESTED = 2, SKIPPED = 4, THROUGH_PIPE = 8 };

struct reading {
	unsigned options, depth;
	uint64_t budget, size, at;
	bool in_data;
};

static int on_entry(void *ctx, const struct wd_archive_entry *e, struct wd_blob head)
{
	struct reading *r = ctx;

	FUZZ_CHECK(!r->in_data);
	/* longer than the entry where GNU's second size is the smaller: on_data() refuses */
	FUZZ_CHECK(head.len <= WD_ARCHIVE_HEAD);
	fuzz_touch(e->path);
	fuzz_touch(e->target);
	fuzz_touch(e->caps);
	fuzz_touch(head);
	fuzz_found++;
	if (r->options & SKIPPED)
		return WD_ARCHIVE_SKIP;
	if (e->hard_link || (e->mode & 0170000) != 0100000)
		return WD_ARCHIVE_SKIP;
	if (r->options & NESTED && r->depth == 0)
		return WD_ARCHIVE_NESTED;
	r->in_data = true;
	r->size = e->size;
	r->at = 0;
	return WD_ARCHIVE_DATA;
}

static int on_data(void *ctx, uint64_t offset, struct wd_blob piece)
{
	struct reading *r = ctx;

	FUZZ_CHECK(r->in_data);
	fuzz_touch(piece);
	/* as the worker has it */
	if (offset < r->at || offset > r->size || piece.len > r->size - offset)
		return WD_ECORRUPT;
	r->at = offset + piece.len;
	return 0;
}

static int on_end(void *ctx, int status)
{
	struct reading *r = ctx;

	FUZZ_CHECK(r->in_data && status <= 0);
	r->in_data = false;
	return 0;
}

static int on_nested(void *ctx, struct wd_archive *outer);

static int on_packed(void *ctx, struct wd_blob piece)
{
	struct reading *r = ctx;

	FUZZ_CHECK(r->depth == 1);
	fuzz_touch(piece);
	return 0;
}

static const struct wd_archive_events events = {on_entry, on_data, on_end, on_nested, on_packed};

static void check_result(int status, const struct wd_archive_result *result)
{
	FUZZ_CHECK(status <= 0);
	FUZZ_CHECK(memchr(result->fault, '\0', sizeof(result->fault)));
	FUZZ_CHECK(!result->digested || status == 0);
	fuzz_touch(wd_blob(result->packed_digest, WD_SHA256_LEN));
	fuzz_touch(wd_blob(result->unpacked_digest, WD_SHA256_LEN));
}

static struct wd_archive_job job_of(struct reading *r)
{
	return (struct wd_archive_job){&events, r, &r->budget,
				       r->options & DIGESTS ? WD_DIGEST_PACKED | WD_DIGEST_UNPACKED
							    : 0};
}

static int on_nested(void *ctx, struct wd_archive *outer)
{
	struct reading *r = ctx;
	struct wd_archive_job job = job_of(r);
	struct wd_archive_result result;
	int status;

	r->depth++;
	status = wd_archive_module.read_nested(outer, &job, &result);
	r->in_data = false;
	r->depth--;
	check_result(status, &result);
	return status == WD_ELIMIT ? status : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading r = {.options = size ? data[0] : 0, .budget = BUDGET};
	struct wd_archive_job job = job_of(&r);
	struct wd_archive_result result;
	int before = fuzz_free_fd(), fd, status;

	if (size == 0)
		return 0;
	fd = fuzz_memfd(wd_blob(data + 1, size - 1));
	status = wd_archive_module.read(fd, 0, r.options & THROUGH_PIPE ? UINT64_MAX : size - 1,
					&job, &result);
	check_result(status, &result);
	close(fd);
	FUZZ_CHECK(fuzz_free_fd() == before);
	return 0;
}
