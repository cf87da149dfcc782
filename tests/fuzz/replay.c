/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * In place of libFuzzer: runs files through a target, by any compiler and with or without
 * sanitizers.
 *
 *	TARGET [--found] FILE...	--found: each must give the target something
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>

#define INPUT_MAX (64u << 20)
#define SECONDS 60 /* for one input, on a slow machine and with sanitizers */

/* The bytes alone in their allocation, so that the sanitizer sees what reads beyond them. */
static int run(const char *path)
{
	WD_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	WD_CLEANUP_BUF struct wd_buf buf = WD_BUF_INIT;
	WD_CLEANUP_FREE uint8_t *exact = NULL;

	if (fd < 0 || wd_buf_read_fd(&buf, fd, INPUT_MAX) < 0)
		return -1;
	exact = malloc(buf.len ? buf.len : 1);
	if (!exact)
		return -1;
	if (buf.len)
		memcpy(exact, buf.ptr, buf.len);
	alarm(SECONDS);
	LLVMFuzzerTestOneInput(exact, buf.len);
	alarm(0);
	return 0;
}

int main(int argc, char **argv)
{
	bool want = argc > 1 && strcmp(argv[1], "--found") == 0;
	int status = 0;

	for (int i = 1 + want; i < argc; i++) {
		uint64_t before = fuzz_found;

		/* left behind for the log where the target ends the process */
		printf("%s\n", argv[i]);
		fflush(stdout);
		if (run(argv[i]) < 0) {
			perror(argv[i]);
			status = 1;
		} else if (want && fuzz_found == before) {
			fprintf(stderr, "%s: nothing found in it\n", argv[i]);
			status = 1;
		}
	}
	return status;
}
