/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/examine.h"

#include "base/cleanup.h"
#include "base/status.h"
#include "pkgdb/examine-work.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TICK_MS 100
/* Files that take one worker as long as it takes another to get ready. */
#define FILES_PER_WORKER 128
/* The list of files grows with their paths: what is deeper than any program's files is left out. */
#define LIST_BASE (64u << 20)
#define LIST_PER_FILE 256
/* Slower than this on the whole is a worker that only pretends to work. */
#define FILES_PER_SECOND 20

struct examiner {
	struct wd_worker w;
	size_t checked; /* of w.db->examined */
	uint32_t file;	/* where it was seen last, */
	time_t seen;	/* and since when it is known to be there; 0: not asked yet */
	bool heard;	/* it sent something since */
	uint32_t skip[WD_LIMIT_RESTARTS + 1];
	unsigned nskip;
};

struct wd_examine {
	const struct wd_root *root;
	const struct wd_descriptors *backends;
	const struct wd_tree *tree;
	struct wd_work_page *page;
	char *module; /* of the first backend that examines, for errors that are about no file */
	int list;
	struct examiner all[WD_WORK_WORKERS];
	unsigned n;	  /* that were forked */
	unsigned working; /* that got files */
	unsigned restarts;
	wd_node_id *nodes;
	bool *stated;  /* files that a worker told of, or died over */
	bool *through; /* chunks */
	uint32_t nfiles;
	uint32_t nchunks;
	size_t nleft_out; /* files that the list had no room for */
	bool module_blamed;
	time_t deadline;
};

static const struct wd_descriptor *first_backend(const struct wd_descriptors *backends)
{
	for (size_t i = 0; i < backends->list.n; i++)
		if (backends->list.v[i]->magic_len && !backends->list.v[i]->broken)
			return backends->list.v[i];
	return NULL;
}

static unsigned count_workers(void)
{
	cpu_set_t cpus;
	int n = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;

	return n < WD_WORK_WORKERS ? (unsigned)n : WD_WORK_WORKERS;
}

/* Worker i, with what one before it left: the rest of `chunk` from the file `from` on. */
static int fork_worker(struct wd_examine *ex, unsigned i, struct wd_db *db, uint32_t chunk,
		       uint32_t from)
{
	struct examiner *e = &ex->all[i];
	struct wd_work_job job = {
		.job = {.kind = WD_WORK_EXAMINE,
			.backend = first_backend(ex->backends),
			.path = ex->module,
			.fd = ex->list,
			.dir_fd = ex->root->fd,
			.run = wd_work_run},
		.backends = ex->backends,
		.page = ex->page,
		.index = i,
		.chunk = chunk,
		.from = from,
		.nskip = e->nskip,
	};

	memcpy(job.skip, e->skip, sizeof(job.skip));
	atomic_store(&ex->page->place[i].chunk, WD_WORK_NONE);
	atomic_store(&ex->page->place[i].file, WD_WORK_NONE);
	e->file = WD_WORK_NONE;
	e->seen = 0;
	e->heard = false;
	return wd_worker_start(&job.job, db, &e->w);
}

static int fork_first(struct wd_examine *ex)
{
	unsigned want = count_workers();

	for (; ex->n < want; ex->n++) {
		struct wd_db *db = wd_db_new(first_backend(ex->backends), ex->module);
		int r = db ? fork_worker(ex, ex->n, db, WD_WORK_NONE, 0) : -ENOMEM;

		if (r < 0) {
			wd_db_free(db);
			/* fewer do as well */
			return ex->n ? 0 : r;
		}
	}
	return 0;
}

static void examine_free(struct wd_examine *ex)
{
	for (unsigned i = 0; i < ex->n; i++)
		wd_worker_kill(&ex->all[i].w, WD_ECRASHED);
	for (unsigned i = 0; i < ex->n; i++) {
		wd_worker_done(&ex->all[i].w);
		wd_db_free(ex->all[i].w.db);
	}
	if (ex->page)
		munmap(ex->page, sizeof(*ex->page));
	if (ex->list >= 0)
		close(ex->list);
	free(ex->module);
	free(ex->nodes);
	free(ex->stated);
	free(ex->through);
	free(ex);
}

int wd_examine_start(const struct wd_root *root, const struct wd_descriptors *backends,
		     struct wd_examine **ret)
{
	const struct wd_descriptor *first = first_backend(backends);
	struct wd_examine *ex;
	void *page;
	int r;

