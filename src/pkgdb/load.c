/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/load.h"

#include "base/cleanup.h"
#include "base/glob.h"
#include "base/status.h"
#include "pkgdb/limits.h"
#include "pkgdb/worker.h"
#include "rootfs/image.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS 100
#define ABOUT_MS 10000 /* a module that only has to say what it is */
#define MAX_RUNNING 8  /* workers at once, of those that patterns find */

/* Which file a worker reads: the same database under two names counts once for a backend. */
struct source {
	const struct wd_descriptor *backend;
	dev_t dev;
	ino_t ino;
};

struct wd_load {
	const struct wd_root *root;
	const struct wd_descriptors *backends;
	struct wd_catalog *cat;
	uint32_t want;
	WD_ARRAY(struct wd_worker) workers;
	WD_ARRAY(struct source) sources; /* of the worker with the same index */
};

static bool same_file(const struct source *a, const struct source *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

static bool seen_before(const struct wd_load *l, const struct source *s)
{
	for (size_t i = 0; i < l->sources.n; i++)
		if (l->sources.v[i].backend == s->backend && same_file(&l->sources.v[i], s))
			return true;
	return false;
}

static int open_parent(const struct wd_load *l, const char *path)
{
	const char *slash = strrchr(path, '/');
	WD_CLEANUP_FREE char *dir = strndup(path, slash ? (size_t)(slash - path) : 0);

	if (!dir)
		return -ENOMEM;
	return wd_openat_in_root(l->root->fd, dir, O_RDONLY | O_DIRECTORY);
}

static int fork_worker(struct wd_load *l, const struct wd_job *job, const struct source *source)
{
	struct wd_db *db = wd_db_new(job->backend, job->path);
	struct wd_worker w;
	int r = db ? wd_array_reserve(&l->workers, 1) : -ENOMEM;

	if (r == 0)
		r = wd_array_reserve(&l->sources, 1);
	if (r == 0)
		r = wd_worker_start(job, db, &w);
	if (r < 0) {
		wd_db_free(db);
		return r;
	}
	l->workers.v[l->workers.n++] = w;
	l->sources.v[l->sources.n++] = *source;
	return 0;
}

static int start_worker(struct wd_load *l, const struct wd_job *job, const struct source *source)
{
	if (l->workers.n >= WD_LIMIT_DATABASES)
		return WD_ELIMIT;
	return fork_worker(l, job, source);
}

/* The directory that a database of an image stands in, or is. */
static wd_node_id image_dir(const struct wd_load *l, const char *path, bool is_dir)
{
	struct wd_tree *tree = l->root->image->tree;
	ptrdiff_t slash = wd_blob_rchr(wd_blob_str(path), '/');
	size_t len = is_dir ? strlen(path) : slash < 0 ? 0 : (size_t)slash;

	return wd_tree_walk(tree, WD_NODE_ROOT, wd_blob(path, len), false);
}

static int load_one(struct wd_load *l, const struct wd_descriptor *d, const char *path, int fd,
		    const struct stat *st)
{
	struct wd_job job = {.backend = d,
			     .path = path,
			     .fd = fd,
			     .dir_fd = fd,
			     .is_dir = S_ISDIR(st->st_mode),
			     .want = l->want};
	struct source source = {d, st->st_dev, st->st_ino};
	WD_CLEANUP_FD int parent = -1;

	if (seen_before(l, &source))
		return 0;
	if (l->root->image) {
		job.kind = WD_WORK_COPY;
		job.image = l->root->image;
		job.image_dir = image_dir(l, path, job.is_dir);
	} else if (!job.is_dir) {
		parent = open_parent(l, path);
		if (parent < 0)
			return parent;
		job.dir_fd = parent;
	}
	return start_worker(l, &job, &source);
}

/* A probe or a match of one: `want_dir` where its trailing slash says so. */
static int probe_path(struct wd_load *l, const struct wd_descriptor *d, const char *path,
		      bool want_dir)
{
	struct stat st;
	WD_CLEANUP_FD int fd = wd_root_open_file(l->root, path, &st);
	int r;

	if (fd == WD_EABSENT || (fd >= 0 && want_dir && !S_ISDIR(st.st_mode)))
		return 0;
	if (fd < 0)
		r = fd;
	else if (!want_dir && S_ISDIR(st.st_mode))
		r = WD_ENOTREG;
	else
		r = load_one(l, d, path, fd, &st);
	if (r < 0 && r != -ENOMEM) {
		wd_catalog_error(l->cat, path, r, NULL);
		r = 0;
	}
	return r;
}

/* The probe without its trailing slash. */
static struct wd_blob probe_blob(const char *probe, bool *ret_want_dir)
{
	struct wd_blob b = wd_blob_str(probe);

	*ret_want_dir = wd_blob_ends(b, WD_BLOB("/"));
	return wd_blob_head(b, b.len - *ret_want_dir);
}

static int probe_plain(struct wd_load *l, const struct wd_descriptor *d, const char *probe)
{
	bool want_dir;
	struct wd_blob b = probe_blob(probe, &want_dir);
	WD_CLEANUP_FREE char *path = strndup(b.ptr, b.len);

	if (!path)
		return -ENOMEM;
	return wd_glob_is_literal(b) ? probe_path(l, d, path, want_dir) : 0;
}

/* It may be the backend that this rootfs needs, so that the result is not known to be complete. */
static int report_broken(struct wd_load *l, const struct wd_descriptor *d)
{
	WD_CLEANUP_FREE char *path = NULL;

	if (asprintf(&path, "%s/%s.backend", d->dir, d->name) < 0)
		return -ENOMEM;
	wd_catalog_error(l->cat, path, WD_EMODULE, "%s", d->broken);
	return 0;
}

static int probe_backend(struct wd_load *l, const struct wd_descriptor *d)
{
	int r = d->broken ? report_broken(l, d) : 0;

	for (size_t i = 0; r == 0 && !d->broken && i < d->probes.n; i++)
		r = probe_plain(l, d, d->probes.v[i]);
	return r;
}

void wd_load_abort(struct wd_load *l)
{
	for (size_t i = 0; i < l->workers.n; i++) {
		wd_worker_done(&l->workers.v[i]);
		wd_db_free(l->workers.v[i].db);
	}
	wd_array_done(&l->workers);
	wd_array_done(&l->sources);
	free(l);
}

int wd_load_start(const struct wd_root *root, const struct wd_descriptors *backends, uint32_t want,
		  struct wd_catalog *cat, struct wd_load **ret)
{
	struct wd_load *l = calloc(1, sizeof(*l));
	int r = l ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	*l = (struct wd_load){.root = root, .backends = backends, .cat = cat, .want = want};
	for (size_t i = 0; r == 0 && i < backends->list.n; i++)
		r = probe_backend(l, backends->list.v[i]);
	if (r < 0) {
		wd_load_abort(l);
		return r;
	}
	*ret = l;
	return 0;
}

static int read_ready(struct wd_load *l, struct pollfd *fds)
{
	for (size_t i = 0; i < l->workers.n; i++) {
		struct wd_worker *w = &l->workers.v[i];
		int r;

		if (w->eof)
			continue;
		if (fds[i].revents) {
			r = wd_worker_read(w, l->cat);
			if (r < 0)
				return r;
		}
		/* also where it goes on sending a little */
		wd_worker_check_time(w);
	}
	return 0;
}

struct wd_db *wd_load_db(struct wd_load *l, size_t i)
{
	return i < l->workers.n ? l->workers.v[i].db : NULL;
}

int wd_load_gather(struct wd_load *l, int (*tick)(void *ctx, struct wd_load *load), void *ctx)
{
	WD_CLEANUP_FREE struct pollfd *fds = calloc(l->workers.n + 1, sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	for (;;) {
		size_t open = 0;
		int r;

		for (size_t i = 0; i < l->workers.n; i++) {
			bool eof = l->workers.v[i].eof;

			fds[i] = (struct pollfd){eof ? -1 : l->workers.v[i].pipe, POLLIN, 0};
			open += !eof;
		}
		if (open == 0)
			return 0;
		if (poll(fds, l->workers.n, TICK_MS) < 0 && errno != EINTR)
			return -errno;
		r = read_ready(l, fds);
		if (r == 0)
			r = tick(ctx, l);
		if (r < 0)
			return r;
	}
}

bool wd_load_needs_scan(const struct wd_descriptors *backends)
{
	for (size_t i = 0; i < backends->list.n; i++) {
		const struct wd_descriptor *d = backends->list.v[i];

		for (size_t k = 0; !d->broken && k < d->probes.n; k++)
			if (strncmp(d->probes.v[k], "**", 2) == 0)
				return true;
	}
	return false;
}

enum nested { UNKNOWN, NESTED, NOT_NESTED };

/* The matches of patterns, before their workers are started. */
struct hits {
	struct wd_tree *tree;
	WD_ARRAY(char *) paths;
	uint8_t *nested; /* of directories that matches are in */
	size_t nnested;
};

static bool has_child(struct wd_tree *tree, wd_node_id dir, const char *name)
{
	return wd_tree_child(tree, dir, wd_blob_str(name)) != WD_NODE_NONE;
}

/* What the directory itself tells, or what was found of it. */
static enum nested look_at(struct hits *h, wd_node_id dir)
{
	if (dir == WD_NODE_ROOT)
		return NOT_NESTED;
	if (dir < h->nnested && h->nested[dir])
		return (enum nested)h->nested[dir];
	return has_child(h->tree, dir, "usr") &&
			       (has_child(h->tree, dir, "etc") || has_child(h->tree, dir, "var"))
		       ? NESTED
		       : UNKNOWN;
}

/*
 * Whether a node is inside a root filesystem of its own (an unpacked image, a container's layers),
 * whose databases are not this one's: below a directory that has usr, and etc or var. What was found
 * is kept of each directory: matches and their depth may both be many.
 */
static bool in_nested_root(struct hits *h, wd_node_id id)
{
	enum nested found = UNKNOWN;
	wd_node_id at = id;

	while (found == UNKNOWN) {
		at = wd_tree_node(h->tree, at)->parent;
		found = look_at(h, at);
	}
	while (id != at) {
		id = wd_tree_node(h->tree, id)->parent;
		if (id < h->nnested)
			h->nested[id] = (uint8_t)found;
	}
	return found == NESTED;
}

static int add_hit(void *ctx, wd_node_id id)
{
	struct hits *h = ctx;
	struct wd_buf path = WD_BUF_INIT;
	int r;

	if (h->paths.n > WD_LIMIT_DATABASES || in_nested_root(h, id))
		return 0;
	wd_tree_path(h->tree, id, &path);
	wd_buf_byte(&path, '\0');
	r = path.status < 0 ? path.status : wd_array_push(&h->paths, path.ptr);
	if (r < 0)
		wd_buf_done(&path);
	return r;
}

/*
 * The pattern's leading plain components are resolved as any path is, through links; the rest is
 * matched below.
 */
static int find_hits(struct hits *h, struct wd_blob pattern)
{
	struct wd_blob rest = pattern, name, prefix;
	wd_node_id start;

	prefix = wd_blob_head(pattern, 0);
	while (wd_blob_token(&rest, '/', &name) && wd_glob_is_literal(name))
		prefix = wd_blob_head(pattern, pattern.len - rest.len);
	start = wd_tree_walk(h->tree, WD_NODE_ROOT, prefix, false);
	if (start == WD_NODE_NONE)
		return 0;
	return wd_tree_glob(h->tree, start, wd_blob_skip(pattern, prefix.len), add_hit, h);
}

static int running(const struct wd_load *l)
{
	int n = 0;

	for (size_t i = 0; i < l->workers.n; i++)
		n += !l->workers.v[i].eof;
	return n;
}

static int load_hits(struct wd_load *l, const struct wd_descriptor *d, struct hits *h,
		     bool want_dir, int (*tick)(void *ctx, struct wd_load *load), void *ctx)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->paths.n; i++) {
		r = probe_path(l, d, h->paths.v[i], want_dir);
		if (r == 0 && running(l) >= MAX_RUNNING)
			r = wd_load_gather(l, tick, ctx);
	}
	for (size_t i = 0; i < h->paths.n; i++)
		free(h->paths.v[i]);
	h->paths.n = 0;
	return r;
}

