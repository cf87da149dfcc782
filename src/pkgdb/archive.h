/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the module that decodes archives offers to the workers that load it: a stream of entries,
 * of which each may be an archive itself, and digests of the bytes that the stream came from.
 *
 * Everything that comes out of it is as it stands in the archive: hostile, and not checked.
 */
#ifndef WD_PKGDB_ARCHIVE_H
#define WD_PKGDB_ARCHIVE_H

#include "base/blob.h"
#include "base/status.h"

#define WD_ARCHIVE_ABI 2
#define WD_ARCHIVE_MODULE "archive"
#define WD_ARCHIVE_SYMBOL "wd_archive_module"

#define WD_SHA256_LEN 32
/* Bytes at the front of an entry's contents that are shown before anybody wants the rest. */
#define WD_ARCHIVE_HEAD 512

/* An entry. Borrowed. */
struct wd_archive_entry {
	struct wd_blob path;
	struct wd_blob target; /* of a symbolic or a hard link */
	uint64_t size;
	uint64_t offset; /* of the contents, in an archive that is not compressed */
	uint32_t mode;	 /* st_mode */
	uint32_t rdev;	 /* major and minor number are both 0 in a whiteout of overlayfs */
	uint32_t uid, gid;
	int64_t mtime;	     /* seconds */
	struct wd_blob caps; /* the attribute security.capability, or the null blob */
	bool hard_link;
	bool unreadable; /* it has contents, and they cannot be had */
};

/* What is to be done with an entry's contents. */
enum wd_archive_want {
	WD_ARCHIVE_SKIP,
	WD_ARCHIVE_DATA,   /* data() and end() are called */
	WD_ARCHIVE_NESTED, /* nested() is called */
};

struct wd_archive; /* one that is being read */

/* What the reader calls. A negative return ends the reading and is returned by it. */
struct wd_archive_events {
	/* `head` is the beginning of a regular file's contents. Returns enum wd_archive_want. */
	int (*entry)(void *ctx, const struct wd_archive_entry *e, struct wd_blob head);
	/* A piece of the contents. What lies between pieces is zeros. */
	int (*data)(void *ctx, uint64_t offset, struct wd_blob piece);
	/* The contents are through; `status` is negative where they were cut short. */
	int (*end)(void *ctx, int status);
	/* The contents are to be read with read_nested(), now or never. */
	int (*nested)(void *ctx, struct wd_archive *outer);
	/*
	 * Of read_nested(): a piece of the contents as they are, until they end, also where they
	 * turn out to be no archive. NULL: nobody wants them.
	 */
	int (*packed)(void *ctx, struct wd_blob piece);
};

/* Of which bytes the digest is wanted: the stream is then read to its end. */
enum wd_archive_digest {
	WD_DIGEST_PACKED = 1, /* as they come */
	WD_DIGEST_UNPACKED = 2,
};

/* What became of a stream. */
struct wd_archive_result {
	uint64_t packed, unpacked;	      /* bytes, before and behind decompression */
	uint8_t packed_digest[WD_SHA256_LEN]; /* SHA-256 */
	uint8_t unpacked_digest[WD_SHA256_LEN];
	bool digested; /* the digests are those of the whole stream */
	bool compressed;
	char fault[256]; /* what is wrong, where reading failed */
};

struct wd_archive_job {
	const struct wd_archive_events *events;
	void *ctx;
	uint64_t *budget; /* of bytes that may still be decompressed; counted down */
	unsigned digests; /* WD_DIGEST_* */
};

struct wd_archive_module {
	uint32_t abi; /* WD_ARCHIVE_ABI */
	/*
	 * Reads a tar archive, perhaps compressed (gzip, zstd, xz, bzip2), from `length` bytes at
	 * `offset` of fd; with a length of UINT64_MAX, from where fd stands to its end. *ret is
	 * always set. Returns 0; WD_ENOTMINE where it is no archive; WD_ECORRUPT, WD_ELIMIT
	 * (beyond the budget), -ENOMEM, -EIO, or what an event returned.
	 */
	int (*read)(int fd, uint64_t offset, uint64_t length, const struct wd_archive_job *job,
		    struct wd_archive_result *ret);
	int (*read_nested)(struct wd_archive *outer, const struct wd_archive_job *job,
			   struct wd_archive_result *ret);
};

#endif
