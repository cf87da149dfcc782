/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/manifest.h"

#include "base/cleanup.h"
#include "pkgdb/manifest-internal.h"
#include "pkgdb/platform.h"

#include <stdio.h>
#include <string.h>

#define REF_NAME "org.opencontainers.image.ref.name"
#define REF_CONTAINERD "io.containerd.image.name"

/* A name of the image's cannot begin a line that looks like one of ours: lists are indented. */
static void unbreak(char *text)
{
	for (; (text = strchr(text, '\n')); text++)
		if (text[1] != ' ' || text[2] != ' ')
			*text = '?';
}

int wd_finder_fail(struct wd_finder *f, int status, const char *fmt, ...)
{
	va_list ap;

	if (*f->why)
		return status;
	va_start(ap, fmt);
	if (vasprintf(f->why, fmt, ap) < 0)
		*f->why = NULL;
	else
		unbreak(*f->why);
	va_end(ap);
	return status;
}

/* ---- JSON */

void wd_cleanup_json(cJSON **p)
{
	cJSON_Delete(*p);
}

const cJSON *wd_json_member(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

const char *wd_json_text(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(wd_json_member(o, name));
}

int wd_take_text(char **to, const char *text)
{
	if (!text || *to)
		return 0;
	*to = strdup(text);
	return *to ? 0 : -ENOMEM;
}

bool wd_digest_parse(const char *text, struct wd_digest *ret)
{
	struct wd_blob hex = wd_blob_str(text);

	ret->known =
		text && wd_blob_starts(hex, WD_BLOB("sha256:")) &&
		wd_blob_unhex(wd_blob_skip(hex, 7), ret->sha256, WD_SHA256_LEN) == WD_SHA256_LEN;
	return ret->known;
}

void wd_digest_print(struct wd_buf *out, const struct wd_digest *digest)
{
	wd_buf_str(out, "sha256:");
	wd_buf_hex(out, wd_blob(digest->sha256, WD_SHA256_LEN));
}

/* Reads a document, and holds it against a digest where there is one. */
int wd_finder_json(struct wd_finder *f, const char *name, const struct wd_digest *digest,
		   cJSON **ret)
{
	const char *end = NULL;
	struct wd_digest have;
	struct wd_blob text;
	int r = f->docs->get(f->docs->ctx, name, &text);

	if (r < 0)
		return wd_finder_fail(f, r, "%s: %s", name,
				      r == WD_EABSENT ? "missing" : wd_status_text(r));
	if (digest && digest->known && f->docs->digest(f->docs->ctx, text, &have) &&
	    memcmp(have.sha256, digest->sha256, WD_SHA256_LEN) != 0)
		return wd_finder_fail(f, WD_EDIGEST, "%s: %s", name, wd_status_text(WD_EDIGEST));
	*ret = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);
	if (!*ret)
		return wd_finder_fail(f, WD_ECORRUPT, "%s: offset %zu: not JSON", name,
				      end ? (size_t)(end - text.ptr) : 0);
	return 0;
}

/* "blobs/ALGORITHM/HEX", where an OCI layout has what a descriptor names; the caller frees it. */
static char *blob_name(const char *digest)
{
	const char *colon = digest ? strchr(digest, ':') : NULL;
	char *name;

	if (!colon || colon == digest ||
	    strspn(digest, "abcdefghijklmnopqrstuvwxyz0123456789+._-") != (size_t)(colon - digest))
		return NULL;
	if (strspn(colon + 1, "0123456789abcdefABCDEF") != strlen(colon + 1))
		return NULL;
	return asprintf(&name, "blobs/%.*s/%s", (int)(colon - digest), digest, colon + 1) < 0
		       ? NULL
		       : name;
}

/* ---- Configuration */

static int take_strings(const cJSON *array, char ***v, size_t *n, size_t *cap)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, array)
	{
		const char *text = cJSON_GetStringValue(one);
		char *copy = text ? strdup(text) : NULL;

		if (!text)
			continue;
		if (!copy || wd_array_reserve_((void **)v, cap, *n + 1, sizeof(**v)) < 0) {
			free(copy);
			return -ENOMEM;
		}
		(*v)[(*n)++] = copy;
	}
	return 0;
}
#define TAKE_STRINGS(json, a) take_strings(json, &(a)->v, &(a)->n, &(a)->cap)

