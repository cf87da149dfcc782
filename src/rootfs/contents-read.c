/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The threads that read files and hash them. */
#include "rootfs/contents-internal.h"

#include "base/cleanup.h"
#include "base/hash-lanes.h"
#include "base/status.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>

#define READ_SIZE (256 * 1024)
#define LANE_SIZE (32 * 1024)
#define LARGE (1 << 20)
#define OTHER_FILES 64 /* that the process may have open beside those that are read */

/* By OpenPGP's number. */
static const unsigned lane_algos[WD_HASHING_COUNT] = {
	[WD_HASHING_MD5] = 1,
	[WD_HASHING_SHA256] = 8,
};

/* A file that is read, a piece at a time. */
struct lane {
	struct wd_content *f;
	int fd;
	uint64_t have;
	bool ended; /* the last piece was read, and the file closed */
};

struct reader {
	struct wd_contents_run *run;
	struct wd_looker looker;
	struct wd_hasher *h;
	dev_t dev; /* which was last asked whether it is made up */
	bool made_up;
	uint8_t *buffer; /* a piece of each lane, or of one file */
	struct wd_lanes lanes;
	struct lane lane[WD_LANES];
};

/* ---- Order */

/* How files are sorted into parts. */
struct sorting {
	uint32_t in_lanes; /* the bits of the algorithms that this CPU computes in lanes */
	uint64_t lane_max; /* larger files are hashed by themselves, where one is as fast so */
};

static uint32_t algos_in_lanes(void)
{
	uint32_t algos = 0;

	for (unsigned i = 0; i < WD_HASHING_COUNT; i++) {
		struct wd_lanes lanes;

		if (wd_lanes_init(&lanes, lane_algos[i], wd_lanes_width()))
			algos |= 1u << lane_algos[i];
	}
	return algos;
}

static enum wd_hashing hashing_of(const struct wd_content *f, const struct sorting *s)
{
	if (!S_ISREG(f->mode) || !(f->algos & s->in_lanes))
		return WD_HASHING_SINGLE;
	if (f->algos == 1u << lane_algos[WD_HASHING_MD5])
		return WD_HASHING_MD5;
	if (f->algos == 1u << lane_algos[WD_HASHING_SHA256] && f->size <= s->lane_max)
		return WD_HASHING_SHA256;
	return WD_HASHING_SINGLE;
}

/*
 * A file larger than the share of a lane would be hashed there when all else is done. CPUs compute
 * SHA-256 of one message eight times as fast as that of one lane; but MD5 no faster.
 */
static struct sorting decide(const struct wd_contents_run *run, unsigned threads)
{
	struct sorting s = {.in_lanes = algos_in_lanes(), .lane_max = UINT64_MAX};
	uint64_t total = 0;

	for (size_t i = 0; i < run->norder; i++) {
		const struct wd_content *f = &run->c->list.v[run->order[i]];

		if (hashing_of(f, &s) == WD_HASHING_SHA256)
			total += f->size;
	}
	s.lane_max = total / run->lanes / threads;
	return s;
}

static int cmp_sizes(const void *a, const void *b, void *ctx)
{
	const struct wd_content *list = ctx;
	const struct wd_content *x = &list[*(const uint32_t *)a], *y = &list[*(const uint32_t *)b];

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static size_t queue_those(struct wd_contents_run *run, const struct sorting *s,
			  enum wd_hashing hashing, bool large, size_t n)
{
	for (size_t i = 0; i < run->norder; i++) {
		const struct wd_content *f = &run->c->list.v[run->order[i]];

		if ((f->size >= LARGE) == large && hashing_of(f, s) == hashing)
			run->queue[n++] = run->order[i];
	}
	return n;
}

/* Each thread may open so many files that all together stay below the limit of the process. */
static unsigned count_lanes(unsigned threads)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < OTHER_FILES + threads)
		return 1;
	limit.rlim_cur = (limit.rlim_cur - OTHER_FILES) / threads;
	return limit.rlim_cur < WD_LANES ? (unsigned)limit.rlim_cur : WD_LANES;
}

/*
 * Part by part. A large file that came last would leave all threads and lanes but one without work:
 * the largest come first, the others in the order that they have.
 */
