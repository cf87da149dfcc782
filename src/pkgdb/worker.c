/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The worker process. Nothing in this file runs in the parent beyond wd_worker_start(). */
#include "pkgdb/worker.h"

#include "base/cleanup.h"
#include "base/module.h"
#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "pkgdb/process.h"
#include "pkgdb/request.h"
#include "pkgdb/sink.h"
#include "pkgdb/wire.h"

#include <errno.h>
#include <stdio.h>

int wd_worker_load_module(const struct wd_descriptor *d, struct wd_sink *sink,
			  const struct wd_backend **ret)
{
	const char *why = "it can neither load() nor examine()";
	const struct wd_backend *backend = wd_module_load(d->dir, d->name, WD_BACKEND_SYMBOL, &why);

	if (backend && backend->abi != WD_BACKEND_ABI) {
		if (sink)
			wd_sink_error(
				sink, WD_EABI, NULL,
				"backend %s: module is for ABI version %u, this program has %d",
				d->name, backend->abi, WD_BACKEND_ABI);
		return WD_EABI;
	}
	if (!backend || (!backend->load && !backend->examine)) {
		if (sink)
			wd_sink_error(sink, WD_EMODULE, NULL, "backend %s: %s", d->name, why);
		return WD_EMODULE;
	}
	*ret = backend;
	return 0;
}

static int run_backend(const struct wd_job *job, struct wd_pipe_sink *s)
{
	struct wd_request req = {.path = job->path,
				 .fd = job->is_dir ? -1 : WD_FD_DB,
				 .is_dir = job->is_dir,
				 .want = job->want};
	const struct wd_backend *backend;
	uint32_t fences = wd_fence_raise_outer(job->kind);
	int r = wd_worker_load_module(job->backend, &s->sink, &backend);

	if (r < 0)
		return r;
	fences |= wd_fence_raise_inner(job->kind, WD_FD_DIR);
	r = wd_pipe_sink_hello(s, fences);
	if (r < 0)
		return r;
	if (job->about) {
		char libraries[1024] = "";

		if (backend->libraries)
			backend->libraries(libraries, sizeof(libraries));
		wd_pipe_sink_about(s, backend->version, libraries);
		return 0;
	}
	if (job->image)
		wd_request_from_image(&req, job->image, job->image_dir);
	else
		wd_request_from_dir(&req, WD_FD_DIR);
	return backend->load ? backend->load(&req, &s->sink) : WD_EMODULE;
}

static void worker_main(const void *arg, int status)
{
	const struct wd_job *job = arg;
	struct wd_pipe_sink sink;

	wd_pipe_sink_init(&sink, WD_FD_PIPE);
	if (status == 0)
		status = job->run ? job->run(job, &sink) : run_backend(job, &sink);
	wd_pipe_sink_done(&sink, status);
}

time_t wd_worker_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* What a worker has no business to send would fill the parent's memory in places of no use. */
static uint32_t records_of(const struct wd_job *job)
{
	switch (job->kind) {
	case WD_WORK_EXAMINE:
		return 1u << WD_WIRE_FILE | 1u << WD_WIRE_FACT | 1u << WD_WIRE_CHUNK;
	case WD_WORK_ASK:
		return 1u << WD_WIRE_ABOUT | 1u << WD_WIRE_COMPARED;
	default:
		return 1u << WD_WIRE_FORMAT | 1u << WD_WIRE_PACKAGE | 1u << WD_WIRE_DIR |
		       1u << WD_WIRE_CLAIM | 1u << WD_WIRE_ALIAS;
	}
}

int wd_worker_start(const struct wd_job *job, struct wd_db *db, struct wd_worker *w)
{
	const int fds[] = {job->fd, job->dir_fd};
	int pipe_fd, r;
	pid_t pid;

	/* those that examine are forked before it is known whether there is work for them */
	if (job->kind != WD_WORK_EXAMINE)
		wd_fence_prepare(job->kind);

	r = wd_process_start(fds, WD_ARRAY_SIZE(fds), worker_main, job, &pid, &pipe_fd);
	if (r < 0)
		return r;
	*w = (struct wd_worker){.db = db,
				.pid = pid,
				.pipe = pipe_fd,
				.kind = job->kind,
				.takes = records_of(job) | 1u << WD_WIRE_HELLO |
					 1u << WD_WIRE_ERROR | 1u << WD_WIRE_DONE,
				.deadline = wd_worker_now() + (time_t)wd_limit_wall(job->kind)};
	return 0;
}
