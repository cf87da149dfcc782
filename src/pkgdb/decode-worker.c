/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The worker that decodes an archive. Nothing in this file runs in the parent. */
#include "base/cleanup.h"
#include "base/hash.h"
#include "base/module.h"
#include "pkgdb/decode.h"
#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "pkgdb/sink.h"
#include "pkgdb/wire.h"

#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXAMINE_IN_MEMORY (4u << 20) /* a larger file goes through the spool */
#define NOTES_MAX 20		     /* of one archive */
#define PAGE ((uint64_t)4096)

/* What is being done with the contents of the entry at hand. */
struct contents {
	uint64_t size;
	uint64_t at;	 /* in the spool */
	uint64_t filled; /* so far */
	bool spooled, kept;
	int backend; /* that is to examine it, or -1 */
	bool document;
	bool hashed;	     /* by the hasher of its depth */
	bool broken;	     /* which was said */
	struct wd_buf bytes; /* of what does not go through the spool */
};

#define DEPTH_MAX 1 /* an archive in the input */

struct decoder {
	const struct wd_decode_job *job;
	const struct wd_archive_module *module;
	struct wd_pipe_sink *sink;
	WD_ARRAY(const struct wd_backend *) backends; /* as in job->backends; NULL: none */
	uint64_t spool_end;
	uint64_t budget;
	unsigned depth;				  /* 0: the input itself */
	const struct wd_hash_ops *hash;		  /* NULL: no digests are wanted */
	struct wd_hasher *hashers[DEPTH_MAX + 1]; /* a file may be an archive of files */
	uint64_t nested_bytes;			  /* of such a one, so far */
	unsigned notes;				  /* about the archive at hand */
	uint32_t files;
	struct contents now;
	struct wd_buf path, target; /* of the entry at hand, normalised */
	char spool_fault[256];	    /* why the archive at hand cannot be read on, if that is it */
};

/* ---- Records */

__attribute__((format(printf, 3, 4))) static int note(struct decoder *d, int status,
						      const char *fmt, ...)
{
	struct wd_buf *out = &d->sink->out;
	char text[512];
	va_list ap;
	size_t at;

	if (d->notes > NOTES_MAX)
		return 0;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	at = wd_wire_begin(out, (enum wd_wire_type)WD_WIRE_NOTE);
	wd_wire_u32(out, (uint32_t)status);
	wd_wire_string(out, d->notes++ == NOTES_MAX ? WD_BLOB("further errors are not shown")
						    : wd_blob_str(text));
	return wd_pipe_sink_end(d->sink, at);
}

static int send_stream(struct decoder *d, struct wd_blob name)
{
	size_t at = wd_wire_begin(&d->sink->out, (enum wd_wire_type)WD_WIRE_STREAM);

	wd_wire_string(&d->sink->out, name);
	return wd_pipe_sink_end(d->sink, at);
}

static int send_end(struct decoder *d, int status, const struct wd_archive_result *r)
{
	const char *fault = *d->spool_fault ? d->spool_fault : r->fault;
	struct wd_wire_end end = {.status = status,
				  .packed = r->packed,
				  .unpacked = r->unpacked,
				  .digested = r->digested,
				  .compressed = r->compressed};
	size_t at = wd_wire_begin(&d->sink->out, (enum wd_wire_type)WD_WIRE_END);

	memcpy(end.packed_digest, r->packed_digest, WD_SHA256_LEN);
	memcpy(end.unpacked_digest, r->unpacked_digest, WD_SHA256_LEN);
	wd_buf_append(&d->sink->out, &end, sizeof(end));
	wd_wire_string(&d->sink->out, wd_blob_str(fault));
	*d->spool_fault = '\0';
	return wd_pipe_sink_end(d->sink, at);
}

