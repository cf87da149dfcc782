/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SPDX 2.2 and 2.3 in JSON (https://spdx.github.io/spdx-spec/v2.3/). packages[] and files[] have an
 * SPDXID each. A file is a package's by hasFiles[] of the package (2.2), by a relationship CONTAINS
 * from the package, or by CONTAINED_BY to it (11.1).
 *
 * Not every package of a document is in the image. melange's documents name the sources that a
 * package was built from (GENERATED_FROM, DESCRIBED_BY), others the tools: a package that only
 * such relationships tell of is left out. So are operating systems and the image itself
 * (primaryPackagePurpose OPERATING-SYSTEM, 7.24; package URLs of type oci), and what has neither a
 * package URL nor a version, such as the directory that was scanned.
 */
#include "base/array.h"
#include "base/pool.h"
#include "sbom.h"

#define SPDXID_MAX 4096

struct element {
	const cJSON *item;
	uint32_t file; /* its place in `files`, from 1; 0: a package */
	bool source;   /* something was made from it or with it */
	bool contained;
};

/* Ids of the package and of the file */
struct owned {
	uint32_t package, file;
};

struct spdx {
	struct wd_sbom *s;
	const cJSON *root;
	struct wd_strpool ids;		     /* SPDXIDs */
	WD_ARRAY(struct element) elements;   /* of the id with the same number, from 1 */
	WD_ARRAY(struct wd_sbom_file) files; /* read once, for all their packages */
	WD_ARRAY(struct owned) owned;
};

static int add_element(struct spdx *d, const cJSON *item, bool file)
{
	struct wd_blob id = wd_json_string(item, "SPDXID");
	size_t known = d->ids.entries.n;
	uint32_t number;
	int r;

	if (id.len == 0 || id.len > SPDXID_MAX)
		return wd_fault(&d->s->faults, WD_ECORRUPT, "%s without SPDXID",
				file ? "file" : "package");
	r = wd_strpool_intern(&d->ids, id, &number);
	if (r < 0)
		return r;
	if (number <= known)
		return wd_fault(&d->s->faults, WD_ECORRUPT, "SPDXID that is there twice: %.*s",
				WD_BLOB_PRINTF(wd_blob_head(id, 200)));
	return wd_array_push(
		&d->elements,
		((struct element){.item = item, .file = file ? (uint32_t)d->files.n + 1 : 0}));
}

static int add_file(struct spdx *d, const cJSON *item)
{
	struct wd_sbom_file file;
	size_t known = d->elements.n;
	int r = add_element(d, item, true);

	if (r < 0 || d->elements.n == known)
		return r;
	r = wd_sbom_file_read(d->s, wd_json_string(item, "fileName"),
			      wd_json_array(item, "checksums"), "algorithm", "checksumValue",
			      &file);
	return r < 0 ? r : wd_array_push(&d->files, file);
}

static int add_elements(struct spdx *d)
{
	const cJSON *one;
	int r = 0;

	cJSON_ArrayForEach(one, wd_json_array(d->root, "packages")) r =
		r < 0 ? r : add_element(d, one, false);
	cJSON_ArrayForEach(one, wd_json_array(d->root, "files")) r = r < 0 ? r : add_file(d, one);
	return r;
}

/* The number of an SPDXID; 0 where it is neither a package's nor a file's. */
static uint32_t find(const struct spdx *d, struct wd_blob id)
{
	return wd_strpool_find(&d->ids, id);
}

static bool is_file(const struct spdx *d, uint32_t id)
{
	return id && d->elements.v[id - 1].file;
}

/* What is not here may be in another document. */
static int contain(struct spdx *d, uint32_t outer, uint32_t inner)
{
	if (inner)
		d->elements.v[inner - 1].contained = true;
	if (!is_file(d, inner) || outer == 0 || is_file(d, outer))
		return 0;
	return wd_array_push(&d->owned, ((struct owned){outer, inner}));
}

/* Which side of a relationship something was made from or with: 1, 2, or 0 for none */
static int source_side(struct wd_blob type)
{
	static const struct {
		const char *type;
		int side;
	} known[] = {
		{"GENERATED_FROM", 2}, {"DESCRIBED_BY", 2},
		{"GENERATES", 1},      {"BUILD_DEPENDENCY_OF", 1},
		{"BUILD_TOOL_OF", 1},  {"DEV_DEPENDENCY_OF", 1},
		{"DEV_TOOL_OF", 1},    {"TEST_DEPENDENCY_OF", 1},
		{"TEST_TOOL_OF", 1},   {"TEST_OF", 1},
		{"TEST_CASE_OF", 1},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(known); i++)
		if (wd_blob_is(type, known[i].type))
			return known[i].side;
	return 0;
}

static int relate(struct spdx *d, const cJSON *relationship)
{
	struct wd_blob type = wd_json_string(relationship, "relationshipType");
	uint32_t a = find(d, wd_json_string(relationship, "spdxElementId"));
	uint32_t b = find(d, wd_json_string(relationship, "relatedSpdxElement"));
	int side = source_side(type);
	uint32_t source = side == 1 ? a : side == 2 ? b : 0;

	if (source)
		d->elements.v[source - 1].source = true;
	if (wd_blob_is(type, "CONTAINS"))
		return contain(d, a, b);
	if (wd_blob_is(type, "CONTAINED_BY"))
		return contain(d, b, a);
	return 0;
}

static int relate_all(struct spdx *d)
{
	const cJSON *one, *file;
	int r = 0;

	cJSON_ArrayForEach(one, wd_json_array(d->root, "relationships")) r =
		r < 0 ? r : relate(d, one);
	cJSON_ArrayForEach(one, wd_json_array(d->root, "packages"))
	{
		uint32_t package = find(d, wd_json_string(one, "SPDXID"));

		cJSON_ArrayForEach(file, wd_json_array(one, "hasFiles")) r =
			r < 0 ? r : contain(d, package, find(d, wd_json_text(file)));
	}
	return r;
}

static int compare_owned(const void *a, const void *b)
{
	const struct owned *x = (const struct owned *)a, *y = (const struct owned *)b;

	if (x->package != y->package)
		return x->package < y->package ? -1 : 1;
	return x->file < y->file ? -1 : x->file > y->file;
}

/* hasFiles[] and a relationship may tell the same. */
static void sort_owned(struct spdx *d)
{
	size_t kept = 0;

	if (d->owned.n)
		qsort(d->owned.v, d->owned.n, sizeof(*d->owned.v), compare_owned);
	for (size_t i = 0; i < d->owned.n; i++)
		if (kept == 0 || compare_owned(&d->owned.v[kept - 1], &d->owned.v[i]))
			d->owned.v[kept++] = d->owned.v[i];
	d->owned.n = kept;
}

/* The first package URL of externalRefs[], whose referenceCategory is spelled in several ways. */
static struct wd_blob package_url(const cJSON *package)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, wd_json_array(package, "externalRefs")) if (
		wd_blob_is(wd_json_string(one, "referenceType"),
			   "purl")) return wd_json_string(one, "referenceLocator");
	return WD_BLOB_NULL;
}

