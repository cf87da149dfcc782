/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/store.h"

#include "base/cleanup.h"
#include "pkgdb/manifest-internal.h"
#include "rootfs/root.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ID_MAX 128
#define SHA256_HEX 64

enum family { CONTAINERS, DOCKER, OTHER };

static const struct kind {
	const char *marker; /* the file that shows that there is one */
	enum family family;
	enum wd_layer_form form;
	const char *place;	     /* of what describes images: FRONT-images, or a directory */
	const char *before, *behind; /* a layer's id, in the name of its directory */
	const char *advice;	     /* of the OTHER family */
} kinds[] = {
	{"overlay-images/images.json", CONTAINERS, WD_LAYERS_DIFFS, "overlay", "overlay/", "/diff",
	 NULL},
	{"vfs-images/images.json", CONTAINERS, WD_LAYERS_ROOTS, "vfs", "vfs/dir/", "", NULL},
	{"image/overlay2/repositories.json", DOCKER, WD_LAYERS_DIFFS, "image/overlay2", "overlay2/",
	 "/diff", NULL},
	{"image/fuse-overlayfs/repositories.json", DOCKER, WD_LAYERS_DIFFS, "image/fuse-overlayfs",
	 "fuse-overlayfs/", "/diff", NULL},
	{"image/vfs/repositories.json", DOCKER, WD_LAYERS_ROOTS, "image/vfs", "vfs/dir/", "", NULL},
	{"btrfs-images/images.json", OTHER, 0, NULL, NULL, NULL,
	 "a store of btrfs subvolumes: podman save -o FILE IMAGE writes an archive"},
	{"zfs-images/images.json", OTHER, 0, NULL, NULL, NULL,
	 "a store of zfs datasets: podman save -o FILE IMAGE writes an archive"},
	{"image/btrfs/repositories.json", OTHER, 0, NULL, NULL, NULL,
	 "a store of btrfs subvolumes: docker save -o FILE IMAGE writes an archive"},
	{"image/zfs/repositories.json", OTHER, 0, NULL, NULL, NULL,
	 "a store of zfs datasets: docker save -o FILE IMAGE writes an archive"},
	{"io.containerd.metadata.v1.bolt/meta.db", OTHER, 0, NULL, NULL, NULL,
	 "containerd's store: ctr images export FILE IMAGE, or docker save -o FILE IMAGE, writes "
	 "an archive"},
};

static bool has_file(int dir_fd, const char *name)
{
	struct stat st;
	WD_CLEANUP_FD int fd = wd_open_beneath(dir_fd, name, &st);

	/* what is there and may not be read is said when it is */
	return fd >= 0 ? S_ISREG(st.st_mode) : fd == -EACCES;
}

bool wd_store_is_one(int dir_fd)
{
	for (size_t i = 0; i < WD_ARRAY_SIZE(kinds); i++)
		if (has_file(dir_fd, kinds[i].marker))
			return true;
	return false;
}

/* ---- The images that there are */

struct candidate {
	const struct kind *kind;
	char *id;
	const cJSON *image; /* containers-storage's */
	WD_ARRAY(char *) names;
};

struct finding {
	struct wd_finder f;
	const struct kind *kind;	   /* that is being listed */
	cJSON *json[WD_ARRAY_SIZE(kinds)]; /* images.json or repositories.json */
	WD_ARRAY(struct candidate) list;
};

/* What may be the name of a file: an id is hexadecimal, or what somebody chose. */
static bool is_id(const char *id)
{
	size_t n = id ? strlen(id) : 0;

	return n > 0 && n <= ID_MAX && id[0] != '.' &&
	       strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-") == n;
}

/* Takes the id. */
static int add_candidate(struct finding *s, char *id, const cJSON *image)
{
	struct candidate c = {.kind = s->kind, .id = id, .image = image};
	int r = id ? wd_array_push(&s->list, c) : -ENOMEM;

	if (r < 0)
		free(id);
	return r;
}

static int add_name(struct candidate *c, const char *name)
{
	char *copy = strdup(name);
	int r = copy ? wd_array_push(&c->names, copy) : -ENOMEM;

	if (r < 0)
		free(copy);
	return r;
}

