/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All that the program makes of what workers sent and of the files that it reads itself: owners,
 * distributions, evidence, the verdict, and the reports. The input is files, as request.h says: an
 * image in memory. The one named "records" is not in it; its lines are what was sent, in fields that
 * tabs separate:
 *
 *	d BACKEND PATH			a database, whose are the packages that follow
 *	p FLAGS NAME VERSION ...	a package, with its fields in order
 *	c FLAGS MODE DIR NAME TARGET DETAIL	a claim of it
 *	a PATH TARGET			a link that a script makes
 *	f PATH KIND VALUE		what was found in a file of the image
 *
 * Files below new/ are those of a second image, which has all others of the first, too, but for its
 * own "records"; where there are any, the two are compared.
 */
#include "pkgdb/descriptor.h"
#include "pkgdb/sink.h"
#include "pkgdb/wire.h"
#include "pkgdb/worker.h"
#include "provenance/distro-rules.h"
#include "provenance/excluded.h"
#include "report/diff.h"
#include "report/inspect.h"
#include "report/rows.h"
#include "report/verify.h"
#include "request.h"
#include "rootfs/image.h"

#include <cjson/cJSON.h>

static char names[][8] = {"apk",    "dpkg",    "flatpak", "nix", "opkg",
			  "pacman", "portage", "rpm",	  "sbom"};
static char purls[][8] = {"apk",  "deb",    "generic", "nix",	 "opkg",
			  "alpm", "ebuild", "rpm",     "generic"};
static struct wd_descriptor backends[WD_ARRAY_SIZE(names)];
/* The tables that are read once. */
static struct wd_signals signals;
static struct wd_distro_rules *rules;

static void prepare(void)
{
	struct wd_distros distros;
	unsigned line;

	for (size_t i = 0; i < WD_ARRAY_SIZE(names); i++)
		backends[i] = (struct wd_descriptor){.name = names[i], .purl = purls[i]};
	FUZZ_CHECK(wd_signals_read(&signals, WD_SRCDIR "/data", &line) == 0);
	FUZZ_CHECK(wd_distros_read(&distros, WD_SRCDIR "/data", &line) == 0);
	rules = distros.rules;
}

/* What rules know of packages is by the strings of one catalog. */
static struct wd_distro_rules *fresh_rules(void)
{
	for (size_t i = 0; i < rules->list.n; i++) {
		for (size_t k = 0; k < rules->list.v[i].nconditions; k++) {
			struct wd_condition *c = &rules->list.v[i].conditions[k];

			free(c->answers);
			c->answers = NULL;
			c->looks = 0;
		}
	}
	return rules;
}

#define SECOND "new/"

/* What a file is called in one of the images; the null blob where it is not in it. */
static struct wd_blob name_in(const struct fuzz_file *file, bool second)
{
	if (!wd_blob_starts(file->path, WD_BLOB(SECOND)))
		return file->path;
	return second ? wd_blob_skip(file->path, strlen(SECOND)) : WD_BLOB_NULL;
}

static struct wd_blob find_records(const struct fuzz_request *f, bool second)
{
	struct wd_blob records = WD_BLOB("");

	for (size_t i = 0; i < f->nfiles; i++)
		if (wd_blob_is(name_in(&f->files[i], second), "records"))
			records = f->files[i].bytes;
	return records;
}

static struct wd_image *make_image(const struct fuzz_request *f, bool second)
{
	struct wd_image *image, *deleted;
	struct wd_layers *l;