static int take_pairs(const cJSON *object, struct wd_pair **v, size_t *n, size_t *cap)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, object)
	{
		const char *value = cJSON_GetStringValue(one);
		struct wd_pair p = {0};

		if (!value || !one->string)
			continue;
		p.key = strdup(one->string);
		p.value = strdup(value);
		if (!p.key || !p.value ||
		    wd_array_reserve_((void **)v, cap, *n + 1, sizeof(**v)) < 0) {
			free(p.key);
			free(p.value);
			return -ENOMEM;
		}
		(*v)[(*n)++] = p;
	}
	return 0;
}
#define TAKE_PAIRS(json, a) take_pairs(json, &(a)->v, &(a)->n, &(a)->cap)

int wd_finder_annotations(struct wd_finder *f, const cJSON *manifest)
{
	return TAKE_PAIRS(wd_json_member(manifest, "annotations"), &f->m->annotations);
}

/* Each line of the history that is not empty_layer made the next layer. */
static int take_history(struct wd_finder *f, const cJSON *history)
{
	const cJSON *line;
	size_t i = 0;
	int r = 0;

	cJSON_ArrayForEach(line, history)
	{
		if (r == 0 && !cJSON_IsTrue(wd_json_member(line, "empty_layer")) &&
		    i < f->m->layers.n)
			r = wd_take_text(&f->m->layers.v[i++].history,
					 wd_json_text(line, "created_by"));
	}
	return r;
}

static int take_diff_ids(struct wd_finder *f, const cJSON *ids)
{
	const cJSON *id;
	size_t i = 0;

	cJSON_ArrayForEach(id, ids)
	{
		struct wd_digest *have = i < f->m->layers.n ? &f->m->layers.v[i].diff_id : NULL;
		struct wd_digest digest = {.known = false};

		if (have)
			wd_digest_parse(cJSON_GetStringValue(id), &digest);
		if (have && have->known && memcmp(have->sha256, digest.sha256, WD_SHA256_LEN) != 0)
			return wd_finder_fail(f, WD_EDIGEST,
					      "layer %zu is another than %s says: diff id", i + 1,
					      f->m->config_blob);
		if (have)
			*have = digest;
		i++;
	}
	if (i != f->m->layers.n)
		return wd_finder_fail(f, WD_ECORRUPT, "%s: %zu diff ids for %zu layers",
				      f->m->config_blob, i, f->m->layers.n);
	return 0;
}

/* What an index says counts for more than what the configuration does. */
static int check_platform(struct wd_finder *f)
{
	const struct wd_manifest *m = f->m;

	if (f->placed || !f->choice->platform || !m->os || !m->architecture ||
	    wd_platform_is(f->choice->platform, m->os, m->architecture, m->variant))
		return 0;
	return wd_finder_fail(f, WD_EABSENT, "an image for %.40s/%.40s, and not for %.80s", m->os,
			      m->architecture, f->choice->platform);
}

int wd_finder_config(struct wd_finder *f)
{
	WD_CLEANUP_JSON cJSON *config = NULL;
	struct wd_manifest *m = f->m;
	const cJSON *run;
	int r = wd_finder_json(f, m->config_blob, &m->config_digest, &config);

	if (r < 0)
		return r;
	run = wd_json_member(config, "config");
	if (wd_take_text(&m->os, wd_json_text(config, "os")) < 0 ||
	    wd_take_text(&m->architecture, wd_json_text(config, "architecture")) < 0 ||
	    wd_take_text(&m->variant, wd_json_text(config, "variant")) < 0 ||
	    wd_take_text(&m->user, wd_json_text(run, "User")) < 0 ||
	    TAKE_STRINGS(wd_json_member(run, "Entrypoint"), &m->entrypoint) < 0 ||
	    TAKE_STRINGS(wd_json_member(run, "Cmd"), &m->command) < 0 ||
	    TAKE_PAIRS(wd_json_member(run, "Labels"), &m->labels) < 0 ||
	    take_history(f, wd_json_member(config, "history")) < 0)
		return -ENOMEM;
	r = check_platform(f);
	return r < 0 ? r
		     : take_diff_ids(f,
				     wd_json_member(wd_json_member(config, "rootfs"), "diff_ids"));
}

