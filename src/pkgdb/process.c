/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/process.h"

#include "base/array.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_SIZE (1 << 20)
#define MOST 8
#define ASIDE 16 /* above all places, so that no move overwrites what is still needed */

static WD_ARRAY(pid_t) dismissed;

/*
 * Where /dev/null cannot be opened, what is to be read stands in for it: nothing can be written to
 * that, either. The parent's own streams must not stay.
 */
static int null_streams(int input)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0)
		null = input;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	return 0;
}

static void close_from(int first)
{
	if (syscall(SYS_close_range, first, ~0u, 0) < 0)
		for (int fd = first; fd < 4096; fd++)
			close(fd);
}

/* Moves the descriptors to their places and closes everything else. */
static int settle(const int *fds, size_t n, int pipe_fd)
{
	int aside[MOST + 1];
	int r;

	for (size_t i = 0; i <= n; i++) {
		aside[i] = fcntl(i < n ? fds[i] : pipe_fd, F_DUPFD, ASIDE);
		if (aside[i] < 0)
			return -errno;
	}
	r = null_streams(aside[0]);
	for (size_t i = 0; r == 0 && i <= n; i++)
		if (dup2(aside[i], WD_PROCESS_FDS + (int)i) < 0)
			r = -errno;
	if (r == 0)
		close_from(WD_PROCESS_FDS + (int)n + 1);
	return r;
}

/*
 * What the parent does in its handlers is not a child's to do. As in exec(), what is ignored stays.
 */
static void reset_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU, SIGXFSZ};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		struct sigaction old;

		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			signal(signals[i], SIG_DFL);
	}
}

__attribute__((noreturn)) static void child(pid_t parent, const int *fds, size_t n, int pipe_fd,
					    wd_process_main run, const void *arg)
{
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* one that died before its death was to be a signal */
	if (getppid() != parent)
		_exit(0);
	reset_signals();
	clearenv();
	r = settle(fds, n, pipe_fd);
	/* what could not be moved is said to the parent, and not to whatever else stands there */
	if (r < 0 && dup2(pipe_fd, WD_PROCESS_FDS + (int)n) < 0)
		_exit(0);
	run(arg, r);
	_exit(0);
}

static void reap(int options)
{
	size_t left = 0;

	for (size_t i = 0; i < dismissed.n; i++)
		if (TEMP_FAILURE_RETRY(waitpid(dismissed.v[i], NULL, options)) == 0)
			dismissed.v[left++] = dismissed.v[i];
	dismissed.n = left;
}

void wd_process_dismiss(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(WNOHANG);
	if (wd_array_push(&dismissed, pid) < 0)
		TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
}

void wd_process_wait_all(void)
{
	reap(0);
	wd_array_done(&dismissed);
}

int wd_process_start(const int *fds, size_t n, wd_process_main run, const void *arg, pid_t *ret_pid,
		     int *ret_pipe)
{
	pid_t pid, parent = getpid();
	int ends[2];

	if (n > MOST)
		return -EINVAL;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE);
	pid = fork();
	if (pid == 0)
		child(parent, fds, n, ends[1], run, arg);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -errno;
	}
	*ret_pid = pid;
	*ret_pipe = ends[0];
	return 0;
}
