/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/filter.h"

#include "base/cleanup.h"
#include "pkgdb/sanitized.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What libc, librpm, libdb, SQLite and libdpkg need to read what is already open, and no more. */
static const int allowed[] = {
	SCMP_SYS(brk),		SCMP_SYS(clock_gettime),
	SCMP_SYS(close),	SCMP_SYS(dup),
	SCMP_SYS(exit),		SCMP_SYS(exit_group),
	SCMP_SYS(fstat),	SCMP_SYS(fstatfs),
	SCMP_SYS(futex),	SCMP_SYS(getcwd),
	SCMP_SYS(getdents64),	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),	SCMP_SYS(getgid),
	SCMP_SYS(getpid),	SCMP_SYS(getppid),
	SCMP_SYS(getrandom),	SCMP_SYS(getrlimit),
	SCMP_SYS(gettid),	SCMP_SYS(gettimeofday),
	SCMP_SYS(getuid),	SCMP_SYS(lseek),
	SCMP_SYS(ugetrlimit),	SCMP_SYS(mmap),
	SCMP_SYS(mprotect),	SCMP_SYS(mremap),
	SCMP_SYS(munmap),	SCMP_SYS(newfstatat),
	SCMP_SYS(pread64),	SCMP_SYS(read),
	SCMP_SYS(readlink),	SCMP_SYS(readlinkat),
	SCMP_SYS(readv),	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield),	SCMP_SYS(sigaltstack),
	SCMP_SYS(stat),		SCMP_SYS(statx),
	SCMP_SYS(sysinfo),	SCMP_SYS(uname),
	SCMP_SYS(lstat),	SCMP_SYS(fstat64),
	SCMP_SYS(fstatat64),	SCMP_SYS(_llseek),
	SCMP_SYS(mmap2),	SCMP_SYS(clock_gettime64),
};

/*
 * For the files of an image, which are copied into memory, for what is unpacked of archives, and
 * for the layers that are directories, with attributes.
 */
static const int writing[] = {
	SCMP_SYS(memfd_create),
	SCMP_SYS(pwrite64),
	SCMP_SYS(fgetxattr),
};

/* What raising the fences takes that come behind the first filter. */
static const int fencing[] = {
	SCMP_SYS(landlock_add_rule),
	SCMP_SYS(landlock_create_ruleset),
	SCMP_SYS(landlock_restrict_self),
	SCMP_SYS(prctl),
	SCMP_SYS(seccomp),
	SCMP_SYS(pipe2),
	SCMP_SYS(capget),
	SCMP_SYS(capset),
	SCMP_SYS(setgroups),
	SCMP_SYS(setresgid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setgroups32),
	SCMP_SYS(setresgid32),
	SCMP_SYS(setresuid32),
	/* with whatever arguments: the next filter looks at them */
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(fcntl),
	SCMP_SYS(fcntl64),
};

/* Only of address sanitizer: */
static const int sanitizing[] = {
	SCMP_SYS(prlimit64), /* the size of the stack, when it describes an error */
};

/* What libraries try for, and do without. A refusal has to look like one that they know. */
static const struct {
	int call;
	int error;
} refused[] = {
	{SCMP_SYS(access), EACCES},	/* libgcrypt, which librpm starts late: FIPS mode? */
	{SCMP_SYS(faccessat), EACCES},	/* the same, where there is no access(), */
	{SCMP_SYS(faccessat2), EACCES}, /* and by newer versions of libc */
	{SCMP_SYS(ioctl), ENOTTY},	/* stdio: is this a terminal? */
	{SCMP_SYS(prctl), EINVAL},	/* malloc names its mappings, for debuggers */
};

/* Stands in a filter for the id of the process that loads it. No process can have it. */
#define SELF 0x7fedcba9u

struct program {
	struct sock_filter *code;
	unsigned short n;
};

/* By what they are for and `landlock`; made when they are first needed, and kept. */
static struct program programs[WD_FILTERS][2];

/* Reading, and nothing that makes or empties a file. */
#define OPEN_WRITES (O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY) | O_APPEND)

/* 0 also for a call that this architecture never had, which needs no rule. */
static int rule(scmp_filter_ctx ctx, uint32_t action, int call, unsigned n,
		const struct scmp_arg_cmp *args)
{
	int r = seccomp_rule_add_array(ctx, action, call, n, args);

	return r == -EDOM || r == -EINVAL ? 0 : r;
}

static int allow_all(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = rule(ctx, SCMP_ACT_ALLOW, calls[i], 0, NULL);
	return r;
}

static int refuse_all(scmp_filter_ctx ctx)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < WD_ARRAY_SIZE(refused); i++)
		r = rule(ctx, SCMP_ACT_ERRNO((uint16_t)refused[i].error), refused[i].call, 0, NULL);
	return r;
}

/*
 * openat2() has its flags in memory, where a filter cannot look. Landlock knows what it may open;
 * without it the call is one that this kernel has not, and wd_openat_in_root() walks by openat().
 */
static int allow_opening(scmp_filter_ctx ctx, bool landlock)
{
	struct scmp_arg_cmp open_flags = SCMP_A1(SCMP_CMP_MASKED_EQ, OPEN_WRITES, O_RDONLY);
	struct scmp_arg_cmp openat_flags = SCMP_A2(SCMP_CMP_MASKED_EQ, OPEN_WRITES, O_RDONLY);
	int r = rule(ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, &open_flags);

	if (r == 0)
		r = rule(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &openat_flags);
	return r < 0 ? r
		     : rule(ctx, landlock ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS),
			    SCMP_SYS(openat2), 0, NULL);
}

