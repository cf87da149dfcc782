/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A reference index: which paths, digests and build-ids the packages of learnt distributions have.
 * It is an SQLite file (whodistro-index(5)), written whole and then renamed into place, so that
 * whoever reads it sees one state of it. SQLite is in a module, which the program itself loads only
 * to write; it is read in fenced workers, since an index may come from anywhere.
 *
 * Blobs given to callbacks and in results are borrowed until the next call.
 */
#ifndef WD_PROVENANCE_INDEX_H
#define WD_PROVENANCE_INDEX_H

#include "base/buf.h"

#define WD_INDEX_APPLICATION 0x57444958 /* "WDIX" */
#define WD_INDEX_VERSION 1

/* What was learnt at once: one operand of `learn`. */
struct wd_index_source {
	uint32_t id;
	struct wd_blob path;  /* absolute, as it was when it was learnt */
	struct wd_blob given; /* --distro, or "" */
	struct wd_blob kind;  /* "rootfs", or the backend that read it */
	uint32_t distro;      /* of most of its packages */
	uint64_t packages, files, digests, builds;
};

struct wd_index_distro {
	uint32_t id;
	struct wd_blob os;	/* ID of os-release(5) */
	struct wd_blob version; /* VERSION_ID, or "" */
	struct wd_blob purl;	/* package-url type of its packages: "deb", "rpm" */
};

struct wd_index_package {
	uint32_t source;
	uint32_t id; /* in its source, from 1 */
	uint32_t distro;
	struct wd_blob name, version, arch, origin; /* origin: the source package */
	uint32_t files;
	uint32_t core; /* of these, those that no image leaves out: see wd_index_is_core() */
};

struct wd_index; /* the module's */

struct wd_index_ops {
	/*
	 * Opens the bytes of an index, which stay where they are, for reading. WD_ENOTMINE,
	 * WD_EUNSUPPORTED (another version) or WD_ECORRUPT; `why` is then what is wrong.
	 */
	int (*open)(const void *bytes, size_t size, struct wd_index **ret, struct wd_buf *why);
	/* What SQLite said of the last failure. */
	const char *(*why)(struct wd_index *ix);
	void (*close)(struct wd_index *ix);

	/* Looks at the structure of the whole file. 0 or WD_ECORRUPT. */
	int (*check)(struct wd_index *ix);
	/*
	 * These call `each` for every row until it returns anything but 0. Below 0, that is
	 * returned.
	 */
	int (*sources)(struct wd_index *ix, int (*each)(void *ctx, const struct wd_index_source *s),
		       void *ctx);
	int (*distros)(struct wd_index *ix, int (*each)(void *ctx, const struct wd_index_distro *d),
		       void *ctx);
	/* The entries (pack.h) that each source has for a directory. */
	int (*dir)(struct wd_index *ix, struct wd_blob path,
		   int (*each)(void *ctx, uint32_t source, struct wd_blob entries), void *ctx);
	int (*digest)(struct wd_index *ix, uint64_t size, struct wd_blob digest,
		      int (*each)(void *ctx, uint32_t source, uint32_t package), void *ctx);
	int (*build)(struct wd_index *ix, struct wd_blob build,
		     int (*each)(void *ctx, uint32_t source, uint32_t package), void *ctx);
	/* Bit N: a digest by algorithm N of some file of this size is known. */
	int (*sized)(struct wd_index *ix, uint64_t size, uint32_t *ret_algos);
	/* ret->source and ret->id are set. WD_ECORRUPT where there is none. */
	int (*package)(struct wd_index *ix, struct wd_index_package *ret);

	/* Opens the file for writing: an empty one, or an index that was checked. One at a time. */
	int (*edit)(const char *path, struct wd_index **ret);
	/* Removes what was learnt from a source before. */
	int (*forget)(struct wd_index *ix, struct wd_blob path, struct wd_blob given);
	/* Adds a source; s->id is set. Its distro and counts are written when all else has been. */
	int (*add_source)(struct wd_index *ix, struct wd_index_source *s);
	int (*count_source)(struct wd_index *ix, const struct wd_index_source *s);
	/* Adds a distro unless it is there. d->id is set. */
	int (*add_distro)(struct wd_index *ix, struct wd_index_distro *d);
	int (*add_package)(struct wd_index *ix, const struct wd_index_package *p);
	int (*add_dir)(struct wd_index *ix, uint32_t source, struct wd_blob path,
		       struct wd_blob entries);
	int (*add_digest)(struct wd_index *ix, uint32_t source, uint32_t package, uint64_t size,
			  struct wd_blob digest);
	int (*add_build)(struct wd_index *ix, uint32_t source, uint32_t package,
			 struct wd_blob build);
	/* Everything becomes part of the file. */
	int (*commit)(struct wd_index *ix);
};

#define WD_INDEX_MODULE "index"
#define WD_INDEX_MODULE_SYMBOL "wd_index_module"

/* Loads the module from a directory; NULL where it cannot be. */
const struct wd_index_ops *wd_index_load(const char *dir);

/*
 * Paths in an index are those of a system with merged /usr: "bin/ls" is "usr/bin/ls". Appends the
 * directory under which the index has what is in `dir` (relative, no trailing slash).
 */
void wd_index_dir(struct wd_blob dir, struct wd_buf *out);

/*
 * Whether a file in this directory of an index is one that images keep: no documentation, manual or
 * message catalog.
 */
bool wd_index_is_core(struct wd_blob dir);

/*
 * Whether it is one of the few directories where a distribution's programs and libraries are, and
 * others' seldom.
 */
bool wd_index_is_system(struct wd_blob dir);

/* Appends the next entry of a directory: names in byte order, at least one package. */
struct wd_packer {
	struct wd_buf out;
	struct wd_buf name; /* the last one */
	uint32_t package;
};

struct wd_index_owner {
	uint32_t package; /* in its source */
	bool digest;	  /* its digest for this path is in the index */
};

void wd_pack(struct wd_packer *p, struct wd_blob name, const struct wd_index_owner *owners,
	     size_t n);
void wd_packer_done(struct wd_packer *p);

/* Reads the entries of one directory and source. Owners behind the first few are left out. */
#define WD_INDEX_OWNERS 32
struct wd_unpacker {
	struct wd_cursor in;
	struct wd_buf name;
	uint32_t package;
	struct wd_index_owner owners[WD_INDEX_OWNERS];
	size_t nowners;
};

/*
 * The next entry: its name is in u->name. 1, 0 at the end, or WD_ECORRUPT where it is malformed or
 * its name does not come behind the one before. Set u->in before the first; release u->name.
 */
int wd_unpack(struct wd_unpacker *u);

#endif