static int send_entry(struct decoder *d, const struct wd_archive_entry *e, struct wd_blob head)
{
	struct wd_wire_entry w = {.size = e->size,
				  .offset = e->offset,
				  .kept = d->now.kept ? d->now.at : WD_NOT_KEPT,
				  .mode = e->mode,
				  .path_len = (uint16_t)d->path.len,
				  .target_len = (uint16_t)d->target.len,
				  .hard_link = e->hard_link,
				  .elf = wd_blob_starts(head, WD_BLOB("\177ELF")),
				  .whiteout = S_ISCHR(e->mode) && e->rdev == 0};
	size_t at = wd_wire_begin(&d->sink->out, (enum wd_wire_type)WD_WIRE_ENTRY);

	wd_buf_append(&d->sink->out, &w, sizeof(w));
	wd_buf_blob(&d->sink->out, wd_buf_view(&d->path));
	wd_buf_blob(&d->sink->out, wd_buf_view(&d->target));
	return wd_pipe_sink_end(d->sink, at);
}

static int send_detail(struct decoder *d, const struct wd_archive_entry *e)
{
	struct wd_wire_detail w = {
		.mtime = e->mtime, .uid = e->uid, .gid = e->gid, .rdev = e->rdev};
	size_t at = wd_wire_begin(&d->sink->out, (enum wd_wire_type)WD_WIRE_DETAIL);

	wd_buf_append(&d->sink->out, &w, sizeof(w));
	wd_wire_string(&d->sink->out, e->caps.len <= WD_CAPS_MAX ? e->caps : WD_BLOB_NULL);
	return wd_pipe_sink_end(d->sink, at);
}

/* The digests of what the hasher of this depth was fed. */
static int send_hashes(struct decoder *d)
{
	struct wd_hashes hashes;
	uint8_t packed[WD_HASH_ALGOS * WD_HASH_MAX];
	size_t at;
	int r = d->hash->end(d->hashers[d->depth], &hashes);

	if (r < 0)
		return r;
	wd_hash_pack(&hashes, d->job->algos, packed);
	at = wd_wire_begin(&d->sink->out, (enum wd_wire_type)WD_WIRE_HASHES);
	wd_buf_append(&d->sink->out, packed, wd_hash_packed_size(d->job->algos));
	return wd_pipe_sink_end(d->sink, at);
}

static int send_document(struct decoder *d)
{
	size_t at = wd_wire_begin(&d->sink->out, (enum wd_wire_type)WD_WIRE_DOCUMENT);

	wd_wire_string(&d->sink->out, wd_buf_view(&d->path));
	wd_wire_string(&d->sink->out, wd_buf_view(&d->now.bytes));
	return wd_pipe_sink_end(d->sink, at);
}

/* ---- Paths */

/* The path as the tree has it. NULL, or why it is none. */
static const char *normalise(struct wd_buf *out, struct wd_blob path)
{
	struct wd_blob name;

	out->len = 0;
	while (wd_blob_token(&path, '/', &name)) {
		if (name.len == 0 || wd_blob_is(name, "."))
			continue;
		if (wd_blob_is(name, ".."))
			return "\"..\" leads out of its directory";
		if (name.len > NAME_MAX)
			return "name is longer than 255 bytes";
		if (out->len)
			wd_buf_byte(out, '/');
		wd_buf_blob(out, name);
	}
	return out->len >= UINT16_MAX ? "path is too long" : NULL;
}

/* 1, or 0 for an entry that is refused, which is said. */
static int take_paths(struct decoder *d, const struct wd_archive_entry *e)
{
	struct wd_blob shown = wd_blob_head(e->path, 200);
	const char *fault = normalise(&d->path, e->path);
	int r = 1;

	d->target.len = 0;
	if (!fault && e->hard_link)
		fault = normalise(&d->target, e->target);
	else if (!fault)
		wd_buf_blob(&d->target, wd_blob_head(e->target, PATH_MAX));
	if (d->path.status < 0 || d->target.status < 0)
		return -ENOMEM;
	if (fault)
		r = note(d, WD_ECORRUPT, "entry refused: %.*s: %s", WD_BLOB_PRINTF(shown), fault);
	else if (e->path.len && e->path.ptr[0] == '/' && d->job->mode != WD_DECODE_INDEX)
		r = note(d, WD_ECORRUPT, "absolute path, taken as relative to the root: %.*s",
			 WD_BLOB_PRINTF(shown));
	return r < 0 ? r : !fault;
}

