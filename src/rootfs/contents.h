/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the file system says of many files of a tree, and digests of their contents, with a few
 * threads. A file is read once however many names it has, and files are read in order of inode.
 * Of an image, what was asked for when it was read: its details (rootfs/image.h).
 */
#ifndef WD_ROOTFS_CONTENTS_H
#define WD_ROOTFS_CONTENTS_H

#include "base/hash.h"
#include "rootfs/tree.h"

/* One file. Zero it and set what is asked for; the rest is the answer. */
struct wd_content {
	wd_node_id node;
	/* asked: digests of a regular file, or of a link's target; bits as in wd_hash_ops */
	uint32_t algos;
	const char *caps; /* asked: compare its capabilities with this text; NULL: do not */
	int status;	  /* 0, or why it could not be looked at or read: a negated errno */
	uint32_t mode;	  /* st_mode */
	uint32_t uid, gid;
	uint64_t size, dev, ino, rdev;
	int64_t mtime; /* seconds */
	bool hashed;   /* its digests were computed */
	bool caps_differ;
	size_t digests; /* where they are in wd_contents.bytes */
};

struct wd_contents {
	WD_ARRAY(struct wd_content) list; /* the caller fills it */
	uint8_t *bytes;
};

/*
 * Looks at every file of the list, and reads those of which digests are asked for. `ops` may be
 * NULL where none are. `progress`, where not NULL, is called about ten times a second with the
 * bytes read and those to read. 0 or -ENOMEM; single failures are in the files' status. Release
 * with wd_contents_done().
 */
int wd_contents_read(const struct wd_tree *tree, struct wd_contents *c,
		     const struct wd_hash_ops *ops,
		     void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx);
void wd_contents_done(struct wd_contents *c);

/* The digest of a file by an algorithm that was asked for; the null blob where it has none. */
struct wd_blob wd_content_digest(const struct wd_contents *c, const struct wd_content *file,
				 unsigned algo);

#endif
