/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is shared by those who look for the image that is meant. */
#ifndef WD_PKGDB_MANIFEST_INTERNAL_H
#define WD_PKGDB_MANIFEST_INTERNAL_H

#include "pkgdb/manifest.h"

#define WD_NESTED_MAX 8	   /* indexes in indexes */
#define WD_LAYERS_MAX 4096 /* Docker stops at 127 */
#define WD_LIST_MAX 200	   /* images that are named where it is ambiguous */

struct wd_finder {
	const struct wd_documents *docs;
	const struct wd_choice *choice;
	struct wd_manifest *m;
	char **why;
	struct wd_digest seen[WD_NESTED_MAX]; /* the indexes that led here */
	unsigned depth;
	bool placed; /* an index has said which platform it is for */
};

/* Says what is wrong, unless that was said; returns the status. */
__attribute__((format(printf, 3, 4))) int wd_finder_fail(struct wd_finder *f, int status,
							 const char *fmt, ...);

void wd_cleanup_json(cJSON **p);
#define WD_CLEANUP_JSON WD_CLEANUP(wd_cleanup_json)

/* NULL where there is none, also where o is NULL or no object. */
const cJSON *wd_json_member(const cJSON *o, const char *name);
const char *wd_json_text(const cJSON *o, const char *name);

/* Copies a text where *to has none yet. 0 or -ENOMEM. */
int wd_take_text(char **to, const char *text);

/* "sha256:" and hex digits; a digest of another kind is not known. */
bool wd_digest_parse(const char *text, struct wd_digest *ret);

/* Reads a document, and holds it against a digest where there is one. */
int wd_finder_json(struct wd_finder *f, const char *name, const struct wd_digest *digest,
		   cJSON **ret);

/* Takes `blob`. */
int wd_finder_add_layer(struct wd_finder *f, char *blob, const struct wd_digest *digest);

/*
 * Reads f->m->config_blob, which has to speak of as many layers as were added; a layer whose
 * diff id is known already has to have that one.
 */
int wd_finder_config(struct wd_finder *f);
int wd_finder_annotations(struct wd_finder *f, const cJSON *manifest);

#endif