/* ---- Contents */

static int find_backend(const struct decoder *d, struct wd_blob head)
{
	for (size_t i = 0; i < d->backends.n; i++) {
		const struct wd_descriptor *b = d->job->backends->list.v[i];

		if (d->backends.v[i] && wd_blob_starts(head, wd_blob(b->magic, b->magic_len)))
			return (int)i;
	}
	return -1;
}

/* Where images have their manifests, configurations and indexes; the first byte tells the rest. */
static bool is_document(const struct decoder *d, const struct wd_archive_entry *e,
			struct wd_blob head)
{
	struct wd_blob path = wd_buf_view(&d->path);
	bool json = head.len && (head.ptr[0] == '{' || head.ptr[0] == '[');

	if (d->depth || d->job->mode == WD_DECODE_LAYER || !json || !S_ISREG(e->mode))
		return false;
	return wd_blob_starts(path, WD_BLOB("blobs/")) ||
	       (wd_blob_chr(path, '/') < 0 &&
		(wd_blob_ends(path, WD_BLOB(".json")) || wd_blob_is(path, "oci-layout")));
}

/* What an image has its blobs in is no file of a root filesystem. */
static int begin_hashing(struct decoder *d, const struct wd_archive_entry *e)
{
	bool blob = d->job->mode == WD_DECODE_NEST && d->depth == 0 &&
		    wd_blob_starts(wd_buf_view(&d->path), WD_BLOB("blobs/sha256/"));

	d->now.hashed = d->hash && S_ISREG(e->mode) && !e->hard_link && !blob && !e->unreadable;
	return d->now.hashed ? d->hash->begin(d->hashers[d->depth], d->job->algos) : 0;
}

static int begin_contents(struct decoder *d, const struct wd_archive_entry *e, struct wd_blob head)
{
	struct contents *c = &d->now;
	uint64_t room = WD_LIMIT_SPOOL - d->spool_end;
	bool data = S_ISREG(e->mode) && !e->hard_link && !e->unreadable;

	c->size = e->size;
	c->filled = 0;
	c->bytes.len = 0;
	c->broken = false;
	c->document = is_document(d, e, head);
	c->kept = data && d->job->mode != WD_DECODE_INDEX &&
		  wd_keep_wants(d->job->keep, wd_buf_view(&d->path));
	c->backend = data ? find_backend(d, head) : -1;
	c->spooled = c->kept || (c->backend >= 0 && c->size > EXAMINE_IN_MEMORY);
	c->at = c->backend >= 0 && c->spooled ? (d->spool_end + PAGE - 1) & ~(PAGE - 1)
					      : d->spool_end;
	if (c->document && c->size > WD_DOCUMENT_MAX) {
		c->document = false;
		return note(d, WD_ELIMIT, "%.*s: larger than the %u MiB that a document may have",
			    WD_BLOB_PRINTF(wd_buf_view(&d->path)), WD_DOCUMENT_MAX >> 20);
	}
	if (c->spooled && (room < PAGE || c->size > room - PAGE)) {
		c->kept = c->spooled = false;
		c->backend = -1;
		return note(d, WD_ELIMIT, "%.*s: too large to be kept",
			    WD_BLOB_PRINTF(wd_buf_view(&d->path)));
	}
	return 0;
}

