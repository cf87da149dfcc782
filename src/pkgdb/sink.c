/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/sink.h"

#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "pkgdb/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

/* Often enough that the parent works while the backend does */
#define FLUSH_AT (64 * 1024)

static struct wd_pipe_sink *self(struct wd_sink *sink)
{
	return (struct wd_pipe_sink *)sink;
}

static int flush(struct wd_pipe_sink *s)
{
	size_t at = 0;

	if (s->out.status < 0)
		s->status = s->out.status;
	while (s->status == 0 && at < s->out.len) {
		ssize_t n = TEMP_FAILURE_RETRY(write(s->fd, s->out.ptr + at, s->out.len - at));

		if (n < 0)
			s->status = -errno;
		else
			at += (size_t)n;
	}
	s->out.len = 0;
	return s->status;
}

/* What a limit ends is said with the limit, in the last record but one. */
static int reach_limit(struct wd_pipe_sink *s, uint64_t limit, const char *what)
{
	if (s->status < 0 || flush(s) < 0)
		return s->status;
	s->status = WD_ELIMIT;
	wd_sink_error(&s->sink, WD_ELIMIT, NULL, "more than %" PRIu64 " %s", limit, what);
	return s->status = WD_ELIMIT;
}

static int end_record(struct wd_pipe_sink *s, size_t at)
{
	wd_wire_end(&s->out, at);
	if (++s->records > wd_limit_records()) {
		s->out.len = at;
		return reach_limit(s, wd_limit_records(), "records (--limit-records)");
	}
	return s->out.len >= FLUSH_AT || s->out.status < 0 ? flush(s) : s->status;
}

/* A field ends where it would for a C program, which is what wrote the database. */
static struct wd_blob clean(struct wd_blob field)
{
	const char *nul;

	field = wd_blob_head(field, WD_LIMIT_STRING);
	nul = field.len ? memchr(field.ptr, '\0', field.len) : NULL;
	return nul ? wd_blob_head(field, (size_t)(nul - field.ptr)) : field;
}

static int sink_package(struct wd_sink *sink, const struct wd_package *pkg)
{
	struct wd_pipe_sink *s = self(sink);
	size_t at;

	if (s->status < 0)
		return s->status;
	s->in_package = clean(pkg->field[WD_PACKAGE_NAME]).len > 0;
	if (!s->in_package)
		return WD_ECORRUPT;
	if (++s->packages > WD_LIMIT_PACKAGES)
		return reach_limit(s, WD_LIMIT_PACKAGES, "packages");
	at = wd_wire_begin(&s->out, WD_WIRE_PACKAGE);
	wd_wire_u32(&s->out, pkg->flags);
	wd_wire_u64(&s->out, pkg->size);
	wd_wire_u64(&s->out, pkg->epoch);
	for (int i = 0; i < WD_PACKAGE_FIELD_COUNT; i++)
		wd_wire_string(&s->out, clean(pkg->field[i]));
	return end_record(s, at);
}

/*
 * Appends a path without leading, doubled and trailing slashes and "." components. False where it
 * has ".." or NUL.
 */
static bool normalise(struct wd_buf *out, struct wd_blob path)
{
	size_t start = out->len;
	struct wd_blob name;

	if (path.len && memchr(path.ptr, '\0', path.len))
		return false;
	while (wd_blob_token(&path, '/', &name)) {
		if (name.len == 0 || wd_blob_is(name, "."))
			continue;
		if (wd_blob_is(name, ".."))
			return false;
		if (out->len > start)
			wd_buf_byte(out, '/');
		wd_buf_blob(out, name);
	}
	return true;
}

/* A path of which a part is missing would be another path. */
static bool lost_memory(struct wd_pipe_sink *s)
{
	if (s->work.status < 0 || s->dir.status < 0)
		s->status = -ENOMEM;
	return s->status < 0;
}

