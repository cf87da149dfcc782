/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/container.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "pkgdb/decode.h"
#include "pkgdb/layer-queue.h"
#include "pkgdb/store.h"
#include "rootfs/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void wd_container_free(struct wd_container *c)
{
	if (!c)
		return;
	wd_manifest_done(&c->manifest);
	wd_image_free(c->image);
	wd_image_free(c->deleted);
	wd_array_done(&c->facts);
	wd_array_done(&c->files);
	wd_image_details_done(&c->details);
	for (size_t i = 0; i < c->mappings.n; i++)
		munmap(c->mappings.v[i].bytes, c->mappings.v[i].size);
	wd_array_done(&c->mappings);
	free(c);
}

/* ---- What an input is */

static bool is_layout(const char *path)
{
	WD_CLEANUP_FREE char *marker = NULL;
	struct stat st;

	if (asprintf(&marker, "%s/oci-layout", path) < 0) {
		marker = NULL;
		return false;
	}
	return stat(marker, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_store(const char *path)
{
	WD_CLEANUP_FD int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && wd_store_is_one(fd);
}

bool wd_container_is_one(const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return true;
	if (stat(path, &st) < 0)
		return false;
	/* what <(COMMAND) of a shell is; another FIFO may have no writer, ever */
	if (S_ISFIFO(st.st_mode))
		return strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/", 6) == 0;
	return S_ISDIR(st.st_mode) ? is_layout(path) || is_store(path) : S_ISREG(st.st_mode);
}

static bool is_tar(struct wd_blob head)
{
	return wd_blob_is(wd_blob_head(wd_blob_skip(head, 257), 5), "ustar");
}

/* What has a magic of its own at the beginning may have any bytes further on. */
static bool may_be_archive(struct wd_blob head)
{
	return is_tar(head) || wd_blob_starts(head, WD_BLOB("\x1f\x8b")) ||
	       wd_blob_starts(head, WD_BLOB("\x28\xb5\x2f\xfd")) ||
	       wd_blob_starts(head, WD_BLOB("\xfd"
					    "7zXZ")) ||
	       wd_blob_starts(head, WD_BLOB("BZh"));
}

#define HEAD_SIZE (36 * 1024) /* ISO 9660 begins behind 32 KiB */

/* Filesystem images, which no library reads without mounting them. */
static const char *other_image(struct wd_blob head)
{
	static const struct {
		size_t at;
		struct wd_blob magic;
		const char *advice;
	} kinds[] = {
		{0,
		 {"hsqs", sizeof("hsqs") - 1},
		 "a squashfs image: unsquashfs -d DIR FILE extracts it"},
		{1080,
		 {"\x53\xef", sizeof("\x53\xef") - 1},
		 "an ext2, ext3 or ext4 image: debugfs -R 'rdump / DIR' FILE extracts it"},
		{1024,
		 {"\xe2\xe1\xf5\xe0", sizeof("\xe2\xe1\xf5\xe0") - 1},
		 "an EROFS image: fsck.erofs --extract=DIR FILE extracts it"},
		{0,
		 {"QFI\xfb", sizeof("QFI\xfb") - 1},
		 "a qcow2 disk image: guestfish --ro -i -a FILE copy-out / DIR extracts it"},
		{32769,
		 {"CD001", sizeof("CD001") - 1},
		 "an ISO 9660 image: bsdtar -xf FILE -C DIR extracts it"},
		{0,
		 {"!<arch>\n", sizeof("!<arch>\n") - 1},
		 "an ar archive, and no root filesystem"},
		{0,
		 {"PK\x03\x04", sizeof("PK\x03\x04") - 1},
		 "a zip archive, and no root filesystem"},
		{0,
		 {"07070", sizeof("07070") - 1},
		 "a cpio archive: bsdtar -xf FILE -C DIR extracts it"},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(kinds); i++)
		if (wd_blob_starts(wd_blob_skip(head, kinds[i].at), kinds[i].magic) &&
		    !(kinds[i].at && may_be_archive(head)))
			return kinds[i].advice;
	return NULL;
}

__attribute__((format(printf, 3, 4))) static int fail(char **why, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!*why && vasprintf(why, fmt, ap) < 0)
		*why = NULL;
	va_end(ap);
	return status;
}

/* ---- Opening */

struct opening {
	const struct wd_container_options *options;
	struct wd_catalog *cat;
	struct wd_container *c;
	char **why;
	int fd;			  /* of the file or the directory */
	bool directory;		  /* a layout or a store */
	bool store;		  /* the layers are directories, too */
	struct wd_decoding outer; /* of a file that holds layers */
	bool nested;		  /* which were decoded with it */
	struct wd_buf text;	  /* of the document read last, of a directory */
	struct wd_strpool names;  /* of the entries of the file, when layers are sought there, */
	WD_ARRAY(uint32_t) last;  /* and the last entry of each */
	const struct wd_hash_ops *hash;
};

static const struct wd_document *find_document(const struct wd_decoding *d, const char *name)
{
	for (size_t i = d->documents.n; i-- > 0;)
		if (strcmp(d->documents.v[i].name, name) == 0)
			return &d->documents.v[i];
	return NULL;
}

static struct wd_blob name_of(const struct wd_stream *s, size_t i)
{
	const struct wd_stream_entry *e = &s->entries.v[i];

	return wd_blob(wd_pool_at(&s->bytes, e->path), e->path_len);
}

/* The entry of that name that came last, or NULL. */
static const struct wd_stream_entry *find_entry(const struct wd_stream *s, struct wd_blob name)
{
	for (size_t i = s->entries.n; i-- > 0;)
		if (wd_blob_equal(name_of(s, i), name))
			return &s->entries.v[i];
	return NULL;
}

/* For find_indexed(): layers and entries may both be many. */
static int index_entries(struct opening *o)
{
	const struct wd_stream *s = o->outer.streams.v[0];
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < s->entries.n; i++) {
		uint32_t id;

		r = wd_strpool_intern(&o->names, name_of(s, i), &id);
		if (r == 0 && id > o->last.n)
			r = wd_array_push(&o->last, i);
		else if (r == 0 && id)
			o->last.v[id - 1] = i;
	}
	return r;
}