static int write_spool(struct decoder *d, uint64_t at, struct wd_blob piece)
{
	while (piece.len) {
		ssize_t n = TEMP_FAILURE_RETRY(pwrite(WD_FD_DIR, piece.ptr, piece.len, (off_t)at));

		if (n < 0) {
			int r = -errno;

			snprintf(d->spool_fault, sizeof(d->spool_fault),
				 "the temporary file in %.200s (TMPDIR)", d->job->spool_dir);
			return r;
		}
		at += (uint64_t)n;
		piece = wd_blob_skip(piece, (size_t)n);
	}
	return 0;
}

static bool in_memory(const struct contents *c)
{
	return c->document || (c->backend >= 0 && !c->spooled);
}

static int append(struct decoder *d, struct wd_blob piece)
{
	struct contents *c = &d->now;
	int r = 0;

	if (c->hashed)
		r = d->hash->update(d->hashers[d->depth], piece.ptr, piece.len);
	if (r == 0 && c->spooled)
		r = write_spool(d, c->at + c->filled, piece);
	if (in_memory(c))
		wd_buf_blob(&c->bytes, piece);
	c->filled += piece.len;
	return r < 0 ? r : c->bytes.status;
}

/* Zeros to be hashed take time as bytes that are decompressed do. */
static int pay_for_hole(struct decoder *d, uint64_t size)
{
	struct contents *c = &d->now;

	if (!c->hashed)
		return 0;
	c->hashed = size <= d->budget;
	d->budget -= c->hashed ? size : 0;
	return c->hashed ? 0
			 : note(d, WD_ELIMIT, "%.*s: a hole that is larger than may be read",
				WD_BLOB_PRINTF(wd_buf_view(&d->path)));
}

/* A hole, up to an offset. The spool may hold what was examined there before. */
static int append_zeros(struct decoder *d, uint64_t to)
{
	static const char zeros[64 * 1024];
	struct contents *c = &d->now;
	int r = to > c->filled ? pay_for_hole(d, to - c->filled) : 0;

	if (!c->hashed && !c->spooled && !in_memory(c))
		c->filled = to;
	while (r == 0 && c->filled < to)
		r = append(d, wd_blob_head(wd_blob(zeros, sizeof(zeros)), to - c->filled));
	return r;
}

/* Contents that no reader agrees about: what fits is kept, and nothing is told of the whole. */
static int refuse_excess(struct decoder *d)
{
	struct contents *c = &d->now;

	if (c->broken)
		return 0;
	c->broken = true;
	c->hashed = c->document = false;
	c->backend = -1;
	return note(d, WD_ECORRUPT, "%.*s: its contents do not fit its size",
		    WD_BLOB_PRINTF(wd_blob_head(wd_buf_view(&d->path), 200)));
}

static int on_data(void *ctx, uint64_t offset, struct wd_blob piece)
{
	struct decoder *d = ctx;
	struct contents *c = &d->now;
	int r;

	if (c->broken || offset < c->filled || offset > c->size || piece.len > c->size - offset)
		return refuse_excess(d);
	if (in_memory(c) && wd_buf_reserve(&c->bytes, (size_t)(c->size - c->filled)) < 0)
		return -ENOMEM;
	r = append_zeros(d, offset);
	return r < 0 ? r : append(d, piece);
}

static int examine_bytes(struct decoder *d, const void *bytes)
{
	struct wd_file file = {.path = d->path.ptr, .fd = -1, .data = bytes, .size = d->now.size};
	int r = wd_pipe_sink_file(d->sink, d->files++, 0);

	wd_buf_byte(&d->path, '\0');
	if (r < 0 || d->path.status < 0)
		return r < 0 ? r : -ENOMEM;
	file.path = d->path.ptr;
	d->sink->path = file.path;
	r = d->backends.v[d->now.backend]->examine(&file, &d->sink->sink);
	d->path.len--;
	if (d->sink->status < 0)
		return d->sink->status;
	return wd_pipe_sink_file(d->sink, WD_WIRE_NO_FILE, r);
}