int wd_load_patterns(struct wd_load *l, struct wd_tree *tree,
		     int (*tick)(void *ctx, struct wd_load *load), void *ctx)
{
	size_t n = tree->nodes.n;
	WD_CLEANUP_FREE uint8_t *nested = calloc(n, sizeof(*nested));
	struct hits h = {.tree = tree, .nested = nested, .nnested = n};
	int r = nested ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < l->backends->list.n; i++) {
		const struct wd_descriptor *d = l->backends->list.v[i];

		for (size_t k = 0; r == 0 && !d->broken && k < d->probes.n; k++) {
			bool want_dir;
			struct wd_blob pattern = probe_blob(d->probes.v[k], &want_dir);

			if (wd_glob_is_literal(pattern))
				continue;
			r = find_hits(&h, pattern);
			if (r == 0)
				r = load_hits(l, d, &h, want_dir, tick, ctx);
		}
	}
	for (size_t i = 0; i < h.paths.n; i++)
		free(h.paths.v[i]);
	wd_array_done(&h.paths);
	return r < 0 ? r : wd_load_gather(l, tick, ctx);
}

/* Whether another backend read the file that this worker's backend does not know. */
static bool read_by_another(const struct wd_load *l, size_t i)
{
	for (size_t k = 0; k < l->workers.n; k++)
		if (k != i && same_file(&l->sources.v[k], &l->sources.v[i]) &&
		    l->workers.v[k].status != WD_ENOTMINE)
			return true;
	return false;
}

