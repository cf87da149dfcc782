/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parent's side of a worker: every record is hostile input until it is in the catalog. */
#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "pkgdb/process.h"
#include "pkgdb/wire.h"
#include "pkgdb/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_SIZE (256 * 1024)

/* Returns the status, for which the worker is given up. */
__attribute__((format(printf, 3, 4))) static int refuse(struct wd_worker *w, int status,
							const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->why, sizeof(w->why), fmt, ap);
	va_end(ap);
	return status;
}

static int get(struct wd_cursor *c, void *out, size_t len)
{
	struct wd_blob b = wd_cursor_bytes(c, len);

	if (c->failed)
		return WD_EPROTOCOL;
	memcpy(out, b.ptr, len);
	return 0;
}

static int get_u32(struct wd_cursor *c, uint32_t *ret)
{
	return get(c, ret, sizeof(*ret));
}

/* A path component list as the sink normalises it. */
static bool valid_dir(struct wd_blob dir)
{
	struct wd_blob name;

	if (dir.len == 0)
		return true;
	if (dir.len >= WD_WIRE_NAME_MAX || dir.ptr[dir.len - 1] == '/' ||
	    memchr(dir.ptr, '\0', dir.len))
		return false;
	while (wd_blob_token(&dir, '/', &name))
		if (name.len == 0 || wd_blob_is(name, ".") || wd_blob_is(name, ".."))
			return false;
	return true;
}

/* Nothing of it may have been read when it says so. */
static int take_hello(struct wd_worker *w, struct wd_catalog *cat, struct wd_cursor *c)
{
	uint32_t fences;

	if (w->greeted || w->records || get_u32(c, &fences) < 0 || fences & ~WD_FENCE_ALL)
		return WD_EPROTOCOL;
	w->greeted = true;
	w->db->fences = fences;
	cat->unfenced |= WD_FENCE_ALL & ~fences;
	return 0;
}

static int take_format(struct wd_worker *w, struct wd_catalog *cat, struct wd_cursor *c)
{
	struct wd_blob format = wd_wire_get(c);

	if (c->failed || format.len > 64)
		return WD_EPROTOCOL;
	return wd_strpool_intern(&cat->strings, format, &w->db->format);
}

static int take_package(struct wd_worker *w, struct wd_catalog *cat, struct wd_cursor *c)
{
	struct wd_cat_package p = {.claim = (uint32_t)w->db->claims.n};

	if (get_u32(c, &p.flags) < 0 || get(c, &p.size, sizeof(p.size)) < 0 ||
	    get(c, &p.epoch, sizeof(p.epoch)) < 0 || p.flags >> WD_PACKAGE_FLAG_COUNT)
		return WD_EPROTOCOL;
	for (int i = 0; i < WD_PACKAGE_FIELD_COUNT; i++) {
		struct wd_blob field = wd_wire_get(c);
		int r = c->failed || field.len > WD_LIMIT_STRING ||
					(field.len && memchr(field.ptr, '\0', field.len))
				? WD_EPROTOCOL
				: wd_strpool_intern(&cat->strings, field, &p.field[i]);

		if (r < 0)
			return r;
	}
	if (p.field[WD_PACKAGE_NAME] == 0)
		return WD_EPROTOCOL;
	if (w->db->packages.n >= WD_LIMIT_PACKAGES)
		return WD_ELIMIT;
	return wd_array_push(&w->db->packages, p);
}

static int take_dir(struct wd_worker *w, struct wd_cursor *c)
{
	struct wd_blob dir = wd_wire_get(c);

	if (c->failed || !valid_dir(dir))
		return WD_EPROTOCOL;
	return wd_strpool_intern(&w->db->dirs, dir, &w->dir);
}

/*
 * What follows the claim's head: name, target, recorded, digest and detail bytes, one after
 * another. They are kept as they come, in one piece.
 */
static bool valid_claim(const struct wd_wire_claim *h, struct wd_blob bytes)
{
	size_t len = (size_t)h->name_len + h->target_len + h->recorded_len + h->digest_len +
		     h->detail_len;

	return bytes.len == len && wd_wire_valid_name(wd_blob_head(bytes, h->name_len)) &&
	       h->digest_len <= WD_DIGEST_MAX && h->target_len <= WD_WIRE_NAME_MAX &&
	       h->recorded_len <= WD_WIRE_NAME_MAX && h->detail_len <= WD_WIRE_NAME_MAX &&
	       !(h->flags >> WD_CLAIM_FLAG_COUNT);
}