	*ret = NULL;
	if (!first)
		return 0;
	ex = calloc(1, sizeof(*ex));
	if (!ex)
		return -ENOMEM;
	ex->root = root;
	ex->backends = backends;
	ex->list = memfd_create("whodistro-files", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	page = mmap(NULL, sizeof(*ex->page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		    0);
	ex->page = page == MAP_FAILED ? NULL : page;
	r = ex->list < 0 || !ex->page ? -errno : 0;
	if (r == 0 && asprintf(&ex->module, "%s/%s.so", first->dir, first->name) < 0)
		r = -ENOMEM;
	if (r == 0)
		r = fork_first(ex);
	if (r < 0)
		examine_free(ex);
	else
		*ret = ex;
	return r;
}

static void put_entry(struct wd_buf *text, char type, struct wd_blob name)
{
	wd_buf_byte(text, type);
	wd_buf_blob(text, name);
	wd_buf_byte(text, '\0');
}

static void put_dir(struct wd_buf *text, const struct wd_tree *tree, wd_node_id dir)
{
	wd_buf_byte(text, 'D');
	wd_tree_path(tree, dir, text);
	wd_buf_byte(text, '\0');
}

/* How many of the files the list has room for. Every chunk begins with a directory. */
static uint32_t count_fitting(const struct wd_tree *tree, const wd_node_id *nodes, uint32_t n)
{
	size_t room = LIST_BASE + (size_t)n * LIST_PER_FILE;
	wd_node_id dir = WD_NODE_NONE;
	size_t dir_len = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct wd_node *f = wd_tree_node(tree, nodes[i]);
		size_t need = f->name_len + sizeof("F");

		if (f->parent != dir) {
			dir = f->parent;
			dir_len = wd_tree_path_len(tree, dir) + sizeof("D");
			need += dir_len;
		} else if (i % WD_WORK_CHUNK == 0) {
			need += dir_len;
		}
		if (need > room)
			return i;
		room -= need;
	}
	return n;
}

/* The list as struct wd_work_list has it, in a buffer. */
static int write_list(const struct wd_tree *tree, const wd_node_id *nodes, uint32_t n,
		      struct wd_buf *buf)
{
	struct wd_work_list head = {.nfiles = n,
				    .nchunks = (n + WD_WORK_CHUNK - 1) / WD_WORK_CHUNK};
	size_t offsets = sizeof(head.chunk[0]) * head.nchunks;
	wd_node_id dir = WD_NODE_NONE;

	if (wd_buf_reserve(buf, sizeof(head) + offsets + n * sizeof("Fmost-names-are-shorter")) < 0)
		return -ENOMEM;
	buf->len = sizeof(head) + offsets;
	for (uint32_t i = 0; i < n && buf->status == 0; i++) {
		wd_node_id parent = wd_tree_node(tree, nodes[i])->parent;

		if (i % WD_WORK_CHUNK == 0)
			((struct wd_work_list *)(void *)buf->ptr)->chunk[i / WD_WORK_CHUNK] =
				buf->len;
		if (i % WD_WORK_CHUNK == 0 || parent != dir)
			put_dir(buf, tree, parent);
		dir = parent;
		put_entry(buf, 'F', wd_tree_name(tree, nodes[i]));
	}
	head.size = buf->len;
	if (buf->status == 0)
		memcpy(buf->ptr, &head, sizeof(head));
	return buf->status;
}

static int send_list(int fd, struct wd_blob list)
{
	while (list.len) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, list.ptr, list.len));

		if (n < 0)
			return -errno;
		list = wd_blob_skip(list, (size_t)n);
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

static int take_nodes(struct wd_examine *ex, const wd_node_id *nodes, uint32_t n)
{
	ex->nodes = malloc(n * sizeof(*ex->nodes));
	ex->stated = calloc(n, sizeof(*ex->stated));
	ex->nchunks = (n - 1) / WD_WORK_CHUNK + 1;
	ex->through = calloc(ex->nchunks, sizeof(*ex->through));
	if (!ex->nodes || !ex->stated || !ex->through)
		return -ENOMEM;
	memcpy(ex->nodes, nodes, n * sizeof(*nodes));
	ex->nfiles = n;
	return 0;
}