static int examine(struct decoder *d)
{
	struct contents *c = &d->now;
	void *map;
	int r;

	if (!c->spooled)
		return examine_bytes(d, c->bytes.ptr);
	map = mmap(NULL, c->size, PROT_READ, MAP_SHARED, WD_FD_DIR, (off_t)c->at);
	if (map == MAP_FAILED)
		return -errno;
	r = examine_bytes(d, map);
	munmap(map, c->size);
	return r;
}

static int on_end(void *ctx, int status)
{
	struct decoder *d = ctx;
	struct contents *c = &d->now;
	int r = status < 0 ? status : append_zeros(d, c->size);

	if (r == 0 && c->hashed)
		r = send_hashes(d);
	if (r == 0 && c->document)
		r = send_document(d);
	if (r == 0 && c->backend >= 0)
		r = examine(d);
	if (c->kept)
		d->spool_end = c->at + c->size;
	return r;
}

/* ---- Entries */

/* Contents that may be a layer: a tar, or what a tar may be compressed into. */
static bool may_be_archive(const struct decoder *d, const struct wd_archive_entry *e,
			   struct wd_blob head)
{
	struct wd_blob path = wd_buf_view(&d->path);

	if (d->depth || d->job->mode != WD_DECODE_NEST || !S_ISREG(e->mode) || e->hard_link)
		return false;
	if (!wd_blob_starts(path, WD_BLOB("blobs/")) && !wd_blob_ends(path, WD_BLOB(".tar")) &&
	    !(wd_blob_chr(path, '/') < 0 && wd_blob_ends(path, WD_BLOB(".gz"))))
		return false;
	return wd_blob_starts(head, WD_BLOB("\x1f\x8b")) ||
	       wd_blob_starts(head, WD_BLOB("\x28\xb5\x2f\xfd")) ||
	       wd_blob_starts(head, WD_BLOB("\xfd"
					    "7zXZ")) ||
	       wd_blob_starts(head, WD_BLOB("BZh")) ||
	       wd_blob_is(wd_blob_head(wd_blob_skip(head, 257), 5), "ustar") ||
	       (head.len == WD_ARCHIVE_HEAD && head.ptr[0] == '\0');
}

static int on_entry(void *ctx, const struct wd_archive_entry *e, struct wd_blob head)
{
	struct decoder *d = ctx;
	int r = take_paths(d, e);

	if (r <= 0)
		return r;
	r = begin_contents(d, e, head);
	if (r == 0)
		r = begin_hashing(d, e);
	if (r == 0)
		r = send_entry(d, e, head);
	if (r == 0 && d->hash)
		r = send_detail(d, e);
	if (r < 0)
		return r;
	if (may_be_archive(d, e, head))
		return WD_ARCHIVE_NESTED;
	if (d->now.size == 0)
		return d->now.hashed ? send_hashes(d) : WD_ARCHIVE_SKIP;
	return d->now.kept || d->now.document || d->now.hashed || d->now.backend >= 0
		       ? WD_ARCHIVE_DATA
		       : WD_ARCHIVE_SKIP;
}

static int on_nested(void *ctx, struct wd_archive *outer);

static const struct wd_archive_events events = {on_entry, on_data, on_end, on_nested, NULL};

/* The contents of an archive in the input, which may be no more than a file of it. */
static int on_packed(void *ctx, struct wd_blob piece)
{
	struct decoder *d = ctx;

	d->nested_bytes += piece.len;
	return d->hash->update(d->hashers[0], piece.ptr, piece.len);
}

static const struct wd_archive_events hashed_events = {on_entry, on_data, on_end, on_nested,
						       on_packed};

