/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A root filesystem as a tree in memory.
 *
 * Nodes are numbers; node 0 is the root directory. The children of a directory are consecutive
 * nodes in byte order of their names, so that a directory costs nothing beyond its entries and a
 * name is found by binary search. A directory that was not scanned is read when it is first
 * looked into: a full scan is only faster, never needed.
 *
 * Paths that a database claims and the rootfs lacks become ghost nodes (WD_NODE_GHOST), so that
 * everything that has an owner is a node. Ghosts are found by hash and linked to their parent.
 *
 * Names and link targets are bytes in a pool and stay where they are until wd_tree_free().
 * A tree is for one thread, except during wd_tree_scan(), which has its own.
 */
#ifndef WD_ROOTFS_TREE_H
#define WD_ROOTFS_TREE_H

#include "base/pool.h"
#include "rootfs/root.h"

#include <stdatomic.h>

typedef uint32_t wd_node_id;
#define WD_NODE_NONE UINT32_MAX
#define WD_NODE_ROOT 0u

enum wd_type {
	WD_TYPE_UNKNOWN, /* a ghost whose type no database tells */
	WD_TYPE_FILE,
	WD_TYPE_DIR,
	WD_TYPE_SYMLINK,
	WD_TYPE_CHAR,
	WD_TYPE_BLOCK,
	WD_TYPE_FIFO,
	WD_TYPE_SOCKET,
	WD_TYPE_COUNT
};

/* "file", "dir", "symlink", …; "" for WD_TYPE_UNKNOWN. */
const char *wd_type_name(enum wd_type type);
/* From st_mode's file type bits. */
enum wd_type wd_type_of_mode(uint32_t mode);

enum wd_node_flag {
	WD_NODE_GHOST = 1,  /* claimed, not on disk */
	WD_NODE_LOADED = 2, /* a directory whose entries are in the tree */
	WD_NODE_HIDDEN = 4, /* a directory whose entries cannot be known: unreadable, or another
			       filesystem that the scan does not enter; a ghost below one */
	WD_NODE_STAT = 8,   /* size and mode are known */
};

struct wd_node {
	wd_node_id parent; /* the root is its own parent */
	uint32_t name;	   /* in the pool */
	uint16_t name_len;
	uint8_t type; /* enum wd_type */
	uint8_t flags;
	uint32_t first;	  /* directory: first child; symlink: its target in the pool */
	uint32_t count;	  /* directory: number of children; symlink: length of the target */
	wd_node_id ghost; /* first ghost child, or WD_NODE_NONE */
	union {
		uint32_t mode; /* permission bits, 07777, of what is on disk */
		uint32_t hash; /* of a ghost: of its parent and name */
	};
	union {
		uint64_t size;	       /* bytes, of what is on disk */
		wd_node_id next_ghost; /* of a ghost: the next one of the same parent */
	};
};

/*
 * Path components that all resolutions on one tree may take. Links to links of long paths could
 * cost hours; beyond this, links are no longer followed.
 */
#define WD_TREE_STEPS 1000000000ull

struct wd_tree_error {
	char *path; /* relative to the root; the tree's */
	int status;
};

struct wd_tree {
	const struct wd_root *root;
	WD_ARRAY(struct wd_node) nodes;
	struct wd_pool names;
	WD_ARRAY(struct wd_tree_error) errors;
	bool lost; /* out of memory, what a directory holds, or that it cannot be read */
	uint32_t nghosts;
	uint32_t *ghost_slots; /* node ids, 0 = free */
	uint32_t ghost_nslots;
	atomic_uint scanned; /* entries so far, for progress */
	atomic_bool settled; /* the scan is over: another thread may use the tree */
	uint64_t steps;	     /* of path resolution so far; see WD_TREE_STEPS */
	bool exhausted;	     /* the steps are used up: an error names the link where that was */
	bool cross;	     /* enter other filesystems */
	bool want_stat;	     /* size and mode of every entry */
};

/* A tree with nothing but its root. *root is borrowed. 0 or -ENOMEM. Free with wd_tree_free(). */
int wd_tree_new(const struct wd_root *root, struct wd_tree **ret_tree);
void wd_tree_free(struct wd_tree *tree);

/*
 * Reads the whole tree with a few threads; directories on other filesystems than the root's are
 * entered only with tree->cross. What cannot be read is in tree->errors.
 * 0, -ENOMEM or WD_ELIMIT (more than 4 billion entries). Call it on a new tree.
 */
