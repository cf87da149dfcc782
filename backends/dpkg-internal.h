/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the dpkg backend share: the database being read, the files of the package at
 * hand, and how errors name their place.
 *
 * One package is read at a time. Its paths are slices of one buffer that holds its file list, in a
 * table that is emptied, not freed, between packages.
 */
#ifndef WD_BACKENDS_DPKG_INTERNAL_H
#define WD_BACKENDS_DPKG_INTERNAL_H

#include "base/array.h"
#include "base/blob.h"
#include "base/buf.h"
#include "dpkg-stanza.h"
#include "common.h"
#include "pkgdb/backend.h"

/* Sizes beyond which a file is refused (WD_ELIMIT); the largest known are a tenth or less. */
#define WD_DPKG_STATUS_MAX (256u << 20)
#define WD_DPKG_LIST_MAX (256u << 20) /* one *.list or *.md5sums */
#define WD_DPKG_SMALL_MAX (16u << 20) /* diversions, statoverride, one alternative, updates/ */
#define WD_DPKG_PATHS_MAX (1u << 24)  /* paths of one package */
#define WD_DPKG_NAMES_MAX (1u << 20)  /* entries of one directory */
/* Errors reported for one file; a last one says that there were more. */
#define WD_DPKG_ERRORS_MAX 20

#define WD_DPKG_MD5_SIZE 16

/* ---- Paths */

struct wd_dpkg_path {
	struct wd_blob path; /* without leading and trailing slash; empty: the root */
	uint32_t hash;
	uint32_t dirlen; /* bytes before the last slash */
	uint32_t flags;	 /* WD_CLAIM_* flags */
	uint16_t mode;	 /* as in a claim */
	bool has_digest;
	uint8_t digest[WD_DPKG_MD5_SIZE];
};

/* A set of paths in the order in which they were added. Zeroed memory is an empty set. */
struct wd_dpkg_paths {
	struct wd_dpkg_path *entry;
	size_t count, cap;
	uint32_t *slot;		 /* index + 1 into entry; 0: free */
	size_t slots, slots_cap; /* powers of two */
	uint64_t seed;
};

void wd_dpkg_paths_done(struct wd_dpkg_paths *p);

/* Empties the set, with room for `expected` paths before it has to grow. 0 or -ENOMEM. */
int wd_dpkg_paths_reset(struct wd_dpkg_paths *p, size_t expected);

/* The index of path, or -1. */
ptrdiff_t wd_dpkg_paths_find(const struct wd_dpkg_paths *p, struct wd_blob path);

/* Finds an entry by the path of another set's entry, whose hash is reused. */
ptrdiff_t wd_dpkg_paths_match(const struct wd_dpkg_paths *p, const struct wd_dpkg_path *key);

/* The index of path, which is added where it is new; -ENOMEM or WD_ELIMIT. */
ptrdiff_t wd_dpkg_paths_add(struct wd_dpkg_paths *p, struct wd_blob path);

/* A path as files of the database spell it, without "/" and "./" in front and "/" behind. */
struct wd_blob wd_dpkg_path_clean(struct wd_blob path);

/* Why a path cannot be claimed (".." or NUL), or NULL. */
const char *wd_dpkg_path_fault(struct wd_blob path);

/* ---- The database */

/* A file of the database, by parts of its name, and how many errors it has had. */
struct wd_dpkg_source {
	const char *dir; /* "info/", or "" */
	struct wd_blob name;
	const char *suffix; /* ".list", or "" */
	unsigned int errors;
};

/* A pair of /var/lib/dpkg/diversions is two entries in a row: contested path, diverted-to path. */
struct wd_dpkg_diversions {
	struct wd_buf text;
	struct wd_dpkg_paths paths;
	struct wd_blob *package; /* of pair i; ":" for a local diversion */
	size_t cap;
};

/* A stanza of updates/, which counts for more than that of the status file. */
struct wd_dpkg_update {
	struct wd_dpkg_stanza stanza;
	struct wd_blob file;
	size_t order;
};

