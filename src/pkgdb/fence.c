/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/fence.h"

#include "base/cleanup.h"
#include "base/status.h"
#include "pkgdb/filter.h"
#include "pkgdb/sanitized.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* A second more than what SIGXCPU ends it at: a plain SIGKILL would not say why. */
static bool limit_cpu(rlim_t seconds)
{
	struct rlimit old, lim = {seconds, seconds + 1};

	if (getrlimit(RLIMIT_CPU, &old) == 0 && old.rlim_max < lim.rlim_max)
		return limit(RLIMIT_CPU, seconds);
	return setrlimit(RLIMIT_CPU, &lim) == 0;
}

static bool writes(enum wd_work_kind kind)
{
	return kind == WD_WORK_COPY || kind == WD_WORK_DECODE || kind == WD_WORK_LAYER;
}

static enum wd_filter filter_of(enum wd_work_kind kind)
{
	return writes(kind) ? WD_FILTER_WRITE : WD_FILTER_READ;
}

static bool fence_rlimits(enum wd_work_kind kind)
{
	return (WD_SANITIZED || limit(RLIMIT_AS, wd_limit_memory())) &&
	       limit_cpu(wd_limit_cpu(kind)) &&
	       limit(RLIMIT_FSIZE, writes(kind) ? WD_LIMIT_SPOOL : 0) && limit(RLIMIT_CORE, 0) &&
	       limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, 64);
}

#define LANDLOCK_READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

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

/*
 * Whether Landlock refuses whatever openat2() may be asked for besides reading: emptying a file,
 * which O_TRUNC does without asking for writing, only from its third version on.
 */
static bool guards_openat2(void)
{
	return landlock_abi() >= 3;
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
	long abi = landlock_abi();
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

/* ---- Root */

#define NOBODY 65534 /* the kernel's overflow id, which owns nothing */
#define READ_ALL (1u << CAP_DAC_READ_SEARCH)
/* Overlayfs says in attributes that only this may read (trusted.*) what a layer takes away. */
#define READ_TRUSTED (1u << CAP_SYS_ADMIN)

static bool get_caps(struct __user_cap_data_struct caps[2])
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};

	return syscall(SYS_capget, &head, caps) == 0;
}

static bool has_caps(const struct __user_cap_data_struct caps[2])
{
	return caps[0].permitted | caps[1].permitted | caps[0].inheritable | caps[1].inheritable;
}

/* Nothing remains but what was permitted of `keep`. */
static bool drop_caps(uint32_t keep)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct caps[2];

	if (!get_caps(caps))
		return false;
	keep &= caps[0].permitted;
	caps[0] = (struct __user_cap_data_struct){.permitted = keep, .effective = keep};
	caps[1] = (struct __user_cap_data_struct){0};
	return syscall(SYS_capset, &head, caps) == 0;
}

/* A change of user takes these two from a process. */
static void rearm(pid_t parent)
{
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static bool become_nobody(void)
{
	pid_t parent = getppid();
	bool done;

	/* up to the last that this kernel has; without CAP_SETPCAP, none */
	for (int cap = 0; prctl(PR_CAPBSET_DROP, cap) == 0; cap++)
		;
	/* either lets what is permitted outlive the change of user */
	if (prctl(PR_SET_SECUREBITS, SECURE_ALL_BITS | SECURE_ALL_LOCKS) < 0)
		prctl(PR_SET_KEEPCAPS, 1);
	done = setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0;
	rearm(parent); /* half a change takes as much */
	return done;
}

/*
 * Whoever started the program, the worker is nobody in particular from now on. Where it opens
 * files, it may read those that only root may: below the directory that Landlock leaves it.
 * A user without rights of root's has nothing to give up, and stays who it is.
 */
static bool fence_root(enum wd_work_kind kind)
{
	bool opens = kind == WD_WORK_DATABASE || kind == WD_WORK_EXAMINE || kind == WD_WORK_LAYER;
	uint32_t keep = (opens ? READ_ALL : 0) | (kind == WD_WORK_LAYER ? READ_TRUSTED : 0);
	struct __user_cap_data_struct caps[2];
	bool root = getuid() == 0 || geteuid() == 0;

	if (!get_caps(caps))
		return false;
	if (!root && !has_caps(caps))
		return true;
	root = root && !become_nobody();
	return drop_caps(keep) && !root;
}

/* ---- All of them */

uint32_t wd_fence_raise_outer(enum wd_work_kind kind)
{
	uint32_t held = 0;

	prctl(PR_SET_DUMPABLE, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		held |= WD_FENCE_NO_NEW_PRIVS;
	if (fence_rlimits(kind))
		held |= WD_FENCE_RLIMITS;
	fence_landlock(-1);
	wd_filter_raise(WD_FILTER_LOAD, false);
	return held;
}

uint32_t wd_fence_raise_inner(enum wd_work_kind kind, int dir_fd)
{
	uint32_t held = 0;

	if (fence_landlock(dir_fd))
		held |= WD_FENCE_LANDLOCK;
	if (fence_root(kind))
		held |= WD_FENCE_UNPRIVILEGED;
	if (wd_filter_raise(filter_of(kind), held & WD_FENCE_LANDLOCK && guards_openat2()))
		held |= WD_FENCE_SECCOMP;
	return held;
}

int wd_fence_check(uint32_t held)
{
	return wd_limit_required() & ~held ? WD_EFENCE : 0;
}

/* ---- In the parent */

/* In a user namespace, whether it has NOBODY; without /proc, that is taken for granted. */
static bool nobody_exists(void)
{
	WD_CLEANUP_FD int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	char text[4096] = "", *at = text;
	unsigned long first, outside, count;
	int used;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return true;
	for (; sscanf(at, "%lu %lu %lu%n", &first, &outside, &count, &used) == 3; at += used)
		if (first <= NOBODY && NOBODY - first < count)
			return true;
	return false;
}

static bool can_give_up_root(void)
{
	const uint32_t needed = 1u << CAP_SETUID | 1u << CAP_SETGID;
	struct __user_cap_data_struct caps[2];

	if (getuid() != 0 && geteuid() != 0)
		return true;
	return get_caps(caps) && (caps[0].effective & needed) == needed && nobody_exists();
}

uint32_t wd_fence_available(void)
{
	uint32_t flags = WD_FENCE_NO_NEW_PRIVS | WD_FENCE_RLIMITS;

	if (landlock_abi() >= 1)
		flags |= WD_FENCE_LANDLOCK;
	if (wd_filter_available())
		flags |= WD_FENCE_SECCOMP;
	if (can_give_up_root())
		flags |= WD_FENCE_UNPRIVILEGED;
	return flags;
}

int wd_fence_try(uint32_t *ret_held)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		uint32_t held = wd_fence_raise_outer(WD_WORK_DATABASE);

		/* "/", of which nothing is read */
		held |= wd_fence_raise_inner(WD_WORK_DATABASE, open("/", O_PATH | O_CLOEXEC));
		_exit((int)held);
	}
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return -errno;
	*ret_held = WIFEXITED(status) ? (uint32_t)WEXITSTATUS(status) : 0;
	return 0;
}

void wd_fence_prepare(enum wd_work_kind kind)
{
	static bool guarded, known;

	if (!known)
		guarded = guards_openat2();
	known = true;
	wd_filter_prepare(WD_FILTER_LOAD, false);
	wd_filter_prepare(filter_of(kind), guarded);
}
