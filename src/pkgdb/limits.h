/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one database may cost. Beyond it, the database is incomplete with WD_ELIMIT. */
#ifndef WD_PKGDB_LIMITS_H
#define WD_PKGDB_LIMITS_H

#define WD_LIMIT_DATABASES 4096	      /* of one rootfs; this one is not for one database */
#define WD_LIMIT_PACKAGES 1000000
#define WD_LIMIT_CLAIMS 20000000
#define WD_LIMIT_ERRORS 1000	      /* further ones are counted, not kept */
#define WD_LIMIT_FACTS 256	      /* of one file; further ones are dropped */
#define WD_LIMIT_BYTES (4ull << 30)   /* of records from one worker */
#define WD_LIMIT_MEMORY (3ull << 30)  /* address space of a worker */
#define WD_LIMIT_CPU_SECONDS 120      /* of a worker */
#define WD_LIMIT_WALL_SECONDS 180     /* of a worker */
#define WD_LIMIT_FILE_SECONDS 10      /* for examining one file */
#define WD_LIMIT_RESTARTS 8	      /* of workers that died examining files */
#define WD_LIMIT_SPOOL (16ull << 30)  /* what one worker keeps of archives */
#define WD_LIMIT_DECODE_SECONDS 3600  /* of CPU, for decoding an archive; the wall has twice that */
#define WD_LIMIT_STREAMS 4096	      /* archives in an archive */
#define WD_LIMIT_ENTRIES 50000000     /* of one archive */
#define WD_LIMIT_STRING (64 * 1024)   /* a package field; longer ones are cut */

#endif
