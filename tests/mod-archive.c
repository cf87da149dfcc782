/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The module that decodes archives, as a crafted archive might have made it: the "archive" says in
 * one word what it does, behind good entries, more than a worker keeps to itself. As in
 * tests/mod-odd.c, what must not work returns WD_EUNSUPPORTED where it does, and WD_ELIMIT where it
 * fails; what must not be tried does not come back.
 */
#include "pkgdb/archive.h"
#include "pkgdb/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GOOD 3000

static int refused(long r)
{
	return r < 0 ? WD_ELIMIT : WD_EUNSUPPORTED;
}

static int entry(const struct wd_archive_job *job, struct wd_blob path)
{
	const struct wd_archive_entry e = {.path = path, .mode = S_IFREG | 0644};

	return job->events->entry(job->ctx, &e, WD_BLOB_NULL);
}

static int stall(const struct wd_archive_job *job)
{
	static volatile uint32_t word;

	(void)job;
	while (word == 0)
		syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
	return 0;
}

static int spin(const struct wd_archive_job *job)
{
	static volatile bool forever = true;

	(void)job;
	while (forever)
		;
	return 0;
}

static int crash(const struct wd_archive_job *job)
{
	(void)job;
	signal(SIGSEGV, SIG_DFL); /* sanitizers have a handler */
	raise(SIGSEGV);
	__builtin_trap();
}

static int leave(const struct wd_archive_job *job)
{
	(void)job;
	_exit(0);
}

static int flood(const struct wd_archive_job *job)
{
	int r = 0;

	while (r >= 0)
		r = entry(job, WD_BLOB("usr/again"));
	return r;
}

static int garbage(const struct wd_archive_job *job)
{
	(void)job;
	return write(WD_FD_PIPE, "\xff\xff\xff\xff\xff\xff\xff", 7) < 0 ? -errno : 0;
}

static int use_memory(const struct wd_archive_job *job)
{
	(void)job;
	while (mmap(NULL, 64ul << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		;
	return -ENOMEM;
}

static int read_shadow(const struct wd_archive_job *job)
{
	(void)job;
	return refused(open("/etc/shadow", O_RDONLY | O_CLOEXEC));
}

/* The archive itself, which was opened for reading. */
static int write_old(const struct wd_archive_job *job)
{
	(void)job;
	return refused(pwrite(WD_FD_DB, "x", 1, 0));
}

static int write_new(const struct wd_archive_job *job)
{
	(void)job;
	return refused(open("/tmp/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int use_socket(const struct wd_archive_job *job)
{
	(void)job;
	return refused(socket(AF_INET, SOCK_STREAM, 0));
}

static int use_exec(const struct wd_archive_job *job)
{
	char *const argv[] = {(char *)"true", NULL};

	(void)job;
	return refused(execve("/bin/true", argv, argv + 1));
}

static int use_fork(const struct wd_archive_job *job)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	(void)job;
	if (pid == 0)
		_exit(0);
	return refused(pid);
}

static int use_kill(const struct wd_archive_job *job)
{
	(void)job;
	return refused(kill(getppid(), 0));
}

static const struct {
	struct wd_blob word;
	int (*does)(const struct wd_archive_job *job);
} behaviours[] = {
#define DOES(word, does)                                                                           \
	{                                                                                          \
		{word, sizeof(word) - 1}, does                                                     \
	}
	DOES("stall", stall),	DOES("spin", spin),	    DOES("crash", crash),
	DOES("leave", leave),	DOES("flood", flood),	    DOES("garbage", garbage),
	DOES("new", write_new), DOES("old", write_old),	    DOES("shadow", read_shadow),
	DOES("exec", use_exec), DOES("fork", use_fork),	    DOES("socket", use_socket),
	DOES("kill", use_kill), DOES("memory", use_memory),
};

static int misbehave(int fd, uint64_t offset, uint64_t length, const struct wd_archive_job *job,
		     struct wd_archive_result *ret)
{
	char word[16];
	ssize_t n = pread(fd, word, sizeof(word), 0);
	int r = n < 0 ? -errno : 0;

	(void)offset;
	(void)length;
	*ret = (struct wd_archive_result){0};
	for (int i = 0; r >= 0 && i < GOOD; i++)
		r = entry(job, WD_BLOB("usr/file"));
	for (size_t i = 0; r >= 0 && i < sizeof(behaviours) / sizeof(*behaviours); i++)
		if (wd_blob_equal(wd_blob(word, (size_t)n), behaviours[i].word))
			return behaviours[i].does(job);
	return r;
}

extern const struct wd_archive_module wd_archive_module;
__attribute__((visibility("default"))) const struct wd_archive_module wd_archive_module = {
	.abi = WD_ARCHIVE_ABI,
	.read = misbehave,
};
