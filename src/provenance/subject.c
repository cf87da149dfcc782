/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/subject.h"

#include "base/status.h"
#include "pkgdb/fence.h"
#include "provenance/excluded.h"
#include "provenance/reference-use.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* A status of reading a data table: says which and where, since it is ours and not the rootfs'. */
static int data_status(struct wd_subject *s, int r, const char *table, unsigned line)
{
	if (r < 0 && r != -ENOMEM && !s->data_error &&
	    asprintf(&s->data_error, "%s/%s:%u: %s", s->options.data_dir, table, line,
		     r == WD_ECORRUPT ? "row is not understood" : wd_status_text(r)) < 0)
		s->data_error = NULL;
	return r;
}

static void take_tree_errors(struct wd_subject *s)
{
	for (size_t i = 0; i < s->tree->errors.n; i++) {
		const struct wd_tree_error *e = &s->tree->errors.v[i];

		wd_catalog_error(&s->cat, *e->path ? e->path : ".", e->status, "%s: %s",
				 s->tree->exhausted && e->status == WD_ELIMIT
					 ? "from here on, links are not followed"
					 : "directory cannot be read",
				 wd_status_text(e->status));
	}
}

static int cmp_errors(const void *a, const void *b)
{
	const struct wd_cat_error *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	return c ? c : strcmp(x->message, y->message);
}

static void sort_errors(struct wd_catalog *cat)
{
	if (cat->errors.n)
		qsort(cat->errors.v, cat->errors.n, sizeof(*cat->errors.v), cmp_errors);
}

static int cmp_dbs(const void *a, const void *b)
{
	const struct wd_db *x = *(struct wd_db *const *)a, *y = *(struct wd_db *const *)b;
	int c = strcmp(x->backend->name, y->backend->name);

	return c ? c : strcmp(x->path, y->path);
}

/* A database that was probed through a symlinked directory is named by its real path. */
static int canonical_paths(struct wd_subject *s)
{
	for (size_t i = 0; i < s->cat.dbs.n; i++) {
		struct wd_db *db = s->cat.dbs.v[i];
		WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
		wd_node_id node = wd_tree_find(s->tree, wd_blob_str(db->path), false);

		if (node == WD_NODE_NONE)
			continue;
		wd_tree_path(s->tree, node, &path);
		wd_buf_byte(&path, '\0');
		if (path.status < 0)
			return path.status;
		free(db->path);
		db->path = WD_TAKE_PTR(path.ptr);
	}
	return 0;
}

static void show_progress(struct wd_subject *s, const char *phase)
{
	if (s->options.progress)
		s->options.progress(s->options.progress_ctx, phase, atomic_load(&s->tree->scanned));
}

/* Whether a file is to be looked into, as far as is known of it yet. */
static bool is_wanted(const struct wd_subject *s, wd_node_id node)
{
	const struct wd_node *n = wd_tree_node(s->tree, node);

	if (n->flags & WD_NODE_STAT &&
	    !wd_may_be_program(wd_tree_name(s->tree, node), n->mode, n->size))
		return false;
	return s->options.evidence == WD_EVIDENCE_ALL ||
	       wd_owners_basis(&s->owners, node) == WD_BASIS_NONE;
}

/* Those of the nodes that are, in place. */
static size_t keep_wanted(const struct wd_subject *s, wd_node_id *nodes, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (is_wanted(s, nodes[i]))
			nodes[kept++] = nodes[i];
	return kept;
}

static int read_signals(struct wd_subject *s)
{
	unsigned line = 0;

	if (s->has_signals)
		return 0;
	s->has_signals = true;
	return data_status(s, wd_signals_read(&s->signals, s->options.data_dir, &line),
			   "signals.tsv", line);
}

/* What is known before anything has come. */
static int read_tables(struct wd_subject *s)
{
	unsigned line;
	int r = wd_distros_read(&s->distros, s->options.data_dir, &line);

	if (r < 0)
		return data_status(s, r, "distros.tsv", line);
	return s->options.evidence == WD_EVIDENCE_NONE || s->options.later ? 0 : read_signals(s);
}