static const struct wd_stream_entry *find_indexed(const struct opening *o, const char *name)
{
	uint32_t id = wd_strpool_find(&o->names, wd_blob_str(name));

	return id ? &o->outer.streams.v[0]->entries.v[o->last.v[id - 1]] : NULL;
}

/*
 * docker save and skopeo write a layer that an image has twice as a link to its first place:
 * ../ID/layer.tar. Appends the path that is meant.
 */
static void follow_link(const struct opening *o, const char *name, struct wd_buf *out)
{
	const struct wd_stream *s = o->outer.streams.v[0];
	const struct wd_stream_entry *e = find_indexed(o, name);
	struct wd_blob target;

	if (e && (S_ISLNK(e->mode) || e->hard_link)) {
		target = wd_blob(wd_pool_at(&s->bytes, e->target), e->target_len);
		if (wd_blob_starts(target, WD_BLOB("../")))
			target = wd_blob_skip(target, 3);
		wd_buf_blob(out, target);
	} else {
		wd_buf_str(out, name);
	}
	wd_buf_byte(out, '\0');
}

/* The lists of a store are of all its images and layers. */
#define STORE_DOCUMENT_MAX (32u << 20)

static int read_file(struct opening *o, const char *name)
{
	size_t max = o->store ? STORE_DOCUMENT_MAX : WD_DOCUMENT_MAX;
	struct stat st;
	WD_CLEANUP_FD int fd = wd_open_beneath(o->fd, name, &st);

	o->text.len = 0;
	if (fd < 0)
		return fd;
	return S_ISREG(st.st_mode) ? wd_buf_read_fd(&o->text, fd, max) : WD_ENOTREG;
}

