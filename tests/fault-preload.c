/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Preloaded, makes one call fail: see fault-driver.c, which says in the environment which one.
 *
 *	WD_FAULT	ROLE CLASS N: the N-th call of the class, in the program itself ("parent") or
 *			in each of the processes that it forks ("worker"). N 0: none.
 *	WD_FAULT_TALLY	descriptor of a struct wd_fault_tally
 *
 * Only calls of the program and its libraries count: what libc and the dynamic linker do inside
 * themselves does not come here, but for the memory that they allocate.
 */
#include "fault.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <regex.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum class { MEMORY, INPUT };

static bool in_worker, armed, wants_worker;
static __thread bool exempt; /* inside a function that counts as one call, or not at all */
static enum class wanted;
static unsigned long which;
static atomic_ulong calls;
static struct wd_fault_tally *tally;

/*
 * libseccomp 2.5 goes round for ever where it gets no memory for a filter (gen_bpf.c). The worker's
 * limit of CPU time ends that, after two minutes each.
 */
static bool is_exempt(const void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libseccomp");
}

/* Where to break to see which call it is that fails. */
void wd_fault_hit(void);
__attribute__((noinline)) void wd_fault_hit(void)
{
	atomic_fetch_add(&tally->failed, 1);
}

/* Whether this call is the one. */
static bool fails(enum class class, const void *caller)
{
	unsigned long n;

	if (!armed || exempt || class != wanted || in_worker != wants_worker ||
	    (caller && is_exempt(caller)))
		return false;
	n = atomic_fetch_add(&calls, 1) + 1;
	/* the most that one process made, not exact and need not be */
	if (n > atomic_load(&tally->calls))
		atomic_store(&tally->calls, n);
	if (n == which)
		wd_fault_hit();
	return n == which;
}

static void forked(void)
{
	in_worker = true;
	atomic_store(&calls, 0);
}

__attribute__((constructor)) static void start(void)
{
	const char *fault = getenv("WD_FAULT"), *fd = getenv("WD_FAULT_TALLY");
	char role[16], class[16];
	void *map;

	if (!fault || !fd || sscanf(fault, "%15s %15s %lu", role, class, &which) != 3)
		return;
	map = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(fd), 0);
	if (map == MAP_FAILED || pthread_atfork(NULL, NULL, forked) != 0)
		abort();
	close(atoi(fd));
	tally = map;
	wants_worker = strcmp(role, "worker") == 0;
	wanted = strcmp(class, "memory") == 0 ? MEMORY : INPUT;
	armed = true;
}

/* The next definition of a function: libc's, or the sanitizer's in front of it. */
#define NEXT(name)                                                                                 \
	static __typeof__(name) *next;                                                             \
	if (!next)                                                                                 \
	next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* ---- Memory: behind these is the address sanitizer's allocator, or libc's. */

#define ALLOCATOR(type, name, args)                                                                \
	extern type __interceptor_##name args __attribute__((weak));                               \
	extern type __libc_##name args;

ALLOCATOR(void *, malloc, (size_t size))
ALLOCATOR(void *, calloc, (size_t n, size_t size))
ALLOCATOR(void *, realloc, (void *old, size_t size))
ALLOCATOR(void *, memalign, (size_t alignment, size_t size))

#define CALLER __builtin_return_address(0)
#define REAL(name) (__interceptor_##name ? __interceptor_##name : __libc_##name)

static bool no_memory(const void *caller)
{
	bool fail = fails(MEMORY, caller);

	if (fail)
		errno = ENOMEM;
	return fail;
}

void *malloc(size_t size)
{
	return no_memory(CALLER) ? NULL : REAL(malloc)(size);
}

void *calloc(size_t n, size_t size)
{
	return no_memory(CALLER) ? NULL : REAL(calloc)(n, size);
}

void *realloc(void *old, size_t size)
{
	return no_memory(CALLER) ? NULL : REAL(realloc)(old, size);
}