/*
 * The pipe, and what libraries print to /dev/null. What a worker was handed stands below 6;
 * perror() prints to a copy of standard error, which may fail.
 */
static int allow_writing(scmp_filter_ctx ctx)
{
	static const int calls[] = {SCMP_SYS(write), SCMP_SYS(writev)};
	struct scmp_arg_cmp handed = SCMP_A0(SCMP_CMP_LE, 5), other = SCMP_A0(SCMP_CMP_GT, 5);
	int r = 0;

	for (size_t i = 0; r == 0 && i < WD_ARRAY_SIZE(calls); i++) {
		r = rule(ctx, SCMP_ACT_ALLOW, calls[i], 1, &handed);
		if (r == 0)
			r = rule(ctx, SCMP_ACT_ERRNO(EBADF), calls[i], 1, &other);
	}
	return r;
}

/* Not F_SETOWN and its like, which make signals for others. */
static int allow_fcntl(scmp_filter_ctx ctx)
{
	static const int commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL};
	int r = 0;

	for (size_t i = 0; r == 0 && i < WD_ARRAY_SIZE(commands); i++) {
		struct scmp_arg_cmp arg = SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i]);

		r = rule(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, &arg);
		if (r == 0)
			r = rule(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl64), 1, &arg);
	}
	return r;
}

/* What concerns the process alone. MADV_HWPOISON and what follows take pages from the machine. */
static int allow_madvise(scmp_filter_ctx ctx)
{
	struct scmp_arg_cmp own = SCMP_A2(SCMP_CMP_LT, MADV_HWPOISON);

	return rule(ctx, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1, &own);
}

/* abort() and raise(): in a process of one thread, both ids are its own. */
static int allow_own_signals(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp self[] = {SCMP_A0(SCMP_CMP_EQ, SELF), SCMP_A1(SCMP_CMP_EQ, SELF)};

	return rule(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), WD_ARRAY_SIZE(self), self);
}

static int add_loading(scmp_filter_ctx ctx)
{
	int r = allow_all(ctx, writing, WD_ARRAY_SIZE(writing));

	return r < 0 ? r : allow_all(ctx, fencing, WD_ARRAY_SIZE(fencing));
}

static int add_reading(scmp_filter_ctx ctx, bool writes, bool landlock)
{
	int r = writes ? allow_all(ctx, writing, WD_ARRAY_SIZE(writing)) : 0;

	if (r == 0)
		r = refuse_all(ctx);
	if (r == 0)
		r = allow_opening(ctx, landlock);
	if (r == 0)
		r = allow_writing(ctx);
	return r < 0 ? r : allow_fcntl(ctx);
}

static int add_rules(scmp_filter_ctx ctx, enum wd_filter filter, bool landlock)
{
	int r = allow_all(ctx, allowed, WD_ARRAY_SIZE(allowed));

	if (r == 0 && WD_SANITIZED)
		r = allow_all(ctx, sanitizing, WD_ARRAY_SIZE(sanitizing));
	if (r == 0)
		r = allow_madvise(ctx);
	if (r == 0)
		r = allow_own_signals(ctx);
	if (r < 0)
		return r;
	return filter == WD_FILTER_LOAD ? add_loading(ctx)
					: add_reading(ctx, filter == WD_FILTER_WRITE, landlock);
}

/*
 * libseccomp 2.5 gives a program only to a descriptor. A pipe holds any that the kernel would take,
 * and is no file, of which a worker may not be able to write one.
 */
static int export(scmp_filter_ctx ctx, struct program *p)
{
	struct sock_filter code[BPF_MAXINSNS];
	int ends[2];
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	n = seccomp_export_bpf(ctx, ends[1]) == 0 ? read(ends[0], code, sizeof(code)) : -1;
	close(ends[0]);
	close(ends[1]);
	if (n <= 0)
		return -EIO;
	p->code = malloc((size_t)n);
	if (!p->code)
		return -ENOMEM;
	memcpy(p->code, code, (size_t)n);
	p->n = (unsigned short)((size_t)n / sizeof(*code));
	return 0;
}

/*
 * While a module is loaded, code runs that is trusted, and that tries for more than what it is
 * loaded for: that fails. Behind the last filter nothing has a reason to try.
 */
static const struct program *find(enum wd_filter filter, bool landlock)
{
	uint32_t otherwise =
		filter == WD_FILTER_LOAD ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
	struct program *p = &programs[filter][landlock];
	scmp_filter_ctx ctx;

	if (p->code)
		return p;
	ctx = seccomp_init(otherwise);
	/* a tree by number: the kernel runs a new filter for every call that there is */
	if (ctx)
		seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (ctx && add_rules(ctx, filter, landlock) == 0)
		export(ctx, p);
	seccomp_release(ctx);
	return p;
}

bool wd_filter_available(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

void wd_filter_prepare(enum wd_filter filter, bool landlock)
{
	find(filter, landlock);
}

static void name_self(const struct program *p)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->code[i].code == (BPF_JMP | BPF_JEQ | BPF_K) && p->code[i].k == SELF)
			p->code[i].k = (uint32_t)getpid();
}

bool wd_filter_raise(enum wd_filter filter, bool landlock)
{
	const struct program *p = find(filter, landlock);
	struct sock_fprog prog = {.len = p->n, .filter = p->code};

	name_self(p);
	return p->code && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0;
}