static int take_claim(struct wd_worker *w, struct wd_cursor *c)
{
	struct wd_db *db = w->db;
	struct wd_wire_claim h = {0};
	struct wd_cat_claim *claim;
	struct wd_blob bytes;
	uint32_t at = 0;
	int r;

	if (get(c, &h, sizeof(h)) < 0)
		return WD_EPROTOCOL;
	bytes = wd_cursor_bytes(c, c->len - c->pos);
	if (!valid_claim(&h, bytes) || db->packages.n == 0)
		return WD_EPROTOCOL;
	if (db->claims.n >= WD_LIMIT_CLAIMS)
		return WD_ELIMIT;
	r = bytes.len ? wd_pool_add(&db->bytes, bytes, &at) : 0;
	if (r == 0)
		r = wd_array_reserve(&db->claims, 1);
	if (r < 0)
		return r;
	claim = &db->claims.v[db->claims.n++];
	*claim = (struct wd_cat_claim){.package = (uint32_t)db->packages.n - 1,
				       .dir = w->dir,
				       .node = UINT32_MAX,
				       .name = at,
				       .target = at + h.name_len,
				       .recorded = at + h.name_len + h.target_len,
				       .digest = at + h.name_len + h.target_len + h.recorded_len,
				       .name_len = h.name_len,
				       .target_len = h.target_len,
				       .recorded_len = h.recorded_len,
				       .detail_len = h.detail_len,
				       .mode = h.mode,
				       .flags = (uint16_t)h.flags,
				       .digest_algo = h.digest_algo,
				       .digest_len = h.digest_len,
				       .size = h.size};
	db->has_trees |= (h.flags & WD_CLAIM_TREE) != 0;
	db->packages.v[claim->package].nclaims++;
	return 0;
}

static int take_alias(struct wd_worker *w, struct wd_cursor *c)
{
	struct wd_blob path = wd_wire_get(c);
	struct wd_blob target = wd_wire_get(c);
	struct wd_cat_alias alias;
	int r;

	if (c->failed || path.len == 0 || !valid_dir(path) || target.len >= WD_WIRE_NAME_MAX)
		return WD_EPROTOCOL;
	if (w->db->aliases.n >= WD_LIMIT_CLAIMS)
		return WD_ELIMIT;
	alias.path_len = (uint16_t)path.len;
	alias.target_len = (uint16_t)target.len;
	r = wd_pool_add(&w->db->bytes, path, &alias.path);
	if (r == 0)
		r = wd_pool_add(&w->db->bytes, target, &alias.target);
	return r < 0 ? r : wd_array_push(&w->db->aliases, alias);
}

/* A negated errno or one of our own codes, whose negation is a number. */
static bool valid_failure(int32_t status)
{
	return status < 0 && status > -4096;
}

static int take_error(struct wd_worker *w, struct wd_catalog *cat, struct wd_cursor *c)
{
	struct wd_blob path, message;
	WD_CLEANUP_FREE char *path_str = NULL;
	int32_t status;

	if (get(c, &status, sizeof(status)) < 0)
		return WD_EPROTOCOL;
	path = wd_wire_get(c);
	message = wd_wire_get(c);
	if (c->failed || !valid_failure(status) || path.len > WD_WIRE_NAME_MAX ||
	    message.len > WD_WIRE_NAME_MAX)
		return WD_EPROTOCOL;
	if (++w->nerrors > WD_LIMIT_ERRORS)
		return 0;
	path_str = strndup(path.len ? path.ptr : w->db->path,
			   path.len ? path.len : strlen(w->db->path));
	if (!path_str)
		return -ENOMEM;
	wd_catalog_error(cat, path_str, status, "%.*s", WD_BLOB_PRINTF(message));
	return 0;
}

static int take_about(struct wd_worker *w, struct wd_cursor *c)
{
	for (size_t i = 0; i < WD_ARRAY_SIZE(w->about); i++) {
		struct wd_blob text = wd_wire_get(c);

		if (c->failed || text.len > WD_WIRE_NAME_MAX || w->about[i])
			return WD_EPROTOCOL;
		w->about[i] = strndup(text.len ? text.ptr : "", text.len);
		if (!w->about[i])
			return -ENOMEM;
	}
	return 0;
}

