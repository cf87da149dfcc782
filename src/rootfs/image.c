/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rootfs/image.h"

#include "base/status.h"

#include <fcntl.h>
#include <sys/mman.h>

void wd_image_free(struct wd_image *img)
{
	if (!img)
		return;
	wd_tree_free(img->tree);
	wd_array_done(&img->nodes);
	wd_array_done(&img->contents);
	free(img);
}

static int cmp_inodes(const void *key, const void *member)
{
	uint32_t a = *(const uint32_t *)key, b = ((const struct wd_image_content *)member)->inode;

	return (a > b) - (a < b);
}

const struct wd_image_content *wd_image_content(const struct wd_image *img, wd_node_id id)
{
	if (id >= img->nodes.n || img->contents.n == 0)
		return NULL;
	return bsearch(&img->nodes.v[id].inode, img->contents.v, img->contents.n,
		       sizeof(*img->contents.v), cmp_inodes);
}

/* Directories and files have numbers of their own. */
static void fill_stat(const struct wd_image *img, const struct wd_node *n, wd_node_id id,
		      struct stat *st)
{
	bool dir = n->type == WD_TYPE_DIR;

	*st = (struct stat){.st_mode = (dir ? S_IFDIR : S_IFREG) | (mode_t)n->mode,
			    .st_size = dir ? 0 : (off_t)n->size,
			    .st_ino = dir ? (1ull << 32) + id : img->nodes.v[id].inode};
}

static int copy_of(const char *bytes, uint64_t size)
{
	WD_CLEANUP_FD int fd = memfd_create("whodistro", MFD_CLOEXEC);
	uint64_t at = 0;

	while (fd >= 0 && at < size) {
		ssize_t n = TEMP_FAILURE_RETRY(pwrite(fd, bytes + at, size - at, (off_t)at));

		if (n < 0)
			return -errno;
		at += (uint64_t)n;
	}
	return fd < 0 ? -errno : WD_TAKE_FD(fd);
}

int wd_image_open(const struct wd_image *img, wd_node_id id, struct stat *ret_st)
{
	const struct wd_image_content *c;
	const struct wd_node *n;

	if (id == WD_NODE_NONE || id >= img->nodes.n)
		return WD_EABSENT;
	n = wd_tree_node(img->tree, id);
	if (n->type != WD_TYPE_FILE && n->type != WD_TYPE_DIR)
		return WD_ENOTREG;
	c = wd_image_content(img, id);
	if (ret_st)
		fill_stat(img, n, id, ret_st);
	if (n->type == WD_TYPE_DIR || n->size == 0)
		return copy_of(NULL, 0);
	return c && c->bytes ? copy_of(c->bytes, c->size) : -ENODATA;
}