void wd_contents_queue(struct wd_contents_run *run, unsigned threads)
{
	struct sorting s;
	size_t n = 0;

	run->lanes = count_lanes(threads);
	s = decide(run, threads);
	for (unsigned i = 0; i < WD_HASHING_COUNT; i++) {
		size_t start = n;

		n = queue_those(run, &s, i, true, n);
		qsort_r(run->queue + start, n - start, sizeof(*run->queue), cmp_sizes,
			run->c->list.v);
		n = queue_those(run, &s, i, false, n);
		run->parts[i].end = n;
		atomic_store(&run->parts[i].next, start);
	}
}

/* The next file of a part; NULL after the last. */
static struct wd_content *take(struct wd_contents_run *run, enum wd_hashing hashing)
{
	struct wd_contents_part *part = &run->parts[hashing];
	size_t at = atomic_fetch_add(&part->next, 1);

	return at < part->end ? &run->c->list.v[run->queue[at]] : NULL;
}

/* ---- Opening and reading */

/* Asked once for each filesystem. */
static bool is_made_up(struct reader *rd, int fd, dev_t dev)
{
	if (rd->dev != dev)
		rd->made_up = wd_is_made_up(fd);
	rd->dev = dev;
	return rd->made_up;
}

static int open_file(struct reader *rd, struct wd_content *f)
{
	int dir = wd_looker_enter(rd->run, &rd->looker, f->node);
	WD_CLEANUP_FD int fd = -1;
	struct stat st;

	if (dir < 0)
		return dir;
	fd = wd_open_child(dir, rd->looker.path.ptr, &st);
	if (fd < 0)
		return fd;
	/* another file has its name by now */
	if (st.st_ino != f->ino || st.st_dev != f->dev)
		return -ESTALE;
	if (is_made_up(rd, fd, st.st_dev))
		return WD_ENOTREG;
	if (f->caps)
		f->caps_differ = rd->run->ops->caps_differ(fd, f->caps);
	if (f->algos && f->size > LANE_SIZE)
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return WD_TAKE_FD(fd);
}

static ssize_t read_some(struct reader *rd, int fd, uint8_t *buffer, size_t size)
{
	ssize_t n = TEMP_FAILURE_RETRY(read(fd, buffer, size));

	if (n < 0)
		return -errno;
	atomic_fetch_add_explicit(&rd->run->done, (unsigned long long)n, memory_order_relaxed);
	return n;
}

/* ---- One file at a time */

static void keep(const struct wd_contents *c, struct wd_content *f, const struct wd_hashes *hashes)
{
	wd_hash_pack(hashes, f->algos, c->bytes + f->digests);
	f->hashed = true;
}

int wd_contents_hash_target(const struct wd_contents_run *run, struct wd_hasher *h,
			    struct wd_content *f)
{
	struct wd_blob target = wd_tree_link(run->tree, f->node);
	struct wd_hashes hashes;
	int r = run->ops->begin(h, f->algos);

	if (r == 0)
		r = run->ops->update(h, target.ptr, target.len);
	if (r == 0)
		r = run->ops->end(h, &hashes);
	if (r == 0)
		keep(run->c, f, &hashes);
	return r;
}

/* A read that fills less than was asked for, and the size that stat told, is the last. */
static int read_all(struct reader *rd, int fd, uint64_t size)
{
	for (uint64_t have = 0;;) {
		ssize_t n = read_some(rd, fd, rd->buffer, READ_SIZE);
		int r;

		if (n <= 0)
			return (int)n;
		r = rd->run->ops->update(rd->h, rd->buffer, (size_t)n);
		if (r < 0)
			return r;
		have += (uint64_t)n;
		if (n < READ_SIZE && have >= size)
			return 0;
	}
}

static int read_file(struct reader *rd, struct wd_content *f)
{
	const struct wd_hash_ops *ops = rd->run->ops;
	WD_CLEANUP_FD int fd = open_file(rd, f);
	struct wd_hashes hashes;
	int r;

	if (fd < 0)
		return fd;
	if (!f->algos)
		return 0;
	r = ops->begin(rd->h, f->algos);
	if (r == 0)
		r = read_all(rd, fd, f->size);
	if (r == 0)
		r = ops->end(rd->h, &hashes);
	if (r == 0)
		keep(rd->run->c, f, &hashes);
	return r;
}

