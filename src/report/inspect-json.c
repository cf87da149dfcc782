/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/inspect.h"

#include "base/status.h"
#include "pkgdb/fence.h"
#include "report/inspect-image.h"
#include "report/text.h"

#include <cjson/cJSON.h>
#include <string.h>

/*
 * cJSON's adders return NULL out of memory; a tree that lost a member must not be printed, so
 * every addition goes through here.
 */
struct builder {
	bool failed;
};

static cJSON *note(struct builder *b, cJSON *item)
{
	if (!item)
		b->failed = true;
	return item;
}

static void add_text(struct builder *b, cJSON *to, const char *key, struct wd_blob text)
{
	WD_CLEANUP_FREE char *copy = wd_utf8_copy(text);

	note(b, copy ? cJSON_AddStringToObject(to, key, copy) : NULL);
}

static void add_str(struct builder *b, cJSON *to, const char *key, const char *text)
{
	add_text(b, to, key, wd_blob_str(text));
}

static void add_number(struct builder *b, cJSON *to, const char *key, uint64_t n)
{
	note(b, cJSON_AddNumberToObject(to, key, (double)n));
}

/* A path, and its bytes where they are not UTF-8. */
static void add_path(struct builder *b, cJSON *to, const char *key, const char *path)
{
	WD_CLEANUP_BUF struct wd_buf hex = WD_BUF_INIT;
	char name[32];

	add_str(b, to, key, path);
	if (wd_utf8_valid(wd_blob_str(path)))
		return;
	snprintf(name, sizeof(name), "%s_hex", key);
	wd_buf_hex(&hex, wd_blob_str(path));
	add_text(b, to, name, wd_buf_view(&hex));
}

static cJSON *append_object(struct builder *b, cJSON *array)
{
	cJSON *item = note(b, cJSON_CreateObject());

	if (!item || cJSON_AddItemToArray(array, item))
		return item;
	b->failed = true;
	cJSON_Delete(item);
	return NULL;
}

static void add_distro(struct builder *b, cJSON *to, const struct wd_distro *d)
{
	cJSON *o;

	if (!d) {
		note(b, cJSON_AddNullToObject(to, "distro"));
		return;
	}
	o = note(b, cJSON_AddObjectToObject(to, "distro"));
	add_str(b, o, "id", d->id);
	add_str(b, o, "version_id", d->version_id);
	add_str(b, o, "codename", d->codename);
	add_str(b, o, "name", d->name);
}

static void add_verdict(struct builder *b, cJSON *root, const struct wd_subject *s,
			const struct wd_verdict *v)
{
	cJSON *o = note(b, cJSON_AddObjectToObject(root, "verdict"));

	add_str(b, o, "style", wd_style_name(v->style));
	add_str(b, o, "lineage", wd_lineage_name(v->lineage));
	add_distro(b, o, v->distro < 0 ? NULL : &s->distros.list.v[v->distro]);
	add_str(b, o, "confidence", wd_strength_name(v->confidence));
	add_str(b, o, "summary", v->summary);
}

static void add_reasons(struct builder *b, cJSON *lineage, const struct wd_lineage *l)
{
	cJSON *array = note(b, cJSON_AddArrayToObject(lineage, "evidence"));

	for (size_t i = 0; i < l->reasons.n; i++) {
		const struct wd_reason *reason = &l->reasons.v[i];
		cJSON *o = append_object(b, array);

		add_str(b, o, "kind", reason->kind);
		add_path(b, o, "path", reason->path);
		add_str(b, o, "value", reason->value);
		add_str(b, o, "strength", wd_item_strength_name(reason->strength));
		if (reason->files)
			add_number(b, o, "files", reason->files);
	}
}

static void add_lineages(struct builder *b, cJSON *root, const struct wd_subject *s,
			 const struct wd_verdict *v)
{
	cJSON *array = note(b, cJSON_AddArrayToObject(root, "lineages"));

	for (size_t i = 0; i < v->lineages.n; i++) {
		const struct wd_lineage *l = &v->lineages.v[i];
		cJSON *o = append_object(b, array);

		add_distro(b, o, &s->distros.list.v[l->distro]);
		add_str(b, o, "family", s->distros.list.v[l->distro].family);
		add_str(b, o, "confidence", wd_strength_name(l->confidence));
		add_number(b, o, "packages", l->packages);
		add_number(b, o, "files", l->files);
		add_number(b, o, "bytes", l->bytes);
		note(b, cJSON_AddBoolToObject(o, "libc", l->libc));
		add_reasons(b, o, l);
	}
}