static int take_compared(struct wd_worker *w, struct wd_cursor *c)
{
	struct wd_blob answers = wd_wire_get(c);

	if (c->failed)
		return WD_EPROTOCOL;
	wd_buf_blob(&w->compared, answers);
	return w->compared.status;
}

/* The file before it is settled, and the facts that follow are about this one. */
static int take_file(struct wd_worker *w, struct wd_cursor *c)
{
	struct wd_examined e = {.fact = (uint32_t)w->db->facts.n};
	int32_t status;

	if (get_u32(c, &e.node) < 0 || get(c, &status, sizeof(status)) < 0 ||
	    (status != 0 && !valid_failure(status)))
		return WD_EPROTOCOL;
	if (w->in_file)
		w->db->examined.v[w->db->examined.n - 1].status = status;
	w->in_file = e.node != WD_WIRE_NO_FILE;
	return w->in_file ? wd_array_push(&w->db->examined, e) : 0;
}

static int take_fact(struct wd_worker *w, struct wd_catalog *cat, struct wd_cursor *c)
{
	struct wd_examined *file;
	struct wd_fact fact;
	struct wd_blob value;
	uint32_t kind;
	int r;

	if (!w->in_file || get_u32(c, &kind) < 0 || kind >= WD_FACT_KIND_COUNT)
		return WD_EPROTOCOL;
	fact.kind = (enum wd_fact_kind)kind;
	value = wd_wire_get(c);
	file = &w->db->examined.v[w->db->examined.n - 1];
	if (c->failed || value.len > WD_FACT_MAX || file->nfacts >= WD_LIMIT_FACTS)
		return WD_EPROTOCOL;
	r = wd_strpool_intern(&cat->strings, value, &fact.value);
	if (r == 0)
		r = wd_array_push(&w->db->facts, fact);
	file->nfacts += r == 0;
	return r;
}

static int take_chunk(struct wd_worker *w, struct wd_cursor *c)
{
	uint32_t number;

	if (w->in_file || get_u32(c, &number) < 0)
		return WD_EPROTOCOL;
	return wd_array_push(&w->chunks, number);
}

static int take_done(struct wd_worker *w, struct wd_cursor *c)
{
	int32_t status;

	if (get(c, &status, sizeof(status)) < 0 || (status != 0 && !valid_failure(status)))
		return WD_EPROTOCOL;
	w->status = status;
	w->done = true;
	return 0;
}

static int take_content(struct wd_worker *w, struct wd_catalog *cat, uint8_t type,
			struct wd_cursor *c)
{
	switch (type) {
	case WD_WIRE_FORMAT:
		return take_format(w, cat, c);
	case WD_WIRE_PACKAGE:
		return take_package(w, cat, c);
	case WD_WIRE_DIR:
		return take_dir(w, c);
	case WD_WIRE_CLAIM:
		return take_claim(w, c);
	case WD_WIRE_ALIAS:
		return take_alias(w, c);
	case WD_WIRE_ABOUT:
		return take_about(w, c);
	case WD_WIRE_COMPARED:
		return take_compared(w, c);
	case WD_WIRE_FILE:
		return take_file(w, c);
	case WD_WIRE_FACT:
		return take_fact(w, cat, c);
	default:
		return WD_EPROTOCOL;
	}
}

static int take_record(struct wd_worker *w, struct wd_catalog *cat, uint8_t type,
		       struct wd_blob payload)
{
	struct wd_cursor c = wd_cursor(payload);
	int r;

	if (type >= 32 || (w->takes && !(w->takes >> type & 1)))
		return WD_EPROTOCOL;
	switch (type) {
	case WD_WIRE_HELLO:
		r = take_hello(w, cat, &c);
		break;
	case WD_WIRE_ERROR:
		r = take_error(w, cat, &c);
		break;
	case WD_WIRE_DONE:
		r = take_done(w, &c);
		break;
	case WD_WIRE_CHUNK:
		r = take_chunk(w, &c);
		break;
	default:
		/* a sink that keeps to the limit may have sent the directory of a path over it */
		if (w->records++ > wd_limit_records())
			return refuse(w, WD_ELIMIT,
				      "sent more than %" PRIu64 " records (--limit-records)",
				      wd_limit_records());
		cat->unfenced |= w->greeted ? 0 : WD_FENCE_ALL;
		r = take_content(w, cat, type, &c);
	}
	return r == 0 && c.pos < c.len ? WD_EPROTOCOL : r;
}