	FUZZ_CHECK(wd_layers_new(&l) == 0 && wd_layers_begin(l, false) == 0);
	for (size_t i = 0; i < f->nfiles; i++) {
		struct wd_layer_entry e = {.path = name_in(&f->files[i], second),
					   .size = f->files[i].bytes.len,
					   .mode = 0100755,
					   .bytes = f->files[i].bytes.ptr,
					   .tag = WD_TAG_NONE,
					   .detail = WD_DETAIL_NONE};

		if (wd_blob_starts(f->files[i].bytes, WD_BLOB("-> "))) {
			e.mode = 0120777;
			e.target = wd_blob_head(wd_blob_skip(f->files[i].bytes, 3), 4096);
		}
		if (e.path.len && !wd_blob_is(e.path, "records"))
			wd_layers_add(l, &e);
	}
	FUZZ_CHECK(wd_layers_finish(l, &image, &deleted) == 0);
	wd_layers_free(l);
	wd_image_free(deleted);
	return image;
}

/* ---- What was sent */

struct sender {
	struct wd_subject *s;
	struct wd_pipe_sink sink;
	struct wd_db *db; /* or NULL: it sends nothing */
};

static void begin(struct sender *to, const struct wd_descriptor *backend, const char *path)
{
	to->db = wd_db_new(backend, path);
	FUZZ_CHECK(to->db);
	wd_pipe_sink_init(&to->sink, fuzz_memfd(WD_BLOB("")));
	wd_pipe_sink_hello(&to->sink, 1);
}

/* What the parent takes of it. */
static void end(struct sender *to)
{
	struct wd_worker w = {.db = to->db, .pipe = to->sink.fd, .pid = -1};

	FUZZ_CHECK(wd_pipe_sink_done(&to->sink, 0) == 0 && lseek(w.pipe, 0, SEEK_SET) == 0);
	wd_buf_done(&to->sink.out);
	wd_buf_done(&to->sink.dir);
	wd_buf_done(&to->sink.work);
	while (wd_worker_read(&w, &to->s->cat) > 0)
		;
	FUZZ_CHECK(w.done && w.status == 0);
	wd_worker_done(&w);
	to->db->complete = true;
}

static void end_database(struct sender *to)
{
	if (!to->db)
		return;
	end(to);
	FUZZ_CHECK(wd_array_push(&to->s->cat.dbs, to->db) == 0);
	to->db = NULL;
}

static struct wd_blob take(struct wd_blob *line)
{
	struct wd_blob field = WD_BLOB("");

	wd_blob_token(line, '\t', &field);
	return field;
}

static uint32_t take_flags(struct wd_blob *line, unsigned count)
{
	uint64_t n = 0;

	wd_blob_u64(take(line), &n);
	return (uint32_t)n & ((1u << count) - 1);
}

static void begin_database(struct sender *to, struct wd_blob line)
{
	struct wd_blob name = take(&line);
	WD_CLEANUP_FREE char *path = strndup(line.len ? line.ptr : "", line.len);

	end_database(to);
	for (size_t i = 0; i < WD_ARRAY_SIZE(names); i++)
		if (wd_blob_is(name, names[i]))
			begin(to, &backends[i], path);
}

static void send_package(struct sender *to, struct wd_blob line)
{
	struct wd_package p = {.size = WD_SIZE_UNKNOWN};

	p.flags = take_flags(&line, WD_PACKAGE_FLAG_COUNT);
	for (size_t i = 0; i < WD_PACKAGE_FIELD_COUNT; i++)
		p.field[i] = take(&line);
	wd_sink_package(&to->sink.sink, &p);
}

static void send_claim(struct sender *to, struct wd_blob line)
{
	struct wd_claim c = {.size = WD_SIZE_UNKNOWN};

	c.flags = take_flags(&line, WD_CLAIM_FLAG_COUNT);
	c.mode = (uint16_t)take_flags(&line, 16);
	c.dir = take(&line);
	c.name = take(&line);
	c.target = take(&line);
	c.detail = line;
	wd_sink_claim(&to->sink.sink, &c);
}