/* ---- The OCI's manifests and indexes */

int wd_finder_add_layer(struct wd_finder *f, char *blob, const struct wd_digest *digest)
{
	struct wd_image_layer layer = {.blob = blob, .digest = *digest};
	int r = f->m->layers.n < WD_LAYERS_MAX ? wd_array_push(&f->m->layers, layer) : WD_ELIMIT;

	if (r < 0)
		free(blob);
	return r == WD_ELIMIT ? wd_finder_fail(f, r, "more than %d layers", WD_LAYERS_MAX) : r;
}

static int take_descriptor(struct wd_finder *f, const cJSON *layer)
{
	const char *text = wd_json_text(layer, "digest"), *type = wd_json_text(layer, "mediaType");
	struct wd_digest digest;
	char *blob = blob_name(text);

	if (!blob)
		return wd_finder_fail(f, WD_ECORRUPT, "manifest: a layer without digest");
	if (type && strstr(type, "encrypted")) {
		free(blob);
		return wd_finder_fail(f, WD_EUNSUPPORTED, "%s: encrypted layer", text);
	}
	wd_digest_parse(text, &digest);
	return wd_finder_add_layer(f, blob, &digest);
}

static int read_manifest(struct wd_finder *f, const cJSON *manifest)
{
	const cJSON *config = wd_json_member(manifest, "config"), *layer;
	int r = 0;

	f->m->config_blob = blob_name(wd_json_text(config, "digest"));
	if (!f->m->config_blob)
		return wd_finder_fail(f, WD_ECORRUPT, "manifest without configuration");
	wd_digest_parse(wd_json_text(config, "digest"), &f->m->config_digest);
	cJSON_ArrayForEach(layer, wd_json_member(manifest, "layers"))
	{
		if (r == 0)
			r = take_descriptor(f, layer);
	}
	if (r == 0)
		r = wd_finder_annotations(f, manifest);
	return r < 0 ? r : wd_finder_config(f);
}

static const char *ref_of(const cJSON *d)
{
	const cJSON *a = wd_json_member(d, "annotations");
	const char *full = wd_json_text(a, REF_CONTAINERD);

	return full ? full : wd_json_text(a, REF_NAME);
}

static bool is_meant(const struct wd_finder *f, const cJSON *d)
{
	const cJSON *a = wd_json_member(d, "annotations");
	const char *names[] = {wd_json_text(a, REF_CONTAINERD), wd_json_text(a, REF_NAME),
			       wd_json_text(d, "digest")};

	for (size_t i = 0; i < WD_ARRAY_SIZE(names); i++)
		if (names[i] && strcmp(names[i], f->choice->ref) == 0)
			return true;
	return false;
}

static bool has_platform(const struct wd_finder *f, const cJSON *d)
{
	const cJSON *p = wd_json_member(d, "platform");
	const char *wanted = f->choice->platform ? f->choice->platform : wd_platform_here();

	return !p || wd_platform_is(wanted, wd_json_text(p, "os"), wd_json_text(p, "architecture"),
				    wd_json_text(p, "variant"));
}

static void describe_platform(struct wd_buf *out, const cJSON *d)
{
	const cJSON *p = wd_json_member(d, "platform");
	const char *os = wd_json_text(p, "os"), *arch = wd_json_text(p, "architecture"),
		   *variant = wd_json_text(p, "variant");

	wd_buf_printf(out, "%.40s/%.40s%s%.40s", os ? os : "", arch ? arch : "", variant ? "/" : "",
		      variant ? variant : "");
}

/* On a line of its own: names are long, and meant to be copied. */
static void describe_image(struct wd_buf *out, const cJSON *d)
{
	const cJSON *p = wd_json_member(d, "platform");
	const char *ref = ref_of(d), *digest = wd_json_text(d, "digest");

	wd_buf_printf(out, "\n  %.200s%s", ref ? ref : digest ? digest : "?", p ? " (" : "");
	if (p)
		describe_platform(out, d);
	wd_buf_str(out, p ? ")" : "");
}