/* A layer that cannot be read costs itself: those behind it can. */
static int on_nested(void *ctx, struct wd_archive *outer)
{
	struct decoder *d = ctx;
	bool hashed = d->now.hashed;
	uint64_t size = d->now.size;
	struct wd_archive_job job = {hashed ? &hashed_events : &events, d, &d->budget,
				     d->job->digests};
	struct wd_archive_result result = {0};
	int r = send_stream(d, wd_buf_view(&d->path)), status;

	if (r < 0)
		return r;
	d->depth++;
	d->notes = 0;
	d->nested_bytes = 0;
	status = d->module->read_nested(outer, &job, &result);
	d->depth--;
	r = send_end(d, status, &result);
	if (r == 0 && hashed && d->nested_bytes == size)
		r = send_hashes(d);
	return r < 0 ? r : d->budget == 0 || status == WD_ELIMIT ? WD_ELIMIT : 0;
}

static int on_unreadable(void *ctx, struct wd_blob path, int status)
{
	return note(ctx, status, "%.*s: %s", WD_BLOB_PRINTF(wd_blob_head(path, 200)),
		    wd_status_text(status));
}

/* ---- The process */

static int load_archive_module(struct decoder *d)
{
	const char *why;

	d->module = wd_module_load(d->job->module_dir, WD_ARCHIVE_MODULE, WD_ARCHIVE_SYMBOL, &why);
	if (!d->module) {
		note(d, WD_EMODULE, "module %s: %s", WD_ARCHIVE_MODULE, why);
		return WD_EMODULE;
	}
	return d->module->abi == WD_ARCHIVE_ABI ? 0 : WD_EABI;
}

static int load_examiners(struct decoder *d)
{
	const struct wd_descriptors *all = d->job->backends;

	for (size_t i = 0; all && i < all->list.n; i++) {
		const struct wd_backend *backend = NULL;

		if (all->list.v[i]->magic_len && !all->list.v[i]->broken)
			wd_worker_load_module(all->list.v[i], NULL, &backend);
		if (backend && !backend->examine)
			backend = NULL;
		if (wd_array_push(&d->backends, backend) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Digests are made ready before the last fence: OpenSSL reads its configuration. */
static int load_hash(struct decoder *d)
{
	int r = 0;

	if (!d->job->algos)
		return 0;
	d->hash = wd_hash_load(d->job->module_dir);
	if (!d->hash)
		return WD_EMODULE;
	for (size_t i = 0; r == 0 && i < WD_ARRAY_SIZE(d->hashers); i++) {
		d->hashers[i] = d->hash->new ();
		r = d->hashers[i] ? d->hash->begin(d->hashers[i], d->job->algos) : -ENOMEM;
	}
	return r;
}

int wd_decode_run(const struct wd_job *wd_job, struct wd_pipe_sink *sink)
{
	const struct wd_decode_job *job = (const struct wd_decode_job *)wd_job;
	struct decoder d = {.job = job, .sink = sink, .budget = job->max_bytes};
	unsigned digests = job->mode == WD_DECODE_LAYER ? job->digests : 0;
	struct wd_archive_job read = {&events, &d, &d.budget, digests};
	struct wd_archive_result result = {0};
	uint32_t held = wd_fence_raise_outer(wd_job->kind);
	int r;

	r = job->dir ? 0 : load_archive_module(&d);
	if (r == 0)
		r = load_examiners(&d);
	if (r == 0)
		r = load_hash(&d);
	if (r < 0)
		return r;
	/* the spool is open already; of a directory, files are opened while it is walked */
	held |= wd_fence_raise_inner(wd_job->kind, job->dir ? WD_FD_DB : WD_FD_DIR);
	r = wd_pipe_sink_hello(sink, held);
	if (r < 0)
		return r;
	r = job->dir ? wd_decode_directory(WD_FD_DB, job->dir, job->below, &read, on_unreadable)
		     : d.module->read(WD_FD_DB, job->offset, job->length, &read, &result);
	result.unpacked += job->dir ? job->max_bytes - d.budget : 0;
	return send_end(&d, r, &result);
}
