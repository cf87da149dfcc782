/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fork of a worker, where descriptors run out. */
#include "pkgdb/process.h"
#include "temproot.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* In the worker: sends its status, 1 where what it prints is taken. */
static void print_and_tell(const void *arg, int status)
{
	(void)arg;
	if (status == 0)
		status = write(STDOUT_FILENO, "printed", 7) > 0;
	if (write(WD_PROCESS_FDS + 1, &status, sizeof(status)) < 0)
		_exit(1);
}

/* The status of a worker that is forked where only so many more descriptors can be opened. */
static int start_with(int left, int input)
{
	int fds[64], n = 0, pipe_fd, status = 0;
	struct rlimit before, few;
	pid_t pid;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){64, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (n < 64 && (fds[n] = dup(input)) >= 0)
		n++;
	while (left-- > 0)
		close(fds[--n]);
	assert_int_equal(wd_process_start(&input, 1, print_and_tell, NULL, &pid, &pipe_fd), 0);
	if (read(pipe_fd, &status, sizeof(status)) != sizeof(status))
		status = -EPIPE;
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(pipe_fd);
	while (n > 0)
		close(fds[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	return status;
}

/* Two for the pipe, two to be moved, one for /dev/null: the parent's own are not written to. */
static void descriptors(void **state)
{
	static const int statuses[] = {-EMFILE, -EMFILE, 0, 1};
	struct temproot *t = *state;
	int said = openat(t->fd, "said", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int input = openat(t->fd, "said", O_RDONLY | O_CLOEXEC);
	int out = dup(STDOUT_FILENO);
	struct stat st;

	fflush(stdout);
	for (int i = 0; i < 4; i++) {
		int status;

		assert_true(dup2(said, STDOUT_FILENO) >= 0);
		status = start_with(2 + i, input);
		assert_true(dup2(out, STDOUT_FILENO) >= 0);
		assert_int_equal(status, statuses[i]);
		assert_int_equal(fstat(said, &st), 0);
		assert_int_equal(st.st_size, 0);
	}
	close(said);
	close(input);
	close(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(descriptors, temproot_setup, temproot_teardown),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