/* Sends the directory of a claim unless it is the one of the claim before. */
static bool send_dir(struct wd_pipe_sink *s, struct wd_blob dir)
{
	size_t at;

	if (s->dir_known && wd_blob_equal(dir, wd_buf_view(&s->dir)))
		return true;
	s->work.len = 0;
	s->dir_known = normalise(&s->work, dir) && s->work.len < WD_WIRE_NAME_MAX;
	if (!s->dir_known)
		return false;
	s->dir.len = 0;
	wd_buf_blob(&s->dir, dir);
	if (lost_memory(s))
		return true;
	at = wd_wire_begin(&s->out, WD_WIRE_DIR);
	wd_wire_string(&s->out, wd_buf_view(&s->work));
	wd_wire_end(&s->out, at);
	s->records++;
	return true;
}

static int refuse(struct wd_sink *sink, const struct wd_claim *c)
{
	struct wd_blob dir = wd_blob_head(c->dir, 200);
	struct wd_blob name = wd_blob_head(c->name, 200);

	return wd_sink_error(sink, WD_ECORRUPT, NULL, "claimed path is not a path: %.*s/%.*s",
			     WD_BLOB_PRINTF(dir), WD_BLOB_PRINTF(name));
}

static int sink_claim(struct wd_sink *sink, const struct wd_claim *c)
{
	struct wd_pipe_sink *s = self(sink);
	struct wd_wire_claim w = {.size = c->size,
				  .flags = c->flags,
				  .mode = c->mode,
				  .name_len = (uint16_t)c->name.len,
				  .digest_algo = c->digest_algo};
	struct wd_blob target = wd_blob_head(c->target, WD_WIRE_NAME_MAX);
	struct wd_blob recorded = wd_blob_head(c->recorded, WD_WIRE_NAME_MAX);
	struct wd_blob detail = wd_blob_head(c->detail, WD_WIRE_NAME_MAX);
	size_t at;

	if (s->status < 0)
		return s->status;
	if (!s->in_package)
		return WD_ECORRUPT;
	if (!wd_wire_valid_name(c->name) || !send_dir(s, c->dir))
		return refuse(sink, c);
	if (s->status < 0)
		return s->status;
	if (++s->claims > WD_LIMIT_CLAIMS)
		return reach_limit(s, WD_LIMIT_CLAIMS, "paths");
	w.target_len = (uint16_t)target.len;
	w.recorded_len = (uint16_t)recorded.len;
	w.detail_len = (uint16_t)detail.len;
	w.digest_len = (uint8_t)(c->digest.len <= WD_DIGEST_MAX ? c->digest.len : 0);
	at = wd_wire_begin(&s->out, WD_WIRE_CLAIM);
	wd_buf_append(&s->out, &w, sizeof(w));
	wd_buf_blob(&s->out, c->name);
	if (target.len || recorded.len || w.digest_len || detail.len) {
		wd_buf_blob(&s->out, target);
		wd_buf_blob(&s->out, recorded);
		wd_buf_append(&s->out, c->digest.ptr, w.digest_len);
		wd_buf_blob(&s->out, detail);
	}
	return end_record(s, at);
}

static int sink_alias(struct wd_sink *sink, struct wd_blob path, struct wd_blob target)
{
	struct wd_pipe_sink *s = self(sink);
	size_t at;

	if (s->status < 0)
		return s->status;
	s->work.len = 0;
	if (!normalise(&s->work, path) || s->work.len == 0 || s->work.len >= WD_WIRE_NAME_MAX ||
	    target.len >= WD_WIRE_NAME_MAX)
		return wd_sink_error(sink, WD_ECORRUPT, NULL, "link is not a path: %.*s",
				     WD_BLOB_PRINTF(wd_blob_head(path, 200)));
	if (lost_memory(s))
		return s->status;
	if (++s->claims > WD_LIMIT_CLAIMS)
		return reach_limit(s, WD_LIMIT_CLAIMS, "paths");
	at = wd_wire_begin(&s->out, WD_WIRE_ALIAS);
	wd_wire_string(&s->out, wd_buf_view(&s->work));
	wd_wire_string(&s->out, target);
	return end_record(s, at);
}

static int sink_format(struct wd_sink *sink, const char *format)
{
	struct wd_pipe_sink *s = self(sink);
	size_t at = wd_wire_begin(&s->out, WD_WIRE_FORMAT);

	wd_wire_string(&s->out, wd_blob_head(wd_blob_str(format), WD_LIMIT_STRING));
	return end_record(s, at);
}

