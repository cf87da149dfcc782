/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rootfs/contents-internal.h"

#include "base/cleanup.h"
#include "base/status.h"
#include "rootfs/image.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 16
#define CHUNK 256 /* files that a thread takes at once, to look at */

static int full_path(const struct wd_tree *tree, wd_node_id node, struct wd_buf *path)
{
	path->len = 0;
	wd_tree_path(tree, node, path);
	wd_buf_byte(path, '\0');
	return path->status;
}

static void take_stat(struct wd_content *f, const struct stat *st)
{
	f->mode = st->st_mode;
	f->uid = st->st_uid;
	f->gid = st->st_gid;
	f->size = (uint64_t)st->st_size;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->rdev = st->st_rdev;
	f->mtime = st->st_mtim.tv_sec;
}

int wd_looker_enter(const struct wd_contents_run *run, struct wd_looker *l, wd_node_id node)
{
	wd_node_id dir = wd_tree_node(run->tree, node)->parent;
	int r;

	if (l->dir != dir) {
		if (l->fd >= 0)
			close(l->fd);
		l->dir = dir;
		r = full_path(run->tree, dir, &l->path);
		l->fd = r < 0 ? r
			      : wd_openat_in_root(run->tree->root->fd, l->path.ptr,
						  O_PATH | O_DIRECTORY);
	}
	if (l->fd < 0)
		return l->fd;
	l->path.len = 0;
	wd_buf_blob(&l->path, node == WD_NODE_ROOT ? WD_BLOB(".") : wd_tree_name(run->tree, node));
	wd_buf_byte(&l->path, '\0');
	return l->path.status < 0 ? l->path.status : l->fd;
}

void wd_looker_done(struct wd_looker *l)
{
	if (l->fd >= 0)
		close(l->fd);
	wd_buf_done(&l->path);
}

static void look_at(const struct wd_contents_run *run, struct wd_looker *l, struct wd_content *f)
{
	int dir = wd_looker_enter(run, l, f->node);
	struct stat st;

	if (dir < 0)
		f->status = dir;
	else if (fstatat(dir, l->path.ptr, &st, AT_SYMLINK_NOFOLLOW) < 0)
		f->status = -errno;
	else
		take_stat(f, &st);
}

static void *look_thread(void *arg)
{
	struct wd_contents_run *run = arg;
	struct wd_looker l = WD_LOOKER_INIT;
	size_t n = run->c->list.n;
	size_t at;

	while ((at = atomic_fetch_add(&run->next, CHUNK)) < n)
		for (size_t i = at; i < at + CHUNK && i < n; i++)
			look_at(run, &l, &run->c->list.v[i]);
	wd_looker_done(&l);
	return NULL;
}

/* ---- Images: what was noted while they were read */

static void look_in_image(const struct wd_contents_run *run)
{
	const struct wd_image *img = run->tree->root->image;

	for (size_t i = 0; i < run->c->list.n; i++) {
		struct wd_content *f = &run->c->list.v[i];
		struct stat st;

		f->algos &= img->details ? img->details->algos : 0;
		if (f->node >= img->nodes.n) {
			f->status = WD_EABSENT;
			continue;
		}
		wd_image_stat(img, f->node, &st);
		take_stat(f, &st);
	}
}

/* A file that was cut short, or that is too large with its holes, has no digests. */
static int take_details(const struct wd_contents_run *run, struct wd_content *f)
{
	const struct wd_image_details *all = run->tree->root->image->details;
	const struct wd_image_detail *d = wd_image_detail(run->tree->root->image, f->node);
	uint8_t *out = run->c->bytes + f->digests;
	struct wd_blob caps = WD_BLOB_NULL;
	const char *packed;

	if (!d || (f->algos && !d->hashed))
		return -ENODATA;
	if (d->caps_len)
		caps = wd_blob(wd_pool_at(&all->bytes, d->caps), d->caps_len);
	if (f->caps)
		f->caps_differ = run->ops->caps_value_differs(caps, f->caps);
	if (!f->algos)
		return 0;
	packed = wd_pool_at(&all->bytes, d->digests);
	for (unsigned i = 0; i < WD_HASH_ALGOS; i++) {
		struct wd_blob digest = WD_BLOB("");

		if (f->algos >> i & 1)
			digest = wd_hash_packed(packed, all->algos, i);
		memcpy(out, digest.ptr, digest.len);
		out += digest.len;
	}
	f->hashed = true;
	return 0;
}

static void take_from_image(const struct wd_contents_run *run)
{
	struct wd_hasher *h = run->ops->new ();

	for (size_t i = 0; i < run->norder; i++) {
		struct wd_content *f = &run->c->list.v[run->order[i]];

		f->status = !h		       ? -ENOMEM
			    : S_ISLNK(f->mode) ? wd_contents_hash_target(run, h, f)
					       : take_details(run, f);
	}
	if (h)
		run->ops->free(h);
}

/* ---- Threads */

static unsigned thread_count(size_t work)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus > MAX_THREADS)
		cpus = MAX_THREADS;
	return cpus < 1 || work < CHUNK ? 1 : (unsigned)cpus;
}

static void tick(const struct wd_contents_run *run, void (*progress)(void *, uint64_t, uint64_t),
		 void *ctx)
{
	if (progress)
		progress(ctx, atomic_load(&run->done), run->total);
}

