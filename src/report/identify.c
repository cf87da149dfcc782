/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/identify.h"

#include "base/status.h"
#include "report/text.h"

#include <inttypes.h>
#include <string.h>

/* Below this share a package whose paths are there, and no contents, is not told from chance. */
#define SHARE_MIN 0.5

#define CANDIDATES_SHOWN 10

/* ---- What is shown */

static struct wd_blob string(const struct wd_identity *id, uint32_t s)
{
	return wd_strpool_get(&id->answer->strings, s);
}

static const struct wd_ref_package *package_of(const struct wd_identity *id,
					       const struct wd_found_package *p)
{
	return &id->answer->packages.v[p->package];
}

/* Where the package of a name and version stands in the list: it is added there if it is new. */
static int find_package(struct wd_identity *id, struct wd_strpool *keys, uint32_t package,
			uint32_t *ret)
{
	const struct wd_ref_package *p = &id->answer->packages.v[package];
	const uint32_t key[] = {p->name, p->version, p->arch};
	size_t known = keys->entries.n;
	int r = wd_strpool_intern(keys, wd_blob(key, sizeof(key)), ret);

	*ret -= r == 0;
	if (r < 0)
		return r;
	if (keys->entries.n > known)
		return wd_array_push(&id->packages,
				     ((struct wd_found_package){.package = package}));
	if (p->share > package_of(id, &id->packages.v[*ret])->share)
		id->packages.v[*ret].package = package;
	return 0;
}

static int gather(struct wd_identity *id)
{
	const struct wd_answer *a = id->answer;
	struct wd_strpool keys = {0};
	wd_node_id last = WD_NODE_NONE;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->matches.n; i++) {
		const struct wd_match *m;
		uint32_t at;

		if (a->matches.v[i].node == last)
			continue;
		last = a->matches.v[i].node;
		m = wd_answer_choose(a, last, 0);
		if (!m)
			continue;
		r = find_package(id, &keys, m->package, &at);
		if (r < 0)
			break;
		id->packages.v[at].files++;
		id->packages.v[at].agree += (m->flags & (WD_MATCH_DIGEST | WD_MATCH_BUILD)) != 0;
		id->packages.v[at].differ += (m->flags & WD_MATCH_DIFFERS) != 0;
	}
	wd_strpool_done(&keys);
	return r;
}

static int cmp_packages(const void *a, const void *b, void *ctx)
{
	const struct wd_identity *id = ctx;
	const struct wd_found_package *x = a, *y = b;
	const struct wd_ref_package *p = package_of(id, x), *q = package_of(id, y);
	int c;

	if (x->files != y->files)
		return x->files > y->files ? -1 : 1;
	c = wd_blob_cmp(string(id, p->name), string(id, q->name));
	if (c == 0)
		c = wd_blob_cmp(string(id, p->version), string(id, q->version));
	return c ? c : wd_blob_cmp(string(id, p->arch), string(id, q->arch));
}

static void drop_chance(struct wd_identity *id)
{
	size_t kept = 0;

	for (size_t i = 0; i < id->packages.n; i++) {
		const struct wd_found_package *p = &id->packages.v[i];

		if (p->agree || package_of(id, p)->share >= SHARE_MIN)
			id->packages.v[kept++] = *p;
	}
	id->rest = id->packages.n - kept;
	id->packages.n = kept;
}

static int name_distros(struct wd_subject *s, struct wd_identity *id)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < id->answer->candidates.n; i++) {
		const struct wd_candidate *c = &id->answer->candidates.v[i];

		r = wd_distros_intern(&s->distros, string(id, c->os), string(id, c->version), NULL);
		if (r >= 0)
			r = wd_array_push(&id->distros, r);
	}
	return r < 0 ? r : 0;
}

int wd_identity_make(struct wd_subject *s, const struct wd_answer *answer, struct wd_identity *ret)
{
	int r;

	*ret = (struct wd_identity){.s = s, .answer = answer};
	r = name_distros(s, ret);
	if (r == 0)
		r = gather(ret);
	if (r < 0)
		return r;
	drop_chance(ret);
	if (ret->packages.n)
		qsort_r(ret->packages.v, ret->packages.n, sizeof(*ret->packages.v), cmp_packages,
			ret);
	return 0;
}

void wd_identity_done(struct wd_identity *id)
{
	wd_array_done(&id->distros);
	wd_array_done(&id->packages);
}

static const struct wd_distro *distro_of(const struct wd_identity *id, size_t candidate)
{
	return &id->s->distros.list.v[id->distros.v[candidate]];
}

/* ---- JSON */

static void json_text(struct wd_buf *out, const char *key, struct wd_blob text)
{
	wd_buf_printf(out, "\"%s\":", key);
	wd_json_string(out, text);
}

