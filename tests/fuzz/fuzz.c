/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

uint64_t fuzz_found;

void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

void fuzz_touch(struct wd_blob b)
{
	static volatile uint8_t sum;

	for (size_t i = 0; i < b.len; i++)
		sum = (uint8_t)(sum ^ (uint8_t)b.ptr[i]);
}

int fuzz_memfd(struct wd_blob bytes)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0);
	for (size_t done = 0; done < bytes.len;) {
		ssize_t n = pwrite(fd, bytes.ptr + done, bytes.len - done, (off_t)done);

		FUZZ_CHECK(n > 0);
		done += (size_t)n;
	}
	return fd;
}

int fuzz_free_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	FUZZ_CHECK(fd >= 0);
	close(fd);
	return fd;
}
