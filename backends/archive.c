/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The module that decodes archives: tar in all its dialects and the compressions around it by
 * libarchive, digests by OpenSSL.
 *
 * A stream passes through up to two readers: one that decompresses, so that the decompressed bytes
 * can be digested (an image names its layers by both digests), and one that takes the tar apart.
 */
#include "pkgdb/archive.h"

#include "archive-gzip.h"
#include "base/cleanup.h"

#include <archive.h>
#include <archive_entry.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>

#define BLOCK_SIZE (256 * 1024)

/*
 * Where the bytes of a stage come from: a descriptor, or the contents of an outer archive's entry.
 */
struct source {
	int fd;
	bool positioned;
	uint64_t offset, left;
	char *block;
	struct archive *outer;
	struct wd_blob front[2]; /* of the outer entry's contents, read already */
	struct wd_gunzip *gzip;
	EVP_MD_CTX *hash;
	uint64_t bytes;
	uint64_t *budget;		  /* or NULL */
	struct wd_blob pushed;		  /* what was read to look at it, and is still to be had */
	const struct wd_archive_job *tap; /* who wants the bytes as they come, or NULL */
	int status;			  /* sticky */
};

/* One that is being read. */
struct wd_archive {
	struct source packed;
	struct source plain;	/* behind the decompression, where there is one */
	struct archive *filter; /* what decompresses, unless plain.gzip does */
	struct archive *tar;
	const struct wd_archive_job *job;
	struct wd_archive_result *ret;
	char head[WD_ARCHIVE_HEAD];
	struct wd_blob head_view; /* as far as it is filled */
	struct wd_blob block;	  /* of the current entry, behind head */
	uint64_t block_at;
	struct wd_blob path; /* of the current entry */
};

