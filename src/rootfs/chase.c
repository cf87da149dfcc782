/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rootfs/chase.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHASE_LINKS 40 /* as the kernel */
#define CHASE_DEPTH 512
#define CHASE_PATH 65536

struct chase {
	int fds[CHASE_DEPTH]; /* fds[0] is borrowed; the others are ours */
	int depth;
	int links;
	bool beneath;
	bool nofollow;	    /* a link that is the last component is what is sought */
	struct wd_buf rest; /* what is still to be walked */
	size_t pos;
	char last[NAME_MAX + 1]; /* the component that led to fds[depth] */
};

static void chase_pop_to(struct chase *c, int depth)
{
	while (c->depth > depth)
		close(c->fds[c->depth--]);
}

static void chase_done(struct chase *c)
{
	chase_pop_to(c, 0);
	wd_buf_done(&c->rest);
}

/* Takes the next component; the empty blob once none is left. */
static struct wd_blob next_component(struct chase *c)
{
	struct wd_blob b;
	ptrdiff_t end;

	while (c->pos < c->rest.len && c->rest.ptr[c->pos] == '/')
		c->pos++;
	b = wd_blob_skip(wd_buf_view(&c->rest), c->pos);
	end = wd_blob_chr(b, '/');
	if (end >= 0)
		b.len = (size_t)end;
	c->pos += b.len;
	return b;
}

/* Replaces what is left of the path by the link's target in front of it. */
static int expand_link(struct chase *c, int link_fd)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	char target[PATH_MAX];
	ssize_t n = readlinkat(link_fd, "", target, sizeof(target));

	if (n < 0)
		return -errno;
	if (++c->links > CHASE_LINKS)
		return -ELOOP;
	if (n > 0 && target[0] == '/') {
		if (c->beneath)
			return -EXDEV;
		chase_pop_to(c, 0);
	}
	wd_buf_append(&path, target, (size_t)n);
	wd_buf_blob(&path, wd_blob_skip(wd_buf_view(&c->rest), c->pos));
	if (path.status < 0)
		return path.status;
	if (path.len > CHASE_PATH)
		return -ENAMETOOLONG;
	wd_buf_done(&c->rest);
	c->rest = path;
	path = WD_BUF_INIT;
	c->pos = 0;
	return 0;
}

static int step_up(struct chase *c)
{
	if (c->depth == 0)
		return c->beneath ? -EXDEV : 0;
	chase_pop_to(c, c->depth - 1);
	return 0;
}

/* As the kernel, lets a slash follow nothing but a directory or a link, whatever comes after it. */
static int step_into(struct chase *c, struct wd_blob name)
{
	WD_CLEANUP_FD int fd = -1;
	bool last = c->pos == c->rest.len;
	struct stat st;

	if (name.len > NAME_MAX || c->depth + 1 >= CHASE_DEPTH)
		return -ENAMETOOLONG;
	memcpy(c->last, name.ptr, name.len);
	c->last[name.len] = '\0';
	fd = openat(c->fds[c->depth], c->last, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode) && !(last && c->nofollow))
		return expand_link(c, fd);
	if (!last && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	c->fds[++c->depth] = WD_TAKE_FD(fd);
	return 0;
}

/*
 * Opens what the walk arrived at: a directory through itself, anything else by its name in the
 * parent, and then makes sure that it is still the same file.
 */
static int open_final(struct chase *c, int flags)
{
	WD_CLEANUP_FD int fd = -1;
	int here = c->fds[c->depth];
	struct stat st, now;

	if (flags & O_PATH)
		return (fd = fcntl(here, F_DUPFD_CLOEXEC, 3)) < 0 ? -errno : WD_TAKE_FD(fd);
	if (fstat(here, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		fd = openat(here, ".", flags);
	else
		fd = openat(c->fds[c->depth - 1], c->last, flags | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &now) < 0)
		return -errno;
	if (now.st_dev != st.st_dev || now.st_ino != st.st_ino)
		return -EAGAIN;
	return WD_TAKE_FD(fd);
}

static int walk(struct chase *c)
{
	for (;;) {
		struct wd_blob name = next_component(c);
		int r;

		if (name.len == 0)
			return 0;
		if (wd_blob_is(name, "."))
			continue;
		r = wd_blob_is(name, "..") ? step_up(c) : step_into(c, name);
		if (r < 0)
			return r;
	}
}

int wd_chase(int dir_fd, const char *path, int flags, bool beneath)
{
	struct chase c = {.fds = {dir_fd},
			  .beneath = beneath,
			  .nofollow = flags & O_NOFOLLOW,
			  .rest = WD_BUF_INIT};
	int r;

	wd_buf_str(&c.rest, path);
	r = c.rest.status < 0 ? c.rest.status : walk(&c);
	if (r == 0)
		r = open_final(&c, flags);
	chase_done(&c);
	return r;
}
