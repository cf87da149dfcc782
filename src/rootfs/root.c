/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rootfs/root.h"

#include "base/cleanup.h"
#include "base/status.h"
#include "rootfs/chase.h"
#include "rootfs/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The kernel asks for a retry (-EAGAIN) while directories are being renamed under the walk. */
#define OPENAT2_RETRIES 32
#define PIECE 1000 /* of a path: no more components than wd_chase() takes */

static atomic_bool no_openat2;

int wd_root_open(const char *path, struct wd_root *ret_root)
{
	WD_CLEANUP_FD int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	ret_root->image = NULL;
	ret_root->dev = st.st_dev;
	ret_root->fd = WD_TAKE_FD(fd);
	return 0;
}

void wd_root_done(struct wd_root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
}

static int try_openat2(int dir_fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {.flags = (uint64_t)flags, .resolve = resolve};

	for (int i = 0; i < OPENAT2_RETRIES; i++) {
		long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

static int open_at_once(int dir_fd, const char *path, int flags, bool beneath)
{
	/* O_PATH takes no other flags than these in openat2() */
	int all = flags & O_PATH ? flags | O_CLOEXEC : flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int r;

	while (*path == '/')
		path++;
	if (*path == '\0')
		path = ".";
	if (!atomic_load_explicit(&no_openat2, memory_order_relaxed)) {
		r = try_openat2(dir_fd, path, all,
				(beneath ? RESOLVE_BENEATH : RESOLVE_IN_ROOT) |
					RESOLVE_NO_MAGICLINKS);
		/* seccomp profiles of container engines answer ENOSYS or EPERM */
		if (r != -ENOSYS && r != -EPERM && r != -EAGAIN)
			return r;
		if (r == -ENOSYS)
			atomic_store_explicit(&no_openat2, true, memory_order_relaxed);
	}
	return wd_chase(dir_fd, path, all, beneath);
}

/*
 * No system call takes PATH_MAX bytes, and a rootfs may be deeper. Only canonical paths are that
 * long: what turns out to be a link in one is resolved inside the piece's directory.
 */
static int open_in_pieces(int dir_fd, const char *path, int flags, bool beneath)
{
	WD_CLEANUP_FD int at = -1;
	char piece[PIECE + 1];

	for (size_t left = strlen(path); left > PIECE;) {
		const char *end = memrchr(path, '/', PIECE);
		size_t len = end ? (size_t)(end - path) : 0;
		int fd;

		if (len == 0)
			return -ENAMETOOLONG;
		memcpy(piece, path, len);
		piece[len] = '\0';
		fd = open_at_once(at < 0 ? dir_fd : at, piece, O_PATH | O_DIRECTORY, beneath);
		if (fd < 0)
			return fd;
		wd_cleanup_fd(&at);
		at = fd;
		path += len + 1;
		left -= len + 1;
	}
	return open_at_once(at, path, flags, beneath);
}

static int open_resolved(int dir_fd, const char *path, int flags, bool beneath)
{
	int r = open_at_once(dir_fd, path, flags, beneath);

	if (r == -ENAMETOOLONG && strlen(path) > PIECE)
		r = open_in_pieces(dir_fd, path, flags, beneath);
	return r;
}

int wd_openat_in_root(int root_fd, const char *path, int flags)
{
	return open_resolved(root_fd, path, flags, false);
}

static int absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR ? WD_EABSENT : r;
}

bool wd_is_made_up(int fd)
{
	static const uint32_t magics[] = {
		PROC_SUPER_MAGIC,
		SYSFS_MAGIC,
		DEVPTS_SUPER_MAGIC,
		DEBUGFS_MAGIC,
		TRACEFS_MAGIC,
		SECURITYFS_MAGIC,
		CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC,
		PSTOREFS_MAGIC,
		BPF_FS_MAGIC,
		BINFMTFS_MAGIC,
		AUTOFS_SUPER_MAGIC,
		EFIVARFS_MAGIC,
		HUGETLBFS_MAGIC,
		NSFS_MAGIC,
		SELINUX_MAGIC,
		0x62656570 /* configfs */,
		0x19800202 /* mqueue */,
		0x65735543 /* fusectl */,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return true;
	for (size_t i = 0; i < WD_ARRAY_SIZE(magics); i++)
		if ((uint32_t)fs.f_type == magics[i])
			return true;
	return false;
}

/* 0, or what is wrong with reading it. */
static int check_readable(int fd, struct stat *ret_st)
{
	if (fstat(fd, ret_st) < 0)
		return -errno;
	if (!S_ISREG(ret_st->st_mode) && !S_ISDIR(ret_st->st_mode))
		return WD_ENOTREG;
	/* reading /proc/kmsg takes the messages away, and /proc/self is not the rootfs' */
	return wd_is_made_up(fd) ? WD_ENOTREG : 0;
}

/*
 * Looks through O_PATH, which opens nothing, before it opens; and looks again afterwards, since
 * the name may have changed hands between the two.
 */
static int open_checked(int dir_fd, const char *path, bool beneath, struct stat *ret_st)
{
	WD_CLEANUP_FD int probe = open_resolved(dir_fd, path, O_PATH, beneath);
	WD_CLEANUP_FD int fd = -1;
	struct stat st;
	int r;

	if (probe < 0)
		return absent(probe);
	r = check_readable(probe, &st);
	if (r < 0)
		return r;
	fd = open_resolved(dir_fd, path, O_RDONLY, beneath);
	if (fd < 0)
		return absent(fd);
	r = check_readable(fd, &st);
	if (r < 0)
		return r;
	if (ret_st)
		*ret_st = st;
	return WD_TAKE_FD(fd);
}

int wd_open_in_root(int root_fd, const char *path, struct stat *ret_st)
{
	return open_checked(root_fd, path, false, ret_st);
}

int wd_open_beneath(int dir_fd, const char *path, struct stat *ret_st)
{
	return open_checked(dir_fd, path, true, ret_st);
}

/* What was a regular file a moment ago. */
static int open_regular(int dir_fd, const char *name, struct stat *ret_st)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	WD_CLEANUP_FD int fd = openat(dir_fd, name, flags);

	if (fd < 0)
		return errno == ELOOP ? WD_ENOTREG : absent(-errno);
	if (fstat(fd, ret_st) < 0)
		return -errno;
	return S_ISREG(ret_st->st_mode) ? WD_TAKE_FD(fd) : WD_ENOTREG;
}

int wd_open_child(int dir_fd, const char *name, struct stat *ret_st)
{
	struct stat st;
	int fd;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return absent(-errno);
	fd = S_ISREG(st.st_mode) ? open_regular(dir_fd, name, &st) : WD_ENOTREG;
	if (fd >= 0 && ret_st)
		*ret_st = st;
	return fd;
}

/* What is smaller holds no program or library that anybody packaged. */
#define PROGRAM_MIN 4096

bool wd_may_be_program(struct wd_blob name, uint32_t mode, uint64_t size)
{
	return size >= PROGRAM_MIN || mode & 0111 || memmem(name.ptr, name.len, ".so", 3);
}

int wd_open_program(int dir_fd, const char *name, struct stat *ret_st)
{
	if (fstatat(dir_fd, name, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
		return absent(-errno);
	if (!S_ISREG(ret_st->st_mode) ||
	    !wd_may_be_program(wd_blob_str(name), ret_st->st_mode, (uint64_t)ret_st->st_size))
		return WD_ENOTREG;
	return open_regular(dir_fd, name, ret_st);
}

int wd_root_open_file(const struct wd_root *root, const char *path, struct stat *ret_st)
{
	const struct wd_image *img = root->image;
	wd_node_id id;

	if (!img)
		return wd_open_in_root(root->fd, path, ret_st);
	id = wd_tree_walk(img->tree, WD_NODE_ROOT, wd_blob_str(path), false);
	return wd_image_open(img, id, ret_st);
}

int wd_root_read(const struct wd_root *root, const char *path, size_t max, struct wd_buf *buf)
{
	struct stat st;
	WD_CLEANUP_FD int fd = wd_root_open_file(root, path, &st);

	if (fd < 0)
		return fd;
	if (!S_ISREG(st.st_mode))
		return WD_ENOTREG;
	return wd_buf_read_fd(buf, fd, max);
}

int wd_open_subdir(int dir_fd, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	int fd = openat(dir_fd, name, flags | O_NOATIME);
	struct stat st;

	if (fd < 0 && errno == EPERM)
		fd = openat(dir_fd, name, flags);
	if (fd < 0 && errno == ENOTDIR && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISLNK(st.st_mode) ? -ELOOP : -ENOTDIR;
	return fd < 0 ? -errno : fd;
}

/* Whether a path leads through a directory, or to a file, that is this one. */
static bool leads_through(const char *path, const struct stat *this)
{
	WD_CLEANUP_FREE char *copy = path ? strdup(path) : NULL;
	size_t len = copy ? strlen(copy) : 0;
	struct stat st;

	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		copy[i] = '\0';
		if (stat(copy, &st) == 0 && st.st_dev == this->st_dev && st.st_ino == this->st_ino)
			return true;
		copy[i] = path[i];
	}
	return false;
}

bool wd_root_holds(const char *rootfs, const char *path)
{
	WD_CLEANUP_FREE char *real = realpath(path, NULL);
	WD_CLEANUP_FREE char *parent = strndup(path, (size_t)(strrchr(path, '/') - path));
	struct stat host, st;

	if (strcmp(rootfs, "-") == 0 || stat(rootfs, &st) < 0 || stat("/", &host) < 0 ||
	    (st.st_dev == host.st_dev && st.st_ino == host.st_ino))
		return false;
	if (!real && parent)
		real = realpath(*parent ? parent : "/", NULL);
	return leads_through(path, &st) || leads_through(real, &st);
}