static int list_containers(struct finding *s, const cJSON *images)
{
	const cJSON *image, *name;
	int r = 0;

	cJSON_ArrayForEach(image, images)
	{
		const char *id = wd_json_text(image, "id");

		if (r < 0 || !is_id(id))
			continue;
		r = add_candidate(s, strdup(id), image);
		cJSON_ArrayForEach(name, wd_json_member(image, "names"))
		{
			if (r == 0 && cJSON_IsString(name))
				r = add_name(&s->list.v[s->list.n - 1], name->valuestring);
		}
	}
	return r;
}

static int add_docker(void *arg, struct wd_blob name)
{
	struct finding *s = arg;
	uint8_t id[WD_SHA256_LEN];

	if (name.len != SHA256_HEX || wd_blob_unhex(name, id, sizeof(id)) != WD_SHA256_LEN)
		return 0;
	return add_candidate(s, strndup(name.ptr, name.len), NULL);
}

static int cmp_ids(const void *key, const void *member)
{
	return strcmp(key, ((const struct candidate *)member)->id);
}

/*
 * Docker's names are by repository: {"debian": {"debian:12": "sha256:ID"}}. The list is in order.
 */
static int name_docker(struct finding *s, size_t first, const cJSON *repositories)
{
	const cJSON *repository, *name;
	int r = 0;

	cJSON_ArrayForEach(repository, repositories)
	{
		cJSON_ArrayForEach(name, repository)
		{
			const char *digest = cJSON_GetStringValue(name);
			const char *id = digest ? strchr(digest, ':') : NULL;
			struct candidate *c =
				id && s->list.n > first
					? bsearch(id + 1, s->list.v + first, s->list.n - first,
						  sizeof(*s->list.v), cmp_ids)
					: NULL;

			if (r == 0 && c && name->string)
				r = add_name(c, name->string);
		}
	}
	return r;
}

static int list_docker(struct finding *s, const cJSON *repositories)
{
	size_t first = s->list.n;
	char dir[64];
	int r;

	snprintf(dir, sizeof(dir), "%s/imagedb/content/sha256", s->kind->place);
	r = s->f.docs->list(s->f.docs->ctx, dir, add_docker, s);
	if (r < 0)
		return wd_finder_fail(&s->f, r, "%s: %s", dir, wd_status_text(r));
	return name_docker(s, first, wd_json_member(repositories, "Repositories"));
}

static int list_images(struct finding *s)
{
	struct wd_blob text;
	int r = 0;

	for (size_t i = 0; r == 0 && i < WD_ARRAY_SIZE(kinds); i++) {
		s->kind = &kinds[i];
		if (s->f.docs->get(s->f.docs->ctx, s->kind->marker, &text) == WD_EABSENT)
			continue;
		if (s->kind->family == OTHER)
			return s->list.n ? 0
					 : wd_finder_fail(&s->f, WD_EUNSUPPORTED, "%s",
							  s->kind->advice);
		r = wd_finder_json(&s->f, s->kind->marker, NULL, &s->json[i]);
		if (r == 0)
			r = s->kind->family == DOCKER ? list_docker(s, s->json[i])
						      : list_containers(s, s->json[i]);
	}
	return r;
}

/* ---- The one that is meant */

/* The first n bytes of a name are ref, or with `ends`, what follows one of their slashes is. */
static bool is_name_part(const char *name, size_t n, const char *ref, bool ends)
{
	size_t k = strlen(ref);

	return n >= k && memcmp(name + n - k, ref, k) == 0 &&
	       (n == k || (ends && name[n - k - 1] == '/'));
}

/* "NAME" is "NAME:latest"; with `ends`, "debian:12" is also docker.io/library/debian:12. */
static bool is_named(const char *name, const char *ref, bool ends)
{
	size_t n = strlen(name), tail = strlen(":latest");
	bool untagged = n > tail && strcmp(name + n - tail, ":latest") == 0;

	return is_name_part(name, n, ref, ends) ||
	       (untagged && is_name_part(name, n - tail, ref, ends));
}

enum match { BY_NAME, BY_END_OF_NAME, BY_ID, MATCHES };

static bool is_match(const struct candidate *c, const char *ref, enum match how)
{
	if (how == BY_ID) {
		if (strncmp(ref, "sha256:", 7) == 0)
			ref += 7;
		return *ref && strncmp(c->id, ref, strlen(ref)) == 0;
	}
	for (size_t i = 0; i < c->names.n; i++)
		if (is_named(c->names.v[i], ref, how == BY_END_OF_NAME))
			return true;
	return false;
}

