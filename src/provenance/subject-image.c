/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A subject that is an image. */
#include "provenance/subject.h"

#include "base/cleanup.h"
#include "base/status.h"
#include "base/tsv.h"

/*
 * What is read beside databases. An image is read once, so that it has to be known before which
 * files these are; a link's target cannot be known yet, and has the name mostly.
 */
static int keep_files(struct wd_keep *k)
{
	static const char *const patterns[] = {"**/os-release",
					       "**/os-release-*",
					       "**/*-os-release",
					       "etc/*-release",
					       "usr/lib/*-release",
					       "etc/static/*",
					       "etc/dpkg/dpkg.cfg",
					       "etc/dpkg/dpkg.cfg.d/*",
					       "usr/share/licenses/*/os-release",
					       "etc/pki/ca-trust/extracted/pem/*.pem",
					       "var/lib/ca-certificates/*.pem"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < WD_ARRAY_SIZE(patterns); i++)
		r = wd_keep_add(k, wd_blob_str(patterns[i]));
	return r;
}

/* Whose files are, by name. */
static int keep_accounts(struct wd_keep *k)
{
	int r = wd_keep_add(k, WD_BLOB("etc/passwd"));

	return r < 0 ? r : wd_keep_add(k, WD_BLOB("etc/group"));
}

static int keep_text(struct wd_keep *k, struct wd_blob path)
{
	WD_CLEANUP_BUF struct wd_buf siblings = WD_BUF_INIT;
	ptrdiff_t slash = wd_blob_rchr(path, '/');
	int r = wd_keep_add(k, path);

	wd_buf_blob(&siblings, wd_blob_head(path, slash < 0 ? 0 : (size_t)slash));
	if (r < 0 || siblings.len == 0 || wd_blob_is(wd_buf_view(&siblings), "etc") ||
	    wd_blob_chr(path, '*') >= 0)
		return r;
	wd_buf_str(&siblings, "/*");
	return siblings.status < 0 ? siblings.status : wd_keep_add(k, wd_buf_view(&siblings));
}

/* The texts that signals are looked for in, and what links to them beside them may lead to. */
static int keep_texts(struct wd_subject *s, struct wd_keep *k)
{
	struct wd_blob column[WD_TSV_COLUMNS], where;
	struct wd_tsv t;
	int r = wd_tsv_open(&t, s->options.data_dir, "signals.tsv");

	if (r < 0)
		return r;
	while (r == 0 && wd_tsv_next(&t, column) > 1) {
		if (!wd_blob_is(column[0], "text"))
			continue;
		while (r == 0 && wd_blob_word(&column[1], &where))
			r = where.ptr[0] == '!' ? 0 : keep_text(k, where);
	}
	wd_tsv_done(&t);
	return r;
}

static int open_container(struct wd_subject *s, const char *path, const struct wd_keep *keep)
{
	const struct wd_subject_options *o = &s->options;
	struct wd_container_options options = {
		.backends = o->backends,
		.module_dir = o->module_dir,
		.keep = keep,
		.facts = o->evidence != WD_EVIDENCE_NONE,
		.algos = o->contents,
		.choice = o->choice,
		.max_bytes = o->max_bytes ? o->max_bytes : WD_MAX_BYTES,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx,
	};
	WD_CLEANUP_FREE char *why = NULL;
	int r;

	r = wd_container_open(path, &options, &s->cat, &s->container, &why);
	if (r < 0 && why && asprintf(&s->data_error, "%s: %s", path, why) < 0)
		s->data_error = NULL;
	return r;
}

int wd_subject_open_image(struct wd_subject *s, const char *path)
{
	struct wd_keep keep = {0};
	int r = wd_keep_add_backends(&keep, s->options.backends);

	if (r == 0)
		r = keep_files(&keep);
	if (r == 0 && s->options.attributes)
		r = keep_accounts(&keep);
	if (r == 0 && s->options.evidence != WD_EVIDENCE_NONE)
		r = keep_texts(s, &keep);
	if (r == 0) {
		wd_keep_ready(&keep);
		r = open_container(s, path, &keep);
	}
	wd_keep_done(&keep);
	if (r < 0)
		return r;
	s->image = s->options.deleted ? s->container->deleted : s->container->image;
	s->root = s->image->root;
	s->tree = s->image->tree;
	return 0;
}

int wd_subject_open_gone(struct wd_subject *s)
{
	const struct wd_image *deleted = s->container ? s->container->deleted : NULL;
	struct wd_subject *gone;

	if (!deleted || deleted == s->image || s->gone || deleted->tree->nodes.n == 1)
		return 0;
	gone = calloc(1, sizeof(*gone));
	if (!gone)
		return -ENOMEM;
	*gone = (struct wd_subject){.name = s->name,
				    .options = {.backends = s->options.backends,
						.data_dir = s->options.data_dir,
						.module_dir = s->options.module_dir,
						.scan = true},
				    .root = deleted->root,
				    .image = deleted,
				    .tree = deleted->tree};
	s->gone = gone;
	return wd_subject_read(gone);
}

static int take_facts(struct wd_subject *s, wd_node_id id, const struct wd_container_file *file)
{
	struct wd_examined e = {.node = id,
				.fact = (uint32_t)s->cat.facts.n,
				.nfacts = file->nfacts,
				.status = file->status};
	int r = wd_array_reserve(&s->cat.facts, file->nfacts);

	for (uint32_t i = 0; r == 0 && i < file->nfacts; i++)
		s->cat.facts.v[s->cat.facts.n++] = s->container->facts.v[file->fact + i];
	return r < 0 ? r : wd_array_push(&s->cat.examined, e);
}

int wd_subject_image_facts(struct wd_subject *s, const wd_node_id *nodes, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct wd_image_content *c = wd_image_content(s->image, nodes[i]);

		if (c && c->tag != WD_TAG_NONE)
			r = take_facts(s, nodes[i], &s->container->files.v[c->tag]);
	}
	return r;
}
