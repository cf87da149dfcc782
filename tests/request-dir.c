/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "request-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int status(void)
{
	return errno == ENOENT || errno == ENOTDIR ? WD_EABSENT
	       : errno == ELOOP			   ? WD_ENOTREG
						   : -errno;
}

static int open_beside(const struct wd_request *req, const char *path)
{
	const struct request_dir *r = (const struct request_dir *)req;
	int fd = openat(r->beside, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return status();
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return WD_ENOTREG;
}

/* O_DIRECTORY says of a link that it is no directory. */
static int list_status(int dir, const char *path)
{
	int saved = errno;
	struct stat st;

	if (saved == ENOTDIR && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode))
		return WD_ENOTREG;
	errno = saved;
	return status();
}

static int list_beside(const struct wd_request *req, const char *path,
		       int (*name)(void *ctx, const char *name, unsigned char type), void *ctx)
{
	const struct request_dir *r = (const struct request_dir *)req;
	int fd = openat(r->beside, *path ? path : ".",
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;
	int result = 0;

	if (fd < 0)
		return list_status(r->beside, path);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (result == 0 && (de = readdir(dir))) {
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			result = name(ctx, de->d_name, de->d_type);
	}
	closedir(dir);
	return result;
}

static int open_dir_of(int root, const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[4096];

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	return openat(root, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool request_dir_open(struct request_dir *r, int root, const char *path)
{
	int fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	r->root = root;
	r->req.path = path;
	r->req.is_dir = S_ISDIR(st.st_mode);
	r->req.fd = r->req.is_dir ? -1 : fd;
	r->req.open = open_beside;
	r->req.list = list_beside;
	r->beside = r->req.is_dir ? fd : open_dir_of(root, path);
	return r->beside >= 0;
}

void request_dir_close(struct request_dir *r)
{
	if (r->req.fd >= 0)
		close(r->req.fd);
	close(r->beside);
}
