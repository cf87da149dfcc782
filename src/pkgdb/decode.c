/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parent's side of a worker that decodes: every record is hostile input until it is taken. */
#include "pkgdb/decode.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "pkgdb/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_SIZE (256 * 1024)
#define TICK_MS 100
#define RECORD_MAX (WD_DOCUMENT_MAX + 128 * 1024)
#define DOCUMENTS_MAX 1000
#define DOCUMENTS_BYTES (64u << 20)
#define NOTES_MAX 10000
#define SPOOL_FALLBACK "/var/tmp"

static void free_stream(struct wd_stream *s)
{
	if (!s)
		return;
	wd_pool_done(&s->bytes);
	wd_array_done(&s->entries);
	wd_image_details_done(&s->details);
	free(s->name);
	free(s);
}

/*
 * A private temporary file without a name, for writing and reading, and the directory that it is
 * in. Or a negated errno.
 */
static int open_spool(const char **ret_dir)
{
	const char *dirs[] = {getenv("TMPDIR"), "/tmp", SPOOL_FALLBACK};
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < WD_ARRAY_SIZE(dirs); i++)
		if (dirs[i] && *dirs[i] == '/') {
			fd = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
			*ret_dir = dirs[i];
		}
	if (fd < 0) {
		fd = memfd_create("whodistro", MFD_CLOEXEC);
		*ret_dir = "memory";
	}
	return fd < 0 ? -errno : fd;
}

/* ---- Records */

static struct wd_stream *innermost(const struct wd_decoding *d)
{
	return d->open.n ? d->streams.v[d->open.v[d->open.n - 1]] : NULL;
}

static int add_stream(struct wd_decoding *d, struct wd_blob name)
{
	struct wd_stream *s = calloc(1, sizeof(*s));
	uint32_t index = (uint32_t)d->streams.n;
	int r;

	if (!s)
		return -ENOMEM;
	s->details.algos = d->algos;
	s->name = strndup(name.len ? name.ptr : "", name.len);
	r = s->name ? wd_array_push(&d->streams, s) : -ENOMEM;
	if (r < 0) {
		free_stream(s);
		return r;
	}
	return wd_array_push(&d->open, index);
}

static bool valid_path(struct wd_blob path)
{
	struct wd_blob name;

	if (path.len == 0)
		return true;
	if (path.ptr[path.len - 1] == '/' || memchr(path.ptr, '\0', path.len))
		return false;
	while (wd_blob_token(&path, '/', &name))
		if (name.len == 0 || name.len > NAME_MAX || wd_blob_is(name, ".") ||
		    wd_blob_is(name, ".."))
			return false;
	return true;
}

static int take_stream(struct wd_decoding *d, struct wd_cursor *c)
{
	struct wd_blob name = wd_wire_get(c);

	if (c->failed || !valid_path(name) || d->open.n != 1)
		return WD_EPROTOCOL;
	if (d->streams.n >= WD_LIMIT_STREAMS)
		return WD_ELIMIT;
	return add_stream(d, name);
}

static int take_entry(struct wd_decoding *d, struct wd_cursor *c)
{
	struct wd_blob head = wd_cursor_bytes(c, sizeof(struct wd_wire_entry)), path, target;
	struct wd_stream *s = innermost(d);
	struct wd_wire_entry w;
	struct wd_stream_entry e;
	int r;

	if (c->failed || !s || (d->algos && s->details.list.n != s->entries.n))
		return WD_EPROTOCOL;
	memcpy(&w, head.ptr, sizeof(w));
	path = wd_cursor_bytes(c, w.path_len);
	target = wd_cursor_bytes(c, w.target_len);
	if (c->failed || !valid_path(path) || (w.hard_link && !valid_path(target)))
		return WD_EPROTOCOL;
	if (s->entries.n >= WD_LIMIT_ENTRIES)
		return WD_ELIMIT;
	e = (struct wd_stream_entry){.path_len = w.path_len,
				     .target_len = w.target_len,
				     .mode = w.mode,
				     .size = w.size,
				     .offset = w.offset,
				     .kept = w.kept,
				     .fact = (uint32_t)d->facts.n,
				     .hard_link = w.hard_link,
				     .elf = w.elf,
				     .whiteout = w.whiteout};
	r = wd_pool_add(&s->bytes, path, &e.path);
	if (r == 0)
		r = wd_pool_add(&s->bytes, target, &e.target);
	return r < 0 ? r : wd_array_push(&s->entries, e);
}

