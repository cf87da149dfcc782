/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mtree file of a package: what pacman does not say in its list of files. It is mtree(5) in
 * gzip, made by makepkg.
 */
#ifndef WD_PACMAN_MTREE_H
#define WD_PACMAN_MTREE_H

#include "base/array.h"
#include "base/buf.h"
#include "pkgdb/backend.h"

#define WD_PACMAN_SHA256 32

struct wd_pacman_entry {
	size_t path, path_len; /* in text; relative, as in the list of files, without a slash */
	size_t target, target_len;
	uint64_t size;
	int64_t mtime; /* seconds; -1: not recorded */
	uint32_t uid, gid;
	uint16_t mode; /* st_mode */
	bool has_digest;
	uint8_t sha256[WD_PACMAN_SHA256];
};

struct wd_pacman_mtree {
	struct wd_buf raw;			  /* decompressed */
	struct wd_buf text;			  /* strings of the entries */
	WD_ARRAY(struct wd_pacman_entry) entries; /* in order of path */
};

/*
 * Replaces what *m held by the entries of a compressed mtree file. 0; WD_ELIMIT; WD_ECORRUPT with
 * why in `fault`, the entries before the damage kept; -ENOMEM.
 */
int wd_pacman_mtree_parse(struct wd_pacman_mtree *m, struct wd_blob packed, char *fault,
			  size_t fault_size);
void wd_pacman_mtree_done(struct wd_pacman_mtree *m);

/* NULL where there is none. */
const struct wd_pacman_entry *wd_pacman_mtree_find(const struct wd_pacman_mtree *m,
						   struct wd_blob path);

#endif
