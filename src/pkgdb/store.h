/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The directories that container engines keep images in, read without asking the engine:
 *
 * - containers-storage of podman, buildah, skopeo and CRI-O, drivers overlay and vfs. Images are in
 *   DRIVER-images/images.json, layers in DRIVER-layers/layers.json with their parents, documents in
 *   DRIVER-images/ID/ (containers/storage, store.go, images.go, layers.go);
 * - Docker's data root, drivers overlay2, fuse-overlayfs and vfs: image/DRIVER/repositories.json,
 *   imagedb/content/sha256/ID, layerdb/sha256/CHAIN-ID/cache-id (moby, image/fs.go,
 *   layer/filestore.go).
 *
 * Only images, no containers. All of it is input like any other: identifiers become names of
 * files only after a look at them, and chains of parents end.
 */
#ifndef WD_PKGDB_STORE_H
#define WD_PKGDB_STORE_H

#include "pkgdb/manifest.h"

/* Whether a directory is a store, also where it is one that cannot be read. */
bool wd_store_is_one(int dir_fd);

/* As wd_manifest_find(). The layers' blobs are directories below the store's. */
int wd_store_find(const struct wd_documents *docs, const struct wd_choice *choice,
		  struct wd_manifest *ret, char **ret_why);

#endif
