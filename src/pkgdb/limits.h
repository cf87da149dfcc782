/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one worker, and so one database, may cost. Beyond it, the database is incomplete with
 * WD_ELIMIT, WD_ETIMEOUT or -ENOMEM. Numbers that are said elsewhere (help, whodistro(1),
 * SECURITY.md) are held to these by tests/check-docs.sh.
 */
#ifndef WD_PKGDB_LIMITS_H
#define WD_PKGDB_LIMITS_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#define WD_LIMIT_DATABASES 4096 /* of one rootfs; this one is not for one database */
#define WD_LIMIT_PACKAGES 1000000
#define WD_LIMIT_CLAIMS 20000000
#define WD_LIMIT_RECORDS 50000000    /* --limit-records: of all kinds, from one worker */
#define WD_LIMIT_ERRORS 1000	     /* further ones are counted, not kept */
#define WD_LIMIT_FACTS 256	     /* of one file; further ones are dropped */
#define WD_LIMIT_BYTES (4ull << 30)  /* of records from one worker */
#define WD_LIMIT_TOTAL (8ull << 30)  /* the same, from all of a root filesystem */
#define WD_LIMIT_MEMORY_GIB 3	     /* --limit-memory: address space of a worker */
#define WD_LIMIT_CPU_SECONDS 120     /* --limit-time: of a worker */
#define WD_LIMIT_WALL_SECONDS 180    /* the same, by the clock */
#define WD_LIMIT_FILE_SECONDS 10     /* the same, for examining one file */
#define WD_LIMIT_RESTARTS 8	     /* of workers that died examining files */
#define WD_LIMIT_SPOOL (16ull << 30) /* what one worker keeps of archives */
#define WD_LIMIT_DECODE_SECONDS 3600 /* --limit-time: of CPU, for decoding an archive */
#define WD_LIMIT_DECODE_WALL_SECONDS 7200
#define WD_LIMIT_STREAMS 4096	    /* archives in an archive */
#define WD_LIMIT_ENTRIES 50000000   /* of one archive */
#define WD_LIMIT_STRING (64 * 1024) /* a package field; longer ones are cut */

/* Why a worker that got no memory failed; its limit in KiB. */
#define WD_WHY_MEMORY                                                                              \
	"takes more than the %" PRIu64 " KiB of memory that it may have (--limit-memory)"

/* The kinds of worker, by what they have to be able to do. */
enum wd_work_kind {
	WD_WORK_DATABASE, /* opens files below one directory */
	WD_WORK_COPY,	  /* a database of an image: files come out of the parent's memory */
	WD_WORK_EXAMINE,  /* opens files below the root */
	WD_WORK_ASK,	  /* opens nothing: reads what it was handed */
	WD_WORK_DECODE,	  /* opens nothing, writes what it unpacks to the file it was handed */
	WD_WORK_LAYER,	  /* as that, of a directory: opens files below it */
};

/* What the user may set; 0 (or no fence): as above. */
struct wd_limits {
	uint64_t memory;
	uint64_t seconds;
	uint64_t records;
	uint32_t required; /* WD_FENCE_* flags without which a worker reads nothing */
};

/*
 * The limits of every worker of this process. Set them, if at all, before the first is forked:
 * each keeps those that it was forked with.
 */
void wd_limits_set(const struct wd_limits *limits);
uint64_t wd_limit_memory(void);
uint64_t wd_limit_records(void);
uint32_t wd_limit_required(void);

/* How long a worker may take: by its CPU time, by the clock, and for each file it examines. */
uint64_t wd_limit_cpu(enum wd_work_kind kind);
uint64_t wd_limit_wall(enum wd_work_kind kind);
uint64_t wd_limit_file(void);

#endif