static int sink_error(struct wd_sink *sink, int status, const char *path, const char *message)
{
	struct wd_pipe_sink *s = self(sink);
	size_t at = wd_wire_begin(&s->out, WD_WIRE_ERROR);

	wd_wire_u32(&s->out, (uint32_t)status);
	wd_wire_string(&s->out, wd_blob_head(wd_blob_str(path ? path : s->path), WD_WIRE_NAME_MAX));
	wd_wire_string(&s->out, wd_blob_head(wd_blob_str(message), WD_WIRE_NAME_MAX));
	/* what is wrong is told beyond the limit, too */
	wd_wire_end(&s->out, at);
	return s->out.len >= FLUSH_AT || s->out.status < 0 ? flush(s) : s->status;
}

static int sink_fact(struct wd_sink *sink, enum wd_fact_kind kind, struct wd_blob value)
{
	struct wd_pipe_sink *s = self(sink);
	size_t at;

	if (s->status < 0 || ++s->facts > WD_LIMIT_FACTS)
		return s->status;
	at = wd_wire_begin(&s->out, WD_WIRE_FACT);
	wd_wire_u32(&s->out, kind);
	wd_wire_string(&s->out, wd_blob_head(value, WD_FACT_MAX));
	return end_record(s, at);
}

int wd_pipe_sink_file(struct wd_pipe_sink *s, uint32_t id, int status)
{
	size_t at = wd_wire_begin(&s->out, WD_WIRE_FILE);

	s->facts = 0;
	wd_wire_u32(&s->out, id);
	wd_wire_u32(&s->out, (uint32_t)status);
	return end_record(s, at);
}

int wd_pipe_sink_end(struct wd_pipe_sink *s, size_t at)
{
	return end_record(s, at);
}

int wd_pipe_sink_chunk(struct wd_pipe_sink *s, uint32_t number)
{
	size_t at = wd_wire_begin(&s->out, WD_WIRE_CHUNK);

	wd_wire_u32(&s->out, number);
	wd_wire_end(&s->out, at);
	return flush(s);
}

void wd_pipe_sink_init(struct wd_pipe_sink *s, int fd)
{
	static const struct wd_sink_ops ops = {
		.package = sink_package,
		.claim = sink_claim,
		.alias = sink_alias,
		.format = sink_format,
		.error = sink_error,
		.fact = sink_fact,
	};

	*s = (struct wd_pipe_sink){.sink.ops = &ops, .fd = fd};
}

int wd_pipe_sink_hello(struct wd_pipe_sink *s, uint32_t fences)
{
	size_t at = wd_wire_begin(&s->out, WD_WIRE_HELLO);
	int r;

	wd_wire_u32(&s->out, fences);
	wd_wire_end(&s->out, at);
	r = flush(s);
	return r < 0 ? r : wd_fence_check(fences);
}

void wd_pipe_sink_about(struct wd_pipe_sink *s, const char *version, const char *libraries)
{
	size_t at = wd_wire_begin(&s->out, WD_WIRE_ABOUT);

	wd_wire_string(&s->out, wd_blob_head(wd_blob_str(version), WD_WIRE_NAME_MAX));
	wd_wire_string(&s->out, wd_blob_head(wd_blob_str(libraries), WD_WIRE_NAME_MAX));
	wd_wire_end(&s->out, at);
}

int wd_pipe_sink_compared(struct wd_pipe_sink *s, struct wd_blob answers)
{
	size_t at = wd_wire_begin(&s->out, WD_WIRE_COMPARED);

	wd_wire_string(&s->out, answers);
	return end_record(s, at);
}

int wd_pipe_sink_done(struct wd_pipe_sink *s, int status)
{
	int sticky = s->status;
	size_t at;

	s->status = 0;
	at = wd_wire_begin(&s->out, WD_WIRE_DONE);
	wd_wire_u32(&s->out, (uint32_t)(sticky < 0 ? sticky : status));
	wd_wire_end(&s->out, at);
	return flush(s);
}