/* What no backend says of itself. */
static bool is_misconduct(int status)
{
	return status == WD_ECRASHED || status == WD_ETIMEOUT || status == WD_EPROTOCOL ||
	       status == WD_EFORBIDDEN;
}

/* What a backend has not said itself about a failure is said here, once. */
static void say_failure(const struct wd_worker *w, struct wd_catalog *cat, const char *path)
{
	if (is_misconduct(w->status) || *w->why)
		wd_catalog_error(cat, path, w->status, "%s (backend %s)",
				 *w->why ? w->why : wd_status_text(w->status),
				 w->db->backend->name);
	else if (w->status < 0 && w->nerrors == 0)
		wd_catalog_error(cat, path, w->status, NULL);
}

/* A worker that has sent packages of a database cannot say that there is none. */
static bool is_absent(const struct wd_worker *w)
{
	return w->status == WD_EABSENT && w->db->packages.n == 0;
}

/* Settles one worker's result; its database goes to the catalog. */
static int settle(struct wd_load *l, size_t i)
{
	struct wd_worker *w = &l->workers.v[i];

	if (is_absent(w) || (w->status == WD_ENOTMINE && read_by_another(l, i)))
		return 0;
	say_failure(w, l->cat, w->db->path);
	w->db->complete = w->status == 0 && w->nerrors == 0;
	if (wd_array_push(&l->cat->dbs, w->db) < 0)
		return -ENOMEM;
	w->db = NULL;
	return 0;
}

