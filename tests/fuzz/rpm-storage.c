/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FUZZ_STORAGE: one storage of rpm databases, without the headers in it. */
#include "request.h"
#include "rpm-storage.h"

static void read_all(struct wd_rpm_source *src)
{
	struct wd_rpm_record rec = {.blob = WD_BUF_INIT};
	uint32_t last = 0;

	while (FUZZ_STORAGE.next(src, &rec) > 0) {
		FUZZ_CHECK(rec.hnum > last || last == 0);
		last = rec.hnum;
		fuzz_touch(wd_buf_view(&rec.blob));
		fuzz_found++;
		wd_buf_done(&rec.blob);
	}
	wd_buf_done(&rec.blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before = fuzz_free_fd();
	struct fuzz_request request;
	struct fuzz_sink sink;
	struct wd_rpm_source src;

	fuzz_request_init(&request, FUZZ_PATH, wd_blob(data, size));
	fuzz_sink_init(&sink);
	FUZZ_CHECK(wd_rpm_source_init(&src, &request.req, &sink.sink) == 0);
	if (FUZZ_STORAGE.open(&src) == 0) {
		read_all(&src);
		FUZZ_STORAGE.close(&src);
	}
	fuzz_request_done(&request);
	FUZZ_CHECK(fuzz_free_fd() == before);
	return 0;
}
