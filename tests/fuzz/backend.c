/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load() of one backend, linked in directly, on FUZZ_PATH in memory. */
#include "request.h"

#ifdef FUZZ_ZSTD
#include <zstd.h>
#endif

extern const struct wd_backend wd_backend_v2;

/*
 * The database, compressed where that is how it is kept: changed bytes would die in libzstd. An
 * input that is compressed already stays as it is.
 */
static struct wd_blob database(struct wd_blob input, struct wd_buf *work)
{
#ifdef FUZZ_ZSTD
	size_t bound = ZSTD_compressBound(input.len);

	if (wd_blob_starts(input, WD_BLOB("\x28\xb5\x2f\xfd")))
		return input;
	FUZZ_CHECK(wd_buf_reserve(work, bound) == 0);
	work->len = ZSTD_compress(work->ptr, bound, input.ptr, input.len, 1);
	FUZZ_CHECK(!ZSTD_isError(work->len));
	return wd_buf_view(work);
#else
	(void)work;
	return input;
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WD_CLEANUP_BUF struct wd_buf work = WD_BUF_INIT;
	int before = fuzz_free_fd();
	struct fuzz_request request;
	struct fuzz_sink sink;

	fuzz_request_init(&request, FUZZ_PATH, database(wd_blob(data, size), &work));
	fuzz_sink_init(&sink);
	FUZZ_CHECK(wd_backend_v2.load(&request.req, &sink.sink) <= 0);
	fuzz_request_done(&request);
	FUZZ_CHECK(fuzz_free_fd() == before);
	return 0;
}