static void json_distro(struct wd_buf *out, const struct wd_distro *d)
{
	wd_buf_str(out, "\"distro\":{");
	json_text(out, "id", wd_blob_str(d->id));
	wd_buf_byte(out, ',');
	json_text(out, "version_id", wd_blob_str(d->version_id));
	wd_buf_byte(out, ',');
	json_text(out, "codename", wd_blob_str(d->codename));
	wd_buf_byte(out, ',');
	json_text(out, "name", wd_blob_str(d->name));
	wd_buf_byte(out, '}');
}

static void json_candidate(struct wd_buf *out, const struct wd_identity *id, size_t i)
{
	const struct wd_candidate *c = &id->answer->candidates.v[i];

	wd_buf_str(out, i ? ",\n {" : "\n {");
	json_distro(out, distro_of(id, i));
	wd_buf_printf(out,
		      ",\"score\":%.1f,\"paths\":%" PRIu64 ",\"only\":%" PRIu64
		      ",\"agree\":%" PRIu64 ",\"differ\":%" PRIu64 ",\"proven\":%" PRIu64
		      ",\"disproven\":%" PRIu64 ",\"ahead\":%.1f,\"behind\":%.1f}",
		      c->score, c->paths, c->only, c->agree, c->differ, c->proven, c->disproven,
		      c->ahead, c->behind);
}

static void json_package(struct wd_buf *out, const struct wd_identity *id, size_t i)
{
	const struct wd_found_package *f = &id->packages.v[i];
	const struct wd_ref_package *p = package_of(id, f);
	const struct {
		const char *key;
		uint32_t text;
	} texts[] = {{"name", p->name},
		     {"version", p->version},
		     {"arch", p->arch},
		     {"source", p->origin}};

	wd_buf_str(out, i ? ",\n {" : "\n {");
	for (size_t k = 0; k < WD_ARRAY_SIZE(texts); k++) {
		json_text(out, texts[k].key, string(id, texts[k].text));
		wd_buf_byte(out, ',');
	}
	wd_buf_printf(out,
		      "\"files\":%" PRIu32 ",\"of\":%" PRIu32 ",\"share\":%.2f,\"agree\":%" PRIu32
		      ",\"differ\":%" PRIu32 "}",
		      f->files, p->files, p->share, f->agree, f->differ);
}

static void json_errors(struct wd_buf *out, const struct wd_catalog *cat)
{
	for (size_t i = 0; i < cat->errors.n; i++) {
		const struct wd_cat_error *e = &cat->errors.v[i];

		wd_buf_str(out, i ? ",\n {" : "\n {");
		json_text(out, "path", wd_blob_str(e->path));
		wd_buf_byte(out, ',');
		json_text(out, "code", wd_blob_str(wd_status_name(e->status)));
		wd_buf_byte(out, ',');
		json_text(out, "message", wd_blob_str(e->message));
		wd_buf_byte(out, '}');
	}
}

int wd_identity_json(const struct wd_identity *id, struct wd_buf *out)
{
	enum wd_answer_confidence confidence = wd_answer_confidence(id->answer);

	wd_buf_str(out, "{\"schema\":\"whodistro/identify/1\",");
	json_text(out, "rootfs", wd_blob_str(id->s->name));
	wd_buf_str(out, ",\n");
	if (confidence == WD_ANSWER_NONE)
		wd_buf_str(out, "\"distro\":null");
	else
		json_distro(out, distro_of(id, 0));
	wd_buf_byte(out, ',');
	json_text(out, "confidence", wd_blob_str(wd_answer_confidence_name(confidence)));
	wd_buf_printf(out, ",\"nearest\":%s,\"files\":%" PRIu64 ",\n\"candidates\":[",
		      confidence != WD_ANSWER_NONE &&
				      !wd_answer_tells_release(id->answer, id->answer->candidates.v)
			      ? "true"
			      : "false",
		      id->answer->files);
	for (size_t i = 0; i < id->answer->candidates.n; i++)
		json_candidate(out, id, i);
	wd_buf_str(out, "],\n\"packages\":[");
	for (size_t i = 0; i < id->packages.n; i++)
		json_package(out, id, i);
	wd_buf_printf(out, "],\n\"other_packages\":%zu,\n\"errors\":[", id->rest);
	json_errors(out, &id->s->cat);
	wd_buf_str(out, "]}\n");
	return out->status;
}

/* ---- Text */

static void cell(struct wd_out *out, struct wd_blob text, size_t width)
{
	size_t n = wd_text_escape(&out->buf, text);

	for (; n < width + 2; n++)
		wd_buf_byte(&out->buf, ' ');
}

static void number(struct wd_out *out, uint64_t n)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;

	wd_text_number(&text, n);
	wd_buf_printf(&out->buf, "%9.*s", WD_BLOB_PRINTF(wd_buf_view(&text)));
}

