/* SPDX-License-Identifier: GPL-3.0-or-later */
/* examine() of one backend on a file: its bytes at hand, and through a descriptor. */
#include "request.h"

extern const struct wd_backend wd_backend_v2;

/* By their names, some files are looked into more closely. */
static const char *name_of(size_t size)
{
	static const char *const names[] = {"file",	   "libc.so.6",
					    "libssl.so.3", "ld-musl-x86_64.so.1",
					    "busybox",	   "ld-linux-x86-64.so.2",
					    "perl",	   "bash"};

	return names[size % WD_ARRAY_SIZE(names)];
}

/* What it found. */
static uint64_t examine(int fd, const void *data, size_t size)
{
	struct wd_file file = {.path = name_of(size), .fd = fd, .data = data, .size = size};
	uint64_t before = fuzz_found;
	struct fuzz_sink sink;

	fuzz_sink_init(&sink);
	FUZZ_CHECK(wd_backend_v2.examine(&file, &sink.sink) <= 0);
	return fuzz_found - before;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before = fuzz_free_fd();
	int fd = fuzz_memfd(wd_blob(data, size));

	FUZZ_CHECK(examine(-1, data, size) == examine(fd, NULL, size));
	close(fd);
	FUZZ_CHECK(fuzz_free_fd() == before);
	return 0;
}