/* Gives the workers that look into files their files. */
static int begin_examining(struct wd_subject *s)
{
	WD_CLEANUP_FREE wd_node_id *nodes = NULL;
	size_t n;
	int r;

	if ((!s->examine && !s->image) || s->examining)
		return 0;
	s->examining = true;
	r = wd_evidence_candidates(s->tree, &s->signals, &nodes, &n);
	if (r < 0)
		return r;
	n = keep_wanted(s, nodes, n);
	return s->image ? wd_subject_image_facts(s, nodes, n)
			: wd_examine_files(s->examine, s->tree, nodes, n);
}

/* Once the scan is over, claims are resolved as they come, while the workers do the rest. */
static int tick(void *ctx, struct wd_load *load)
{
	struct wd_subject *s = ctx;
	struct wd_db *db;
	int r = 0;

	show_progress(s, "reading");
	if (!s->options.owners || !s->options.scan || !atomic_load(&s->tree->settled))
		return 0;
	if (s->options.evidence == WD_EVIDENCE_ALL)
		r = begin_examining(s);
	for (size_t i = 0; r == 0 && (db = wd_load_db(load, i)); i++)
		r = wd_owners_resolve(db, s->tree, NULL, 0);
	return r;
}

static void *scan_thread(void *arg)
{
	struct wd_subject *s = arg;

	return (void *)(intptr_t)wd_tree_scan(s->tree);
}

static int join_scan(struct wd_subject *s, pthread_t thread)
{
	void *result;

	for (;;) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 100 * 1000 * 1000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (pthread_timedjoin_np(thread, &result, &until) == 0)
			return (int)(intptr_t)result;
		show_progress(s, "reading");
	}
}

/* Where no worker can be had, what databases say is still worth having. */
static int start_examining(struct wd_subject *s)
{
	int r = wd_examine_start(&s->root, s->options.backends, &s->examine);

	if (r < 0 && r != -ENOMEM) {
		wd_catalog_error(&s->cat, ".", r, "files were not examined: %s", wd_status_text(r));
		r = 0;
	}
	return r;
}

/*
 * The scan runs while the workers parse and this thread takes what they send. The forks come
 * first, while the process is small and has one thread.
 */
static int load_and_scan(struct wd_subject *s)
{
	uint32_t want = (s->options.digests ? WD_WANT_DIGESTS : 0) |
			(s->options.attributes ? WD_WANT_ATTRIBUTES : 0);
	bool full =
		s->options.scan || (!s->options.plain && wd_load_needs_scan(s->options.backends));
	struct wd_load *load;
	bool threaded = false;
	pthread_t thread;
	int scan = 0;
	int r = wd_load_start(&s->root, s->options.backends, want, &s->cat, &load);

	if (r < 0)
		return r;
	if (s->options.evidence != WD_EVIDENCE_NONE && !s->image)
		r = start_examining(s);
	if (r < 0) {
		wd_load_abort(load);
		return r;
	}
	s->tree->want_stat = s->options.stat || s->options.nreferences;
	s->tree->cross = s->options.cross;
	if (full)
		threaded = pthread_create(&thread, NULL, scan_thread, s) == 0;
	r = read_tables(s);
	if (r == 0)
		r = wd_load_gather(load, tick, s);
	if (threaded)
		scan = join_scan(s, thread);
	else if (full)
		scan = wd_tree_scan(s->tree);
	if (r == 0 && s->options.evidence == WD_EVIDENCE_ALL)
		r = begin_examining(s);
	if (r == 0 && !s->options.plain)
		r = wd_load_patterns(load, s->tree, tick, s);
	if (r == 0)
		r = wd_load_finish(load);
	else
		wd_load_abort(load);
	if (r < 0)
		return r;
	if (scan == WD_ELIMIT)
		wd_catalog_error(&s->cat, ".", scan, "more entries than can be kept");
	return scan == WD_ELIMIT ? 0 : scan;
}

static int read_os_release(struct wd_subject *s)
{
	int r = wd_os_release_read(&s->root, &s->os);

	if (r == 0 && s->os.status < 0)
		wd_catalog_error(&s->cat, s->os.path, s->os.status, NULL);
	return r;
}