static int say_choices(struct finding *s, int status, const char *what)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	unsigned n = 0;

	for (size_t i = 0; i < s->list.n; i++) {
		const struct candidate *c = &s->list.v[i];

		if (c->names.n == 0 && n++ < WD_LIST_MAX)
			wd_buf_printf(&text, "\n  %s", c->id);
		for (size_t k = 0; k < c->names.n; k++)
			if (n++ < WD_LIST_MAX)
				wd_buf_printf(&text, "\n  %.200s (%.12s)", c->names.v[k], c->id);
	}
	return wd_finder_fail(&s->f, status, "%s; there are:%.*s", what,
			      WD_BLOB_PRINTF(wd_buf_view(&text)));
}

/* The name in full is before the end of one, and that is before an id. */
static int choose(struct finding *s, const struct candidate **ret)
{
	const char *ref = s->f.choice->ref;
	size_t found = 0;

	for (int how = ref ? BY_NAME : MATCHES; found == 0 && how < MATCHES; how++)
		for (size_t i = 0; i < s->list.n; i++)
			if (is_match(&s->list.v[i], ref, (enum match)how)) {
				*ret = &s->list.v[i];
				found++;
			}
	if (!ref) {
		found = s->list.n;
		*ret = s->list.v;
	}
	if (s->list.n == 0)
		return wd_finder_fail(&s->f, WD_EABSENT, "a store without images");
	if (found == 0)
		return say_choices(s, WD_EABSENT, "no image of that name");
	return found > 1 ? say_choices(s, WD_EAMBIGUOUS, "several images: --image chooses one") : 0;
}

/* ---- Its layers, in containers-storage */

static int add_layer(struct finding *s, const char *id)
{
	const struct wd_digest unknown = {.known = false};
	char *dir;

	if (asprintf(&dir, "%s%s%s", s->kind->before, id, s->kind->behind) < 0)
		return -ENOMEM;
	return wd_finder_add_layer(&s->f, dir, &unknown);
}

static uint64_t number_of(const cJSON *o, const char *name)
{
	double n = cJSON_GetNumberValue(wd_json_member(o, name));

	return n >= 0 && n < 1e18 ? (uint64_t)n : 0;
}

static int cmp_layers(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp(wd_json_text(*x, "id"), wd_json_text(*y, "id"));
}

static int cmp_layer_id(const void *key, const void *member)
{
	return strcmp(key, wd_json_text(*(const cJSON *const *)member, "id"));
}

struct layer_index {
	WD_ARRAY(const cJSON *) v; /* by id */
	WD_ARRAY(const cJSON *) chain;
};

static int index_layers(const cJSON *layers, struct layer_index *x)
{
	const cJSON *layer;

	cJSON_ArrayForEach(layer, layers)
	{
		if (is_id(wd_json_text(layer, "id")) && wd_array_push(&x->v, layer) < 0)
			return -ENOMEM;
	}
	if (x->v.n)
		qsort(x->v.v, x->v.n, sizeof(*x->v.v), cmp_layers);
	return 0;
}

/* From the topmost layer down. */
static int follow_parents(struct finding *s, struct layer_index *x, const char *id)
{
	while (id && *id) {
		const cJSON **found =
			x->v.n ? bsearch(id, x->v.v, x->v.n, sizeof(*x->v.v), cmp_layer_id) : NULL;

		if (!found)
			return wd_finder_fail(&s->f, WD_EABSENT,
					      "%s-layers/layers.json: no layer %.80s: perhaps in "
					      "another store",
					      s->kind->place, id);
		if (x->chain.n >= x->v.n)
			return wd_finder_fail(&s->f, WD_ECORRUPT,
					      "%s-layers/layers.json: layer %.80s is its own "
					      "ancestor",
					      s->kind->place, id);
		if (wd_array_push(&x->chain, *found) < 0)
			return -ENOMEM;
		id = wd_json_text(*found, "parent");
	}
	return 0;
}