static void read_singly(struct reader *rd)
{
	struct wd_content *f;

	while ((f = take(rd->run, WD_HASHING_SINGLE)))
		f->status = S_ISLNK(f->mode) ? wd_contents_hash_target(rd->run, rd->h, f)
					     : read_file(rd, f);
}

/* ---- Many files side by side */

/*
 * The next piece of a lane's file, as in read_all(). 0 or a negated errno; closes after the last.
 */
static int fill(struct reader *rd, unsigned i)
{
	uint8_t *buffer = rd->buffer + (size_t)i * (LANE_SIZE + WD_LANES_PAD);
	struct lane *lane = &rd->lane[i];
	size_t len = 0;
	ssize_t n = 0;

	while (len < LANE_SIZE && !lane->ended) {
		n = read_some(rd, lane->fd, buffer + len, LANE_SIZE - len);
		len += n > 0 ? (size_t)n : 0;
		lane->have += n > 0 ? (size_t)n : 0;
		lane->ended = n <= 0 || (len < LANE_SIZE && lane->have >= lane->f->size);
	}
	if (lane->ended)
		close(lane->fd);
	wd_lanes_feed(&rd->lanes, i, buffer,
		      lane->ended ? wd_lanes_pad(&rd->lanes, buffer, len, lane->have)
				  : len / WD_LANES_BLOCK);
	return n < 0 ? (int)n : 0;
}

/* Gives a lane the next file that can be read. */
static void begin(struct reader *rd, enum wd_hashing hashing, unsigned i)
{
	struct wd_content *f;

	while ((f = take(rd->run, hashing))) {
		struct lane lane = {.f = f, .fd = open_file(rd, f)};

		rd->lane[i] = lane;
		wd_lanes_begin(&rd->lanes, i);
		f->status = lane.fd < 0 ? lane.fd : fill(rd, i);
		if (f->status == 0)
			return;
	}
	wd_lanes_feed(&rd->lanes, i, NULL, 0);
}

static void go_on(struct reader *rd, enum wd_hashing hashing, unsigned i)
{
	struct wd_content *f = rd->lane[i].f;

	if (!rd->lane[i].ended) {
		f->status = fill(rd, i);
		if (f->status == 0)
			return;
	} else {
		wd_lanes_end(&rd->lanes, i, rd->run->c->bytes + f->digests);
		f->hashed = true;
	}
	begin(rd, hashing, i);
}

static void read_in_lanes(struct reader *rd, enum wd_hashing hashing)
{
	uint32_t used;

	if (!wd_lanes_init(&rd->lanes, lane_algos[hashing], wd_lanes_width()))
		return;
	for (unsigned i = 0; i < rd->run->lanes; i++)
		begin(rd, hashing, i);
	while ((used = wd_lanes_run(&rd->lanes)))
		for (unsigned i = 0; i < WD_LANES; i++)
			if (used >> i & 1)
				go_on(rd, hashing, i);
}

void wd_contents_unread(struct wd_contents_run *run)
{
	struct wd_content *f;

	for (unsigned i = 0; i < WD_HASHING_COUNT; i++)
		while ((f = take(run, i)))
			f->status = -ENOMEM;
}

void *wd_contents_read_thread(void *arg)
{
	struct wd_contents_run *run = arg;
	WD_CLEANUP_FREE uint8_t *buffer = malloc(WD_LANES * (LANE_SIZE + WD_LANES_PAD));
	struct reader rd = {.run = run, .looker = WD_LOOKER_INIT, .buffer = buffer};

	rd.h = buffer ? run->ops->new () : NULL;
	if (rd.h) {
		read_singly(&rd);
		read_in_lanes(&rd, WD_HASHING_MD5);
		read_in_lanes(&rd, WD_HASHING_SHA256);
	}
	wd_looker_done(&rd.looker);
	run->ops->free(rd.h);
	return NULL;
}
