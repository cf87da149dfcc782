/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What layers are while they are being stacked. */
#ifndef WD_ROOTFS_LAYERS_INTERNAL_H
#define WD_ROOTFS_LAYERS_INTERNAL_H

#include "rootfs/image.h"

#define WD_LAYERS_NONE UINT32_MAX
#define WD_LAYERS_TOP 0u

/* A name in a directory, dead or alive. There are as many as entries: every byte counts. */
struct wd_layers_name {
	uint32_t parent;
	uint32_t name; /* in l->bytes */
	uint32_t first_child, next_sibling;
	uint32_t target; /* in l->bytes */
	uint32_t inode;
	uint16_t name_len, target_len;
	uint16_t mode;
	uint16_t layer;	     /* that made it */
	uint16_t deleted_in; /* the layer that took it away last; WD_LAYER_NONE */
	uint16_t opaque_in;  /* the layer that took away what was below it last */
	uint8_t type;
	bool alive : 1;
	bool was : 1;	 /* it was there before it was taken away */
	bool linked : 1; /* it is among its parent's children; all that are alive are */
	bool spared : 1; /* something below it stays: within take_away() */
};

struct wd_layers_inode {
	uint64_t size : 63;
	uint64_t elf : 1;
	uint32_t tag;
	uint32_t kept; /* in l->kept, plus 1; 0: not kept */
};

struct wd_layers {
	struct wd_pool bytes;
	WD_ARRAY(struct wd_layers_name) names;
	WD_ARRAY(struct wd_layers_inode) inodes;
	WD_ARRAY(const char *) kept;
	WD_ARRAY(uint32_t) details; /* by name: the caller's; short where there are none */
	uint32_t *slots;	    /* names by parent and name; 0: free (the root is not in it) */
	uint32_t nslots;
	uint16_t layer;
	bool literal;
	/* the directory of the entry before, which mostly is that of the next one, too */
	struct wd_buf dir;
	uint32_t dir_name;
	WD_ARRAY(uint32_t) order; /* scratch of take_away() */
};

static inline struct wd_blob wd_layers_name_of(const struct wd_layers *l, uint32_t id)
{
	const struct wd_layers_name *n = &l->names.v[id];

	return wd_blob(wd_pool_at(&l->bytes, n->name), n->name_len);
}

static inline uint32_t wd_layers_detail_of(const struct wd_layers *l, uint32_t id)
{
	return id < l->details.n ? l->details.v[id] : WD_DETAIL_NONE;
}

static inline uint64_t wd_layers_size_of(const struct wd_layers *l, const struct wd_layers_name *n)
{
	if (n->type == WD_TYPE_SYMLINK)
		return n->target_len;
	return n->inode == WD_INODE_NONE ? 0 : l->inodes.v[n->inode].size;
}

#endif
