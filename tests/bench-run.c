/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench-run COMMAND...		runs it with its output thrown away, and prints what it took:
 *				seconds, seconds of CPU, peak memory in KiB, its exit status
 *
 * Peak memory counts from before exec(): a process that a large one starts seems as large as that.
 */
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t nowhere;
	struct rusage used;
	int error, status;
	double start;
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: bench-run COMMAND...");
	if (posix_spawn_file_actions_init(&nowhere) != 0 ||
	    posix_spawn_file_actions_addopen(&nowhere, 1, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawn_file_actions_adddup2(&nowhere, 1, 2) != 0)
		err(2, "posix_spawn");
	start = now();
	error = posix_spawnp(&pid, argv[1], &nowhere, NULL, argv + 1, environ);
	if (error)
		errx(2, "%s: error %d", argv[1], error);
	if (wait4(pid, &status, 0, &used) != pid)
		err(2, "wait4");
	printf("%.6f %.6f %ld %d\n", now() - start, seconds(used.ru_utime) + seconds(used.ru_stime),
	       used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
