/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/compare.h"

#include "base/cleanup.h"
#include "base/status.h"
#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "pkgdb/sink.h"
#include "pkgdb/worker.h"

#include <fcntl.h>
#include <poll.h>

#define ANSWERS 65536 /* in one record */
#define TICK_MS 100

/* The worker is a fork: it finds the pairs in its own memory. */
struct compare_job {
	struct wd_job job;
	const struct wd_version_pair *pairs;
	size_t n;
};

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static int run(const struct wd_job *job, struct wd_pipe_sink *s)
{
	const struct compare_job *c = (const struct compare_job *)job;
	const struct wd_backend *backend;
	WD_CLEANUP_BUF struct wd_buf answers = WD_BUF_INIT;
	uint32_t held;
	int r;

	held = wd_fence_raise_outer(job->kind);
	r = wd_worker_load_module(job->backend, NULL, &backend);
	if (r < 0)
		return r;
	held |= wd_fence_raise_inner(job->kind, WD_FD_DIR);
	r = wd_pipe_sink_hello(s, held);
	if (r < 0)
		return r;
	if (!backend->compare)
		return WD_EUNSUPPORTED;
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		int order = sign(backend->compare(c->pairs[i].a, c->pairs[i].b));

		wd_buf_byte(&answers, "<=>"[order + 1]);
		if (answers.len == ANSWERS || i + 1 == c->n) {
			r = answers.status < 0 ? answers.status
					       : wd_pipe_sink_compared(s, wd_buf_view(&answers));
			answers.len = 0;
		}
	}
	return r;
}

static int take_answers(const struct wd_buf *answers, struct wd_version_pair *pairs, size_t n)
{
	if (answers->len != n)
		return WD_EPROTOCOL;
	for (size_t i = 0; i < n; i++)
		if (answers->ptr[i] < '<' || answers->ptr[i] > '>')
			return WD_EPROTOCOL;
	for (size_t i = 0; i < n; i++)
		pairs[i].order = (int8_t)(answers->ptr[i] - '=');
	return 0;
}

/* Its time is up also where it goes on sending a little. */
static int read_answers(struct wd_worker *w, struct wd_catalog *cat, size_t n)
{
	int r = 0;

	while (r >= 0 && !w->eof && w->compared.len <= n) {
		if (poll(&(struct pollfd){w->pipe, POLLIN, 0}, 1, TICK_MS) > 0)
			r = wd_worker_read(w, cat);
		wd_worker_check_time(w);
	}
	if (!w->eof)
		wd_worker_kill(w, r < 0 ? r : WD_EPROTOCOL);
	wd_worker_wait(w);
	return w->status;
}

int wd_versions_compare(const struct wd_descriptor *backend, struct wd_version_pair *pairs,
			size_t n)
{
	WD_CLEANUP_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct compare_job c = {{.kind = WD_WORK_ASK,
				 .backend = backend,
				 .path = "",
				 .fd = null,
				 .dir_fd = null,
				 .run = run},
				pairs,
				n};
	struct wd_catalog cat = {0}; /* a comparison has nothing to say to it */
	struct wd_db *db = wd_db_new(backend, backend->name);
	struct wd_worker w;
	int r = db && null >= 0 ? wd_worker_start(&c.job, db, &w) : -ENOMEM;

	if (r < 0) {
		wd_db_free(db);
		return r;
	}
	r = read_answers(&w, &cat, n);
	if (r == 0)
		r = take_answers(&w.compared, pairs, n);
	wd_worker_done(&w);
	wd_db_free(db);
	wd_catalog_done(&cat);
	return r;
}
