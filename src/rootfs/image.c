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
	wd_array_done(&img->detail_of);
	free(img);
}

void wd_image_details_done(struct wd_image_details *d)
{
	wd_array_done(&d->list);
	wd_pool_done(&d->bytes);
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

const struct wd_image_detail *wd_image_detail(const struct wd_image *img, wd_node_id id)
{
	uint32_t detail = id < img->detail_of.n ? img->detail_of.v[id] : WD_DETAIL_NONE;

	return img->details && detail < img->details->list.n ? &img->details->list.v[detail] : NULL;
}

static mode_t type_bits(enum wd_type type)
{
	static const mode_t bits[WD_TYPE_COUNT] = {
		[WD_TYPE_FILE] = S_IFREG,    [WD_TYPE_DIR] = S_IFDIR,	[WD_TYPE_SYMLINK] = S_IFLNK,
		[WD_TYPE_CHAR] = S_IFCHR,    [WD_TYPE_BLOCK] = S_IFBLK, [WD_TYPE_FIFO] = S_IFIFO,
		[WD_TYPE_SOCKET] = S_IFSOCK,
	};

	return bits[type];
}

/* Regular files have the numbers of their inodes, all others numbers of their own. */
void wd_image_stat(const struct wd_image *img, wd_node_id id, struct stat *ret)
{
	const struct wd_node *n = wd_tree_node(img->tree, id);
	const struct wd_image_detail *d = wd_image_detail(img, id);
	uint32_t inode = img->nodes.v[id].inode;

	*ret = (struct stat){.st_mode = type_bits((enum wd_type)n->type) | (mode_t)n->mode,
			     .st_size = n->type == WD_TYPE_DIR ? 0 : (off_t)n->size,
			     .st_ino = inode == WD_INODE_NONE ? (1ull << 32) + id : inode};
	if (!d)
		return;
	ret->st_uid = d->uid;
	ret->st_gid = d->gid;
	ret->st_rdev = d->rdev;
	ret->st_mtim.tv_sec = d->mtime;
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
		wd_image_stat(img, id, ret_st);
	if (n->type == WD_TYPE_DIR || n->size == 0)
		return copy_of(NULL, 0);
	return c && c->bytes ? copy_of(c->bytes, c->size) : WD_ENOTKEPT;
}
