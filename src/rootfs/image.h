/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The root filesystem of an image: a tree that is complete from the start, in which each node knows
 * the layer that it is of, and some files have their contents at hand.
 *
 * wd_layers puts one together, layer by layer, lowest first, as a runtime that stacks them would
 * show it: OCI image-spec, layer.md ("Representing Changes", "Applying Changesets").
 */
#ifndef WD_ROOTFS_IMAGE_H
#define WD_ROOTFS_IMAGE_H

#include "rootfs/tree.h"

#define WD_LAYER_NONE UINT16_MAX
#define WD_INODE_NONE UINT32_MAX

#define WD_TAG_NONE UINT32_MAX
#define WD_DETAIL_NONE UINT32_MAX
#define WD_CAPS_MAX 64 /* bytes of security.capability; struct vfs_ns_cap_data has 24 */

/* What is at hand of a file, shared by all its names. In order of inode. */
struct wd_image_content {
	uint32_t inode;
	uint32_t tag; /* what wd_layer_entry had */
	uint64_t size;
	const char *bytes; /* in a mapping that lives as long as the image; NULL: not kept */
	bool elf;	   /* it begins as an ELF file does */
};

/*
 * What an archive says of an entry beyond what every tree has, for who compares files: 32 bytes,
 * and the digests of a regular file.
 */
struct wd_image_detail {
	int64_t mtime;
	uint32_t uid, gid, rdev;
	uint32_t digests; /* in the bytes, as wd_hash_pack() has them; if hashed */
	uint32_t caps;	  /* in the bytes: security.capability */
	uint8_t caps_len;
	bool hashed;
};

struct wd_image_details {
	uint32_t algos; /* of the digests, bits as in base/hash.h; 0: there are no details at all */
	WD_ARRAY(struct wd_image_detail) list;
	struct wd_pool bytes;
};

void wd_image_details_done(struct wd_image_details *d);

struct wd_image_node {
	uint32_t inode; /* of a regular file; WD_INODE_NONE */
	uint16_t layer;
};

struct wd_image {
	struct wd_root root; /* root.image is this */
	struct wd_tree *tree;
	WD_ARRAY(struct wd_image_node) nodes; /* of the tree's nodes that are no ghosts */
	WD_ARRAY(struct wd_image_content) contents;
	const struct wd_image_details *details; /* borrowed; NULL: nobody asked for them */
	WD_ARRAY(uint32_t) detail_of;		/* by node: in the details; WD_DETAIL_NONE */
};

/* Releases all but the tree, where that was taken (tree is NULL). */
void wd_image_free(struct wd_image *img);

/* The contents of a node, or NULL. */
const struct wd_image_content *wd_image_content(const struct wd_image *img, wd_node_id id);

static inline bool wd_image_is_elf(const struct wd_image *img, wd_node_id id)
{
	const struct wd_image_content *c = wd_image_content(img, id);

	return c && c->elf;
}

static inline uint16_t wd_image_layer(const struct wd_image *img, wd_node_id id)
{
	return id < img->nodes.n ? img->nodes.v[id].layer : WD_LAYER_NONE;
}

/* The details of a node, or NULL. */
const struct wd_image_detail *wd_image_detail(const struct wd_image *img, wd_node_id id);

/* What stat(2) would say of a node, as far as it is known. */
void wd_image_stat(const struct wd_image *img, wd_node_id id, struct stat *ret);

/*
 * A descriptor of a private copy of the contents, at its beginning; an empty one for a directory.
 * *ret_st (may be NULL) says which file it is: st_ino is the inode. WD_EABSENT, WD_ENOTREG,
 * WD_ENOTKEPT where the contents are not at hand, or a negated errno.
 */
int wd_image_open(const struct wd_image *img, wd_node_id id, struct stat *ret_st);

/* One entry of a layer. Borrowed. */
struct wd_layer_entry {
	struct wd_blob path;   /* normalised; "" for the root */
	struct wd_blob target; /* of a symbolic link; of a hard link, the path, normalised */
	uint64_t size;
	uint32_t mode; /* st_mode */
	bool hard_link;
	bool whiteout;	   /* a character device 0/0 */
	const char *bytes; /* contents at hand, or NULL */
	uint32_t tag;	   /* the caller's, of regular files; WD_TAG_NONE */
	uint32_t detail;   /* the caller's; WD_DETAIL_NONE */
	bool elf;
};

struct wd_layers;

int wd_layers_new(struct wd_layers **ret);
void wd_layers_free(struct wd_layers *l);

/*
 * Begins the next layer. Whiteouts stand for what overlayfs and the OCI call so, unless `literal`:
 * in the tar of a root filesystem, .wh.NAME is a file.
 */
int wd_layers_begin(struct wd_layers *l, bool literal);

/*
 * 0; WD_EABSENT for a hard link to nothing; WD_ENOTREG for a hard link to a directory; WD_ENOTMINE
 * for a whiteout of nothing, which is no error; -ENOMEM or WD_ELIMIT.
 */
int wd_layers_add(struct wd_layers *l, const struct wd_layer_entry *e);

/*
 * What all layers together show; and, as a root filesystem of its own, what a layer had and a later
 * one took away, as it was last.
 */
int wd_layers_finish(struct wd_layers *l, struct wd_image **ret_image,
		     struct wd_image **ret_deleted);

#endif
