/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a command as on a kernel without openat2(2), or in a sandbox that forbids it:
 *
 *	no-openat2 ENOSYS|EPERM COMMAND [ARG...]
 *
 * Exit status 77 where no filter can be set.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int block(int error)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = ctx ? 0 : -ENOMEM;

	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO((uint16_t)error), SCMP_SYS(openat2), 0);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r;
}

/* A filter for another architecture's number would let everything pass, and every test too. */
static int is_blocked(int error)
{
	struct open_how how = {.flags = O_PATH};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	return fd < 0 && errno == error;
}

int main(int argc, char **argv)
{
	int error = argc > 1 && strcmp(argv[1], "EPERM") == 0 ? EPERM : ENOSYS;
	int r;

	if (argc < 3) {
		fprintf(stderr, "usage: no-openat2 ENOSYS|EPERM COMMAND [ARG...]\n");
		return 2;
	}
	r = block(error);
	if (r < 0 || !is_blocked(error)) {
		fprintf(stderr, "no-openat2: openat2 is not blocked: %s\n", strerror(-r));
		return 77;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
