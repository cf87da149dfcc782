/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/layer-queue.h"

#include "base/cleanup.h"
#include "base/hash.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNNING_MAX 8
#define TICK_MS 100
#define HARMLESS_MAX 20 /* errors about the entries of one layer */

static size_t running_max(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n > RUNNING_MAX ? RUNNING_MAX : (size_t)n;
}

/* ---- Stacking one layer */

/* What a worker kept, as long as the container lives. NULL where that is nothing. */
static int map_spool(struct wd_layer_queue *q, struct wd_decoding *d, const char **ret)
{
	struct wd_mapping m = {.size = d->spool_size};
	int r = wd_array_reserve(&q->c->mappings, 1);

	*ret = NULL;
	if (r < 0 || m.size == 0)
		return r;
	m.bytes = mmap(NULL, m.size, PROT_READ, MAP_SHARED, d->spool, 0);
	if (m.bytes == MAP_FAILED)
		return -errno;
	q->c->mappings.v[q->c->mappings.n++] = m;
	d->spool_size = 0; /* once is enough: streams of one worker share it */
	*ret = m.bytes;
	return 0;
}

/* The facts of a worker move behind those of the ones before; *ret_base is where they begin. */
static int take_facts(struct wd_layer_queue *q, struct wd_decoding *d, uint32_t *ret_base)
{
	int r = wd_array_reserve(&q->c->facts, d->facts.n);

	*ret_base = (uint32_t)q->c->facts.n;
	for (size_t i = 0; r == 0 && i < d->facts.n; i++)
		q->c->facts.v[q->c->facts.n++] = d->facts.v[i];
	d->facts.n = 0;
	return r;
}

struct stacking {
	struct wd_layer_queue *q;
	const struct wd_layer_source *source;
	const struct wd_stream *s;
	const char *spool;
	uint32_t facts; /* where the worker's begin in the container's */
	unsigned errors;
};

static int tag_entry(struct stacking *st, const struct wd_stream_entry *e, uint32_t *ret)
{
	struct wd_container_file file = {st->facts + e->fact, e->nfacts, e->examine_status};

	*ret = WD_TAG_NONE;
	if (!e->examined)
		return 0;
	*ret = (uint32_t)st->q->c->files.n;
	return wd_array_push(&st->q->c->files, file);
}

/* What a layer brings: its whiteouts bring nothing. */
static void count_file(struct wd_image_layer *layer, const struct wd_layer_entry *e)
{
	struct wd_blob name = wd_blob_skip(e->path, (size_t)(wd_blob_rchr(e->path, '/') + 1));

	if (!S_ISREG(e->mode) || e->hard_link || wd_blob_starts(name, WD_BLOB(".wh.")))
		return;
	layer->files++;
	layer->bytes += e->size;
}

/* The details of an entry move behind those of the ones before. */
static int take_detail(struct stacking *st, const struct wd_stream_entry *e, uint32_t *ret)
{
	const struct wd_image_details *from = &st->s->details;
	struct wd_image_details *to = &st->q->c->details;
	size_t i = (size_t)(e - st->s->entries.v);
	struct wd_image_detail d;
	int r = 0;

	*ret = WD_DETAIL_NONE;
	if (i >= from->list.n)
		return 0;
	d = from->list.v[i];
	if (d.hashed)
		r = wd_pool_add(&to->bytes,
				wd_blob(wd_pool_at(&from->bytes, d.digests),
					wd_hash_packed_size(from->algos)),
				&d.digests);
	if (r == 0 && d.caps_len)
		r = wd_pool_add(&to->bytes, wd_blob(wd_pool_at(&from->bytes, d.caps), d.caps_len),
				&d.caps);
	*ret = (uint32_t)to->list.n;
	return r < 0 ? r : wd_array_push(&to->list, d);
}

static int stack_entry(struct stacking *st, const struct wd_stream_entry *e)
{
	struct wd_layer_entry entry = {
		.path = wd_blob(wd_pool_at(&st->s->bytes, e->path), e->path_len),
		.target = wd_blob(wd_pool_at(&st->s->bytes, e->target), e->target_len),
		.size = e->size,
		.mode = e->mode,
		.hard_link = e->hard_link,
		.whiteout = e->whiteout,
		.elf = e->elf,
		.bytes = st->spool && e->kept != WD_NOT_KEPT ? st->spool + e->kept : NULL,
	};
	int r = tag_entry(st, e, &entry.tag);

	if (r == 0)
		r = take_detail(st, e, &entry.detail);
	if (r == 0)
		r = wd_layers_add(st->q->layers, &entry);
	if ((r == WD_EABSENT || r == WD_ENOTREG) && st->errors++ < HARMLESS_MAX)
		wd_catalog_error(st->q->cat, st->source->name, WD_ECORRUPT,
				 "hard link to nothing: %.*s", WD_BLOB_PRINTF(entry.path));
	if (st->source->layer)
		count_file(st->source->layer, &entry);
	return r == -ENOMEM || r == WD_ELIMIT ? r : 0;
}