static int get_document(void *ctx, const char *name, struct wd_blob *ret)
{
	struct opening *o = ctx;
	const struct wd_document *doc;
	const struct wd_stream_entry *e;
	int r;

	if (o->directory) {
		r = read_file(o, name);
		*ret = wd_buf_view(&o->text);
		return r;
	}
	doc = find_document(&o->outer, name);
	if (!doc) {
		e = find_entry(o->outer.streams.v[0], wd_blob_str(name));
		return e && e->size > WD_DOCUMENT_MAX ? WD_ELIMIT : WD_EABSENT;
	}
	*ret = wd_buf_view(&doc->text);
	return 0;
}

static int list_directory(void *ctx, const char *dir, int (*each)(void *arg, struct wd_blob name),
			  void *arg)
{
	struct opening *o = ctx;
	struct wd_entries names = {0};
	struct stat st;
	WD_CLEANUP_FD int fd = wd_open_beneath(o->fd, dir, &st);
	int r = fd < 0 ? fd : S_ISDIR(st.st_mode) ? wd_entries_read(&names, fd, false) : WD_ENOTREG;

	for (size_t i = 0; r == 0 && i < names.list.n; i++)
		r = each(arg, names.list.v[i].name);
	wd_entries_done(&names);
	return r;
}

static bool digest_document(void *ctx, struct wd_blob text, struct wd_digest *ret)
{
	struct opening *o = ctx;
	struct wd_hasher *h;
	struct wd_hashes hashes;

	if (!o->hash)
		o->hash = wd_hash_load(o->options->module_dir);
	h = o->hash ? o->hash->new () : NULL;
	ret->known = h && o->hash->begin(h, 1u << WD_DIGEST_SHA256) == 0 &&
		     o->hash->update(h, text.ptr, text.len) == 0 && o->hash->end(h, &hashes) == 0;
	if (ret->known)
		memcpy(ret->sha256, hashes.digest[WD_DIGEST_SHA256], WD_SHA256_LEN);
	if (h)
		o->hash->free(h);
	return ret->known;
}

static void show_progress(const struct opening *o, const char *phase, size_t entries)
{
	if (o->options->progress)
		o->options->progress(o->options->progress_ctx, phase, (unsigned)entries);
}

static struct wd_decode_job decode_job(const struct opening *o, int fd, enum wd_decode_mode mode)
{
	return (struct wd_decode_job){
		.job.fd = fd,
		.module_dir = o->options->module_dir,
		.keep = o->options->keep,
		.backends =
			o->options->facts && mode != WD_DECODE_INDEX ? o->options->backends : NULL,
		.mode = mode,
		.length = UINT64_MAX,
		.max_bytes = o->options->max_bytes,
		.algos = mode == WD_DECODE_INDEX ? 0 : o->options->algos,
		.digests = mode == WD_DECODE_NEST ? WD_DIGEST_PACKED | WD_DIGEST_UNPACKED : 0};
}

/* Decodes the file as a whole; what is in it is in o->outer afterwards. */
static int decode_outer(struct opening *o, enum wd_decode_mode mode)
{
	struct wd_decode_job job = decode_job(o, o->fd, mode);
	int r;

	wd_decoding_done(&o->outer);
	r = wd_decoding_start(&job, o->cat, &o->outer);
	while (r == 0 && (r = wd_decoding_read(&o->outer)) > 0) {
		show_progress(o, "decoding", o->outer.streams.v[0]->entries.n);
		r = 0;
	}
	return r;
}

static bool holds_image(const struct opening *o)
{
	return find_document(&o->outer, "manifest.json") ||
	       (find_document(&o->outer, "oci-layout") && find_document(&o->outer, "index.json")) ||
	       /* too large to be looked at is no root filesystem, either */
	       (find_entry(o->outer.streams.v[0], WD_BLOB("manifest.json")) &&
		find_entry(o->outer.streams.v[0], WD_BLOB("manifest.json"))->size >
			WD_DOCUMENT_MAX);
}

/* A file of a layout, or a directory of a store. */
static int place_in_directory(struct opening *o, struct wd_image_layer *layer,
			      struct wd_layer_source *ret)
{
	const struct wd_manifest *m = &o->c->manifest;
	struct stat st;