static int digest_init(EVP_MD_CTX **ret)
{
	*ret = EVP_MD_CTX_new();
	return *ret && EVP_DigestInit_ex(*ret, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}

static ssize_t pull_fd(struct source *s, const void **ret)
{
	size_t want = s->left < BLOCK_SIZE ? (size_t)s->left : BLOCK_SIZE;
	ssize_t n =
		TEMP_FAILURE_RETRY(s->positioned ? pread(s->fd, s->block, want, (off_t)s->offset)
						 : read(s->fd, s->block, want));

	if (n < 0)
		return -errno;
	s->offset += (uint64_t)n;
	s->left -= (uint64_t)n;
	*ret = s->block;
	return n;
}

static int fault_of(struct archive *a)
{
	return archive_errno(a) == ENOMEM ? -ENOMEM : WD_ECORRUPT;
}

/* The next piece of an entry's contents; an archive with holes is none. */
static ssize_t pull_outer(struct source *s, const void **ret)
{
	la_int64_t offset;
	size_t len = 0;

	for (size_t i = 0; i < WD_ARRAY_SIZE(s->front); i++) {
		struct wd_blob piece = s->front[i];

		s->front[i] = WD_BLOB_NULL;
		s->offset += piece.len;
		*ret = piece.ptr;
		if (piece.len)
			return (ssize_t)piece.len;
	}
	for (;;) {
		int r = archive_read_data_block(s->outer, ret, &len, &offset);

		if (r == ARCHIVE_EOF)
			return 0;
		if (r < ARCHIVE_WARN)
			return fault_of(s->outer);
		if ((uint64_t)offset != s->offset)
			return WD_EUNSUPPORTED;
		s->offset += len;
		if (len)
			return (ssize_t)len;
	}
}

/* The next bytes of a stage; 0 at its end, or a negative status, which stays. */
static ssize_t pull(struct source *s, const void **ret)
{
	ssize_t n;

	if (s->status < 0)
		return s->status;
	if (s->pushed.len) {
		*ret = s->pushed.ptr;
		n = (ssize_t)s->pushed.len;
		s->pushed = WD_BLOB_NULL;
		return n;
	}
	n = s->gzip    ? wd_gunzip_pull(s->gzip, ret)
	    : s->outer ? pull_outer(s, ret)
		       : pull_fd(s, ret);
	if (n <= 0) {
		s->status = (int)n;
		return n;
	}
	s->bytes += (uint64_t)n;
	if (s->budget && *s->budget < (uint64_t)n)
		return s->status = WD_ELIMIT;
	if (s->budget)
		*s->budget -= (uint64_t)n;
	if (s->hash)
		EVP_DigestUpdate(s->hash, *ret, (size_t)n);
	if (s->tap)
		s->status = s->tap->events->packed(s->tap->ctx, wd_blob(*ret, (size_t)n));
	return s->status < 0 ? s->status : n;
}

static la_ssize_t on_read(struct archive *a, void *ctx, const void **ret)
{
	struct source *s = ctx;
	ssize_t n = pull(s, ret);

	if (n < 0)
		archive_set_error(a, EIO, "%s",
				  s->gzip && n == WD_ECORRUPT ? "gzip, damaged or cut short"
							      : wd_status_text((int)n));
	return n < 0 ? ARCHIVE_FATAL : n;
}

static const struct wd_blob gzip_magic = {"\x1f\x8b\x08", 3};

/* What decompresses it; ARCHIVE_FILTER_NONE where it is not compressed. */
static int filter_for(struct wd_blob head)
{
	static const struct {
		struct wd_blob magic;
		int filter;
	} known[] = {
		{{"\x28\xb5\x2f\xfd", 4}, ARCHIVE_FILTER_ZSTD},
		{{"\xfd"
		  "7zXZ",
		  5},
		 ARCHIVE_FILTER_XZ},
		{{"BZh", 3}, ARCHIVE_FILTER_BZIP2},
		/* a skippable frame, which zstd's seekable variants may begin with */
		{{"\x50\x2a\x4d\x18", 4}, ARCHIVE_FILTER_ZSTD},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(known); i++)
		if (wd_blob_starts(head, known[i].magic))
			return known[i].filter;
	return wd_blob_starts(head, gzip_magic) ? ARCHIVE_FILTER_GZIP : ARCHIVE_FILTER_NONE;
}

static bool is_compressed(struct wd_blob head)
{
	return filter_for(head) != ARCHIVE_FILTER_NONE;
}

static void say(struct wd_archive *w, const char *what, struct archive *a)
{
	const char *why = a ? archive_error_string(a) : NULL;

	if (!*w->ret->fault)
		snprintf(w->ret->fault, sizeof(w->ret->fault), "%s%s%s", what, why ? ": " : "",
			 why ? why : "");
}

/* Of the entry at hand, in whose contents everything ends. */
static void say_cut(struct wd_archive *w)
{
	char what[160];

	snprintf(what, sizeof(what), "%.*s: cut short", WD_BLOB_PRINTF(wd_blob_head(w->path, 120)));
	say(w, what, w->tar);
}

static int open_reader(struct wd_archive *w, struct archive *a, struct source *from)
{
	archive_read_set_callback_data(a, from);
	archive_read_set_read_callback(a, on_read);
	if (archive_read_open1(a) == ARCHIVE_OK)
		return 0;
	say(w, "not an archive", a);
	if (from->status < 0)
		return from->status;
	return fault_of(a) == -ENOMEM ? -ENOMEM : WD_ENOTMINE;
}

static ssize_t pull_packed(void *ctx, const void **ret)
{
	return pull(ctx, ret);
}

/*
 * A reader that does nothing but decompress, and once: what is compressed within what is compressed
 * is a bomb whose inner layers no budget counts, and no engine reads a layer that is.
 */
static int open_raw(struct wd_archive *w)
{
	struct archive_entry *entry;
	int r;

	w->filter = archive_read_new();
	if (!w->filter)
		return -ENOMEM;
	if (archive_read_append_filter(w->filter, filter_for(w->packed.pushed)) != ARCHIVE_OK ||
	    archive_read_support_format_raw(w->filter) != ARCHIVE_OK)
		return WD_EUNSUPPORTED;
	r = open_reader(w, w->filter, &w->packed);
	if (r == WD_ENOTMINE) /* its first bytes say that it is compressed */
		r = WD_ECORRUPT;
	if (r < 0)
		return r;
	if (archive_read_next_header(w->filter, &entry) != ARCHIVE_OK) {
		say(w, "cannot be decompressed", w->filter);
		return fault_of(w->filter);
	}
	w->plain.outer = w->filter;
	return 0;
}

/* Puts what decompresses it before the stream. */
static int open_filter(struct wd_archive *w)
{
	int r = 0;

	w->ret->compressed = true;
	if (wd_blob_starts(w->packed.pushed, gzip_magic))
		w->plain.gzip = wd_gunzip_new(pull_packed, &w->packed);
	if (!w->plain.gzip)
		r = open_raw(w);
	w->plain.budget = w->job->budget;
	return r == 0 && w->job->digests & WD_DIGEST_UNPACKED ? digest_init(&w->plain.hash) : r;
}

static struct source *innermost(struct wd_archive *w)
{
	return w->ret->compressed ? &w->plain : &w->packed;
}

static int open_tar(struct wd_archive *w)
{
	const void *first = NULL;
	ssize_t n = pull(&w->packed, &first);
	int r = 0;

	if (n < 0)
		return (int)n;
	w->packed.pushed = wd_blob(first, (size_t)n);
	if (w->job->digests & (is_compressed(w->packed.pushed) ? WD_DIGEST_PACKED : ~0u))
		r = digest_init(&w->packed.hash);
	if (r == 0 && w->packed.hash)
		EVP_DigestUpdate(w->packed.hash, first, (size_t)n);
	if (r < 0)
		return r;
	if (is_compressed(w->packed.pushed))
		r = open_filter(w);
	else if (!w->packed.outer) /* the bytes of an outer archive were counted there */
		w->packed.budget = w->job->budget;
	if (r < 0)
		return r;
	w->tar = archive_read_new();
	if (!w->tar || archive_read_support_format_tar(w->tar) != ARCHIVE_OK)
		return -ENOMEM;
	return open_reader(w, w->tar, innermost(w));
}

/* ---- Entries */

/* Fills w->head as far as the contents go; what is left of the last block stays in w->block. */
static int read_head(struct wd_archive *w, struct wd_blob *ret)
{
	size_t have = 0;

	w->block = WD_BLOB_NULL;
	while (have < sizeof(w->head)) {
		const void *p;
		la_int64_t offset;
		size_t len = 0, take;
		int r = archive_read_data_block(w->tar, &p, &len, &offset);

		if (r == ARCHIVE_EOF)
			break;
		if (r < ARCHIVE_WARN)
			return WD_ECORRUPT;
		/* behind a hole, it is no beginning */
		take = (uint64_t)offset != have ? 0 : sizeof(w->head) - have;
		take = take > len ? len : take;
		memcpy(w->head + have, p, take);
		have += take;
		w->block = wd_blob((const char *)p + take, len - take);
		w->block_at = (uint64_t)offset + take;
		if (w->block.len)
			break;
	}
	*ret = w->head_view = wd_blob(w->head, have);
	return 0;
}

/* What the tar reader was not told, or cannot say. */
static int why_it_failed(struct wd_archive *w)
{
	if (innermost(w)->status < 0)
		return innermost(w)->status;
	if (w->packed.status < 0)
		return w->packed.status;
	return fault_of(w->tar);
}

static int send_contents(struct wd_archive *w, struct wd_blob head)
{
	const struct wd_archive_events *ev = w->job->events;
	int r = head.len ? ev->data(w->job->ctx, 0, head) : 0;

	if (r >= 0 && w->block.len)
		r = ev->data(w->job->ctx, w->block_at, w->block);
	while (r >= 0) {
		const void *p;
		la_int64_t offset;
		size_t len = 0;
		int got = archive_read_data_block(w->tar, &p, &len, &offset);

		if (got == ARCHIVE_EOF)
			break;
		if (got < ARCHIVE_WARN) {
			say_cut(w);
			ev->end(w->job->ctx, WD_ECORRUPT);
			return why_it_failed(w);
		}
		r = ev->data(w->job->ctx, (uint64_t)offset, wd_blob(p, len));
	}
	return r < 0 ? r : ev->end(w->job->ctx, 0);
}

static struct wd_blob or_null(const char *s)
{
	return s ? wd_blob_str(s) : WD_BLOB_NULL;
}

static struct wd_blob capabilities(struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		if (name && strcmp(name, "security.capability") == 0)
			return wd_blob(value, size);
	return WD_BLOB_NULL;
}

static int take_entry(struct wd_archive *w, struct archive_entry *entry)
{
	const char *hard = archive_entry_hardlink(entry);
	struct wd_archive_entry e = {
		.path = or_null(archive_entry_pathname(entry)),
		.target = or_null(hard ? hard : archive_entry_symlink(entry)),
		.size = archive_entry_size(entry) > 0 ? (uint64_t)archive_entry_size(entry) : 0,
		.offset = (uint64_t)archive_filter_bytes(w->tar, 0),
		.mode = archive_entry_mode(entry),
		.rdev = (uint32_t)archive_entry_rdev(entry),
		.uid = (uint32_t)archive_entry_uid(entry),
		.gid = (uint32_t)archive_entry_gid(entry),
		.mtime = archive_entry_mtime(entry),
		.caps = capabilities(entry),
		.hard_link = hard != NULL,
	};
	struct wd_blob head = WD_BLOB_NULL;
	int want, r = 0;

	w->path = e.path;
	if (!hard && S_ISREG(e.mode) && e.size)
		r = read_head(w, &head);
	if (r < 0) {
		say_cut(w);
		return why_it_failed(w);
	}
	want = w->job->events->entry(w->job->ctx, &e, head);
	if (want == WD_ARCHIVE_DATA)
		return send_contents(w, head);
	return want == WD_ARCHIVE_NESTED ? w->job->events->nested(w->job->ctx, w) : want;
}

static int take_entries(struct wd_archive *w)
{
	struct archive_entry *entry;

	for (;;) {
		int r = archive_read_next_header(w->tar, &entry);

		if (r == ARCHIVE_EOF)
			return 0;
		if (r < ARCHIVE_WARN) {
			say(w, "tar", w->tar);
			return why_it_failed(w);
		}
		r = take_entry(w, entry);
		if (r < 0)
			return r;
	}
}

/* ---- Streams */

/* Behind the end of a tar there is padding, and the digest is of that, too. */
static int drain(struct source *s)
{
	const void *p;
	ssize_t n;

	while ((n = pull(s, &p)) > 0)
		;
	return (int)n;
}

static void finish_digest(EVP_MD_CTX *hash, uint8_t ret[WD_SHA256_LEN])
{
	unsigned len = 0;

	EVP_DigestFinal_ex(hash, ret, &len);
}

static int finish(struct wd_archive *w)
{
	int r = drain(innermost(w));

	if (r < 0)
		say(w, "cut short", w->filter);
	if (r == 0 && w->ret->compressed)
		r = drain(&w->packed);
	if (r < 0)
		return r;
	if (w->packed.hash)
		finish_digest(w->packed.hash, w->ret->packed_digest);
	if (w->plain.hash)
		finish_digest(w->plain.hash, w->ret->unpacked_digest);
	if (!w->ret->compressed) /* they are the same bytes */
		memcpy(w->ret->unpacked_digest, w->ret->packed_digest, WD_SHA256_LEN);
	w->ret->digested = w->job->digests != 0;
	return 0;
}

static int run(struct wd_archive *w)
{
	int r = open_tar(w);

	if (r == 0)
		r = take_entries(w);
	if (r == 0)
		r = finish(w);
	w->ret->packed = w->packed.bytes;
	w->ret->unpacked = innermost(w)->bytes;
	archive_read_free(w->tar);
	archive_read_free(w->filter);
	wd_gunzip_free(w->plain.gzip);
	EVP_MD_CTX_free(w->packed.hash);
	EVP_MD_CTX_free(w->plain.hash);
	return r;
}

static int module_read(int fd, uint64_t offset, uint64_t length, const struct wd_archive_job *job,
		       struct wd_archive_result *ret)
{
	WD_CLEANUP_FREE char *block = malloc(BLOCK_SIZE);
	struct wd_archive w = {.job = job, .ret = ret};

	*ret = (struct wd_archive_result){0};
	if (!block)
		return -ENOMEM;
	w.packed = (struct source){.fd = fd,
				   .positioned = length != UINT64_MAX,
				   .offset = offset,
				   .left = length,
				   .block = block};
	return run(&w);
}

/* The front of the contents was read to look at it: it comes first. */
static int module_read_nested(struct wd_archive *outer, const struct wd_archive_job *job,
			      struct wd_archive_result *ret)
{
	struct wd_archive w = {.job = job, .ret = ret};
	int r;

	*ret = (struct wd_archive_result){0};
	w.packed.outer = outer->tar;
	w.packed.tap = job->events->packed ? job : NULL;
	w.packed.front[0] = outer->head_view;
	if (outer->block.len && outer->block_at != outer->head_view.len)
		return WD_EUNSUPPORTED;
	w.packed.front[1] = outer->block;
	r = run(&w);
	if (w.packed.tap)
		drain(&w.packed);
	return r;
}

extern const struct wd_archive_module wd_archive_module;
__attribute__((visibility("default"))) const struct wd_archive_module wd_archive_module = {
	.abi = WD_ARCHIVE_ABI,
	.read = module_read,
	.read_nested = module_read_nested,
};