struct wd_dpkg_journal {
	struct wd_names names;
	WD_ARRAY(struct wd_buf) texts;
	WD_ARRAY(struct wd_dpkg_update) list; /* by package and architecture, the newest last */
	size_t bytes;
};

struct wd_dpkg {
	const struct wd_request *req;
	struct wd_sink *sink;
	struct wd_blob home; /* what the names of the files are relative to: "var/lib/dpkg" */
	bool info_tried;     /* info/ was looked at */
	bool info_usable;    /* and is there */
	bool info_reported;  /* it has no lists: its files need no error each */
	struct wd_dpkg_source status; /* the status file: without name, as the database itself;
				       * or a file of updates/ */
	struct wd_buf name;	      /* the file name being opened */
	struct wd_buf list;	      /* the file list of the package */
	struct wd_buf sums;	      /* its md5sums */
	struct wd_dpkg_paths files;
	struct wd_dpkg_diversions diversions;
	struct wd_buf override_text;
	struct wd_dpkg_paths overrides; /* mode: permission bits */
	struct wd_dpkg_journal journal;
};

/*
 * Reports an error in a file of the database; `line` 0: of the file as a whole. After
 * WD_DPKG_ERRORS_MAX errors the rest is dropped. Returns what the sink says: negative ends load().
 */
__attribute__((format(printf, 5, 6))) int wd_dpkg_error(struct wd_dpkg *db,
							struct wd_dpkg_source *source, int status,
							size_t line, const char *fmt, ...);

/*
 * Reads a regular file, by a path that the request opens, into *buf, replacing what it holds, and
 * appends a newline where the last one is missing (*ret_complete, may be NULL, says whether it was
 * there). Returns 0, WD_EABSENT, WD_ENOTREG (also for a symbolic link), WD_ELIMIT or a negated
 * errno.
 */
int wd_dpkg_read(struct wd_dpkg *db, const char *path, size_t max, struct wd_buf *buf,
		 bool *ret_complete);

/* The path of a source as the request opens it, terminated, in db->name. NULL: no memory. */
const char *wd_dpkg_file_name(struct wd_dpkg *db, const struct wd_dpkg_source *source);

/* Sends the package of a stanza; `flags` are added to the stanza's own. */
int wd_dpkg_push_package(struct wd_dpkg *db, const struct wd_dpkg_stanza *st, uint32_t flags);

/* ---- dpkg-files.c, dpkg-journal.c, dpkg-overrides.c, dpkg-alternatives.c, dpkg-statusd.c */

/* Reads updates/. What is wrong with it is reported, not returned. */
int wd_dpkg_journal_read(struct wd_dpkg *db);
void wd_dpkg_journal_done(struct wd_dpkg *db);

/* Whether it has something newer on the package of a stanza. */
bool wd_dpkg_journal_has(const struct wd_dpkg_journal *j, const struct wd_dpkg_stanza *st);

/* Loads the packages that it has something newer on. */
int wd_dpkg_journal_load(struct wd_dpkg *db);

/* Reads diversions and statoverride. What is wrong with them is reported, not returned. */
int wd_dpkg_overrides_read(struct wd_dpkg *db);
void wd_dpkg_overrides_done(struct wd_dpkg *db);

/* Sends the package of a stanza in a status file, and its claims out of info/. */
int wd_dpkg_load_package(struct wd_dpkg *db, const struct wd_dpkg_stanza *st);

/*
 * Puts the files of an md5sums file in db->sums into db->files: with `add` all of them, else what
 * it says of those that are there.
 */
int wd_dpkg_take_sums(struct wd_dpkg *db, struct wd_dpkg_source *source, bool add);

/* Sends db->files as claims of the package of a stanza. */
int wd_dpkg_push_files(struct wd_dpkg *db, const struct wd_dpkg_stanza *st);

/* Sends the links that update-alternatives made. */
int wd_dpkg_alternatives_load(struct wd_dpkg *db);

/* Loads status.d/. */
int wd_dpkg_statusd_load(struct wd_dpkg *db);

#endif