static int find_owners(struct wd_subject *s)
{
	unsigned line = 0;
	int r = canonical_paths(s);

	if (r == 0 && s->options.owners)
		r = wd_owners_build(&s->cat, s->tree, NULL, 0, &s->owners);
	if (r == 0 && s->options.owners)
		r = wd_excluded_mark(&s->owners);
	if (r == 0)
		r = wd_distros_assign(&s->distros, &s->cat, &s->os);
	if (r < 0)
		return r;
	if (s->options.attribute)
		r = wd_attribute_all(&s->owners, s->options.data_dir, &line);
	return data_status(s, r, "generated.tsv", line);
}

static int examine_tick(void *ctx)
{
	show_progress(ctx, "examining");
	return 0;
}

/* Contents are compared of files that have no owner, or one that was only inferred. */
static int ask_references(struct wd_subject *s)
{
	WD_CLEANUP_FREE uint8_t *wanted = calloc(s->tree->nodes.n, sizeof(*wanted));
	struct wd_question q = {.refs = s->options.references,
				.nrefs = s->options.nreferences,
				.module_dir = s->options.module_dir,
				.tree = s->tree,
				.wanted = wanted,
				.cat = &s->cat};
	int r;

	if (!wanted)
		return -ENOMEM;
	for (wd_node_id i = 0; i < s->tree->nodes.n; i++) {
		enum wd_basis basis = wd_owners_basis(&s->owners, i);

		wanted[i] = basis == WD_BASIS_NONE || basis == WD_BASIS_INFERRED;
	}
	show_progress(s, "comparing");
	r = wd_reference_ask(&q, &s->answer);
	return r < 0 ? r : wd_reference_evidence(&s->answer, &s->owners, &s->distros, &s->evidence);
}

/* Exact knowledge first: contents, then what files say of themselves, then paths. */
static int attribute_rest(struct wd_subject *s)
{
	int r = wd_reference_by_contents(&s->owners, &s->distros, &s->answer);

	if (r == 0)
		r = wd_attribute_elf(&s->owners, &s->evidence, &s->lineages);
	return r < 0 ? r : wd_reference_by_paths(&s->owners, &s->distros, &s->answer, &s->lineages);
}

static int find_lineages(struct wd_subject *s)
{
	struct wd_deleted deleted;
	int r = wd_subject_open_gone(s);

	if (r < 0)
		return r;
	if (s->gone)
		deleted = (struct wd_deleted){&s->gone->cat, &s->gone->distros, &s->gone->os};
	return wd_lineages_find(&s->owners, &s->distros, &s->os, s->gone ? &deleted : NULL,
				&s->evidence, s->libc, &s->lineages);
}

int wd_subject_gather(struct wd_subject *s)
{
	int r = read_signals(s);

	if (r == 0)
		r = begin_examining(s);
	if (r == 0 && s->examine)
		r = wd_examine_finish(WD_TAKE_PTR(s->examine), &s->cat, examine_tick, s);
	if (r == 0)
		r = wd_evidence_gather(s->tree, &s->cat, &s->signals, &s->evidence);
	if (r < 0)
		return r;
	if (s->options.nreferences) {
		r = ask_references(s);
		if (r < 0)
			return r;
	}
	r = wd_libc_find(s->tree, &s->cat, s->options.data_dir, &s->libc);
	if (r < 0)
		return data_status(s, r, "programs.tsv", 0);
	r = find_lineages(s);
	if (r == 0 && s->options.attribute)
		r = attribute_rest(s);
	sort_errors(&s->cat);
	return r < 0 ? r : wd_subject_whole(s);
}

int wd_subject_whole(const struct wd_subject *s)
{
	return s->tree->lost || s->cat.errors_lost ? -ENOMEM : 0;
}