static void bold(struct wd_out *out, struct wd_blob text)
{
	wd_buf_str(&out->buf, out->color ? "\033[1m" : "");
	wd_text_escape(&out->buf, text);
	wd_buf_str(&out->buf, out->color ? "\033[0m" : "");
}

static void text_head(const struct wd_identity *id, struct wd_out *out)
{
	enum wd_answer_confidence confidence = wd_answer_confidence(id->answer);
	const struct wd_candidate *best = id->answer->candidates.v;

	bold(out, wd_blob_str(id->s->name));
	wd_buf_str(&out->buf, ": ");
	if (confidence == WD_ANSWER_NONE) {
		wd_buf_str(&out->buf, "none of what was learnt fits\n");
		return;
	}
	bold(out, wd_blob_str(distro_of(id, 0)->name));
	wd_buf_printf(&out->buf, ", %s: ", wd_answer_confidence_name(confidence));
	if (!wd_answer_tells_release(id->answer, best))
		wd_buf_str(&out->buf, "the nearest of what was learnt: ");
	wd_text_number(&out->buf, best->paths);
	wd_buf_str(&out->buf, " of ");
	wd_text_number(&out->buf, id->answer->files);
	wd_buf_str(&out->buf, " files are at its paths");
	if (best->agree || best->differ) {
		wd_buf_str(&out->buf, ", ");
		wd_text_number(&out->buf, best->agree);
		wd_buf_str(&out->buf, " of ");
		wd_text_number(&out->buf, best->agree + best->differ);
		wd_buf_str(&out->buf, " that were compared are its own");
	} else {
		wd_buf_str(&out->buf, ", and no contents were compared");
	}
	wd_buf_byte(&out->buf, '\n');
}

static void text_candidates(const struct wd_identity *id, struct wd_out *out)
{
	const struct wd_answer *a = id->answer;
	size_t width = strlen("DISTRO");

	for (size_t i = 0; i < a->candidates.n && i < CANDIDATES_SHOWN; i++)
		if (strlen(distro_of(id, i)->label) > width)
			width = strlen(distro_of(id, i)->label);
	wd_buf_byte(&out->buf, '\n');
	cell(out, WD_BLOB("DISTRO"), width);
	wd_buf_str(&out->buf, "   SCORE    PATHS     ONLY     SAME   DIFFER   PROVEN   BEHIND\n");
	for (size_t i = 0; i < a->candidates.n && i < CANDIDATES_SHOWN; i++) {
		const struct wd_candidate *c = &a->candidates.v[i];

		cell(out, wd_blob_str(distro_of(id, i)->label), width);
		wd_buf_printf(&out->buf, "%8.1f", c->score);
		number(out, c->paths);
		number(out, c->only);
		number(out, c->agree);
		number(out, c->differ);
		number(out, c->proven);
		wd_buf_printf(&out->buf, "%9.1f\n", c->behind);
	}
}

static size_t widest(const struct wd_identity *id, bool version)
{
	size_t width = 7;

	for (size_t i = 0; i < id->packages.n; i++) {
		const struct wd_ref_package *p = package_of(id, &id->packages.v[i]);
		size_t n = string(id, version ? p->version : p->name).len;

		if (n > width && n <= 40)
			width = n;
	}
	return width;
}

static void text_packages(const struct wd_identity *id, struct wd_out *out)
{
	size_t name = widest(id, false), version = widest(id, true);

	if (id->packages.n) {
		wd_buf_byte(&out->buf, '\n');
		cell(out, WD_BLOB("PACKAGE"), name);
		cell(out, WD_BLOB("VERSION"), version);
		wd_buf_str(&out->buf, "  FILES       OF  SHARE     SAME   DIFFER\n");
	}
	for (size_t i = 0; i < id->packages.n; i++) {
		const struct wd_found_package *f = &id->packages.v[i];
		const struct wd_ref_package *p = package_of(id, f);

		cell(out, string(id, p->name), name);
		cell(out, p->version ? string(id, p->version) : WD_BLOB("-"), version);
		wd_buf_printf(&out->buf,
			      "%7" PRIu32 "%9" PRIu32 "%5.0f %%%9" PRIu32 "%9" PRIu32 "\n",
			      f->files, p->files, p->share * 100, f->agree, f->differ);
	}
	if (id->rest)
		wd_buf_printf(&out->buf,
			      "\n%zu more package%s less than half there: by chance, or in part\n",
			      id->rest, id->rest == 1 ? " is" : "s are");
}

void wd_identity_text(const struct wd_identity *id, struct wd_out *out)
{
	text_head(id, out);
	if (id->answer->candidates.n)
		text_candidates(id, out);
	text_packages(id, out);
}
