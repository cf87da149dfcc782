/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What only an image tells: its layers, how it is run, and what its layers took away. */
#include "report/inspect-image.h"

#include "base/cleanup.h"
#include "report/text.h"

#include <inttypes.h>
#include <string.h>

static bool add_text(cJSON *to, const char *key, const char *text)
{
	WD_CLEANUP_FREE char *copy = text ? wd_utf8_copy(wd_blob_str(text)) : NULL;

	if (!text)
		return cJSON_AddNullToObject(to, key) != NULL;
	return copy && cJSON_AddStringToObject(to, key, copy);
}

static bool add_strings(cJSON *to, const char *key, char *const *v, size_t n)
{
	cJSON *array = cJSON_AddArrayToObject(to, key);
	bool ok = array;

	for (size_t i = 0; ok && i < n; i++) {
		WD_CLEANUP_FREE char *copy = wd_utf8_copy(wd_blob_str(v[i]));
		cJSON *item = copy ? cJSON_CreateString(copy) : NULL;

		ok = item && cJSON_AddItemToArray(array, item);
	}
	return ok;
}

static bool add_pairs(cJSON *to, const char *key, const struct wd_pair *v, size_t n)
{
	cJSON *o = cJSON_AddObjectToObject(to, key);
	bool ok = o;

	for (size_t i = 0; ok && i < n; i++) {
		WD_CLEANUP_FREE char *name = wd_utf8_copy(wd_blob_str(v[i].key));

		ok = name && add_text(o, name, v[i].value);
	}
	return ok;
}

static bool add_digest(cJSON *to, const char *key, const struct wd_digest *d)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;

	if (d->known)
		wd_digest_print(&text, d);
	wd_buf_byte(&text, '\0');
	return text.status == 0 && add_text(to, key, d->known ? text.ptr : NULL);
}

static bool add_layer(cJSON *array, const struct wd_image_layer *l, size_t index)
{
	cJSON *o = cJSON_CreateObject();

	return o && cJSON_AddItemToArray(array, o) &&
	       cJSON_AddNumberToObject(o, "index", (double)index) &&
	       add_digest(o, "diff_id", &l->diff_id) && add_text(o, "blob", l->blob) &&
	       add_text(o, "history", l->history) &&
	       cJSON_AddNumberToObject(o, "packed", (double)l->packed) &&
	       cJSON_AddNumberToObject(o, "unpacked", (double)l->unpacked) &&
	       cJSON_AddNumberToObject(o, "files", (double)l->files) &&
	       cJSON_AddNumberToObject(o, "bytes", (double)l->bytes);
}

/* ---- What is gone */

/* The layer that took a database away. */
static uint16_t layer_of(const struct wd_subject *gone, const char *path)
{
	return wd_image_layer(gone->image, wd_tree_find(gone->tree, wd_blob_str(path), false));
}

static const char *distro_of(const struct wd_subject *gone, const struct wd_db *db)
{
	return db->npackages ? gone->distros.list.v[gone->cat.packages.v[db->package].distro].label
			     : "";
}

static uint64_t count_files(const struct wd_tree *tree)
{
	uint64_t n = 0;

	for (wd_node_id i = 1; i < tree->nodes.n; i++)
		n += tree->nodes.v[i].type != WD_TYPE_DIR &&
		     !(tree->nodes.v[i].flags & WD_NODE_GHOST);
	return n;
}

static bool add_gone_database(cJSON *array, const struct wd_subject *gone, const struct wd_db *db)
{
	WD_CLEANUP_FREE char *format = wd_utf8_copy(wd_strpool_get(&gone->cat.strings, db->format));
	cJSON *o = cJSON_CreateObject();

	return o && cJSON_AddItemToArray(array, o) && add_text(o, "backend", db->backend->name) &&
	       format && add_text(o, "format", format) && add_text(o, "path", db->path) &&
	       cJSON_AddNumberToObject(o, "packages", db->npackages) &&
	       add_text(o, "distro", distro_of(gone, db)) &&
	       cJSON_AddNumberToObject(o, "layer", layer_of(gone, db->path));
}