/* Of images, all; or the platforms of the one that is meant. */
static int say_choices(struct wd_finder *f, const cJSON *manifests, int status, const char *what,
		       bool platforms)
{
	WD_CLEANUP_BUF struct wd_buf list = WD_BUF_INIT;
	bool by_ref = f->depth == 0 && f->choice->ref;
	const cJSON *d;
	unsigned n = 0;

	cJSON_ArrayForEach(d, manifests)
	{
		if (n == WD_LIST_MAX || (platforms && by_ref && !is_meant(f, d)))
			continue;
		if (platforms)
			wd_buf_str(&list, n ? ", " : " ");
		(platforms ? describe_platform : describe_image)(&list, d);
		n++;
	}
	return wd_finder_fail(f, status, "%s; there are:%.*s", what,
			      WD_BLOB_PRINTF(wd_buf_view(&list)));
}

static bool same_ref(const cJSON *a, const cJSON *b)
{
	const char *x = ref_of(a), *y = ref_of(b);

	return x && y ? strcmp(x, y) == 0 : !x && !y;
}

/* Of an index, the one that is meant: by name at the top, by platform everywhere. */
static int choose(struct wd_finder *f, const cJSON *manifests, const cJSON **ret)
{
	bool by_ref = f->depth == 0 && f->choice->ref;
	const cJSON *d, *found = NULL;
	bool named = false;

	cJSON_ArrayForEach(d, manifests)
	{
		if (by_ref && !is_meant(f, d))
			continue;
		named = true;
		if (!has_platform(f, d))
			continue;
		if (found && (f->depth == 0 && !by_ref) && !same_ref(d, found))
			return say_choices(f, manifests, WD_EAMBIGUOUS,
					   "several images: --image chooses one", false);
		if (!found)
			found = d;
	}
	if (!found && !named && by_ref)
		return say_choices(f, manifests, WD_EABSENT, "no image of that name", false);
	if (!found)
		return say_choices(f, manifests, WD_EABSENT, "no image for that platform", true);
	f->placed |= wd_json_member(found, "platform") != NULL;
	*ret = found;
	return 0;
}

static int read_index(struct wd_finder *f, const cJSON *index);

static int read_chosen(struct wd_finder *f, const cJSON *d)
{
	WD_CLEANUP_FREE char *name = blob_name(wd_json_text(d, "digest"));
	WD_CLEANUP_JSON cJSON *json = NULL;
	struct wd_digest digest;
	int r;

	if (!name)
		return wd_finder_fail(f, WD_ECORRUPT, "index: a manifest without digest");
	wd_digest_parse(wd_json_text(d, "digest"), &digest);
	for (unsigned i = 0; i < f->depth; i++)
		if (digest.known && memcmp(f->seen[i].sha256, digest.sha256, WD_SHA256_LEN) == 0)
			return wd_finder_fail(f, WD_ECORRUPT, "%s: an index that leads to itself",
					      name);
	if (f->depth == WD_NESTED_MAX)
		return wd_finder_fail(f, WD_ELIMIT, "%s: more than %d indexes in indexes", name,
				      WD_NESTED_MAX);
	f->seen[f->depth++] = digest;
	r = wd_take_text(&f->m->ref, ref_of(d));
	if (r == 0)
		r = wd_finder_json(f, name, &digest, &json);
	if (r < 0)
		return r;
	return cJSON_IsArray(wd_json_member(json, "manifests")) ? read_index(f, json)
								: read_manifest(f, json);
}

static int read_index(struct wd_finder *f, const cJSON *index)
{
	const cJSON *manifests = wd_json_member(index, "manifests"), *d = NULL;
	int r;

	if (!cJSON_IsArray(manifests))
		return wd_finder_fail(f, WD_ECORRUPT, "index without manifests");
	r = choose(f, manifests, &d);
	return r < 0 ? r : read_chosen(f, d);
}

/* ---- Docker's */

static bool has_tag(const cJSON *image, const char *ref)
{
	const char *config = wd_json_text(image, "Config");
	const cJSON *tag;

	cJSON_ArrayForEach(tag, wd_json_member(image, "RepoTags"))
	{
		const char *text = cJSON_GetStringValue(tag);
		size_t n = strlen(ref);

		/* as docker has it, a name without tag is the one with :latest */
		if (text && (strcmp(text, ref) == 0 ||
			     (strncmp(text, ref, n) == 0 && strcmp(text + n, ":latest") == 0)))
			return true;
	}
	return config && strncmp(config, ref, strlen(ref)) == 0 && strlen(ref) >= 12;
}

