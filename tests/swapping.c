/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a command while two names change places all the time:
 *
 *	swapping A B COMMAND [ARG...]
 *
 * Exit status 77 where the file system cannot do that.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static int swap(const char *a, const char *b)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

int main(int argc, char **argv)
{
	int status = 0;
	pid_t swapper, command;

	if (argc < 4) {
		fprintf(stderr, "usage: swapping A B COMMAND [ARG...]\n");
		return 2;
	}
	if (swap(argv[1], argv[2]) < 0) {
		fprintf(stderr, "swapping: %s: %s\n", argv[1], strerror(errno));
		return 77;
	}
	swapper = fork();
	if (swapper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			swap(argv[1], argv[2]);
	}
	command = fork();
	if (command == 0) {
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	waitpid(command, &status, 0);
	if (swapper > 0) {
		kill(swapper, SIGKILL);
		waitpid(swapper, NULL, 0);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