static void send_databases(struct wd_subject *s, struct wd_blob rest)
{
	struct sender to = {.s = s};
	struct wd_blob line;

	while (wd_blob_token(&rest, '\n', &line)) {
		struct wd_blob kind = take(&line);

		if (wd_blob_is(kind, "d"))
			begin_database(&to, line);
		else if (to.db && wd_blob_is(kind, "p"))
			send_package(&to, line);
		else if (to.db && wd_blob_is(kind, "c"))
			send_claim(&to, line);
		else if (to.db && wd_blob_is(kind, "a"))
			wd_sink_alias(&to.sink.sink, take(&line), line);
	}
	end_database(&to);
	FUZZ_CHECK(wd_catalog_finish(&s->cat) == 0);
}

/* As those who examine files: each once, in order, and only regular ones. */
static void send_facts(struct wd_subject *s, struct wd_blob rest)
{
	struct sender to = {.s = s};
	wd_node_id last = WD_NODE_ROOT;
	struct wd_blob line;

	begin(&to, NULL, "");
	while (wd_blob_token(&rest, '\n', &line)) {
		bool fact = wd_blob_is(take(&line), "f");
		wd_node_id node = wd_tree_find(s->tree, take(&line), false);
		uint64_t kind = 0;

		if (!fact || node == WD_NODE_NONE || node < last || node == WD_NODE_ROOT ||
		    wd_tree_node(s->tree, node)->type != WD_TYPE_FILE)
			continue;
		if (node > last)
			wd_pipe_sink_file(&to.sink, node, 0);
		last = node;
		wd_blob_u64(take(&line), &kind);
		wd_sink_fact(&to.sink.sink, (enum wd_fact_kind)(kind % WD_FACT_KIND_COUNT), line);
	}
	if (last != WD_NODE_ROOT)
		wd_pipe_sink_file(&to.sink, WD_WIRE_NO_FILE, 0);
	end(&to);
	FUZZ_CHECK(wd_catalog_take_facts(&s->cat, to.db) == 0);
	wd_db_free(to.db);
}

/* ---- What is made of it */

static void find_owners(struct wd_subject *s)
{
	unsigned line;

	FUZZ_CHECK(wd_os_release_read(&s->root, &s->os) == 0);
	FUZZ_CHECK(wd_owners_build(&s->cat, s->tree, NULL, 0, &s->owners) == 0);
	FUZZ_CHECK(wd_excluded_mark(&s->owners) == 0);
	FUZZ_CHECK(wd_distros_assign(&s->distros, &s->cat, &s->os) == 0);
	FUZZ_CHECK(wd_attribute_all(&s->owners, s->options.data_dir, &line) == 0);
}

/* Every line is JSON, whatever the names are. */
static void check_json(struct wd_blob text)
{
	struct wd_blob line;

	while (wd_blob_token(&text, '\n', &line)) {
		cJSON *json = line.len ? cJSON_ParseWithLength(line.ptr, line.len) : NULL;

		FUZZ_CHECK(json || line.len == 0);
		cJSON_Delete(json);
	}
}

static int write_row(void *ctx, wd_node_id node, struct wd_blob path)
{
	return wd_rows_write(ctx, node, path);
}

static int write_map(struct wd_subject *s, struct wd_writer *w)
{
	struct wd_rows rows = {0};
	int r;

	wd_rows_init(&rows, s, w, false);
	r = w->format->begin(w);
	if (r == 0)
		r = wd_tree_each(s->tree, write_row, &rows);
	wd_rows_done(&rows);
	return r;
}

static int write_packages(struct wd_subject *s, struct wd_writer *w)
{
	return wd_rows_packages(s, &(const struct wd_packages_choice){0}, w);
}

/* Without digests, which take a module. */
static int write_verify(struct wd_subject *s, struct wd_writer *w)
{
	struct wd_verify v = {0};
	int r = wd_verify_read(s, NULL, NULL, NULL, &v);

	if (r == 0)
		r = wd_verify_rows(&v, w);
	wd_verify_done(&v);
	return r;
}

