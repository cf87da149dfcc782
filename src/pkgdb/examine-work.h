/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parent of the workers that examine files shares with them: the list of files, which is
 * written once and then sealed, and a page that says who is where in it.
 *
 * The list is cut into chunks of consecutive files, which the workers take one after another, so
 * that all are through at about the same time. What a worker found is with the parent before it
 * takes its next chunk: one that dies loses no more than the rest of its chunk.
 */
#ifndef WD_PKGDB_EXAMINE_WORK_H
#define WD_PKGDB_EXAMINE_WORK_H

#include "pkgdb/limits.h"
#include "pkgdb/worker.h"

#include <stdatomic.h>

#define WD_WORK_CHUNK 32
#define WD_WORK_WORKERS 4
#define WD_WORK_NONE UINT32_MAX

/*
 * The list: this, an offset for every chunk, then each chunk's entries: 'D' and the path of a
 * directory, 'F' and the name of a file in it, each ended by NUL. A chunk begins with a directory.
 */
struct wd_work_list {
	uint64_t size;
	uint32_t nfiles;
	uint32_t nchunks;
	uint64_t chunk[];
};

/* Writable by the workers: the parent believes nothing that is in it. */
struct wd_work_page {
	_Atomic uint32_t go; /* how many of the workers are to work; a futex, 0 until files come */
	_Atomic uint32_t next; /* the next chunk to take */
	_Atomic bool module_reported;
	struct wd_work_place {
		_Atomic uint32_t chunk; /* WD_WORK_NONE: none yet */
		_Atomic uint32_t file;	/* WD_WORK_NONE: not at a file, but loading modules */
	} place[WD_WORK_WORKERS];
};

/* job.fd is the list, job.dir_fd the root, job.run wd_work_run(). */
struct wd_work_job {
	struct wd_job job;
	const struct wd_descriptors *backends;
	struct wd_work_page *page;
	unsigned index; /* of this worker */
	/* What a worker that died left to its successor: the rest of a chunk, from a file on. */
	uint32_t chunk; /* or WD_WORK_NONE */
	uint32_t from;
	/* Files that made workers die. */
	uint32_t skip[WD_LIMIT_RESTARTS + 1];
	unsigned nskip;
};

/* In the worker: waits for files, examines them. */
int wd_work_run(const struct wd_job *job, struct wd_pipe_sink *sink);

#endif