int wd_examine_files(struct wd_examine *ex, const struct wd_tree *tree, const wd_node_id *nodes,
		     size_t n)
{
	WD_CLEANUP_BUF struct wd_buf list = WD_BUF_INIT;
	size_t useful = 1 + n / FILES_PER_WORKER;
	uint32_t fitting = count_fitting(tree, nodes, (uint32_t)n);
	int r;

	ex->nleft_out = n - fitting;
	n = fitting;
	if (n == 0)
		return 0;
	r = write_list(tree, nodes, (uint32_t)n, &list);
	if (r == 0)
		r = send_list(ex->list, wd_buf_view(&list));
	if (r == 0)
		r = take_nodes(ex, nodes, (uint32_t)n);
	if (r < 0)
		return r;
	ex->tree = tree;
	ex->working = useful < ex->n ? (unsigned)useful : ex->n;
	ex->deadline = wd_worker_now() + (time_t)wd_limit_wall(WD_WORK_EXAMINE) +
		       (time_t)(n / FILES_PER_SECOND);
	atomic_store(&ex->page->go, ex->working);
	syscall(SYS_futex, &ex->page->go, FUTEX_WAKE, (int)ex->n, NULL, NULL, 0);
	return 0;
}

/* Each file is told of once, by whoever has it. */
static bool check_files(struct wd_examine *ex, struct examiner *e)
{
	struct wd_db *db = e->w.db;

	for (; e->checked < db->examined.n; e->checked++) {
		const struct wd_examined *x = &db->examined.v[e->checked];

		if (x->node >= ex->nfiles || ex->stated[x->node]) {
			db->facts.n = x->fact;
			db->examined.n = e->checked;
			e->w.in_file = false;
			return false;
		}
		ex->stated[x->node] = true;
	}
	return true;
}

static bool check_chunks(struct wd_examine *ex, struct examiner *e)
{
	for (size_t i = 0; i < e->w.chunks.n; i++) {
		uint32_t chunk = e->w.chunks.v[i];

		if (chunk >= ex->nchunks || ex->through[chunk])
			return false;
		ex->through[chunk] = true;
	}
	e->w.chunks.n = 0;
	return true;
}

static void check_records(struct wd_examine *ex, struct examiner *e)
{
	if (!check_files(ex, e) || !check_chunks(ex, e))
		wd_worker_kill(&e->w, WD_EPROTOCOL);
}

/* What was said of a file that was not examined to its end is taken back. */
static void drop_unfinished(struct wd_examine *ex, struct examiner *e)
{
	struct wd_db *db = e->w.db;
	const struct wd_examined *last;

	if (!e->w.in_file || db->examined.n == 0)
		return;
	last = &db->examined.v[db->examined.n - 1];
	ex->stated[last->node] = false;
	db->facts.n = last->fact;
	db->examined.n--;
	e->checked = db->examined.n;
}

static void blame(struct wd_examine *ex, struct wd_catalog *cat, uint32_t file,
		  const struct wd_worker *w)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	const char *why = *w->why ? w->why : wd_status_text(w->status);

	if (file == WD_WORK_NONE) {
		if (!ex->module_blamed)
			wd_catalog_error(cat, ex->module, w->status, "%s", why);
		ex->module_blamed = true;
		return;
	}
	wd_tree_path(ex->tree, ex->nodes[file], &path);
	wd_buf_byte(&path, '\0');
	wd_catalog_error(cat, path.status < 0 ? NULL : path.ptr, w->status, "%s", why);
}

/* The first file of a chunk that nothing is settled of. */
static uint32_t rest_of_chunk(const struct wd_examine *ex, const struct examiner *e, uint32_t chunk)
{
	const struct wd_db *db = e->w.db;
	uint32_t first = chunk * WD_WORK_CHUNK;
	uint32_t last;

	if (db->examined.n == 0)
		return first;
	last = db->examined.v[db->examined.n - 1].node;
	return last / WD_WORK_CHUNK == chunk && last < ex->nfiles ? last + 1 : first;
}

/* Where a worker says that it is, made safe: WD_WORK_NONE, or a file of the list. */
static uint32_t place_of(const struct wd_examine *ex, unsigned i)
{
	uint32_t file = atomic_load(&ex->page->place[i].file);

	return file < ex->nfiles ? file : WD_WORK_NONE;
}

/* What a worker sent that sent what it must not tells nothing of where it was. */
static bool is_dishonest(const struct wd_worker *w)
{
	return w->status == WD_EPROTOCOL || w->status == WD_ELIMIT;
}

/*
 * A worker died over a file: that one is named, and a new worker goes on behind it; behind the
 * chunk, where the worker was not to be trusted. Where it died over a module, all would.
 */
