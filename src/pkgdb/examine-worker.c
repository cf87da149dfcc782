/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers that examine files. Nothing in this file runs in the parent. */
#include "base/cleanup.h"
#include "pkgdb/examine-work.h"
#include "pkgdb/fence.h"
#include "pkgdb/sink.h"
#include "pkgdb/wire.h"
#include "rootfs/root.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct walker {
	const struct wd_work_job *job;
	struct wd_work_place *place;
	const struct wd_work_list *list;
	struct wd_pipe_sink *sink;
	uint32_t fences;
	bool loaded;
	WD_ARRAY(const struct wd_backend *) backends; /* as in job->backends; NULL: none */
	struct wd_buf path;			      /* of the current file; */
	size_t dir_len;				      /* its directory part, with the slash */
	int dir;				      /* that directory, or -1 */
	int status;				      /* of the file before */
	bool in_file;
};

static void wait_for_files(struct wd_work_page *page)
{
	while (atomic_load(&page->go) == 0)
		syscall(SYS_futex, &page->go, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static int map_list(struct walker *w)
{
	const struct wd_work_list *list;
	uint64_t size;

	if (pread(WD_FD_DB, &size, sizeof(size), 0) != sizeof(size))
		return -EIO;
	list = mmap(NULL, size, PROT_READ, MAP_PRIVATE, WD_FD_DB, 0);
	if (list == MAP_FAILED)
		return -errno;
	w->list = list;
	return 0;
}

/*
 * The modules of all backends that examine files: loading is over before the first file is looked
 * into. What is wrong with one is said by one worker, and costs the files that are its own.
 */
static int load_modules(struct walker *w)
{
	const struct wd_descriptors *all = w->job->backends;
	bool report = !atomic_exchange(&w->job->page->module_reported, true);

	atomic_store(&w->place->file, WD_WORK_NONE);
	for (size_t i = 0; i < all->list.n; i++) {
		const struct wd_descriptor *d = all->list.v[i];
		const struct wd_backend *backend = NULL;

		if (d->magic_len && !d->broken)
			wd_worker_load_module(d, report ? &w->sink->sink : NULL, &backend);
		if (wd_array_push(&w->backends, backend) < 0)
			return -ENOMEM;
	}
	w->fences |= wd_fence_raise_inner(WD_WORK_EXAMINE, WD_FD_DIR);
	w->loaded = true;
	return wd_pipe_sink_hello(w->sink, w->fences);
}

/* The backend whose magic the file has, by its index; -1 for none. */
static int find_backend(const struct walker *w, struct wd_blob head)
{
	const struct wd_descriptors *all = w->job->backends;

	for (size_t i = 0; i < all->list.n; i++) {
		const struct wd_descriptor *d = all->list.v[i];

		if (d->magic_len && !d->broken &&
		    wd_blob_starts(head, wd_blob(d->magic, d->magic_len)))
			return (int)i;
	}
	return -1;
}

static int call_backend(struct walker *w, int which, int fd, uint64_t size, uint32_t id)
{
	struct wd_file file = {.path = w->path.ptr, .fd = fd, .size = size};
	int r = w->loaded ? 0 : load_modules(w);

	if (r < 0 || !w->backends.v[which] || !w->backends.v[which]->examine)
		return r;
	atomic_store(&w->place->file, id);
	r = wd_pipe_sink_file(w->sink, id, w->in_file ? w->status : 0);
	if (r < 0)
		return r;
	w->in_file = true;
	w->sink->path = file.path;
	w->status = w->backends.v[which]->examine(&file, &w->sink->sink);
	return w->sink->status;
}

/* A file that has gone, is no regular file any more, or may not be read is passed over. */
static int examine_file(struct walker *w, const char *name, uint32_t id)
{
	char head[WD_MAGIC_MAX];
	WD_CLEANUP_FD int fd = -1;
	struct stat st;
	ssize_t n;
	int which;

	atomic_store(&w->place->file, id);
	fd = w->dir < 0 ? -1 : wd_open_program(w->dir, name, &st);
	n = fd < 0 ? -1 : TEMP_FAILURE_RETRY(pread(fd, head, sizeof(head), 0));
	which = n <= 0 ? -1 : find_backend(w, wd_blob(head, (size_t)n));
	if (which < 0)
		return 0;
	w->path.len = w->dir_len;
	wd_buf_append(&w->path, name, strlen(name) + 1);
	return w->path.status < 0 ? w->path.status
				  : call_backend(w, which, fd, (uint64_t)st.st_size, id);
}

static void enter_dir(struct walker *w, const char *path)
{
	if (w->dir >= 0)
		close(w->dir);
	w->dir = wd_openat_in_root(WD_FD_DIR, path, O_PATH | O_DIRECTORY);
	w->path.len = 0;
	wd_buf_str(&w->path, path);
	if (*path)
		wd_buf_byte(&w->path, '/');
	w->dir_len = w->path.len;
}

static bool is_skipped(const struct walker *w, uint32_t id)
{
	for (unsigned i = 0; i < w->job->nskip; i++)
		if (w->job->skip[i] == id)
			return true;
	return false;
}

static int examine_chunk(struct walker *w, uint32_t chunk, uint32_t from)
{
	const char *entry = (const char *)w->list + w->list->chunk[chunk];
	uint32_t id = chunk * WD_WORK_CHUNK;
	uint32_t end = w->list->nfiles - id < WD_WORK_CHUNK ? w->list->nfiles : id + WD_WORK_CHUNK;
	int r = 0;

	atomic_store(&w->place->chunk, chunk);
	for (; r == 0 && id < end; entry += strlen(entry) + 1) {
		if (*entry == 'D') {
			enter_dir(w, entry + 1);
			continue;
		}
		if (id >= from && !is_skipped(w, id))
			r = examine_file(w, entry + 1, id);
		id++;
	}
	if (r == 0 && w->in_file)
		r = wd_pipe_sink_file(w->sink, WD_WIRE_NO_FILE, w->status);
	w->in_file = false;
	return r < 0 ? r : wd_pipe_sink_chunk(w->sink, chunk);
}

int wd_work_run(const struct wd_job *job, struct wd_pipe_sink *sink)
{
	const struct wd_work_job *work = (const struct wd_work_job *)job;
	struct walker w = {.job = work,
			   .place = &work->page->place[work->index],
			   .sink = sink,
			   .path = WD_BUF_INIT,
			   .dir = -1};
	uint32_t chunk;
	int r;

	wait_for_files(work->page);
	if (work->index >= atomic_load(&work->page->go))
		return 0;
	w.fences = wd_fence_raise_outer(job->kind);
	r = map_list(&w);
	if (r == 0 && work->chunk != WD_WORK_NONE)
		r = examine_chunk(&w, work->chunk, work->from);
	while (r == 0 && (chunk = atomic_fetch_add(&work->page->next, 1)) < w.list->nchunks)
		r = examine_chunk(&w, chunk, 0);
	return r;
}
