/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Images as they come: docker save's archives, OCI layouts as directory or archive, the stores of
 * container engines (store.h), and tars of root filesystems; from a file, or through a pipe.
 * Nothing is extracted, and each layer is read once.
 */
#ifndef WD_PKGDB_CONTAINER_H
#define WD_PKGDB_CONTAINER_H

#include "pkgdb/catalog.h"
#include "pkgdb/keep.h"
#include "pkgdb/manifest.h"
#include "rootfs/image.h"

#define WD_MAX_BYTES (64ull << 30) /* that an image may decompress to, unless told otherwise */

struct wd_container_options {
	const struct wd_descriptors *backends;
	const char *module_dir;
	const struct wd_keep *keep; /* ready */
	bool facts;		    /* have files say of themselves what they can */
	uint32_t algos;		    /* digests of all files; see wd_decode_job */
	struct wd_choice choice;
	uint64_t max_bytes;
	/* Called about ten times a second, where not NULL. */
	void (*progress)(void *ctx, const char *phase, unsigned entries);
	void *progress_ctx;
};

/* What a file said of itself; see wd_image_content.tag. */
struct wd_container_file {
	uint32_t fact; /* first one in the list; they are consecutive */
	uint32_t nfacts;
	int status; /* of examine() */
};

struct wd_mapping {
	char *bytes;
	size_t size;
};

struct wd_container {
	bool is_rootfs; /* a tar of files, without layers */
	struct wd_manifest manifest;
	struct wd_image *image;
	struct wd_image *deleted;	/* what layers had and later ones took away */
	WD_ARRAY(struct wd_fact) facts; /* values in the catalog's strings */
	WD_ARRAY(struct wd_container_file) files;
	struct wd_image_details details; /* both images' */
	WD_ARRAY(struct wd_mapping) mappings;
};

/*
 * Whether a path is for wd_container_open(): "-", a regular file, or a directory that is an OCI
 * layout or a store. Whatever else it is, a root filesystem is opened there.
 */
bool wd_container_is_one(const char *path);

/*
 * Opens an image. What is wrong with single entries or layers is in cat->errors. 0; or a negative
 * status, with *ret_why (the caller's; may stay NULL) saying more.
 */
int wd_container_open(const char *path, const struct wd_container_options *options,
		      struct wd_catalog *cat, struct wd_container **ret, char **ret_why);
void wd_container_free(struct wd_container *c);

#endif
