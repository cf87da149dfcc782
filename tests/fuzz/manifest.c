/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which image an archive or a store is meant to be: the documents of one. The input is several
 * files, as request.h says; the one named "ref" is what --image would be, and what stands before
 * the files is the platform.
 */
#include "pkgdb/manifest.h"
#include "pkgdb/store.h"
#include "request.h"

struct documents {
	struct fuzz_request request;
	struct wd_buf text;
};

static int get(void *ctx, const char *name, struct wd_blob *ret)
{
	struct documents *d = ctx;
	int fd = d->request.req.open(&d->request.req, name), r;

	d->text.len = 0;
	if (fd < 0)
		return fd;
	r = wd_buf_read_fd(&d->text, fd, 1 << 20);
	close(fd);
	*ret = wd_buf_view(&d->text);
	return r;
}

struct listing {
	int (*each)(void *arg, struct wd_blob name);
	void *arg;
};

static int list_one(void *ctx, const char *name, unsigned char type)
{
	const struct listing *l = ctx;

	(void)type;
	return l->each(l->arg, wd_blob_str(name));
}

static int list(void *ctx, const char *dir, int (*each)(void *arg, struct wd_blob name), void *arg)
{
	struct documents *d = ctx;
	struct listing l = {each, arg};

	return d->request.req.list(&d->request.req, dir, list_one, &l);
}

/* Most cannot be told; what is told is that of no document. */
static bool digest(void *ctx, struct wd_blob text, struct wd_digest *ret)
{
	(void)ctx;
	fuzz_touch(text);
	ret->known = text.len % 8 == 7;
	memset(ret->sha256, 0xbd, sizeof(ret->sha256));
	return ret->known;
}

static char *text_of(struct documents *d, const char *name)
{
	struct wd_blob text;

	return get(d, name, &text) == 0 ? strndup(text.len ? text.ptr : "", text.len) : NULL;
}

static void touch(const char *text)
{
	fuzz_touch(wd_blob_str(text ? text : ""));
}

static void check_manifest(const struct wd_manifest *m)
{
	FUZZ_CHECK(m->config_blob);
	for (size_t i = 0; i < m->layers.n; i++) {
		FUZZ_CHECK(m->layers.v[i].blob);
		touch(m->layers.v[i].blob);
		touch(m->layers.v[i].history);
		fuzz_found++;
	}
	for (size_t i = 0; i < m->entrypoint.n; i++)
		touch(m->entrypoint.v[i]);
	for (size_t i = 0; i < m->command.n; i++)
		touch(m->command.v[i]);
	for (size_t i = 0; i < m->labels.n; i++)
		touch(m->labels.v[i].value);
	for (size_t i = 0; i < m->annotations.n; i++)
		touch(m->annotations.v[i].value);
	touch(m->ref);
	touch(m->user);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct documents d = {.text = WD_BUF_INIT};
	struct wd_documents docs = {get, digest, list, &d};
	struct wd_manifest m = {0};
	WD_CLEANUP_FREE char *ref = NULL, *why = NULL, *platform = NULL;
	struct wd_choice choice;
	int r;

	fuzz_request_init(&d.request, "platform", wd_blob(data, size));
	FUZZ_CHECK(wd_buf_read_fd(&d.text, d.request.req.fd, 1 << 20) == 0);
	platform = strndup(d.text.len ? d.text.ptr : "", d.text.len);
	ref = text_of(&d, "ref");
	choice = (struct wd_choice){ref, platform};
	r = wd_manifest_find(&docs, &choice, &m, &why);
	FUZZ_CHECK(r == 0 || (r < 0 && why && *why));
	if (r == 0)
		check_manifest(&m);
	wd_manifest_done(&m);
	free(why);
	why = NULL;
	r = wd_store_find(&docs, &choice, &m, &why);
	FUZZ_CHECK(r == 0 || (r < 0 && why && *why));
	if (r == 0)
		check_manifest(&m);
	wd_manifest_done(&m);
	wd_buf_done(&d.text);
	fuzz_request_done(&d.request);
	return 0;
}