int wd_tree_scan(struct wd_tree *tree);

/*
 * Reads one directory if it was not read. Unreadable ones become HIDDEN. 0, or -ENOMEM, which
 * tree->lost keeps for who cannot return it: a lookup.
 */
int wd_tree_load(struct wd_tree *tree, wd_node_id dir);

/* The entry `name` (one component) of a directory, ghosts too; WD_NODE_NONE where none is. */
wd_node_id wd_tree_child(struct wd_tree *tree, wd_node_id dir, struct wd_blob name);

/* As wd_tree_child(), with a ghost made where nothing is; WD_NODE_NONE only out of memory. */
wd_node_id wd_tree_child_or_ghost(struct wd_tree *tree, wd_node_id dir, struct wd_blob name);

/*
 * Resolves a directory path from `start` as the kernel would in the root: every component is
 * followed, ".." at the root stays, an absolute link starts at the root. With `ghosts`, what is
 * missing is made of ghosts and the result is WD_NODE_NONE only out of memory; a symlink loop
 * then ends at the link itself.
 */
wd_node_id wd_tree_walk(struct wd_tree *tree, wd_node_id start, struct wd_blob path, bool ghosts);

/* As wd_tree_walk() for all but the last component, which is found and not followed. */
wd_node_id wd_tree_find(struct wd_tree *tree, struct wd_blob path, bool ghosts);

/* What a symlink leads to in the end; WD_NODE_NONE where that is nowhere or a loop. */
wd_node_id wd_tree_target(struct wd_tree *tree, wd_node_id link);

static inline struct wd_node *wd_tree_node(const struct wd_tree *tree, wd_node_id id)
{
	return &tree->nodes.v[id];
}

static inline struct wd_blob wd_tree_name(const struct wd_tree *tree, wd_node_id id)
{
	const struct wd_node *n = &tree->nodes.v[id];

	return wd_blob(wd_pool_at(&tree->names, n->name), n->name_len);
}

/* A symlink's target, as it stands in the rootfs. */
static inline struct wd_blob wd_tree_link(const struct wd_tree *tree, wd_node_id id)
{
	const struct wd_node *n = &tree->nodes.v[id];

	return wd_blob(wd_pool_at(&tree->names, n->first), n->count);
}

/* Appends the canonical path, relative to the root without leading slash; nothing for the root. */
void wd_tree_path(const struct wd_tree *tree, wd_node_id id, struct wd_buf *buf);
size_t wd_tree_path_len(const struct wd_tree *tree, wd_node_id id);

/* Fills in size and mode of a node that was scanned without. Failure leaves it as it is. */
void wd_tree_stat(struct wd_tree *tree, wd_node_id id);

/* The same for all regular files of a directory at once. */
void wd_tree_stat_files(struct wd_tree *tree, wd_node_id dir);

/*
 * Walks the tree in byte order of the full paths, ghosts in their places. `visit` is called for
 * every node but the root, with its path; a negative return ends the walk and is returned.
 */
int wd_tree_each(struct wd_tree *tree, int (*visit)(void *ctx, wd_node_id id, struct wd_blob path),
		 void *ctx);

/*
 * Calls `hit` for every node on disk below `start` that matches a pattern of base/glob.h,
 * directories too; the pattern leads, so that only directories that it can match are looked into,
 * and for a pattern that begins with `**` only those that are in the tree already. A negative
 * return of `hit` ends it and is returned. 0 otherwise.
 */
int wd_tree_glob(struct wd_tree *tree, wd_node_id start, struct wd_blob pattern,
		 int (*hit)(void *ctx, wd_node_id id), void *ctx);

/* For the scanner: one directory's entries, sorted by name. */
struct wd_entry {
	struct wd_blob name;
	struct wd_blob target;
	uint64_t size;
	uint32_t mode;
	uint8_t type;
	bool have_stat;
};
struct wd_entries {
	WD_ARRAY(struct wd_entry) list;
	struct wd_pool bytes;
};
void wd_entries_done(struct wd_entries *e);
/* Reads an open directory. 0 or a negated errno, with what could be read before it. */
int wd_entries_read(struct wd_entries *e, int dir_fd, bool want_stat);
/* Makes them the children of `dir`. 0, -ENOMEM or WD_ELIMIT. */
int wd_tree_adopt(struct wd_tree *tree, wd_node_id dir, const struct wd_entries *e);
/* Out of memory it sets tree->lost. */
void wd_tree_add_error(struct wd_tree *tree, wd_node_id id, int status);

#endif