int wd_subject_read(struct wd_subject *s)
{
	int r = load_and_scan(s);

	if (r == 0)
		r = read_os_release(s);
	if (r == 0 && s->cat.dbs.n)
		qsort(s->cat.dbs.v, s->cat.dbs.n, sizeof(*s->cat.dbs.v), cmp_dbs);
	if (r == 0)
		r = wd_catalog_finish(&s->cat);
	if (r == 0)
		r = find_owners(s);
	if (r == 0 && s->options.evidence != WD_EVIDENCE_NONE && !s->options.later)
		r = wd_subject_gather(s);
	if (r < 0)
		return r;
	take_tree_errors(s);
	sort_errors(&s->cat);
	return wd_subject_whole(s);
}

/* The option that only an image can answer, or NULL. */
static const char *for_images(const struct wd_subject_options *o)
{
	return o->deleted	    ? "deleted"
	       : o->choice.ref	    ? "image"
	       : o->choice.platform ? "platform"
				    : NULL;
}

int wd_subject_open(struct wd_subject *s, const char *path,
		    const struct wd_subject_options *options)
{
	int r;

	*s = (struct wd_subject){.name = path, .options = *options, .root.fd = -1};
	if (wd_container_is_one(path)) {
		r = wd_subject_open_image(s, path);
	} else if (for_images(options)) {
		r = asprintf(&s->data_error, "%s: --%s: this is no image", path,
			     for_images(options)) < 0
			    ? -ENOMEM
			    : WD_ENOTMINE;
	} else {
		r = wd_root_open(path, &s->root);
		if (r == 0)
			r = wd_tree_new(&s->root, &s->tree);
	}
	return r < 0 ? r : wd_subject_read(s);
}

int wd_subject_judge(struct wd_subject *s, struct wd_verdict *ret)
{
	const struct wd_case c = {.owners = &s->owners,
				  .distros = &s->distros,
				  .os = &s->os,
				  .evidence = &s->evidence,
				  .lineages = &s->lineages,
				  .libc = s->libc};
	unsigned line = 0;
	int r;

	*ret = (struct wd_verdict){0};
	r = wd_verdict_reach(&c, ret);
	if (r < 0)
		return r;
	r = wd_style_find(s->tree, s->options.data_dir, &ret->style, &line);
	return r < 0 ? data_status(s, r, "programs.tsv", line) : wd_subject_whole(s);
}

int wd_subject_own_names(struct wd_subject *s, const struct wd_blob *names, size_t nnames)
{
	int r;

	wd_owners_done(&s->owners);
	for (size_t i = 0; i < s->cat.dbs.n; i++)
		s->cat.dbs.v[i]->nresolved = 0;
	r = wd_owners_build(&s->cat, s->tree, names, nnames, &s->owners);
	return r < 0 ? r : wd_excluded_mark(&s->owners);
}

uint32_t wd_subject_fences(const struct wd_subject *s)
{
	uint32_t unfenced = s->cat.unfenced | (s->gone ? s->gone->cat.unfenced : 0);

	for (size_t i = 0; i < s->options.nreferences; i++)
		unfenced |= s->options.references[i].unfenced;
	return wd_fence_available() & ~unfenced;
}

uint32_t wd_subject_own_word(const struct wd_subject *s, wd_node_id node)
{
	const struct wd_origin *o = wd_evidence_origin(&s->evidence, node);

	return o ? s->lineages.word_of_item[o->item] : 0;
}

void wd_subject_done(struct wd_subject *s)
{
	if (s->examine)
		wd_examine_finish(s->examine, &s->cat, NULL, NULL);
	wd_answer_done(&s->answer);
	wd_lineages_done(&s->lineages);
	wd_evidence_done(&s->evidence);
	wd_signals_done(&s->signals);
	wd_owners_done(&s->owners);
	wd_distros_done(&s->distros);
	wd_os_release_done(&s->os);
	wd_catalog_done(&s->cat);
	if (s->gone)
		wd_subject_done(s->gone);
	free(s->gone);
	s->gone = NULL;
	if (!s->image)
		wd_tree_free(s->tree);
	wd_container_free(s->container);
	wd_root_done(&s->root);
	free(s->data_error);
	s->data_error = NULL;
	s->examine = NULL;
	s->tree = NULL;
}