static void replace(struct wd_examine *ex, struct wd_catalog *cat, unsigned i)
{
	struct examiner *e = &ex->all[i];
	struct wd_db *db = e->w.db;
	bool dishonest = is_dishonest(&e->w);
	uint32_t chunk = atomic_load(&ex->page->place[i].chunk);
	uint32_t file = dishonest ? WD_WORK_NONE : place_of(ex, i);

	blame(ex, cat, file, &e->w);
	drop_unfinished(ex, e);
	wd_worker_done(&e->w);
	if (file != WD_WORK_NONE) {
		ex->stated[file] = true;
		e->skip[e->nskip++] = file;
	}
	if ((file == WD_WORK_NONE && !dishonest) || ex->restarts++ >= WD_LIMIT_RESTARTS)
		return;
	if (dishonest || chunk >= ex->nchunks || ex->through[chunk])
		fork_worker(ex, i, db, WD_WORK_NONE, 0);
	else
		fork_worker(ex, i, db, chunk, rest_of_chunk(ex, e, chunk));
}

/*
 * A worker that is at the same file for too long, or takes too long for all; also where it goes on
 * sending a little.
 */
static void check_time(struct wd_examine *ex, unsigned i, bool ready)
{
	struct examiner *e = &ex->all[i];
	uint32_t file = atomic_load(&ex->page->place[i].file);
	time_t now = wd_worker_now();

	/* a scan that took long, or records that waited for us, are not its fault */
	if (file != e->file || e->seen == 0 || (ready && !e->heard)) {
		e->heard = ready && file == e->file;
		e->file = file;
		e->seen = now;
	}
	if (now > e->seen + (time_t)wd_limit_file())
		wd_worker_time_out(&e->w, wd_limit_file());
	else if (now > ex->deadline)
		wd_worker_kill(&e->w, WD_ETIMEOUT);
}

static int take_from(struct wd_examine *ex, struct wd_catalog *cat, unsigned i, bool ready)
{
	struct examiner *e = &ex->all[i];
	int r = ready ? wd_worker_read(&e->w, cat) : 0;

	if (r < 0)
		return r;
	check_records(ex, e);
	if (!e->w.eof)
		check_time(ex, i, ready);
	if (!e->w.eof)
		return 0;
	wd_worker_wait(&e->w);
	if (e->w.status < 0)
		replace(ex, cat, i);
	return 0;
}

static int gather(struct wd_examine *ex, struct wd_catalog *cat, int (*tick)(void *ctx), void *ctx)
{
	for (;;) {
		struct pollfd fds[WD_WORK_WORKERS];
		unsigned open = 0;
		int r = 0;

		for (unsigned i = 0; i < ex->working; i++) {
			bool eof = ex->all[i].w.eof;

			fds[i] = (struct pollfd){eof ? -1 : ex->all[i].w.pipe, POLLIN, 0};
			open += !eof;
		}
		if (open == 0)
			return 0;
		if (poll(fds, ex->working, TICK_MS) < 0 && errno != EINTR)
			return -errno;
		for (unsigned i = 0; r == 0 && i < ex->working; i++)
			if (fds[i].fd >= 0)
				r = take_from(ex, cat, i, fds[i].revents != 0);
		if (r == 0 && tick)
			r = tick(ctx);
		if (r < 0)
			return r;
	}
}

/* Of the parts that nobody got through: files that are not spoken of. */
static uint32_t count_left(const struct wd_examine *ex)
{
	uint32_t n = 0;

	for (uint32_t file = 0; file < ex->nfiles; file++)
		n += !ex->through[file / WD_WORK_CHUNK] && !ex->stated[file];
	return n;
}

static int settle(struct wd_examine *ex, struct wd_catalog *cat)
{
	uint32_t left = count_left(ex);
	uint32_t fences = UINT32_MAX;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < ex->working; i++) {
		struct wd_db *db = ex->all[i].w.db;

		for (size_t k = 0; k < db->examined.n; k++)
			db->examined.v[k].node = ex->nodes[db->examined.v[k].node];
		if (db->examined.n)
			fences &= db->fences;
		r = wd_catalog_take_facts(cat, db);
	}
	cat->examine_fences = fences == UINT32_MAX ? 0 : fences;
	if (ex->nleft_out)
		wd_catalog_error(cat, ".", WD_ELIMIT,
				 "%zu files were not examined: the paths of all are too long",
				 ex->nleft_out);
	if (left)
		wd_catalog_error(cat, ".", WD_ECRASHED,
				 "%u files were not examined: their workers failed", left);
	return r;
}

int wd_examine_finish(struct wd_examine *ex, struct wd_catalog *cat, int (*tick)(void *ctx),
		      void *ctx)
{
	int r = gather(ex, cat, tick, ctx);

	if (r == 0 && (ex->nfiles || ex->nleft_out))
		r = settle(ex, cat);
	examine_free(ex);
	return r;
}