	ret->fd = wd_open_beneath(o->fd, layer->blob, &st);
	if (ret->fd < 0)
		return ret->fd;
	ret->close_fd = true;
	if (!o->store) {
		ret->length = (uint64_t)st.st_size;
		return S_ISREG(st.st_mode) ? 0 : WD_ENOTREG;
	}
	ret->dir = ".";
	if (m->form == WD_LAYERS_ROOTS && layer > m->layers.v) {
		/* both are below the directory of the store */
		close(ret->fd);
		ret->fd = o->fd;
		ret->close_fd = false;
		ret->dir = layer->blob;
		ret->below = layer[-1].blob;
	}
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* Where the bytes of a layer are. */
static int place_layer(struct opening *o, struct wd_image_layer *layer, struct wd_layer_source *ret)
{
	WD_CLEANUP_BUF struct wd_buf name = WD_BUF_INIT;
	const struct wd_stream_entry *e;

	*ret = (struct wd_layer_source){.fd = -1, .layer = layer, .name = layer->blob};
	if (o->directory)
		return place_in_directory(o, layer, ret);
	follow_link(o, layer->blob, &name);
	if (name.status < 0)
		return name.status;
	for (size_t i = 1; o->nested && i < o->outer.streams.n; i++)
		if (strcmp(o->outer.streams.v[i]->name, name.ptr) == 0)
			ret->stream = o->outer.streams.v[i];
	if (o->nested)
		return ret->stream ? 0 : WD_EABSENT;
	e = find_indexed(o, name.ptr);
	if (!e || !S_ISREG(e->mode))
		return WD_EABSENT;
	ret->fd = o->fd;
	ret->offset = e->offset;
	ret->length = e->size;
	return 0;
}

static int queue_layers(struct opening *o, struct wd_layer_queue *q)
{
	struct wd_manifest *m = &o->c->manifest;
	int r = o->directory ? 0 : index_entries(o);

	for (size_t i = 0; r == 0 && i < m->layers.n; i++) {
		struct wd_layer_source source;

		r = place_layer(o, &m->layers.v[i], &source);

		if (r < 0 && r != -ENOMEM) {
			wd_catalog_error(o->cat, m->layers.v[i].blob, r, "layer %zu: %s", i + 1,
					 r == WD_EABSENT ? "missing" : wd_status_text(r));
			source.missing = true;
			r = 0;
		}
		if (r == 0)
			r = wd_array_push(&q->sources, source);
	}
	return r;
}

static int stack_image(struct opening *o)
{
	struct wd_documents docs = {get_document, digest_document, list_directory, o};
	struct wd_layer_queue q = {.job = decode_job(o, -1, WD_DECODE_LAYER),
				   .c = o->c,
				   .cat = o->cat,
				   .outer = &o->outer,
				   .progress = o->options->progress,
				   .progress_ctx = o->options->progress_ctx};
	struct wd_manifest *m = &o->c->manifest;
	int r = o->store ? wd_store_find(&docs, &o->options->choice, m, o->why)
			 : wd_manifest_find(&docs, &o->options->choice, m, o->why);

	if (r == 0)
		r = queue_layers(o, &q);
	if (r == 0)
		r = wd_layer_queue_run(&q);
	wd_layer_queue_done(&q);
	return r;
}

/* A tar of files: what was decoded, or what is still to be. */
static int stack_rootfs(struct opening *o, bool decoded)
{
	struct wd_layer_queue q = {.job = decode_job(o, -1, WD_DECODE_LAYER),
				   .c = o->c,
				   .cat = o->cat,
				   .outer = &o->outer,
				   .literal = true,
				   .progress = o->options->progress,
				   .progress_ctx = o->options->progress_ctx};
	struct wd_layer_source source = {.fd = o->fd, .length = UINT64_MAX, .name = "."};
	struct stat st;
	int r;

	o->c->is_rootfs = true;
	if (decoded)
		source.stream = o->outer.streams.v[0];
	else if (fstat(o->fd, &st) == 0)
		source.length = (uint64_t)st.st_size;
	r = wd_array_push(&q.sources, source);
	if (r == 0)
		r = wd_layer_queue_run(&q);
	wd_layer_queue_done(&q);
	return r;
}

/* Whether what was read until then is a result. */
static bool costs_the_rest(int status)
{
	switch (status) {
	case WD_ECORRUPT:
	case WD_ELIMIT:
	case WD_ECRASHED:
	case WD_ETIMEOUT:
	case WD_EPROTOCOL:
	case WD_EFORBIDDEN:
	case -ENOMEM: /* the worker's */
		return true;
	default:
		return false;
	}
}

/* Nothing of it can be shown, and why. */
static int no_archive(struct opening *o, const struct wd_stream *s)
{
	const char *why = s->result.fault;

	if (s->status == WD_ENOTMINE)
		return fail(o->why, s->status, "neither a root filesystem nor an image");
	/* the worker noted which module it is, and what is wrong with it */
	if (s->status == WD_EMODULE && o->outer.notes.n)
		why = o->outer.notes.v[0].text;
	return fail(o->why, s->status, "%s%s%s", wd_status_text(s->status), *why ? ": " : "", why);
}

static int open_archive(struct opening *o, bool in_place)
{
	const struct wd_stream *s;
	int r = decode_outer(o, in_place ? WD_DECODE_INDEX : WD_DECODE_NEST);

	if (r < 0)
		return r;
	s = o->outer.streams.v[0];
	if (s->status < 0 && (s->entries.n == 0 || !costs_the_rest(s->status)))
		return no_archive(o, s);
	o->nested = !in_place;
	if (!holds_image(o))
		return stack_rootfs(o, !in_place);
	if (s->status < 0)
		wd_catalog_error(o->cat, ".", s->status, "%s", s->result.fault);
	return stack_image(o);
}

/* A file that is compressed, or comes through a pipe, is read in one go. */
static int open_file(struct opening *o)
{
	WD_CLEANUP_BUF struct wd_buf head = WD_BUF_INIT;
	struct stat st;
	const char *advice;
	ssize_t n;

	if (fstat(o->fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode) || wd_buf_reserve(&head, HEAD_SIZE) < 0)
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENOMEM;
	if (!S_ISREG(st.st_mode))
		return open_archive(o, false);
	n = pread(o->fd, head.ptr, HEAD_SIZE, 0);
	if (n < 0)
		return -errno;
	head.len = (size_t)n;
	advice = other_image(wd_buf_view(&head));
	if (advice)
		return fail(o->why, WD_EUNSUPPORTED, "%s", advice);
	if (n == 0)
		return fail(o->why, WD_ENOTMINE, "empty file");
	return open_archive(o, is_tar(wd_buf_view(&head)));
}

static int open_any(struct opening *o, const char *path)
{
	WD_CLEANUP_FD int fd = -1;

	if (strcmp(path, "-") == 0) {
		o->fd = STDIN_FILENO;
		return open_file(o);
	}
	o->fd = fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	o->store = !is_layout(path) && wd_store_is_one(o->fd);
	o->directory = o->store || is_layout(path);
	return o->directory ? stack_image(o) : open_file(o);
}

int wd_container_open(const char *path, const struct wd_container_options *options,
		      struct wd_catalog *cat, struct wd_container **ret, char **ret_why)
{
	struct wd_container *c = calloc(1, sizeof(*c));
	struct opening o = {.options = options,
			    .cat = cat,
			    .c = c,
			    .why = ret_why,
			    .fd = -1,
			    .outer = {.spool = -1, .worker.pipe = -1}};
	int r = c ? open_any(&o, path) : -ENOMEM;

	wd_decoding_done(&o.outer);
	wd_buf_done(&o.text);
	wd_strpool_done(&o.names);
	wd_array_done(&o.last);
	if (r < 0) {
		wd_container_free(c);
		return r;
	}
	*ret = c;
	return 0;
}