static bool same_digest(const struct wd_digest *want, const uint8_t *have)
{
	return !want->known || memcmp(want->sha256, have, WD_SHA256_LEN) == 0;
}

/* What became of reading a layer as a whole. */
static void report_stream(struct wd_layer_queue *q, const struct wd_layer_source *source,
			  const struct wd_stream *s)
{
	struct wd_image_layer *layer = source->layer;

	if (s->status < 0)
		wd_catalog_error(q->cat, source->name, s->status, "%s%s%s",
				 wd_status_text(s->status), *s->result.fault ? ": " : "",
				 s->result.fault);
	if (!layer)
		return;
	if (!source->dir) { /* of a directory, the store knows */
		layer->packed = s->result.packed;
		layer->unpacked = s->result.unpacked;
	}
	if (s->status < 0 || !s->result.digested)
		return;
	if (!same_digest(&layer->digest, s->result.packed_digest))
		wd_catalog_error(q->cat, source->name, WD_EDIGEST, "%s",
				 wd_status_text(WD_EDIGEST));
	else if (!same_digest(&layer->diff_id, s->result.unpacked_digest))
		wd_catalog_error(q->cat, source->name, WD_EDIGEST,
				 "unpacked, it %s (diff_id of the configuration)",
				 wd_status_text(WD_EDIGEST));
}

static void report_notes(struct wd_layer_queue *q, const struct wd_layer_source *source,
			 struct wd_decoding *d)
{
	for (size_t i = 0; i < d->notes.n; i++) {
		const struct wd_note *n = &d->notes.v[i];

		wd_catalog_error(q->cat, *n->path ? n->path : source->name, n->status, "%s",
				 n->text);
		free(n->path);
		free(n->text);
	}
	d->notes.n = 0;
}

/* With `last`, the stream is used up. */
static int stack_stream(struct wd_layer_queue *q, struct wd_layer_source *source,
			struct wd_stream *s, struct wd_decoding *d, bool last)
{
	struct stacking st = {.q = q, .source = source, .s = s};
	int r = wd_layers_begin(q->layers, q->literal);

	if (r == 0 && d != q->outer)
		r = map_spool(q, d, &st.spool);
	else if (r == 0 && q->c->mappings.n)
		st.spool = q->c->mappings.v[0].bytes; /* see stack_begin() */
	if (r == 0 && d != q->outer)
		r = take_facts(q, d, &st.facts);
	report_notes(q, source, d);
	report_stream(q, source, s);
	for (size_t i = 0; r == 0 && i < s->entries.n; i++) {
		if (last)
			wd_pool_forget(&s->bytes, s->entries.v[i].path);
		r = stack_entry(&st, &s->entries.v[i]);
	}
	q->entries += s->entries.n;
	q->unpacked += s->result.unpacked;
	if (last) {
		wd_array_done(&s->entries);
		wd_image_details_done(&s->details);
		wd_pool_done(&s->bytes);
	}
	return r;
}

/* ---- The queue */

static int begin_source(struct wd_layer_queue *q, size_t i)
{
	const struct wd_layer_source *source = &q->sources.v[i];
	struct wd_decode_job job = q->job;
	struct wd_decoding *d;

	if (source->missing || source->stream)
		return 0;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	q->running.v[i] = d;
	job.job.fd = source->fd;
	job.offset = source->offset;
	job.length = source->length;
	job.dir = source->dir;
	job.below = source->below;
	if (source->layer && source->layer->digest.known)
		job.digests |= WD_DIGEST_PACKED;
	if (source->layer && source->layer->diff_id.known)
		job.digests |= WD_DIGEST_UNPACKED;
	return wd_decoding_start(&job, q->cat, d);
}

static bool is_busy(const struct wd_decoding *d)
{
	return d && d->worker.pid > 0;
}

