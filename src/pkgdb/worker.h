/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Workers: one forked process for each database, which loads the backend's module, fences itself
 * in and sends records through a pipe; and the parent's side of that pipe.
 */
#ifndef WD_PKGDB_WORKER_H
#define WD_PKGDB_WORKER_H

#include "pkgdb/catalog.h"
#include "pkgdb/descriptor.h"
#include "pkgdb/limits.h"

#include <sys/types.h>
#include <time.h>

struct wd_worker {
	struct wd_db *db; /* what it fills; the worker's until the catalog takes it */
	pid_t pid;
	int pipe;
	enum wd_work_kind kind;
	uint32_t takes;	 /* the records that its work gives, as bits; 0: all */
	time_t deadline; /* CLOCK_MONOTONIC seconds */
	int status;	 /* of load(), or why the worker failed, */
	char why[96];	 /* and that in words, where the status says less */
	bool greeted;	 /* its HELLO record came */
	bool done;	 /* its DONE record came */
	bool eof;
	uint64_t received;
	uint64_t records;
	uint32_t dir; /* current directory, in db->dirs */
	bool in_file; /* facts that come are about the last of db->examined */
	unsigned nerrors;
	WD_ARRAY(uint32_t) chunks; /* parts of the list of files that it is through with */
	char *about[2];		/* version and libraries, where they were asked for; the worker's */
	struct wd_buf compared; /* answers of a comparison of versions; the worker's */
	struct wd_buf in;
};

struct wd_pipe_sink;

/* What a worker is to read. The descriptors are borrowed. */
struct wd_job {
	enum wd_work_kind kind;
	const struct wd_descriptor *backend;
	const char *path; /* as probed, relative to the root */
	int fd;		  /* the database */
	/* the directory that it may read; `fd` where the database is one, or stands alone */
	int dir_fd;
	bool is_dir;
	/* Of an image, the directory whose files it may read; or NULL. */
	const struct wd_image *image;
	uint32_t image_dir; /* its node */
	bool about;	    /* only say what the module is: no database */
	uint32_t want;	    /* WD_WANT_* */
	/* What it does instead of loading a database; returns its final status. Or NULL. */
	int (*run)(const struct wd_job *job, struct wd_pipe_sink *sink);
};

/* Where a job's descriptors stand in a worker; 0, 1 and 2 are /dev/null. */
enum { WD_FD_DB = 3, WD_FD_DIR = 4, WD_FD_PIPE = 5 };

/* Forks a worker. 0, with *w ready for wd_worker_read(), or a negated errno. */
int wd_worker_start(const struct wd_job *job, struct wd_db *db, struct wd_worker *w);

/*
 * In a worker: loads a module. 0, WD_EABI, WD_EMODULE or -ENAMETOOLONG, which is said to the sink
 * where that is not NULL.
 */
int wd_worker_load_module(const struct wd_descriptor *d, struct wd_sink *sink,
			  const struct wd_backend **ret);

/* CLOCK_MONOTONIC, in whole seconds. */
time_t wd_worker_now(void);

/*
 * Takes what is in the pipe into w->db. Blocks only where the pipe is empty. Returns 1 while
 * there may be more, 0 at the end, or -ENOMEM; anything that is wrong with the worker itself
 * ends it and stands in w->status.
 */
int wd_worker_read(struct wd_worker *w, struct wd_catalog *cat);

/*
 * Counts bytes that came: 0, or WD_ELIMIT (and w->why) where these are more than one worker, or all
 * for the catalog, may send.
 */
int wd_worker_count(struct wd_worker *w, struct wd_catalog *cat, size_t n);

/* Kills a worker that is not through, with the reason. */
void wd_worker_kill(struct wd_worker *w, int status);

/* Kills it where it has had its time. */
void wd_worker_check_time(struct wd_worker *w);
/* Kills it because it took longer than that. */
void wd_worker_time_out(struct wd_worker *w, uint64_t seconds);

/* Ends the process, waits for it where that tells why it ended, and settles w->status. */
void wd_worker_wait(struct wd_worker *w);

/* Releases everything but w->db. */
void wd_worker_done(struct wd_worker *w);

#endif