static int take_detail(struct wd_decoding *d, struct wd_cursor *c)
{
	struct wd_blob head = wd_cursor_bytes(c, sizeof(struct wd_wire_detail));
	struct wd_blob caps = wd_wire_get(c);
	struct wd_stream *s = innermost(d);
	struct wd_image_detail detail;
	struct wd_wire_detail w;
	int r = 0;

	if (c->failed || !s || !d->algos || s->details.list.n + 1 != s->entries.n ||
	    caps.len > WD_CAPS_MAX)
		return WD_EPROTOCOL;
	memcpy(&w, head.ptr, sizeof(w));
	detail = (struct wd_image_detail){.mtime = w.mtime,
					  .uid = w.uid,
					  .gid = w.gid,
					  .rdev = w.rdev,
					  .caps_len = (uint8_t)caps.len};
	if (caps.len)
		r = wd_pool_add(&s->details.bytes, caps, &detail.caps);
	return r < 0 ? r : wd_array_push(&s->details.list, detail);
}

static int take_hashes(struct wd_decoding *d, struct wd_cursor *c)
{
	struct wd_blob digests = wd_cursor_bytes(c, wd_hash_packed_size(d->algos));
	struct wd_stream *s = innermost(d);
	struct wd_image_detail *detail;

	if (c->failed || !s || s->details.list.n == 0 || s->details.list.n != s->entries.n)
		return WD_EPROTOCOL;
	detail = &s->details.list.v[s->details.list.n - 1];
	if (detail->hashed)
		return WD_EPROTOCOL;
	detail->hashed = true;
	return wd_pool_add(&s->details.bytes, digests, &detail->digests);
}

static int take_document(struct wd_decoding *d, struct wd_cursor *c)
{
	struct wd_blob name = wd_wire_get(c), text = wd_wire_get(c);
	struct wd_document doc = {0};
	size_t bytes = 0;
	int r;

	if (c->failed || !valid_path(name))
		return WD_EPROTOCOL;
	for (size_t i = 0; i < d->documents.n; i++)
		bytes += d->documents.v[i].text.len;
	if (d->documents.n >= DOCUMENTS_MAX || bytes + text.len > DOCUMENTS_BYTES)
		return 0; /* a manifest that names one of the rest says that it is missing */
	doc.name = strndup(name.ptr, name.len);
	wd_buf_blob(&doc.text, text);
	r = !doc.name || doc.text.status < 0 ? -ENOMEM : wd_array_push(&d->documents, doc);
	if (r < 0) {
		free(doc.name);
		wd_buf_done(&doc.text);
	}
	return r;
}

static int add_note(struct wd_decoding *d, int status, struct wd_blob path, struct wd_blob text)
{
	struct wd_note n = {.status = status};
	int r;

	if (d->notes.n >= NOTES_MAX)
		return 0;
	n.path = strndup(path.len ? path.ptr : "", path.len);
	n.text = strndup(text.len ? text.ptr : "", text.len);
	r = n.path && n.text ? wd_array_push(&d->notes, n) : -ENOMEM;
	if (r < 0) {
		free(n.path);
		free(n.text);
	}
	return r;
}

static int get_status(struct wd_cursor *c, int32_t *ret)
{
	struct wd_blob b = wd_cursor_bytes(c, sizeof(*ret));

	if (c->failed)
		return WD_EPROTOCOL;
	memcpy(ret, b.ptr, sizeof(*ret));
	return *ret <= 0 && *ret > -4096 ? 0 : WD_EPROTOCOL;
}

/* A NOTE, or (with a path) an ERROR of a backend that examines files. */
static int take_note(struct wd_decoding *d, struct wd_cursor *c, bool has_path)
{
	struct wd_blob path = WD_BLOB(""), text;
	int32_t status;
	int r = get_status(c, &status);

	if (r == 0 && has_path)
		path = wd_wire_get(c);
	text = wd_wire_get(c);
	return r < 0 || c->failed ? WD_EPROTOCOL : add_note(d, status, path, text);
}

static int take_end(struct wd_decoding *d, struct wd_cursor *c)
{
	struct wd_blob head = wd_cursor_bytes(c, sizeof(struct wd_wire_end));
	struct wd_blob fault = wd_wire_get(c);
	struct wd_stream *s = innermost(d);
	struct wd_wire_end w;

	if (c->failed || !s)
		return WD_EPROTOCOL;
	memcpy(&w, head.ptr, sizeof(w));
	if (w.status > 0 || w.status <= -4096)
		return WD_EPROTOCOL;
	s->ended = true;
	s->status = w.status;
	s->result.packed = w.packed;
	s->result.unpacked = w.unpacked;
	s->result.digested = w.digested;
	s->result.compressed = w.compressed;
	memcpy(s->result.packed_digest, w.packed_digest, WD_SHA256_LEN);
	memcpy(s->result.unpacked_digest, w.unpacked_digest, WD_SHA256_LEN);
	if (w.status == -ENOMEM)
		snprintf(s->result.fault, sizeof(s->result.fault), WD_WHY_MEMORY,
			 wd_limit_memory() >> 10);
	else
		snprintf(s->result.fault, sizeof(s->result.fault), "%.*s", WD_BLOB_PRINTF(fault));
	d->open.n--;
	return 0;
}

