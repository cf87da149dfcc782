/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/request.h"

#include "base/cleanup.h"
#include "rootfs/tree.h"

#include <dirent.h>

/*
 * The requests of this process, a worker, which has one. The directory that was opened last stays
 * open: backends read thousands of files out of one.
 */
static struct {
	int dir_fd;
	char *path; /* of the directory last opened; NULL: none is */
	int fd;
} at;

static void forget(void)
{
	if (at.path)
		close(at.fd);
	free(at.path);
	at.path = NULL;
}

/* The descriptor of a directory, which stays `at`'s; WD_EABSENT, or a negated errno. */
static int enter(struct wd_blob path)
{
	struct stat st;

	if (path.len == 0)
		return at.dir_fd;
	if (at.path && wd_blob_is(path, at.path))
		return at.fd;
	forget();
	at.path = strndup(path.ptr, path.len);
	if (!at.path)
		return -ENOMEM;
	at.fd = wd_open_beneath(at.dir_fd, at.path, &st);
	if (at.fd >= 0 && S_ISDIR(st.st_mode))
		return at.fd;
	if (at.fd >= 0)
		close(at.fd);
	free(WD_TAKE_PTR(at.path));
	return at.fd >= 0 ? WD_EABSENT : at.fd;
}

static int open_below(const struct wd_request *req, const char *path)
{
	struct wd_blob all = wd_blob_str(path);
	ptrdiff_t slash = wd_blob_rchr(all, '/');
	int dir = enter(wd_blob_head(all, slash < 0 ? 0 : (size_t)slash));

	(void)req;
	return dir < 0 ? dir : wd_open_child(dir, path + slash + 1);
}

static const unsigned char dirent_types[WD_TYPE_COUNT] = {
	[WD_TYPE_UNKNOWN] = DT_UNKNOWN, [WD_TYPE_FILE] = DT_REG,  [WD_TYPE_DIR] = DT_DIR,
	[WD_TYPE_SYMLINK] = DT_LNK,	[WD_TYPE_CHAR] = DT_CHR,  [WD_TYPE_BLOCK] = DT_BLK,
	[WD_TYPE_FIFO] = DT_FIFO,	[WD_TYPE_SOCKET] = DT_SOCK,
};

static int list_entries(const struct wd_entries *entries,
			int (*name)(void *ctx, const char *name, unsigned char type), void *ctx)
{
	char text[NAME_MAX + 1];
	int r = 0;

	for (size_t i = 0; r == 0 && i < entries->list.n; i++) {
		const struct wd_entry *e = &entries->list.v[i];

		if (e->name.len > NAME_MAX)
			continue;
		memcpy(text, e->name.ptr, e->name.len);
		text[e->name.len] = '\0';
		r = name(ctx, text, dirent_types[e->type]);
	}
	return r;
}

static int list_below(const struct wd_request *req, const char *path,
		      int (*name)(void *ctx, const char *name, unsigned char type), void *ctx)
{
	struct wd_blob all = wd_blob_str(path);
	ptrdiff_t slash = wd_blob_rchr(all, '/');
	int parent = enter(wd_blob_head(all, slash < 0 ? 0 : (size_t)slash));
	struct wd_entries entries = {0};
	WD_CLEANUP_FD int fd = -1;
	int r;

	(void)req;
	if (parent < 0)
		return parent;
	fd = wd_open_subdir(parent, *path ? path + slash + 1 : ".");
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? WD_EABSENT : fd == -ELOOP ? WD_ENOTREG : fd;
	r = wd_entries_read(&entries, fd, false);
	if (r == 0)
		r = list_entries(&entries, name, ctx);
	wd_entries_done(&entries);
	return r;
}

void wd_request_from_dir(struct wd_request *req, int dir_fd)
{
	at.dir_fd = dir_fd;
	req->open = open_below;
	req->list = list_below;
}
