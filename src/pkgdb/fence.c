/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/fence.h"

#include "base/cleanup.h"
#include "pkgdb/limits.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Address sanitizer reserves terabytes of address space and reports through files. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

const char *wd_fence_name(enum wd_fence_bit bit)
{
	static const char *const names[] = {
#define X(id, name) name,
		WD_FENCES(X)
#undef X
	};

	return names[bit];
}

static bool limit(int resource, rlim_t value)
{
	struct rlimit lim = {value, value};
	struct rlimit old;

	/* never above a limit that is in force already */
	if (getrlimit(resource, &old) == 0 && old.rlim_max < value)
		lim.rlim_cur = lim.rlim_max = old.rlim_max;
	return setrlimit(resource, &lim) == 0;
}

static bool fence_rlimits(rlim_t cpu_seconds, rlim_t file_size)
{
	return (SANITIZED || limit(RLIMIT_AS, WD_LIMIT_MEMORY)) &&
	       limit(RLIMIT_CPU, cpu_seconds) && limit(RLIMIT_FSIZE, file_size) &&
	       limit(RLIMIT_CORE, 0) && limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, 64);
}

#define LANDLOCK_READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* Everything that Landlock's first version can refuse, plus what later kernels added. */
static uint64_t landlock_rights(long abi)
{
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		rights |= 1ull << 13; /* REFER */
	if (abi >= 3)
		rights |= 1ull << 14; /* TRUNCATE */
	if (abi >= 5)
		rights |= 1ull << 15; /* IOCTL_DEV */
	return rights;
}

static bool is_dir(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * Reading below `dir_fd` is all that remains, or reading `dir_fd` where that is a file; with -1,
 * reading anywhere.
 */
static bool fence_landlock(int dir_fd)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = landlock_rights(abi) & ~(dir_fd < 0 ? LANDLOCK_READING : 0ull),
	};
	struct landlock_path_beneath_attr below = {
		.allowed_access = is_dir(dir_fd) ? LANDLOCK_READING : LANDLOCK_ACCESS_FS_READ_FILE,
		.parent_fd = dir_fd,
	};
	WD_CLEANUP_FD int ruleset = -1;

	if (abi < 1)
		return false;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return false;
	/* EBADFD: no path leads to it (memfd), so that there is nothing to allow */
	if (dir_fd >= 0 &&
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0 &&
	    errno != EBADFD)
		return false;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

/* What libc, librpm, libdb, SQLite and libdpkg need to read what is already open, and no more. */
static const int allowed[] = {
	SCMP_SYS(brk),		  SCMP_SYS(clock_gettime), SCMP_SYS(close),
	SCMP_SYS(dup),		  SCMP_SYS(exit),	   SCMP_SYS(exit_group),
	SCMP_SYS(fcntl),	  SCMP_SYS(fstat),	   SCMP_SYS(fstatfs),
	SCMP_SYS(futex),	  SCMP_SYS(getcwd),	   SCMP_SYS(getdents64),
	SCMP_SYS(getegid),	  SCMP_SYS(geteuid),	   SCMP_SYS(getgid),
	SCMP_SYS(getpid),	  SCMP_SYS(getppid),	   SCMP_SYS(getrandom),
	SCMP_SYS(getrlimit),	  SCMP_SYS(gettid),	   SCMP_SYS(gettimeofday),
	SCMP_SYS(getuid),	  SCMP_SYS(lseek),	   SCMP_SYS(madvise),
	SCMP_SYS(mmap),		  SCMP_SYS(mprotect),	   SCMP_SYS(mremap),
	SCMP_SYS(munmap),	  SCMP_SYS(newfstatat),	   SCMP_SYS(open),
	SCMP_SYS(openat),	  SCMP_SYS(openat2),	   SCMP_SYS(pread64),
	SCMP_SYS(read),		  SCMP_SYS(readlink),	   SCMP_SYS(readlinkat),
	SCMP_SYS(readv),	  SCMP_SYS(restart_syscall), SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),	  SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list),
	SCMP_SYS(sigaltstack),	  SCMP_SYS(stat),	   SCMP_SYS(statx),
	SCMP_SYS(sysinfo),	  SCMP_SYS(uname),	   SCMP_SYS(write),
	SCMP_SYS(writev),	  SCMP_SYS(lstat),	   SCMP_SYS(fstat64),
	SCMP_SYS(fstatat64),	  SCMP_SYS(_llseek),	   SCMP_SYS(mmap2),
	SCMP_SYS(clock_gettime64), SCMP_SYS(ugetrlimit),   SCMP_SYS(fcntl64),
	SCMP_SYS(pwrite64),	  SCMP_SYS(memfd_create),   SCMP_SYS(fgetxattr),
};

/* What raising the second fences takes. */
static const int fencing[] = {
	SCMP_SYS(landlock_add_rule), SCMP_SYS(landlock_create_ruleset),
	SCMP_SYS(landlock_restrict_self), SCMP_SYS(prctl), SCMP_SYS(seccomp),
};

static bool allow(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);

		/* a call that this architecture never had needs no rule */
		if (r != 0 && r != -EDOM && r != -EINVAL)
			return false;
	}
	return true;
}

/*
 * A call that is not allowed fails with EPERM: a library that tries for something optional goes
 * on without it.
 */
static bool fence_seccomp(bool last)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok = ctx && allow(ctx, allowed, WD_ARRAY_SIZE(allowed)) &&
		  (last || allow(ctx, fencing, WD_ARRAY_SIZE(fencing)));

	ok = ok && seccomp_load(ctx) == 0;
	if (ctx)
		seccomp_release(ctx);
	return ok;
}

static uint32_t raise_outer(rlim_t cpu_seconds, rlim_t file_size)
{
	uint32_t held = 0;

	prctl(PR_SET_DUMPABLE, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		held |= WD_FENCE_NO_NEW_PRIVS;
	if (fence_rlimits(cpu_seconds, file_size))
		held |= WD_FENCE_RLIMITS;
	fence_landlock(-1);
	fence_seccomp(false);
	return held;
}

uint32_t wd_fence_raise_outer(void)
{
	return raise_outer(WD_LIMIT_CPU_SECONDS, 0);
}

uint32_t wd_fence_raise_decoder(void)
{
	return raise_outer(WD_LIMIT_DECODE_SECONDS, WD_LIMIT_SPOOL);
}

uint32_t wd_fence_raise_inner(int dir_fd)
{
	uint32_t held = 0;

	if (fence_landlock(dir_fd))
		held |= WD_FENCE_LANDLOCK;
	if (fence_seccomp(true))
		held |= WD_FENCE_SECCOMP;
	return held;
}
