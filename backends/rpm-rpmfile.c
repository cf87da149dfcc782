/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rpmfile backend: a package file, of which the header says everything: paths, modes, digests.
 * What stands in front of it and has to be stepped over
 * (https://rpm.org/docs/4.20.x/manual/format_v4.html):
 *
 *	96 bytes	lead: magic, version, 0 for a binary and 1 for a source package, ...
 *	signature	a header, padded to a multiple of 8 bytes
 *	header		magic and 4 reserved bytes; entries and bytes of data (big-endian); both
 *
 * Signatures are not looked at: whoever has the file says whose it is.
 */
#include "rpm-header.h"

#include <inttypes.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>

#define LEAD_SIZE 96
#define MAGIC_SIZE 8
#define INTRO_SIZE 8 /* the two counts */
#define ENTRY_SIZE 16
#define ENTRIES_MAX 0xffff

/* librpm's words never reach a terminal: what is wrong is said through the sink. */
static int swallow(rpmlogRec rec, rpmlogCallbackData data)
{
	(void)rec;
	(void)data;
	return 0;
}

static int fail(struct wd_rpm_source *src, int status, uint64_t at, const char *what)
{
	return wd_rpm_fail(src, status, "byte %" PRIu64 ": %s", at, what);
}

/* The size of the header at `at` without its magic. 0, or a negative status, reported. */
static int header_size(struct wd_rpm_source *src, uint64_t at, const char *what, uint64_t *ret)
{
	char head[MAGIC_SIZE + INTRO_SIZE];
	struct wd_cursor c;
	uint64_t entries, data;
	int r = wd_rpm_pread(src->req->fd, head, sizeof(head), at);

	if (r < 0)
		return fail(src, r, at, r == WD_ECORRUPT ? "truncated" : wd_status_text(r));
	if (memcmp(head, "\x8e\xad\xe8\x01", 4) != 0)
		return fail(src, WD_ECORRUPT, at, what);
	c = wd_cursor(wd_blob(head + MAGIC_SIZE, INTRO_SIZE));
	entries = wd_cursor_be32(&c);
	data = wd_cursor_be32(&c);
	if (entries > ENTRIES_MAX || data > WD_RPM_BLOB_MAX)
		return fail(src, WD_ELIMIT, at, "header too large");
	*ret = INTRO_SIZE + entries * ENTRY_SIZE + data;
	return at + MAGIC_SIZE + *ret <= src->size ? 0 : fail(src, WD_ECORRUPT, at, "truncated");
}

static int push_header(struct wd_rpm_source *src)
{
	struct wd_rpm_record rec = {.blob = WD_BUF_INIT};
	uint64_t at = LEAD_SIZE, size;
	int r = header_size(src, at, "no signature header", &size);

	if (r < 0)
		return r;
	at += (MAGIC_SIZE + size + 7) & ~UINT64_C(7);
	r = header_size(src, at, "no header", &size);
	if (r == 0)
		r = wd_buf_reserve(&rec.blob, size);
	if (r == 0)
		r = wd_rpm_pread(src->req->fd, rec.blob.ptr, size, at + MAGIC_SIZE);
	if (r == 0) {
		rec.blob.len = size;
		r = wd_rpm_header_push(src, &rec);
	}
	wd_buf_done(&rec.blob);
	return r;
}

static int rpmfile_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct wd_rpm_source src;
	char lead[8] = {0};
	int r = wd_rpm_source_init(&src, req, sink);

	if (r == 0)
		r = wd_rpm_pread(req->fd, lead, sizeof(lead), 0);
	if (r < 0 || memcmp(lead, "\xed\xab\xee\xdb", 4) != 0)
		return r == WD_ECORRUPT || r == 0 ? WD_ENOTMINE : r;
	r = wd_sink_format(sink, "rpm");
	if (r < 0)
		return r;
	if (lead[6] != 0 || lead[7] != 0)
		return wd_rpm_fail(&src, WD_EUNSUPPORTED, "a source package");
	rpmlogSetCallback(swallow, NULL);
	return push_header(&src);
}

static void rpmfile_libraries(char *buf, size_t size)
{
	snprintf(buf, size, "librpm %s", RPMVERSION);
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "rpmfile",
	.version = "1",
	.load = rpmfile_load,
	.libraries = rpmfile_libraries,
};