static void join(const struct wd_contents_run *run, pthread_t thread,
		 void (*progress)(void *, uint64_t, uint64_t), void *ctx)
{
	for (;;) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 100 * 1000 * 1000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (pthread_timedjoin_np(thread, NULL, &until) == 0)
			return;
		tick(run, progress, ctx);
	}
}

/* The work may be large: what threads there are do it, if need be this one alone. */
static void in_threads(struct wd_contents_run *run, void *(*work)(void *), size_t n,
		       void (*progress)(void *, uint64_t, uint64_t), void *ctx)
{
	pthread_t threads[MAX_THREADS];
	unsigned started = 0, wanted = thread_count(n);

	atomic_store(&run->next, 0);
	while (started < wanted && pthread_create(&threads[started], NULL, work, run) == 0)
		started++;
	if (started == 0)
		work(run);
	for (unsigned i = 0; i < started; i++)
		join(run, threads[i], progress, ctx);
}

static int cmp_inodes(const void *a, const void *b, void *ctx)
{
	const struct wd_content *list = ctx;
	const struct wd_content *x = &list[*(const uint32_t *)a], *y = &list[*(const uint32_t *)b];

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static bool same_file(const struct wd_content *a, const struct wd_content *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

static bool is_read(const struct wd_content *f)
{
	return f->status == 0 &&
	       ((S_ISREG(f->mode) && (f->algos || f->caps)) || (S_ISLNK(f->mode) && f->algos));
}

/*
 * Files to read, in order; of several names of one inode the first reads for all, with all that
 * they ask for. Those behind it are found again by share().
 */
static size_t choose(const struct wd_contents_run *run)
{
	struct wd_content *list = run->c->list.v;
	size_t n = 0, leaders = 0;

	for (size_t i = 0; i < run->c->list.n; i++)
		if (is_read(&list[i]))
			run->order[n++] = (uint32_t)i;
	qsort_r(run->order, n, sizeof(*run->order), cmp_inodes, list);
	for (size_t i = 0; i < n; i++) {
		struct wd_content *f = &list[run->order[i]];

		if (leaders && same_file(&list[run->order[leaders - 1]], f)) {
			list[run->order[leaders - 1]].algos |= f->algos;
			continue;
		}
		run->order[leaders++] = run->order[i];
	}
	return leaders;
}

static int reserve_digests(struct wd_contents_run *run)
{
	size_t bytes = 0;

	for (size_t i = 0; i < run->norder; i++) {
		struct wd_content *f = &run->c->list.v[run->order[i]];

		f->digests = bytes;
		bytes += wd_hash_packed_size(f->algos);
		run->total += f->algos ? f->size : 0;
	}
	run->c->bytes = malloc(bytes + 1);
	return run->c->bytes ? 0 : -ENOMEM;
}

/* Every other name of an inode that was read gets what was found. */
static void share(struct wd_contents_run *run)
{
	struct wd_content *list = run->c->list.v;

	for (size_t i = 0; i < run->c->list.n; i++) {
		struct wd_content *f = &list[i];
		uint32_t self = (uint32_t)i;
		size_t low = 0, high = run->norder;

		if (f->hashed || !is_read(f))
			continue;
		while (low < high) {
			size_t mid = (low + high) / 2;

			if (same_file(&list[run->order[mid]], f)) {
				const struct wd_content *leader = &list[run->order[mid]];

				f->hashed = leader->hashed;
				f->caps_differ = leader->caps_differ;
				f->status = leader->status;
				f->digests = leader->digests;
				f->algos = leader->algos;
				break;
			}
			if (cmp_inodes(&run->order[mid], &self, list) < 0)
				low = mid + 1;
			else
				high = mid;
		}
	}
}

int wd_contents_read(const struct wd_tree *tree, struct wd_contents *c,
		     const struct wd_hash_ops *ops,
		     void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx)
{
	struct wd_contents_run run = {.tree = tree, .c = c, .ops = ops};
	WD_CLEANUP_FREE uint32_t *order = calloc(c->list.n + 1, sizeof(*order));
	WD_CLEANUP_FREE uint32_t *queue = calloc(c->list.n + 1, sizeof(*queue));
	int r;

	if (!order || !queue)
		return -ENOMEM;
	run.order = order;
	run.queue = queue;
	if (tree->root->image)
		look_in_image(&run);
	else
		in_threads(&run, look_thread, c->list.n, progress, ctx);
	run.norder = ops ? choose(&run) : 0;
	r = reserve_digests(&run);
	if (r < 0 || run.norder == 0)
		return r;
	if (tree->root->image) {
		take_from_image(&run);
	} else {
		wd_contents_queue(&run, thread_count(run.norder));
		in_threads(&run, wd_contents_read_thread, run.norder, progress, ctx);
		wd_contents_unread(&run);
	}
	share(&run);
	return 0;
}

void wd_contents_done(struct wd_contents *c)
{
	wd_array_done(&c->list);
	free(c->bytes);
	c->bytes = NULL;
}

struct wd_blob wd_content_digest(const struct wd_contents *c, const struct wd_content *f,
				 unsigned algo)
{
	return f->hashed ? wd_hash_packed(c->bytes + f->digests, f->algos, algo) : WD_BLOB_NULL;
}