static void check_rows(struct wd_subject *s, int (*write)(struct wd_subject *, struct wd_writer *))
{
	struct wd_out out = {.buf = WD_BUF_INIT, .fd = -1};
	struct wd_writer w = {.format = &wd_format_ndjson, .out = &out};
	int r = write(s, &w);

	if (r == 0)
		r = w.format->end(&w, &s->cat);
	/* what is too much for the buffer has nowhere to go */
	FUZZ_CHECK(r == 0 || out.status < 0);
	if (r == 0)
		check_json(wd_buf_view(&out.buf));
	fuzz_found += w.rows;
	wd_buf_done(&out.buf);
}

static void check_verdict(const struct wd_subject *s, const struct wd_verdict *v)
{
	struct wd_out text = {.buf = WD_BUF_INIT, .fd = -1};
	WD_CLEANUP_BUF struct wd_buf json = WD_BUF_INIT;

	/* nobody is sure of nothing */
	FUZZ_CHECK(v->summary && (v->confidence == WD_STRENGTH_NONE || v->distro >= 0));
	FUZZ_CHECK(v->distro < (int)s->distros.list.n);
	FUZZ_CHECK(wd_inspect_json(s, v, WD_INSPECT_EVIDENCE, &json) == 0);
	check_json(wd_buf_view(&json));
	wd_inspect_text(s, v, WD_INSPECT_EVIDENCE, &text);
	fuzz_touch(wd_buf_view(&text.buf));
	fuzz_found += v->lineages.n;
	wd_buf_done(&text.buf);
}

/* ---- One root filesystem, and another */

struct made {
	struct wd_image *image;
	struct wd_subject s;
	struct wd_verdict verdict;
};

static void make(struct made *m, const struct fuzz_request *f, bool second)
{
	static const struct wd_descriptors none;
	struct wd_subject *s = &m->s;

	m->image = make_image(f, second);
	*s = (struct wd_subject){.name = "root",
				 .root = m->image->root,
				 .tree = m->image->tree,
				 .signals = signals,
				 .has_signals = true,
				 .distros.rules = fresh_rules()};
	s->options.data_dir = WD_SRCDIR "/data";
	s->options.backends = &none;
	s->options.attribute = true;
	send_databases(s, find_records(f, second));
	send_facts(s, find_records(f, second));
	find_owners(s);
	FUZZ_CHECK(wd_subject_gather(s) == 0);
	FUZZ_CHECK(wd_subject_judge(s, &m->verdict) == 0);
	check_verdict(s, &m->verdict);
}

static void made_done(struct made *m)
{
	wd_verdict_done(&m->verdict);
	m->s.signals = (struct wd_signals){0};
	m->s.distros.rules = NULL;
	m->image->tree = NULL; /* it is the subject's */
	wd_subject_done(&m->s);
	wd_image_free(m->image);
}

static void check_diff(struct made *a, struct made *b)
{
	struct wd_out out = {.buf = WD_BUF_INIT, .fd = -1};
	struct wd_writer w = {.format = &wd_format_ndjson, .out = &out};
	struct wd_diff d;

	FUZZ_CHECK(wd_diff_make(&a->s, &b->s, NULL, &d) == 0);
	if (wd_diff_rows(&d, &a->verdict, &b->verdict, &w) == 0)
		check_json(wd_buf_view(&out.buf));
	fuzz_found += w.rows;
	wd_diff_done(&d);
	wd_buf_done(&out.buf);
}

static bool has_second(const struct fuzz_request *f)
{
	for (size_t i = 0; i < f->nfiles; i++)
		if (wd_blob_starts(f->files[i].path, WD_BLOB(SECOND)))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_request request;
	struct made a, b;

	if (signals.list.n == 0)
		prepare();
	fuzz_request_init(&request, "root/", wd_blob(data, size));
	make(&a, &request, false);
	check_rows(&a.s, write_map);
	check_rows(&a.s, write_packages);
	check_rows(&a.s, write_verify);
	if (has_second(&request)) {
		make(&b, &request, true);
		check_diff(&a, &b);
		made_done(&b);
	}
	made_done(&a);
	fuzz_request_done(&request);
	return 0;
}
