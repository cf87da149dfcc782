/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sink inside a worker: encodes what a backend pushes and writes it to the pipe. */
#ifndef WD_PKGDB_SINK_H
#define WD_PKGDB_SINK_H

#include "base/buf.h"
#include "pkgdb/backend.h"

struct wd_pipe_sink {
	struct wd_sink sink; /* what load() gets */
	int fd;
	int status; /* sticky: the pipe is gone, or a limit was reached */
	bool in_package;
	uint64_t packages;
	uint64_t claims;
	uint64_t records; /* of all kinds */
	unsigned facts;	  /* of the current file; */
	const char *path; /* which errors without a path are about; or NULL */
	struct wd_buf out;
	struct wd_buf dir; /* the directory last sent, as the backend spells it */
	bool dir_known;
	struct wd_buf work; /* scratch */
};

/* `fd` is the pipe's writing end, borrowed. */
void wd_pipe_sink_init(struct wd_pipe_sink *s, int fd);
/* Sends which fences hold, at once: what is read from then on may kill the worker. 0, WD_EFENCE
 * where that is not enough, or the sticky status. */
int wd_pipe_sink_hello(struct wd_pipe_sink *s, uint32_t fences);
int wd_pipe_sink_compared(struct wd_pipe_sink *s, struct wd_blob answers);
void wd_pipe_sink_about(struct wd_pipe_sink *s, const char *version, const char *libraries);
/*
 * Before examine() is called for a file: facts that follow are about `id`. With WD_WIRE_NO_FILE
 * behind the last one. `status` is that of the file before.
 */
int wd_pipe_sink_file(struct wd_pipe_sink *s, uint32_t id, int status);
/* Behind the last file of a part of the list: sends all that was said. 0 or the sticky status. */
int wd_pipe_sink_chunk(struct wd_pipe_sink *s, uint32_t number);
/* Ends a record of the caller's own, begun in s->out. 0 or the sticky status. */
int wd_pipe_sink_end(struct wd_pipe_sink *s, size_t at);
/* Sends what is left and the final record. 0 or the sticky status. */
int wd_pipe_sink_done(struct wd_pipe_sink *s, int status);

#endif
