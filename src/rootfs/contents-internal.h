/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is shared by the code that looks at files (contents.c) and that reads them. */
#ifndef WD_ROOTFS_CONTENTS_INTERNAL_H
#define WD_ROOTFS_CONTENTS_INTERNAL_H

#include "base/buf.h"
#include "rootfs/contents.h"

#include <stdatomic.h>

/* Files by how they are hashed: many side by side (base/hash-lanes.h), or each by itself. */
enum wd_hashing { WD_HASHING_SINGLE, WD_HASHING_MD5, WD_HASHING_SHA256, WD_HASHING_COUNT };

/* Files that are hashed in one way: of `queue`, those before `end`. */
struct wd_contents_part {
	atomic_size_t next;
	size_t end;
};

struct wd_contents_run {
	const struct wd_tree *tree;
	struct wd_contents *c;
	const struct wd_hash_ops *ops;
	uint32_t *order; /* files to read, by device and inode */
	size_t norder;
	uint32_t *queue; /* the same, as they are read */
	struct wd_contents_part parts[WD_HASHING_COUNT];
	unsigned lanes;	    /* files that a thread opens at once */
	atomic_size_t next; /* to look at */
	atomic_ullong done; /* bytes */
	uint64_t total;
};

/* Files of one directory follow each other: it is opened once. */
struct wd_looker {
	wd_node_id dir;
	int fd;
	struct wd_buf path;
};
#define WD_LOOKER_INIT                                                                             \
	{                                                                                          \
		.dir = WD_NODE_NONE, .fd = -1, .path = WD_BUF_INIT                                 \
	}

/* The directory that a node is in, O_PATH, or a negated errno; `path` is the node's name in it. */
int wd_looker_enter(const struct wd_contents_run *run, struct wd_looker *l, wd_node_id node);
void wd_looker_done(struct wd_looker *l);

/* Puts the files of `order` into `queue`, for so many threads, and reads them: each thread. */
void wd_contents_queue(struct wd_contents_run *run, unsigned threads);
void *wd_contents_read_thread(void *run);
/* Files that no thread had the memory to read. */
void wd_contents_unread(struct wd_contents_run *run);

/* The digests of a link's target. 0 or -ENOMEM. */
int wd_contents_hash_target(const struct wd_contents_run *run, struct wd_hasher *h,
			    struct wd_content *f);

#endif
