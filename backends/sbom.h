/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WD_SBOM_H
#define WD_SBOM_H

#include "common.h"
#include "json-doc.h"

/* A package URL taken apart and decoded; a part that it lacks is the null blob. */
struct wd_sbom_purl {
	struct wd_blob type, namespace, name, version;
	struct wd_blob arch, distro, epoch, os_name, os_version; /* qualifiers */
	struct wd_buf text;					 /* holds the decoded parts */
};

/* False where it is no package URL. Release with wd_buf_done(&ret->text) in either case. */
bool wd_sbom_purl_parse(struct wd_blob purl, struct wd_sbom_purl *ret);

/* What a document says of a package, in its own words. */
struct wd_sbom_item {
	struct wd_blob name, version, purl, supplier, originator, url;
	bool has_files; /* claims follow */
};

struct wd_sbom {
	const struct wd_request *req;
	struct wd_sink *sink;
	struct wd_faults faults;
	/*
	 * The directory that names of files are relative to, as far as that is known: the root
	 * filesystem for melange, the document's own for Bitnami. Elsewhere (relative_known not
	 * set) only absolute names are claimed.
	 */
	struct wd_blob base;
	bool relative_known;
	struct wd_blob component; /* COMP of opt/bitnami/COMP/.spdx-COMP.spdx, or null */
};

/* Begins a package. */
int wd_sbom_push_package(struct wd_sbom *s, const struct wd_sbom_item *item);

/* A path and its best digest. */
struct wd_sbom_file {
	struct wd_blob name; /* the null blob: not fit to be claimed */
	uint8_t digest[WD_DIGEST_MAX];
	uint8_t digest_len, digest_algo;
};

/*
 * Reads what a document says of a file. `checksums` is the array of its digests, with members of
 * the names `algorithm` and `value`. What is wrong with it is reported here, once.
 */
int wd_sbom_file_read(struct wd_sbom *s, struct wd_blob name, const cJSON *checksums,
		      const char *algorithm, const char *value, struct wd_sbom_file *ret);

/* Claims a file for the package. */
int wd_sbom_push_file(struct wd_sbom *s, const struct wd_sbom_file *file);

int wd_sbom_load_spdx(struct wd_sbom *s, const cJSON *root);
int wd_sbom_load_cyclonedx(struct wd_sbom *s, const cJSON *root);

#endif
