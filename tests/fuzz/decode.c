/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a worker that decodes archives may send: any bytes. */
#include "base/hash.h"
#include "pkgdb/decode.h"
#include "fuzz.h"
#include "pkgdb/limits.h"

#define SPOOL 4096

static void check_entry(const struct wd_stream *s, const struct wd_stream_entry *e, size_t nfacts)
{
	struct wd_blob path = wd_blob(wd_pool_at(&s->bytes, e->path), e->path_len), name;

	fuzz_touch(wd_blob(wd_pool_at(&s->bytes, e->target), e->target_len));
	while (wd_blob_token(&path, '/', &name))
		FUZZ_CHECK(name.len && name.len < 256 && !wd_blob_is(name, ".."));
	FUZZ_CHECK(e->kept == WD_NOT_KEPT || (e->kept <= SPOOL && e->size <= SPOOL - e->kept));
	FUZZ_CHECK(e->nfacts <= WD_LIMIT_FACTS && e->fact + e->nfacts <= nfacts);
	FUZZ_CHECK(e->examine_status <= 0);
	fuzz_found++;
}

static void check_detail(const struct wd_decoding *d, const struct wd_image_details *all,
			 const struct wd_image_detail *detail)
{
	FUZZ_CHECK(d->algos && detail->caps_len <= WD_CAPS_MAX);
	if (detail->caps_len)
		fuzz_touch(wd_blob(wd_pool_at(&all->bytes, detail->caps), detail->caps_len));
	for (unsigned algo = 0; detail->hashed && algo < WD_HASH_ALGOS; algo++)
		fuzz_touch(
			wd_hash_packed(wd_pool_at(&all->bytes, detail->digests), d->algos, algo));
}

static void check(const struct wd_decoding *d)
{
	for (size_t i = 0; i < d->streams.n; i++) {
		const struct wd_stream *s = d->streams.v[i];

		FUZZ_CHECK(s->status <= 0 && (s->ended || s->status < 0));
		FUZZ_CHECK(strlen(s->result.fault) < sizeof(s->result.fault));
		for (size_t k = 0; k < s->entries.n; k++)
			check_entry(s, &s->entries.v[k], d->facts.n);
		FUZZ_CHECK(s->details.list.n <= s->entries.n);
		for (size_t k = 0; k < s->details.list.n; k++)
			check_detail(d, &s->details, &s->details.list.v[k]);
	}
	for (size_t i = 0; i < d->documents.n; i++) {
		FUZZ_CHECK(*d->documents.v[i].name != '/');
		fuzz_touch(wd_buf_view(&d->documents.v[i].text));
		fuzz_found++;
	}
	for (size_t i = 0; i < d->notes.n; i++) {
		FUZZ_CHECK(d->notes.v[i].status <= 0);
		fuzz_touch(wd_blob_str(d->notes.v[i].path));
		fuzz_touch(wd_blob_str(d->notes.v[i].text));
	}
	for (size_t i = 0; i < d->facts.n; i++)
		fuzz_touch(wd_strpool_get(&d->cat->strings, d->facts.v[i].value));
}

/* As wd_decoding_start() leaves it, but that there is no process. */
static void begin(struct wd_decoding *d)
{
	struct wd_stream *s = calloc(1, sizeof(*s));

	FUZZ_CHECK(s && (s->name = strdup("")));
	s->details.algos = d->algos;
	FUZZ_CHECK(wd_array_push(&d->streams, s) == 0 && wd_array_push(&d->open, 0) == 0);
}

static void take(struct wd_blob input, uint32_t algos)
{
	static const char spool[SPOOL];
	struct wd_catalog cat = {0};
	struct wd_decoding d = {
		.worker = {.pid = -1, .pipe = fuzz_memfd(input), .deadline = wd_worker_now() + 100},
		.spool = fuzz_memfd(wd_blob(spool, sizeof(spool))),
		.algos = algos,
		.cat = &cat};

	begin(&d);
	while (wd_decoding_read(&d) > 0)
		;
	check(&d);
	wd_decoding_done(&d);
	wd_catalog_done(&cat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	take(wd_blob(data, size), 0);
	take(wd_blob(data, size), WD_HASH_RECORDED);
	return 0;
}