static uint32_t get_u32(struct wd_cursor *c)
{
	struct wd_blob b = wd_cursor_bytes(c, sizeof(uint32_t));
	uint32_t v = 0;

	if (b.len)
		memcpy(&v, b.ptr, sizeof(v));
	return v;
}

static int take_file(struct wd_decoding *d, struct wd_cursor *c)
{
	uint32_t id = get_u32(c);
	struct wd_stream *s = innermost(d);
	int32_t status;

	if (get_status(c, &status) < 0 || !s || s->entries.n == 0)
		return WD_EPROTOCOL;
	if (id != WD_WIRE_NO_FILE)
		s->entries.v[s->entries.n - 1].examined = true;
	else
		s->entries.v[s->entries.n - 1].examine_status = (int16_t)status;
	return 0;
}

static int take_fact(struct wd_decoding *d, struct wd_cursor *c)
{
	struct wd_stream *s = innermost(d);
	uint32_t kind = get_u32(c);
	struct wd_blob value = wd_wire_get(c);
	struct wd_stream_entry *e;
	struct wd_fact fact = {.kind = (enum wd_fact_kind)kind};
	int r;

	if (c->failed || kind >= WD_FACT_KIND_COUNT || value.len > WD_FACT_MAX || !s ||
	    s->entries.n == 0)
		return WD_EPROTOCOL;
	e = &s->entries.v[s->entries.n - 1];
	if (!e->examined || e->nfacts >= WD_LIMIT_FACTS)
		return WD_EPROTOCOL;
	r = wd_strpool_intern(&d->cat->strings, value, &fact.value);
	if (r == 0)
		r = wd_array_push(&d->facts, fact);
	e->nfacts += r == 0;
	return r;
}

static int take_done(struct wd_decoding *d, struct wd_cursor *c)
{
	int32_t status;

	if (get_status(c, &status) < 0)
		return WD_EPROTOCOL;
	d->status = status;
	d->done = true;
	return 0;
}

/* Nothing of the archive may have been read when it says so. */
static int take_hello(struct wd_decoding *d, struct wd_cursor *c)
{
	uint32_t fences = get_u32(c);

	if (c->failed || d->greeted || d->records || fences & ~WD_FENCE_ALL)
		return WD_EPROTOCOL;
	d->greeted = true;
	d->cat->unfenced |= WD_FENCE_ALL & ~fences;
	return 0;
}

static int take_content(struct wd_decoding *d, unsigned type, struct wd_cursor *c)
{
	if (d->records++ >= wd_limit_records()) {
		add_note(d, WD_ELIMIT, WD_BLOB(""),
			 WD_BLOB("has more entries than --limit-records allows"));
		return WD_ELIMIT;
	}
	d->cat->unfenced |= d->greeted ? 0 : WD_FENCE_ALL;
	switch (type) {
	case WD_WIRE_STREAM:
		return take_stream(d, c);
	case WD_WIRE_ENTRY:
		return take_entry(d, c);
	case WD_WIRE_DETAIL:
		return take_detail(d, c);
	case WD_WIRE_HASHES:
		return take_hashes(d, c);
	case WD_WIRE_DOCUMENT:
		return take_document(d, c);
	case WD_WIRE_END:
		return take_end(d, c);
	case WD_WIRE_FILE:
		return take_file(d, c);
	case WD_WIRE_FACT:
		return take_fact(d, c);
	default:
		return WD_EPROTOCOL;
	}
}

static int take_record(struct wd_decoding *d, unsigned type, struct wd_blob payload)
{
	struct wd_cursor c = wd_cursor(payload);
	int r;

	switch (type) {
	case WD_WIRE_HELLO:
		r = take_hello(d, &c);
		break;
	case WD_WIRE_NOTE:
		r = take_note(d, &c, false);
		break;
	case WD_WIRE_ERROR:
		r = take_note(d, &c, true);
		break;
	case WD_WIRE_DONE:
		r = take_done(d, &c);
		break;
	default:
		r = take_content(d, type, &c);
	}
	return r == 0 && c.pos < c.len ? WD_EPROTOCOL : r;
}