void *reallocarray(void *old, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return no_memory(CALLER) ? NULL : REAL(memalign)(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *p = no_memory(CALLER) ? NULL : REAL(memalign)(alignment, size);

	if (p)
		*ret = p;
	return p ? 0 : ENOMEM;
}

/*
 * One call each: where an allocation inside them fails, glibc 2.36 frees twice in regcomp() and
 * leaks in newlocale().
 */
int regcomp(regex_t *compiled, const char *text, int flags)
{
	NEXT(regcomp);
	int r;

	if (no_memory(CALLER))
		return REG_ESPACE;
	exempt = true;
	r = next(compiled, text, flags);
	exempt = false;
	return r;
}

locale_t newlocale(int mask, const char *name, locale_t base)
{
	NEXT(newlocale);
	locale_t r;

	if (no_memory(CALLER))
		return NULL;
	exempt = true;
	r = next(mask, name, base);
	exempt = false;
	return r;
}

/* The sanitizer calls it in each new thread, and gives up where it fails. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
	NEXT(pthread_getattr_np);
	int r;

	exempt = true;
	r = next(thread, attr);
	exempt = false;
	return r;
}

/* ---- Input */

static bool no_input(void)
{
	bool fail = fails(INPUT, NULL);

	if (fail)
		errno = EIO;
	return fail;
}

ssize_t read(int fd, void *buf, size_t n)
{
	NEXT(read);
	return no_input() ? -1 : next(fd, buf, n);
}

ssize_t pread64(int fd, void *buf, size_t n, off64_t at)
{
	NEXT(pread64);
	return no_input() ? -1 : next(fd, buf, n, at);
}

ssize_t pread(int fd, void *buf, size_t n, off_t at)
{
	return pread64(fd, buf, n, at);
}

static mode_t mode_of(int flags, va_list *ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(*ap, mode_t) : 0;
}

int openat64(int dir, const char *path, int flags, ...)
{
	NEXT(openat64);
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, &ap);
	va_end(ap);
	return no_input() ? -1 : next(dir, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, &ap);
	va_end(ap);
	return openat64(dir, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, &ap);
	va_end(ap);
	return openat64(AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, &ap);
	va_end(ap);
	return openat64(AT_FDCWD, path, flags, mode);
}

int fstat64(int fd, struct stat64 *st)
{
	NEXT(fstat64);
	return no_input() ? -1 : next(fd, st);
}

int fstat(int fd, struct stat *st)
{
	NEXT(fstat);
	return no_input() ? -1 : next(fd, st);
}

int fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
	NEXT(fstatat64);
	return no_input() ? -1 : next(dir, path, st, flags);
}

int fstatat(int dir, const char *path, struct stat *st, int flags)
{
	NEXT(fstatat);
	return no_input() ? -1 : next(dir, path, st, flags);
}

int statx(int dir, const char *path, int flags, unsigned mask, struct statx *st)
{
	NEXT(statx);
	return no_input() ? -1 : next(dir, path, flags, mask, st);
}

ssize_t readlinkat(int dir, const char *path, char *buf, size_t size)
{
	NEXT(readlinkat);
	return no_input() ? -1 : next(dir, path, buf, size);
}

struct dirent *readdir(DIR *dir)
{
	NEXT(readdir);
	return no_input() ? NULL : next(dir);
}

struct dirent64 *readdir64(DIR *dir)
{
	NEXT(readdir64);
	return no_input() ? NULL : next(dir);
}

/* Of files only: the sanitizer and threads map memory for themselves. */
void *mmap64(void *at, size_t size, int prot, int flags, int fd, off64_t offset)
{
	NEXT(mmap64);
	return fd >= 0 && no_input() ? MAP_FAILED : next(at, size, prot, flags, fd, offset);
}

void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return mmap64(at, size, prot, flags, fd, offset);
}

/* openat2() and getdents64() have no function of their own in older libcs. */
long syscall(long number, ...)
{
	NEXT(syscall);
	long arg[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if ((number == SYS_openat2 || number == SYS_getdents64) && no_input())
		return -1;
	return next(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}