static const char *first_tag(const cJSON *image)
{
	return cJSON_GetStringValue(cJSON_GetArrayItem(wd_json_member(image, "RepoTags"), 0));
}

static int say_tags(struct wd_finder *f, const cJSON *images, int status, const char *what)
{
	WD_CLEANUP_BUF struct wd_buf list = WD_BUF_INIT;
	const cJSON *image, *tag;
	unsigned n = 0;

	cJSON_ArrayForEach(image, images)
	{
		const char *config = wd_json_text(image, "Config");

		if (!first_tag(image) && config && n++ < WD_LIST_MAX)
			wd_buf_printf(&list, "\n  %.200s", config);
		cJSON_ArrayForEach(tag, wd_json_member(image, "RepoTags"))
		{
			const char *text = cJSON_GetStringValue(tag);

			if (text && n++ < WD_LIST_MAX)
				wd_buf_printf(&list, "\n  %.200s", text);
		}
	}
	return wd_finder_fail(f, status, "%s; there are:%.*s", what,
			      WD_BLOB_PRINTF(wd_buf_view(&list)));
}

static int read_image(struct wd_finder *f, const cJSON *image)
{
	const cJSON *layer;
	int r = wd_take_text(&f->m->config_blob, wd_json_text(image, "Config"));

	if (r == 0)
		r = wd_take_text(&f->m->ref, f->choice->ref ? f->choice->ref : first_tag(image));
	if (r == 0 && !f->m->config_blob)
		return wd_finder_fail(f, WD_ECORRUPT, "manifest.json: an image without Config");
	cJSON_ArrayForEach(layer, wd_json_member(image, "Layers"))
	{
		const char *name = cJSON_GetStringValue(layer);
		const struct wd_digest unknown = {.known = false};
		char *copy = name ? strdup(name) : NULL;

		if (r < 0)
			free(copy);
		else
			r = copy ? wd_finder_add_layer(f, copy, &unknown)
				 : wd_finder_fail(f, WD_ECORRUPT,
						  "manifest.json: a layer that is no name");
	}
	return r < 0 ? r : wd_finder_config(f);
}

static int read_docker(struct wd_finder *f, const cJSON *images)
{
	const cJSON *image, *found = NULL;

	if (!cJSON_IsArray(images) || cJSON_GetArraySize(images) == 0)
		return wd_finder_fail(f, WD_ECORRUPT, "manifest.json: no list of images");
	cJSON_ArrayForEach(image, images)
	{
		if (f->choice->ref && !has_tag(image, f->choice->ref))
			continue;
		if (found)
			return say_tags(f, images, WD_EAMBIGUOUS,
					"several images: --image chooses one");
		found = image;
	}
	if (!found)
		return say_tags(f, images, WD_EABSENT, "no image of that name");
	return read_image(f, found);
}

int wd_manifest_find(const struct wd_documents *docs, const struct wd_choice *choice,
		     struct wd_manifest *ret, char **ret_why)
{
	struct wd_finder f = {.docs = docs, .choice = choice, .m = ret, .why = ret_why};
	WD_CLEANUP_JSON cJSON *json = NULL;
	struct wd_blob text;
	bool docker = docs->get(docs->ctx, "manifest.json", &text) != WD_EABSENT;
	int r = wd_finder_json(&f, docker ? "manifest.json" : "index.json", NULL, &json);

	if (r == 0)
		r = docker ? read_docker(&f, json) : read_index(&f, json);
	if (r < 0)
		wd_manifest_done(ret);
	return r;
}

static void free_strings(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

static void free_pairs(struct wd_pair *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].key);
		free(v[i].value);
	}
	free(v);
}

void wd_manifest_done(struct wd_manifest *m)
{
	for (size_t i = 0; i < m->layers.n; i++) {
		free(m->layers.v[i].blob);
		free(m->layers.v[i].history);
	}
	wd_array_done(&m->layers);
	free_strings(m->entrypoint.v, m->entrypoint.n);
	free_strings(m->command.v, m->command.n);
	free_pairs(m->labels.v, m->labels.n);
	free_pairs(m->annotations.v, m->annotations.n);
	free(m->ref);
	free(m->os);
	free(m->architecture);
	free(m->variant);
	free(m->config_blob);
	free(m->user);
	*m = (struct wd_manifest){0};
}