static int begin_some(struct wd_layer_queue *q)
{
	size_t busy = 0;
	int r = 0;

	for (size_t i = 0; i < q->begun; i++)
		busy += is_busy(q->running.v[i]);
	while (r == 0 && q->begun < q->sources.n && busy < running_max()) {
		r = begin_source(q, q->begun);
		busy += is_busy(q->running.v[q->begun++]);
	}
	return r;
}

/* Whether a layer is not there once more: docker save and skopeo write it once. */
static bool is_last_use(const struct wd_layer_queue *q, size_t at)
{
	for (size_t i = at + 1; i < q->sources.n; i++)
		if (q->sources.v[i].stream == q->sources.v[at].stream)
			return false;
	return true;
}

/* Stacks what is through, in order. */
static int stack_some(struct wd_layer_queue *q)
{
	int r = 0;

	while (r == 0 && q->stacked < q->begun && !is_busy(q->running.v[q->stacked])) {
		struct wd_layer_source *source = &q->sources.v[q->stacked];
		struct wd_decoding *d = q->running.v[q->stacked];

		if (source->stream)
			r = stack_stream(q, source, source->stream, q->outer,
					 is_last_use(q, q->stacked));
		else if (d)
			r = stack_stream(q, source, d->streams.v[0], d, true);
		else
			r = wd_layers_begin(q->layers, q->literal);
		if (d) {
			wd_decoding_done(d);
			free(d);
			q->running.v[q->stacked] = NULL;
		}
		q->stacked++;
		if (r == 0 && q->unpacked > q->job.max_bytes)
			r = WD_ELIMIT;
	}
	return r;
}

static int read_some(struct wd_layer_queue *q)
{
	struct pollfd fds[RUNNING_MAX];
	struct wd_decoding *of[RUNNING_MAX];
	nfds_t n = 0;
	int r = 0;

	for (size_t i = q->stacked; i < q->begun && n < RUNNING_MAX; i++)
		if (is_busy(q->running.v[i])) {
			of[n] = q->running.v[i];
			fds[n] = (struct pollfd){of[n]->worker.pipe, POLLIN, 0};
			n++;
		}
	if (n && poll(fds, n, TICK_MS) < 0 && errno != EINTR)
		return -errno;
	for (nfds_t i = 0; r >= 0 && i < n; i++)
		if (fds[i].revents || wd_worker_now() > of[i]->worker.deadline)
			r = wd_decoding_read(of[i]);
	if (q->progress)
		q->progress(q->progress_ctx, "decoding", (unsigned)q->entries);
	return r < 0 ? r : 0;
}

/* What was decoded with the archive around it stands in one spool and one list of facts. */
static int stack_begin(struct wd_layer_queue *q)
{
	const char *spool;
	uint32_t base;
	int r = wd_layers_new(&q->layers);

	if (r == 0 && q->outer->spool >= 0)
		r = map_spool(q, q->outer, &spool);
	return r < 0 ? r : take_facts(q, q->outer, &base);
}

static int finish(struct wd_layer_queue *q)
{
	struct wd_container *c = q->c;
	int r = wd_layers_finish(q->layers, &c->image, &c->deleted);

	if (r < 0 || !q->job.algos)
		return r;
	c->details.algos = q->job.algos;
	c->image->details = c->deleted->details = &c->details;
	return 0;
}

int wd_layer_queue_run(struct wd_layer_queue *q)
{
	int r = wd_array_reserve(&q->running, q->sources.n + 1);

	if (r == 0)
		r = stack_begin(q);
	if (r < 0)
		return r;
	q->running.n = q->sources.n;
	memset(q->running.v, 0, q->running.n * sizeof(*q->running.v));
	while (r == 0 && q->stacked < q->sources.n) {
		r = begin_some(q);
		if (r == 0)
			r = stack_some(q);
		if (r == 0 && q->stacked < q->sources.n)
			r = read_some(q);
	}
	if (r == WD_ELIMIT) { /* what is there is shown */
		wd_catalog_error(q->cat, ".", r, "the image is larger than may be read");
		r = 0;
	}
	return r < 0 ? r : finish(q);
}

void wd_layer_queue_done(struct wd_layer_queue *q)
{
	for (size_t i = 0; i < q->running.n; i++)
		if (q->running.v[i]) {
			wd_decoding_done(q->running.v[i]);
			free(q->running.v[i]);
		}
	for (size_t i = 0; i < q->sources.n; i++)
		if (q->sources.v[i].close_fd)
			close(q->sources.v[i].fd);
	wd_array_done(&q->running);
	wd_array_done(&q->sources);
	wd_layers_free(q->layers);
}
