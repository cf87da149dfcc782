/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The worker process. Nothing in this file runs in the parent beyond wd_worker_start(). */
#include "pkgdb/worker.h"

#include "base/cleanup.h"
#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "pkgdb/request.h"
#include "pkgdb/sink.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIPE_SIZE (1 << 20)

/* Moves the three descriptors to their places and closes everything else. */
static int settle_descriptors(const struct wd_job *job, int pipe_fd)
{
	/* above the places first, so that no move overwrites what is still needed */
	int db = fcntl(job->fd, F_DUPFD, 16);
	int dir = fcntl(job->dir_fd, F_DUPFD, 16);
	int out = fcntl(pipe_fd, F_DUPFD, 16);
	int null = open("/dev/null", O_RDWR);

	if (db < 0 || dir < 0 || out < 0)
		return -errno;
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	if (dup2(db, WD_FD_DB) < 0 || dup2(dir, WD_FD_DIR) < 0 || dup2(out, WD_FD_PIPE) < 0)
		return -errno;
	if (syscall(SYS_close_range, WD_FD_PIPE + 1, ~0u, 0) < 0)
		for (int fd = WD_FD_PIPE + 1; fd < 4096; fd++)
			close(fd);
	return 0;
}

int wd_worker_load_module(const struct wd_descriptor *d, struct wd_sink *sink,
			  const struct wd_backend **ret)
{
	char path[4096];
	const struct wd_backend *backend;
	void *module;
	const char *why;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s.so", d->dir, d->name) >= sizeof(path))
		return -ENAMETOOLONG;
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	backend = module ? dlsym(module, WD_BACKEND_SYMBOL) : NULL;
	if (backend && backend->abi != WD_BACKEND_ABI) {
		if (sink)
			wd_sink_error(
				sink, WD_EABI, NULL,
				"backend %s: module is for ABI version %u, this program has %d",
				d->name, backend->abi, WD_BACKEND_ABI);
		return WD_EABI;
	}
	if (!backend || (!backend->load && !backend->examine)) {
		why = module ? "no " WD_BACKEND_SYMBOL " in its module" : dlerror();
		if (sink)
			wd_sink_error(sink, WD_EMODULE, NULL, "backend %s: %s", d->name,
				      why ? why : "its module cannot be loaded");
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
	uint32_t fences = job->image ? wd_fence_raise_decoder() : wd_fence_raise_outer();
	int r = wd_worker_load_module(job->backend, &s->sink, &backend);

	if (r < 0)
		return r;
	fences |= wd_fence_raise_inner(WD_FD_DIR);
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
	wd_pipe_sink_hello(s, fences, "");
	return backend->load ? backend->load(&req, &s->sink) : WD_EMODULE;
}

__attribute__((noreturn)) static void worker_main(const struct wd_job *job, int pipe_fd)
{
	struct wd_pipe_sink sink;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	clearenv();
	r = settle_descriptors(job, pipe_fd);
	wd_pipe_sink_init(&sink, WD_FD_PIPE);
	if (r == 0)
		r = job->run ? job->run(job, &sink) : run_backend(job, &sink);
	wd_pipe_sink_done(&sink, r);
	_exit(0);
}

time_t wd_worker_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int wd_worker_start(const struct wd_job *job, struct wd_db *db, struct wd_worker *w)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fcntl(fds[0], F_SETPIPE_SZ, PIPE_SIZE);
	pid = fork();
	if (pid == 0)
		worker_main(job, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -errno;
	}
	*w = (struct wd_worker){.db = db,
				.pid = pid,
				.pipe = fds[0],
				.deadline = wd_worker_now() + WD_LIMIT_WALL_SECONDS};
	return 0;
}
