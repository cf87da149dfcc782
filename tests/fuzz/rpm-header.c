/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The path of one rpm header: librpm's import, our file lists. The input is the header's blob. */
#include "request.h"
#include "rpm-header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wd_request req = {
		.path = "Packages", .fd = -1, .want = WD_WANT_DIGESTS | WD_WANT_ATTRIBUTES};
	struct wd_rpm_record rec = {.hnum = 1, .blob = WD_BUF_INIT};
	struct fuzz_sink sink;
	struct wd_rpm_source src = {.req = &req, .sink = &sink.sink, .size = size};

	fuzz_sink_init(&sink);
	wd_buf_append(&rec.blob, data, size);
	FUZZ_CHECK(wd_rpm_header_push(&src, &rec) <= 0);
	wd_buf_done(&rec.blob);
	return 0;
}