static int take_records(struct wd_decoding *d)
{
	struct wd_blob in = wd_buf_view(&d->in);

	while (in.len >= WD_WIRE_HEAD && !d->done) {
		uint32_t len;
		int r;

		memcpy(&len, in.ptr, sizeof(len));
		if (len > RECORD_MAX)
			return WD_EPROTOCOL;
		if (in.len - WD_WIRE_HEAD < len)
			break;
		r = take_record(d, (uint8_t)in.ptr[sizeof(len)],
				wd_blob(in.ptr + WD_WIRE_HEAD, len));
		if (r < 0)
			return r;
		in = wd_blob_skip(in, WD_WIRE_HEAD + len);
	}
	memmove(d->in.ptr, in.ptr, in.len);
	d->in.len = in.len;
	return 0;
}

/* ---- The worker */

int wd_decoding_start(const struct wd_decode_job *job, struct wd_catalog *cat,
		      struct wd_decoding *d)
{
	struct wd_decode_job copy = *job;
	int r;

	*d = (struct wd_decoding){.spool = -1, .cat = cat, .algos = job->algos, .worker.pipe = -1};
	d->spool = open_spool(&copy.spool_dir);
	if (d->spool < 0)
		return d->spool;
	copy.job.kind = job->dir ? WD_WORK_LAYER : WD_WORK_DECODE;
	copy.job.dir_fd = d->spool;
	copy.job.run = wd_decode_run;
	r = add_stream(d, WD_BLOB(""));
	return r < 0 ? r : wd_worker_start(&copy.job, NULL, &d->worker);
}

/* What is wrong with the worker, or with the stream that it was at. */
static void settle(struct wd_decoding *d)
{
	struct stat st;

	d->worker.eof = true;
	if (d->worker.pid > 0 && d->done) {
		kill(d->worker.pid, SIGKILL);
		TEMP_FAILURE_RETRY(waitpid(d->worker.pid, NULL, 0));
		d->worker.pid = -1;
	} else if (d->worker.pid > 0) {
		wd_worker_wait(&d->worker);
		d->status = d->status < 0 ? d->status : d->worker.status;
	}
	d->spool_size = fstat(d->spool, &st) == 0 ? (uint64_t)st.st_size : 0;
	for (size_t i = 0; i < d->streams.n; i++) {
		struct wd_stream *s = d->streams.v[i];

		if (!s->ended && s->status == 0) {
			s->status = d->status < 0 ? d->status : WD_ECRASHED;
			snprintf(s->result.fault, sizeof(s->result.fault), "%s", d->worker.why);
		}
		for (size_t k = 0; k < s->entries.n; k++) {
			struct wd_stream_entry *e = &s->entries.v[k];

			if (e->kept != WD_NOT_KEPT &&
			    (e->kept > d->spool_size || e->size > d->spool_size - e->kept))
				e->kept = WD_NOT_KEPT;
		}
	}
}

/* Whether there is something to read. A worker that has had its time is ended. */
static bool wait_for_it(struct wd_decoding *d)
{
	bool ready = poll(&(struct pollfd){d->worker.pipe, POLLIN, 0}, 1, TICK_MS) > 0;

	wd_worker_check_time(&d->worker);
	return ready && !d->worker.eof;
}

int wd_decoding_read(struct wd_decoding *d)
{
	ssize_t n;
	int r;

	if (d->worker.eof)
		return 0;
	if (!wait_for_it(d) && !d->worker.eof)
		return 1;
	if (d->worker.eof) {
		d->status = d->worker.status;
		settle(d);
		return 0;
	}
	if (wd_buf_reserve(&d->in, READ_SIZE) < 0)
		return -ENOMEM;
	n = read(d->worker.pipe, d->in.ptr + d->in.len, READ_SIZE);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	r = n < 0 ? -errno : 0;
	if (n > 0) {
		d->in.len += (size_t)n;
		r = wd_worker_count(&d->worker, d->cat, (size_t)n);
		if (r == 0)
			r = take_records(d);
	}
	if (r == -ENOMEM)
		return r;
	if (r == 0 && n > 0 && !d->done)
		return 1;
	if (r < 0)
		wd_worker_kill(&d->worker, d->status = r);
	settle(d);
	return 0;
}

void wd_decoding_done(struct wd_decoding *d)
{
	wd_worker_done(&d->worker);
	if (d->spool >= 0)
		close(d->spool);
	for (size_t i = 0; i < d->streams.n; i++)
		free_stream(d->streams.v[i]);
	wd_array_done(&d->streams);
	wd_array_done(&d->open);
	for (size_t i = 0; i < d->documents.n; i++) {
		free(d->documents.v[i].name);
		wd_buf_done(&d->documents.v[i].text);
	}
	wd_array_done(&d->documents);
	for (size_t i = 0; i < d->notes.n; i++) {
		free(d->notes.v[i].path);
		free(d->notes.v[i].text);
	}
	wd_array_done(&d->notes);
	wd_array_done(&d->facts);
	wd_buf_done(&d->in);
}