int wd_worker_count(struct wd_worker *w, struct wd_catalog *cat, size_t n)
{
	w->received += n;
	cat->received += n;
	if (w->received > WD_LIMIT_BYTES)
		return refuse(w, WD_ELIMIT, "sent more than %llu GiB of records",
			      WD_LIMIT_BYTES >> 30);
	if (cat->received > WD_LIMIT_TOTAL)
		return refuse(w, WD_ELIMIT, "sent what is beyond %llu GiB of records from all",
			      WD_LIMIT_TOTAL >> 30);
	return 0;
}

/* Takes every whole record of the buffer and keeps the beginning of the next. */
static int take_records(struct wd_worker *w, struct wd_catalog *cat)
{
	struct wd_blob in = wd_buf_view(&w->in);

	while (in.len >= WD_WIRE_HEAD && !w->done) {
		uint32_t len;
		int r;

		memcpy(&len, in.ptr, sizeof(len));
		if (len > WD_WIRE_MAX * 2)
			return WD_EPROTOCOL;
		if (in.len - WD_WIRE_HEAD < len)
			break;
		r = take_record(w, cat, (uint8_t)in.ptr[4], wd_blob(in.ptr + WD_WIRE_HEAD, len));
		if (r < 0)
			return r;
		in = wd_blob_skip(in, WD_WIRE_HEAD + len);
	}
	memmove(w->in.ptr, in.ptr, in.len);
	w->in.len = in.len;
	return 0;
}

int wd_worker_read(struct wd_worker *w, struct wd_catalog *cat)
{
	ssize_t n;
	int r;

	if (w->eof)
		return 0;
	if (wd_buf_reserve(&w->in, READ_SIZE) < 0)
		return -ENOMEM;
	n = read(w->pipe, w->in.ptr + w->in.len, READ_SIZE);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n <= 0) {
		w->eof = true;
		return 0;
	}
	w->in.len += (size_t)n;
	r = wd_worker_count(w, cat, (size_t)n);
	if (r == 0)
		r = take_records(w, cat);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		wd_worker_kill(w, r);
	else if (w->done)
		w->eof = true;
	return !w->eof;
}

void wd_worker_kill(struct wd_worker *w, int status)
{
	if (w->pid > 0)
		kill(w->pid, SIGKILL);
	w->status = status;
	w->done = true;
	w->eof = true;
}

void wd_worker_time_out(struct wd_worker *w, uint64_t seconds)
{
	wd_worker_kill(w, refuse(w, WD_ETIMEOUT,
				 "took longer to read than %" PRIu64 " s (--limit-time)", seconds));
}

void wd_worker_check_time(struct wd_worker *w)
{
	if (!w->eof && wd_worker_now() > w->deadline)
		wd_worker_time_out(w, wd_limit_wall(w->kind));
}

/* What became of a worker that did not come to its end. */
static int failure(struct wd_worker *w, int wstatus)
{
	int signo = WIFSIGNALED(wstatus) ? WTERMSIG(wstatus) : 0;

	if (signo == SIGXCPU)
		return refuse(w, WD_ETIMEOUT,
			      "took more than %" PRIu64 " s of processor time (--limit-time)",
			      wd_limit_cpu(w->kind));
	return signo == SIGSYS ? WD_EFORBIDDEN : WD_ECRASHED;
}

void wd_worker_wait(struct wd_worker *w)
{
	int wstatus = 0;

	if (w->pid <= 0)
		return;
	/* it has nothing more to say: one that closed its pipe and stays must not be waited for */
	if (w->done) {
		wd_process_dismiss(w->pid);
	} else {
		kill(w->pid, SIGKILL);
		TEMP_FAILURE_RETRY(waitpid(w->pid, &wstatus, 0));
		w->status = failure(w, wstatus);
	}
	w->pid = -1;
	if (w->done && w->status == -ENOMEM && !*w->why)
		refuse(w, -ENOMEM, WD_WHY_MEMORY, wd_limit_memory() >> 10);
}

void wd_worker_done(struct wd_worker *w)
{
	if (w->pid > 0) {
		wd_worker_kill(w, WD_ECRASHED);
		wd_worker_wait(w);
	}
	if (w->pipe >= 0)
		close(w->pipe);
	w->pipe = -1;
	for (size_t i = 0; i < WD_ARRAY_SIZE(w->about); i++)
		free(w->about[i]);
	wd_array_done(&w->chunks);
	wd_buf_done(&w->in);
	wd_buf_done(&w->compared);
}