static bool is_installed(const struct element *e, const struct wd_sbom_item *item)
{
	if (e->source && !e->contained)
		return false;
	if (wd_blob_is(wd_json_string(e->item, "primaryPackagePurpose"), "OPERATING-SYSTEM"))
		return false;
	return item->purl.len ? !wd_blob_starts(item->purl, WD_BLOB("pkg:oci/"))
			      : item->version.len > 0;
}

static int push_files(struct spdx *d, const struct owned *owned, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct element *e = &d->elements.v[owned[i].file - 1];

		r = wd_sbom_push_file(d->s, &d->files.v[e->file - 1]);
	}
	return r;
}

/* The directory of Bitnami's component; see sbom.c. */
static int push_tree(struct wd_sbom *s)
{
	struct wd_claim claim = {.dir = s->base, .size = WD_SIZE_UNKNOWN, .flags = WD_CLAIM_TREE};

	return wd_sink_claim(s->sink, &claim);
}

static int push_package(struct spdx *d, const struct element *e, const struct owned *owned,
			size_t n)
{
	struct wd_sbom_item item = {.name = wd_json_string(e->item, "name"),
				    .version = wd_json_string(e->item, "versionInfo"),
				    .purl = package_url(e->item),
				    .supplier = wd_json_string(e->item, "supplier"),
				    .originator = wd_json_string(e->item, "originator"),
				    .url = wd_json_string(e->item, "homepage")};
	bool tree = item.name.len && wd_blob_equal(item.name, d->s->component);
	int r;

	if (!is_installed(e, &item))
		return 0;
	if (item.name.len == 0)
		return wd_fault(
			&d->s->faults, WD_ECORRUPT, "package without name: %.*s",
			WD_BLOB_PRINTF(wd_blob_head(wd_json_string(e->item, "SPDXID"), 200)));
	item.has_files = tree || n > 0;
	r = wd_sbom_push_package(d->s, &item);
	if (r == 0 && tree)
		r = push_tree(d->s);
	return r < 0 ? r : push_files(d, owned, n);
}

static int push_all(struct spdx *d)
{
	size_t at = 0, end;
	int r = 0;

	sort_owned(d);
	for (uint32_t id = 1; r == 0 && id <= d->elements.n; id++) {
		for (end = at; end < d->owned.n && d->owned.v[end].package == id; end++)
			;
		if (!is_file(d, id))
			r = push_package(d, &d->elements.v[id - 1], d->owned.v + at, end - at);
		at = end;
	}
	return r;
}

int wd_sbom_load_spdx(struct wd_sbom *s, const cJSON *root)
{
	struct spdx d = {.s = s, .root = root};
	int r = wd_sink_format(s->sink, "spdx");

	if (r == 0)
		r = add_elements(&d);
	if (r == 0)
		r = relate_all(&d);
	if (r == 0)
		r = push_all(&d);
	wd_strpool_done(&d.ids);
	wd_array_done(&d.elements);
	wd_array_done(&d.files);
	wd_array_done(&d.owned);
	return r;
}