static bool add_gone(cJSON *image, const struct wd_subject *gone)
{
	cJSON *o = cJSON_AddObjectToObject(image, "deleted"), *array, *os;
	bool ok = o &&
		  cJSON_AddNumberToObject(o, "files", gone ? (double)count_files(gone->tree) : 0);

	array = ok ? cJSON_AddArrayToObject(o, "databases") : NULL;
	ok = array;
	for (size_t i = 0; ok && gone && i < gone->cat.ndatabases; i++)
		ok = add_gone_database(array, gone, gone->cat.dbs.v[i]);
	if (!ok || !gone || !gone->os.present)
		return ok;
	os = cJSON_AddObjectToObject(o, "os_release");
	return os && add_text(os, "path", gone->os.path) && add_text(os, "id", gone->os.id) &&
	       add_text(os, "version_id", gone->os.version_id) &&
	       cJSON_AddNumberToObject(os, "layer", layer_of(gone, gone->os.path));
}

bool wd_inspect_image_json(const struct wd_subject *s, cJSON *root)
{
	const struct wd_manifest *m = &s->container->manifest;
	cJSON *o = cJSON_AddObjectToObject(root, "image"), *layers;
	bool ok = o && add_text(o, "ref", m->ref) && add_text(o, "os", m->os) &&
		  add_text(o, "architecture", m->architecture) &&
		  add_text(o, "variant", m->variant) && add_text(o, "user", m->user) &&
		  add_strings(o, "entrypoint", m->entrypoint.v, m->entrypoint.n) &&
		  add_strings(o, "command", m->command.v, m->command.n) &&
		  add_pairs(o, "labels", m->labels.v, m->labels.n) &&
		  add_pairs(o, "annotations", m->annotations.v, m->annotations.n);

	layers = ok ? cJSON_AddArrayToObject(o, "layers") : NULL;
	ok = layers;
	for (size_t i = 0; ok && i < m->layers.n; i++)
		ok = add_layer(layers, &m->layers.v[i], i);
	return ok && add_gone(o, s->gone);
}

/* ---- Text */

static void label(struct wd_out *out, const char *text)
{
	wd_buf_printf(&out->buf, "  %-10s ", text);
}

static void show_gone(const struct wd_subject *gone, struct wd_out *out)
{
	uint64_t files = count_files(gone->tree);

	if (files == 0)
		return;
	label(out, "deleted");
	wd_text_number(&out->buf, files);
	wd_buf_str(&out->buf, files == 1 ? " file of a lower layer\n" : " files of lower layers\n");
	for (size_t i = 0; i < gone->cat.ndatabases; i++) {
		const struct wd_db *db = gone->cat.dbs.v[i];

		label(out, "");
		wd_text_escape(&out->buf, wd_blob_str(db->path));
		wd_buf_printf(&out->buf, ": %" PRIu32 " packages, %s (%s), deleted in layer %u\n",
			      db->npackages, distro_of(gone, db), db->backend->name,
			      layer_of(gone, db->path));
	}
	if (gone->os.present) {
		label(out, "");
		wd_text_escape(&out->buf, wd_blob_str(gone->os.path));
		wd_buf_printf(&out->buf, ": ID=%s, deleted in layer %u\n",
			      gone->os.id ? gone->os.id : "", layer_of(gone, gone->os.path));
	}
}

void wd_inspect_image_text(const struct wd_subject *s, struct wd_out *out)
{
	const struct wd_manifest *m = &s->container->manifest;

	label(out, "image");
	wd_text_escape(&out->buf, wd_blob_str(m->ref ? m->ref : "without a name"));
	wd_buf_str(&out->buf, ", ");
	wd_text_escape(&out->buf, wd_blob_str(m->os ? m->os : "?"));
	wd_buf_byte(&out->buf, '/');
	wd_text_escape(&out->buf, wd_blob_str(m->architecture ? m->architecture : "?"));
	wd_buf_printf(&out->buf, ", %zu layer%s\n", m->layers.n, m->layers.n == 1 ? "" : "s");
	if (s->gone)
		show_gone(s->gone, out);
}
