/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decoding archives in fenced workers, one for each archive that stands by itself: a layer, a root
 * filesystem, or the file that holds the layers of an image, which is read in one go where it comes
 * through a pipe or is compressed. A layer that is a directory is read as an archive of it would
 * be.
 *
 * What comes back is a list of entries for each archive met, with what was kept of their contents
 * in a file that nobody has a name of; and the texts that describe images.
 */
#ifndef WD_PKGDB_DECODE_H
#define WD_PKGDB_DECODE_H

#include "base/pool.h"
#include "pkgdb/archive.h"
#include "pkgdb/catalog.h"
#include "pkgdb/keep.h"
#include "pkgdb/worker.h"
#include "rootfs/image.h"

#define WD_NOT_KEPT UINT64_MAX
#define WD_DOCUMENT_MAX (4u << 20) /* a manifest or a configuration; real ones are below 100 KiB */

struct wd_stream_entry {
	uint32_t path; /* in the stream's bytes; normalised, "" for the root */
	uint32_t target;
	uint16_t path_len, target_len;
	uint32_t mode;
	uint64_t size;
	uint64_t offset; /* of the contents in the archive, where that is not compressed */
	uint64_t kept;	 /* where the contents are in the spool, or WD_NOT_KEPT */
	uint32_t fact;	 /* first one in the decoding's list; they are consecutive */
	uint16_t nfacts;
	int16_t examine_status;
	bool hard_link;
	bool examined;
	bool elf;      /* the contents begin as an ELF file does */
	bool whiteout; /* a character device 0/0 */
};

/* One archive. */
struct wd_stream {
	char *name; /* the entry that it was, in the archive around it; "" */
	struct wd_pool bytes;
	WD_ARRAY(struct wd_stream_entry) entries;
	struct wd_image_details details; /* one for each entry, where they were asked for */
	int status;			 /* of reading it */
	bool ended;
	struct wd_archive_result result;
};

struct wd_document {
	char *name;
	struct wd_buf text;
};

/* Something about an entry that has to be said. */
struct wd_note {
	char *path; /* of an entry, or "" */
	char *text;
	int status;
};

enum wd_decode_mode {
	WD_DECODE_LAYER, /* one archive, of files */
	WD_DECODE_INDEX, /* where things are, and documents; contents are passed over */
	WD_DECODE_NEST,	 /* files, documents and archives in it, in one go */
};

struct wd_decode_job {
	struct wd_job job; /* fd: the input; dir_fd: the spool */
	const char *module_dir;
	const char *spool_dir; /* where the spool is, for messages; wd_decoding_start() sets it */
	const struct wd_keep *keep;
	const struct wd_descriptors *backends; /* whose magic is looked for; or NULL: no facts */
	enum wd_decode_mode mode;
	uint64_t offset, length; /* UINT64_MAX: to the end, from where the descriptor stands */
	const char
		*dir; /* NULL; or what is walked, a directory below job.fd (wd_layerdir_walk()) */
	const char *below;
	uint64_t max_bytes;
	unsigned digests; /* WD_DIGEST_*: of the input, or of the archives in it */
	/*
	 * Which digests of every regular file are wanted, and with any of them the other details of
	 * entries; bits as in base/hash.h.
	 */
	uint32_t algos;
};

/* What a worker is doing, and has found. */
struct wd_decoding {
	struct wd_worker worker;
	int spool;
	uint64_t spool_size;
	WD_ARRAY(struct wd_stream *) streams; /* the first is the input itself */
	WD_ARRAY(uint32_t) open;	      /* those that are being read, the innermost last */
	WD_ARRAY(struct wd_document) documents;
	WD_ARRAY(struct wd_note) notes;
	WD_ARRAY(struct wd_fact) facts; /* values in cat->strings */
	struct wd_catalog *cat;		/* borrowed */
	uint32_t algos;			/* the job's */
	struct wd_buf in;
	uint64_t records;
	bool greeted; /* its HELLO record came */
	bool done;
	int status;
};

/*
 * Forks a worker. `job` is copied; its descriptors are borrowed for this call, and *d keeps the
 * spool. 0 or a negated errno; release with wd_decoding_done() in every case.
 */
int wd_decoding_start(const struct wd_decode_job *job, struct wd_catalog *cat,
		      struct wd_decoding *d);

/*
 * Takes what is in the pipe; waits a moment where that is empty. Returns 1 while there may be
 * more, 0 at the end, -ENOMEM. What is wrong stands in d->status, or in that of a stream.
 */
int wd_decoding_read(struct wd_decoding *d);
void wd_decoding_done(struct wd_decoding *d);

/* In the worker. */
int wd_decode_run(const struct wd_job *job, struct wd_pipe_sink *sink);

/*
 * In the worker: reads `dir` below fd as the archive module reads an archive, with entry(), data()
 * and end() of the events; see wd_layerdir_walk(). What cannot be read goes to `unreadable`, with
 * the job's ctx.
 */
int wd_decode_directory(int fd, const char *dir, const char *below,
			const struct wd_archive_job *job,
			int (*unreadable)(void *ctx, struct wd_blob path, int status));

/*
 * The records of these workers, framed as in wire.h:
 *
 *	STREAM	string name: what follows is about an archive inside the one before
 *	ENTRY	struct wd_wire_entry, then path and target
 *	DETAIL	struct wd_wire_detail, string capabilities: of each entry, where wanted
 *	HASHES	the digests of the contents of the entry before, as wd_hash_pack() has them
 *	DOCUMENT string name, string text
 *	NOTE	i32 status, string text
 *	END	struct wd_wire_end, string fault: of the innermost archive
 *	and HELLO, FILE, FACT, ERROR, DONE
 */
enum wd_decode_wire {
	WD_WIRE_STREAM = 64,
	WD_WIRE_ENTRY,
	WD_WIRE_DOCUMENT,
	WD_WIRE_NOTE,
	WD_WIRE_END,
	WD_WIRE_DETAIL,
	WD_WIRE_HASHES,
};

struct wd_wire_entry {
	uint64_t size, offset, kept;
	uint32_t mode;
	uint16_t path_len, target_len;
	uint8_t hard_link, whiteout, elf;
} __attribute__((packed));

struct wd_wire_detail {
	int64_t mtime;
	uint32_t uid, gid, rdev;
} __attribute__((packed));

struct wd_wire_end {
	int32_t status;
	uint64_t packed, unpacked;
	uint8_t digested, compressed;
	uint8_t packed_digest[WD_SHA256_LEN], unpacked_digest[WD_SHA256_LEN];
} __attribute__((packed));

#endif