static int add_chain(struct finding *s, const struct layer_index *x)
{
	for (size_t i = x->chain.n; i-- > 0;) {
		const cJSON *layer = x->chain.v[i];
		int r = add_layer(s, wd_json_text(layer, "id"));
		struct wd_image_layer *l;

		if (r < 0)
			return r;
		l = &s->f.m->layers.v[s->f.m->layers.n - 1];
		wd_digest_parse(wd_json_text(layer, "diff-digest"), &l->diff_id);
		l->packed = number_of(layer, "compressed-size");
		l->unpacked = number_of(layer, "diff-size");
	}
	return 0;
}

static int read_layers(struct finding *s, const cJSON *image)
{
	WD_CLEANUP_JSON cJSON *json = NULL;
	struct layer_index x = {0};
	char name[64];
	int r;

	snprintf(name, sizeof(name), "%s-layers/layers.json", s->kind->place);
	r = wd_finder_json(&s->f, name, NULL, &json);
	if (r == 0)
		r = index_layers(json, &x);
	if (r == 0)
		r = follow_parents(s, &x, wd_json_text(image, "layer"));
	if (r == 0)
		r = add_chain(s, &x);
	wd_array_done(&x.v);
	wd_array_done(&x.chain);
	return r;
}

/* The name of a file that keeps a document: "=" and base64 (containers/storage, lib.go). */
static char *big_data_name(const struct finding *s, const char *id, const char *key)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	WD_CLEANUP_BUF struct wd_buf out = WD_BUF_INIT;
	size_t n = strlen(key);

	wd_buf_printf(&out, "%s-images/%s/=", s->kind->place, id);
	for (size_t i = 0; i < n; i += 3) {
		uint32_t bits = (uint32_t)(uint8_t)key[i] << 16;

		if (i + 1 < n)
			bits |= (uint32_t)(uint8_t)key[i + 1] << 8;
		if (i + 2 < n)
			bits |= (uint8_t)key[i + 2];
		wd_buf_byte(&out, digits[bits >> 18]);
		wd_buf_byte(&out, digits[bits >> 12 & 63]);
		wd_buf_byte(&out, i + 1 < n ? digits[bits >> 6 & 63] : '=');
		wd_buf_byte(&out, i + 2 < n ? digits[bits & 63] : '=');
	}
	return out.status < 0 ? NULL : strndup(out.ptr, out.len);
}

static int read_containers(struct finding *s, const struct candidate *c)
{
	WD_CLEANUP_JSON cJSON *manifest = NULL;
	struct wd_digest digest;
	struct wd_buf key = WD_BUF_INIT;
	const char *config;
	char name[ID_MAX + 64];
	int r;

	snprintf(name, sizeof(name), "%s-images/%s/manifest", s->kind->place, c->id);
	wd_digest_parse(wd_json_text(c->image, "digest"), &digest);
	r = wd_finder_json(&s->f, name, &digest, &manifest);
	if (r < 0)
		return r;
	config = wd_json_text(wd_json_member(manifest, "config"), "digest");
	if (!wd_digest_parse(config, &s->f.m->config_digest))
		return wd_finder_fail(&s->f, WD_EUNSUPPORTED,
				      "%s: neither an OCI nor a Docker manifest of one image",
				      name);
	wd_digest_print(&key, &s->f.m->config_digest);
	wd_buf_byte(&key, '\0');
	s->f.m->config_blob = key.status < 0 ? NULL : big_data_name(s, c->id, key.ptr);
	wd_buf_done(&key);
	r = s->f.m->config_blob ? wd_finder_annotations(&s->f, manifest) : -ENOMEM;
	if (r == 0)
		r = read_layers(s, c->image);
	return r < 0 ? r : wd_finder_config(&s->f);
}

/* ---- Its layers, in Docker's data root */

static int get_cache_id(struct finding *s, const struct wd_digest *chain, char id[ID_MAX + 1])
{
	WD_CLEANUP_BUF struct wd_buf name = WD_BUF_INIT;
	struct wd_blob text;
	int r;

	wd_buf_printf(&name, "%s/layerdb/sha256/", s->kind->place);
	wd_buf_hex(&name, wd_blob(chain->sha256, WD_SHA256_LEN));
	wd_buf_blob(&name, wd_blob("/cache-id", sizeof("/cache-id")));
	if (name.status < 0)
		return -ENOMEM;
	r = s->f.docs->get(s->f.docs->ctx, name.ptr, &text);
	if (r < 0)
		return wd_finder_fail(&s->f, r, "%s: %s", name.ptr, wd_status_text(r));
	snprintf(id, ID_MAX + 1, "%.*s", WD_BLOB_PRINTF(wd_blob_head(text, ID_MAX)));
	return text.len <= ID_MAX && is_id(id)
		       ? 0
		       : wd_finder_fail(&s->f, WD_ECORRUPT, "%s: no id", name.ptr);
}

