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
	return dir < 0 ? dir : wd_open_child(dir, path + slash + 1, NULL);
}

static const unsigned char dirent_types[WD_TYPE_COUNT] = {
	[WD_TYPE_UNKNOWN] = DT_UNKNOWN, [WD_TYPE_FILE] = DT_REG,    [WD_TYPE_DIR] = DT_DIR,
	[WD_TYPE_SYMLINK] = DT_LNK,	[WD_TYPE_CHAR] = DT_CHR,    [WD_TYPE_BLOCK] = DT_BLK,
	[WD_TYPE_FIFO] = DT_FIFO,	[WD_TYPE_SOCKET] = DT_SOCK,
};

static int list_entry(struct wd_blob entry, uint8_t type,
		      int (*name)(void *ctx, const char *name, unsigned char type), void *ctx)
{
	char text[NAME_MAX + 1];

	if (entry.len > NAME_MAX)
		return 0;
	memcpy(text, entry.ptr, entry.len);
	text[entry.len] = '\0';
	return name(ctx, text, dirent_types[type]);
}

static int list_below(const struct wd_request *req, const char *path,
		      int (*name)(void *ctx, const char *name, unsigned char type), void *ctx)
{
	struct wd_blob all = wd_blob_str(path);
	ptrdiff_t slash = wd_blob_rchr(all, '/');
	int parent = enter(wd_blob_head(all, slash < 0 ? 0 : (size_t)slash));
	const char *last = *path ? path + slash + 1 : ".";
	struct wd_entries entries = {0};
	WD_CLEANUP_FD int fd = -1;
	int r;

	(void)req;
	if (parent < 0)
		return parent;
	if (strcmp(last, "..") == 0)
		return WD_EABSENT;
	fd = wd_open_subdir(parent, last);
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? WD_EABSENT
		       : fd == -ELOOP		       ? WD_ENOTREG
						       : fd;
	r = wd_entries_read(&entries, fd, false);
	for (size_t i = 0; r == 0 && i < entries.list.n; i++)
		r = list_entry(entries.list.v[i].name, entries.list.v[i].type, name, ctx);
	wd_entries_done(&entries);
	return r;
}

void wd_request_from_dir(struct wd_request *req, int dir_fd)
{
	at.dir_fd = dir_fd;
	req->open = open_below;
	req->list = list_below;
}

/* ---- Images */

static struct {
	const struct wd_image *image;
	wd_node_id dir;
	wd_node_id id; /* of the directory looked into last, by its path below `dir` */
	char *path;
} in;

/*
 * A directory below the database's: links are followed as far as they stay inside, which for a link
 * is to lead to a node that has the database's above it.
 */
static wd_node_id walk(struct wd_blob path)
{
	wd_node_id id, up;

	if (path.len == 0)
		return in.dir;
	if (in.path && wd_blob_is(path, in.path))
		return in.id;
	id = wd_tree_walk(in.image->tree, in.dir, path, false);
	for (up = id; up != WD_NODE_NONE && up != in.dir && up != WD_NODE_ROOT;)
		up = wd_tree_node(in.image->tree, up)->parent;
	if (up != in.dir)
		return WD_NODE_NONE;
	free(in.path);
	in.path = strndup(path.ptr, path.len);
	in.id = id;
	return id;
}

/* The node of a path, whose last component is not followed. */
static wd_node_id locate(const char *path)
{
	struct wd_blob all = wd_blob_str(path);
	ptrdiff_t slash = wd_blob_rchr(all, '/');
	struct wd_blob name = wd_blob_skip(all, (size_t)(slash + 1));
	wd_node_id dir = walk(wd_blob_head(all, slash < 0 ? 0 : (size_t)slash));

	if (name.len == 0 || dir == WD_NODE_NONE)
		return dir;
	if (wd_blob_is(name, ".") || wd_blob_is(name, ".."))
		return WD_NODE_NONE;
	return wd_tree_child(in.image->tree, dir, name);
}

static int open_in_image(const struct wd_request *req, const char *path)
{
	wd_node_id id = locate(path);

	(void)req;
	if (id != WD_NODE_NONE && wd_tree_node(in.image->tree, id)->type != WD_TYPE_FILE)
		return WD_ENOTREG;
	return wd_image_open(in.image, id, NULL);
}

static int list_in_image(const struct wd_request *req, const char *path,
			 int (*name)(void *ctx, const char *name, unsigned char type), void *ctx)
{
	wd_node_id id = locate(path);
	const struct wd_node *d = id == WD_NODE_NONE ? NULL : wd_tree_node(in.image->tree, id);
	int r = 0;

	(void)req;
	if (!d || d->type != WD_TYPE_DIR)
		return d && d->type == WD_TYPE_SYMLINK ? WD_ENOTREG : WD_EABSENT;
	for (uint32_t i = d->first; r == 0 && i < d->first + d->count; i++)
		r = list_entry(wd_tree_name(in.image->tree, i),
			       wd_tree_node(in.image->tree, i)->type, name, ctx);
	return r;
}

void wd_request_from_image(struct wd_request *req, const struct wd_image *image, wd_node_id dir)
{
	in.image = image;
	in.dir = dir;
	req->open = open_in_image;
	req->list = list_in_image;
}