static void add_item(struct builder *b, cJSON *array, const struct wd_subject *s,
		     const struct wd_item *item)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	cJSON *o = append_object(b, array);

	wd_tree_path(s->tree, item->node, &path);
	wd_buf_byte(&path, '\0');
	add_str(b, o, "kind", item->kind);
	add_str(b, o, "use", wd_item_use_name(item->use));
	add_str(b, o, "strength", wd_item_strength_name(item->strength));
	add_str(b, o, "family", item->family);
	add_str(b, o, "distro", item->distro);
	add_str(b, o, "version_id", item->version);
	add_number(b, o, "files", item->files);
	add_path(b, o, "path", path.ptr ? path.ptr : "");
	add_str(b, o, "value", item->value);
}

/* Every item; and how many files were looked into, of which some were not what they seemed. */
static void add_evidence(struct builder *b, cJSON *root, const struct wd_subject *s)
{
	cJSON *array = note(b, cJSON_AddArrayToObject(root, "evidence"));

	for (size_t i = 0; i < s->evidence.items.n; i++)
		add_item(b, array, s, &s->evidence.items.v[i]);
	add_number(b, root, "examined", s->evidence.examined);
	add_number(b, root, "skipped", s->evidence.skipped);
}

static void add_sandbox(struct builder *b, cJSON *to, uint32_t fences)
{
	cJSON *o = note(b, cJSON_AddObjectToObject(to, "sandbox"));

	for (int bit = 0; bit < WD_FENCE_COUNT; bit++)
		note(b, cJSON_AddBoolToObject(o, wd_fence_name((enum wd_fence_bit)bit),
					      fences >> bit & 1));
}

static void add_databases(struct builder *b, cJSON *root, const struct wd_subject *s)
{
	cJSON *array = note(b, cJSON_AddArrayToObject(root, "databases"));

	for (size_t i = 0; i < s->cat.ndatabases; i++) {
		const struct wd_db *db = s->cat.dbs.v[i];
		cJSON *o = append_object(b, array);

		add_str(b, o, "backend", db->backend->name);
		add_text(b, o, "format", wd_strpool_get(&s->cat.strings, db->format));
		add_path(b, o, "path", db->path);
		add_number(b, o, "packages", db->npackages);
		add_number(b, o, "files", db->claims.n);
		note(b, cJSON_AddBoolToObject(o, "complete", db->complete));
		add_sandbox(b, o, db->fences);
	}
}

static void add_files(struct builder *b, cJSON *root, const struct wd_file_counts *f)
{
	cJSON *o = note(b, cJSON_AddObjectToObject(root, "files"));

	add_number(b, o, "total", f->total);
	add_number(b, o, "owned", f->owned);
	add_number(b, o, "generated", f->generated);
	add_number(b, o, "inferred", f->inferred);
	add_number(b, o, "reference", f->reference);
	add_number(b, o, "elf", f->elf);
	add_number(b, o, "unowned", f->unowned);
	add_number(b, o, "missing", f->missing);
}

static void add_errors(struct builder *b, cJSON *root, const struct wd_catalog *cat)
{
	cJSON *array = note(b, cJSON_AddArrayToObject(root, "errors"));

	for (size_t i = 0; i < cat->errors.n; i++) {
		cJSON *o = append_object(b, array);

		add_path(b, o, "path", cat->errors.v[i].path);
		add_str(b, o, "code", wd_status_name(cat->errors.v[i].status));
		add_str(b, o, "message", cat->errors.v[i].message);
	}
}

int wd_inspect_json(const struct wd_subject *s, const struct wd_verdict *v, unsigned flags,
		    struct wd_buf *out)
{
	struct builder b = {false};
	cJSON *root = note(&b, cJSON_CreateObject());
	char *text = NULL;

	if (!root)
		return -ENOMEM;
	add_str(&b, root, "schema", "whodistro/inspect/1");
	add_path(&b, root, "rootfs", s->name);
	add_verdict(&b, root, s, v);
	add_lineages(&b, root, s, v);
	add_databases(&b, root, s);
	add_files(&b, root, &v->files);
	if (flags & WD_INSPECT_EVIDENCE)
		add_evidence(&b, root, s);
	if (wd_inspect_has_image(s))
		b.failed |= !wd_inspect_image_json(s, root);
	add_sandbox(&b, root, wd_subject_fences(s));
	add_errors(&b, root, &s->cat);
	if (!b.failed)
		text = flags & WD_INSPECT_INDENT ? cJSON_Print(root) : cJSON_PrintUnformatted(root);
	if (text)
		wd_buf_str(out, text);
	cJSON_free(text);
	cJSON_Delete(root);
	return text ? out->status : -ENOMEM;
}