/*
 * The chain id of the lowest layer is its diff id; that of each other the digest of the one below,
 * a space, and its diff id (OCI image-spec, config.md, "Layer ChainID").
 */
static int next_chain_id(struct finding *s, const struct wd_digest *diff, struct wd_digest *chain)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;

	if (!chain->known) {
		*chain = *diff;
		return 0;
	}
	wd_digest_print(&text, chain);
	wd_buf_byte(&text, ' ');
	wd_digest_print(&text, diff);
	if (text.status < 0)
		return -ENOMEM;
	return s->f.docs->digest(s->f.docs->ctx, wd_buf_view(&text), chain)
		       ? 0
		       : wd_finder_fail(&s->f, WD_EMODULE, "no digests: %s",
					wd_status_text(WD_EMODULE));
}

static int read_chain(struct finding *s, const cJSON *diff_ids)
{
	struct wd_digest chain = {.known = false}, diff;
	const cJSON *one;
	char id[ID_MAX + 1];

	cJSON_ArrayForEach(one, diff_ids)
	{
		int r = 0;

		if (!wd_digest_parse(cJSON_GetStringValue(one), &diff))
			return wd_finder_fail(&s->f, WD_ECORRUPT, "%s: a diff id that is no digest",
					      s->f.m->config_blob);
		r = next_chain_id(s, &diff, &chain);
		if (r == 0)
			r = get_cache_id(s, &chain, id);
		if (r == 0)
			r = add_layer(s, id);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_docker(struct finding *s, const struct candidate *c)
{
	WD_CLEANUP_JSON cJSON *config = NULL;
	struct wd_manifest *m = s->f.m;
	int r;

	if (asprintf(&m->config_blob, "%s/imagedb/content/sha256/%s", s->kind->place, c->id) < 0) {
		m->config_blob = NULL;
		return -ENOMEM;
	}
	m->config_digest.known = wd_blob_unhex(wd_blob_str(c->id), m->config_digest.sha256,
					       WD_SHA256_LEN) == WD_SHA256_LEN;
	r = wd_finder_json(&s->f, m->config_blob, &m->config_digest, &config);
	if (r == 0)
		r = read_chain(s, wd_json_member(wd_json_member(config, "rootfs"), "diff_ids"));
	return r < 0 ? r : wd_finder_config(&s->f);
}

static int read_chosen(struct finding *s, const struct candidate *c)
{
	const char *ref = c->names.n ? c->names.v[0] : c->id;

	for (size_t i = 0; s->f.choice->ref && i < c->names.n; i++)
		if (is_named(c->names.v[i], s->f.choice->ref, true))
			ref = c->names.v[i];
	s->kind = c->kind;
	s->f.m->form = c->kind->form;
	if (wd_take_text(&s->f.m->ref, ref) < 0)
		return -ENOMEM;
	return c->kind->family == DOCKER ? read_docker(s, c) : read_containers(s, c);
}

int wd_store_find(const struct wd_documents *docs, const struct wd_choice *choice,
		  struct wd_manifest *ret, char **ret_why)
{
	struct finding s = {.f = {.docs = docs, .choice = choice, .m = ret, .why = ret_why}};
	const struct candidate *chosen = NULL;
	int r = list_images(&s);

	if (r == 0)
		r = choose(&s, &chosen);
	if (r == 0)
		r = read_chosen(&s, chosen);
	for (size_t i = 0; i < s.list.n; i++) {
		for (size_t k = 0; k < s.list.v[i].names.n; k++)
			free(s.list.v[i].names.v[k]);
		wd_array_done(&s.list.v[i].names);
		free(s.list.v[i].id);
	}
	wd_array_done(&s.list);
	for (size_t i = 0; i < WD_ARRAY_SIZE(kinds); i++)
		cJSON_Delete(s.json[i]);
	if (r < 0)
		wd_manifest_done(ret);
	return r;
}
