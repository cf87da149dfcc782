/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What describes an image: Docker's manifest.json (as docker save writes it), the OCI's indexes and
 * manifests (image-spec 1.1), and the configuration that both have.
 *
 * Documents come from others, by name; they are bounded in size and in how they nest.
 */
#ifndef WD_PKGDB_MANIFEST_H
#define WD_PKGDB_MANIFEST_H

#include "base/array.h"
#include "base/buf.h"
#include "pkgdb/archive.h"

#include <cjson/cJSON.h>

struct wd_digest {
	uint8_t sha256[WD_SHA256_LEN];
	bool known;
};

struct wd_image_layer {
	char *blob; /* the document's, file's or directory's name: "blobs/sha256/..." */
	struct wd_digest digest;  /* of the blob as it is */
	struct wd_digest diff_id; /* of the tar in it */
	char *history;		  /* the line that made it, or NULL */
	uint64_t packed, unpacked;
	uint64_t files, bytes; /* of the entries */
};

struct wd_pair {
	char *key, *value;
};

/* What layers are. */
enum wd_layer_form {
	WD_LAYERS_ARCHIVES,
	WD_LAYERS_DIFFS, /* directories of what they change */
	WD_LAYERS_ROOTS, /* directories of everything that shows in them */
};

/* One image. Everything is its own; texts that are not there are NULL. */
struct wd_manifest {
	enum wd_layer_form form;
	char *ref;
	char *os, *architecture, *variant;
	char *config_blob;
	struct wd_digest config_digest;
	WD_ARRAY(struct wd_image_layer) layers;
	WD_ARRAY(char *) entrypoint;
	WD_ARRAY(char *) command;
	char *user;
	WD_ARRAY(struct wd_pair) labels;      /* of the configuration */
	WD_ARRAY(struct wd_pair) annotations; /* of the manifest */
};

/* Where documents come from. */
struct wd_documents {
	/* The text, borrowed until the next call, or a negative status; WD_ELIMIT: too large. */
	int (*get)(void *ctx, const char *name, struct wd_blob *ret);
	/* The digest of a text; false where nothing can tell. */
	bool (*digest)(void *ctx, struct wd_blob text, struct wd_digest *ret);
	/* The names in a directory, one at a time, or a negative status; NULL: there are none. */
	int (*list)(void *ctx, const char *dir, int (*each)(void *arg, struct wd_blob name),
		    void *arg);
	void *ctx;
};

struct wd_choice {
	const char *ref;      /* --image; or NULL */
	const char *platform; /* --platform; or NULL: of an index this machine's */
};

/*
 * Finds the one image that is meant. 0; or a negative status, with *ret_why (the caller's) saying
 * what is wrong, and for WD_EAMBIGUOUS which there are: WD_EABSENT, WD_ECORRUPT, WD_ELIMIT,
 * WD_EDIGEST, WD_EUNSUPPORTED, -ENOMEM.
 */
int wd_manifest_find(const struct wd_documents *docs, const struct wd_choice *choice,
		     struct wd_manifest *ret, char **ret_why);
void wd_manifest_done(struct wd_manifest *m);

/* "sha256:" and hex digits. */
void wd_digest_print(struct wd_buf *out, const struct wd_digest *digest);

#endif