int wd_load_finish(struct wd_load *l)
{
	int r = 0;

	for (size_t i = 0; i < l->workers.n; i++)
		wd_worker_wait(&l->workers.v[i]);
	for (size_t i = 0; r == 0 && i < l->workers.n; i++)
		r = settle(l, i);
	wd_load_abort(l);
	return r;
}

int wd_load_about(const struct wd_descriptor *backend, struct wd_catalog *cat, char **ret_version,
		  char **ret_libraries)
{
	WD_CLEANUP_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct wd_job job = {.kind = WD_WORK_ASK,
			     .backend = backend,
			     .path = "",
			     .fd = null,
			     .dir_fd = null,
			     .about = true};
	struct wd_db *db = wd_db_new(backend, backend->name);
	struct wd_worker w;
	int r = db && null >= 0 ? wd_worker_start(&job, db, &w) : -ENOMEM;

	if (r < 0) {
		wd_db_free(db);
		return r;
	}
	while (poll(&(struct pollfd){w.pipe, POLLIN, 0}, 1, ABOUT_MS) > 0 &&
	       wd_worker_read(&w, cat) > 0)
		;
	if (!w.eof)
		wd_worker_kill(&w, WD_ETIMEOUT);
	wd_worker_wait(&w);
	say_failure(&w, cat, backend->name);
	*ret_version = w.about[0] ? WD_TAKE_PTR(w.about[0]) : strdup("");
	*ret_libraries = w.about[1] ? WD_TAKE_PTR(w.about[1]) : strdup("");
	r = *ret_version && *ret_libraries ? w.status : -ENOMEM;
	wd_worker_done(&w);
	wd_db_free(db);
	return r;
}

/* A user's file: no other name of it, and nothing beside it, is the worker's to open. */
static int start_sources(struct wd_load *l, const char *path, int fd, const struct stat *st)
{
	const char *slash = strrchr(path, '/');
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->backends->list.n; i++) {
		const struct wd_descriptor *d = l->backends->list.v[i];
		struct wd_job job = {
			.backend = d, .path = path, .fd = fd, .dir_fd = fd, .want = l->want};
		struct source source = {d, st->st_dev, st->st_ino};

		if (d->broken)
			r = report_broken(l, d);
		else if (wd_descriptor_takes(d, slash ? slash + 1 : path))
			r = start_worker(l, &job, &source);
	}
	return r < 0 || l->workers.n ? r : WD_ENOTMINE;
}

int wd_load_source(const struct wd_descriptors *backends, const char *path, uint32_t want,
		   struct wd_catalog *cat, int (*tick)(void *ctx, struct wd_load *load), void *ctx)
{
	/* O_NONBLOCK: a FIFO would block here */
	WD_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct wd_load *l;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return WD_ENOTREG;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = (struct wd_load){.backends = backends, .cat = cat, .want = want};
	r = start_sources(l, path, fd, &st);
	if (r == 0)
		r = wd_load_gather(l, tick, ctx);
	if (r == 0)
		return wd_load_finish(l);
	wd_load_abort(l);
	return r;
}
