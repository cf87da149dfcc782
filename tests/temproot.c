/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "temproot.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

int temproot_setup(void **state)
{
	struct temproot *t = calloc(1, sizeof(*t));

	if (!t)
		return -1;
	/* in memory where that is to be had: there are large trees to make */
	strcpy(t->path, "/dev/shm/wd-test-XXXXXX");
	if (!mkdtemp(t->path)) {
		strcpy(t->path, "/tmp/wd-test-XXXXXX");
		if (!mkdtemp(t->path)) {
			free(t);
			return -1;
		}
	}
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = t;
	return t->fd < 0;
}

void temproot_clear(struct temproot *t)
{
	nftw(t->path, remove_entry, 64, FTW_DEPTH | FTW_PHYS);
}

int temproot_teardown(void **state)
{
	struct temproot *t = *state;

	temproot_clear(t);
	remove(t->path);
	close(t->fd);
	free(t);
	return 0;
}

void temproot_mkdir(struct temproot *t, const char *path)
{
	char prefix[4096];

	for (const char *p = path; *p; p += *p == '/') {
		p += strcspn(p, "/");
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(p - path), path);
		if (*prefix && mkdirat(t->fd, prefix, 0755) < 0)
			assert_int_equal(errno, EEXIST);
	}
}

static void make_parent(struct temproot *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[4096];

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 0, path);
	temproot_mkdir(t, parent);
}

void temproot_bytes(struct temproot *t, const char *path, const void *bytes, size_t len)
{
	int fd;

	make_parent(t, path);
	fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

void temproot_file(struct temproot *t, const char *path, const char *text)
{
	temproot_bytes(t, path, text, strlen(text));
}

void temproot_link(struct temproot *t, const char *target, const char *path)
{
	make_parent(t, path);
	assert_int_equal(symlinkat(target, t->fd, path), 0);
}

char *slurp(int fd)
{
	struct wd_buf b = WD_BUF_INIT;

	assert_true(fd >= 0);
	assert_int_equal(wd_buf_read_fd(&b, fd, 1 << 24), 0);
	wd_buf_byte(&b, '\0');
	assert_int_equal(b.status, 0);
	close(fd);
	return b.ptr;
}
