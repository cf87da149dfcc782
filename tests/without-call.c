/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a command as on a kernel without a system call, or in a sandbox that forbids it:
 *
 *	without-call CALL ENOSYS|EPERM COMMAND [ARG...]
 *
 * Exit status 77 where no filter can be set.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int block(int call, int error)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = ctx ? 0 : -ENOMEM;

	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO((uint16_t)error), call, 0);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r;
}

/* A filter for another architecture's number would let everything pass, and every test too. */
static int is_blocked(int call, int error)
{
	return syscall(call, -1, -1, -1, -1) < 0 && errno == error;
}

int main(int argc, char **argv)
{
	int error = argc > 2 && strcmp(argv[2], "EPERM") == 0 ? EPERM : ENOSYS;
	int call = argc > 3 ? seccomp_syscall_resolve_name(argv[1]) : __NR_SCMP_ERROR;
	int r;

	if (call == __NR_SCMP_ERROR) {
		fprintf(stderr, "usage: without-call CALL ENOSYS|EPERM COMMAND [ARG...]\n");
		return 2;
	}
	r = block(call, error);
	if (r < 0 || !is_blocked(call, error)) {
		fprintf(stderr, "without-call: %s is not blocked: %s\n", argv[1], strerror(-r));
		return 77;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
