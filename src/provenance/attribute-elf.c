/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Owners that files name themselves. */
#include "pkgdb/descriptor.h"
#include "provenance/attribute.h"

#include <stdlib.h>
#include <string.h>

/* Files of one package share it: they are found by what it is called and where it is from. */
struct known {
	struct wd_strpool keys; /* the id of a key - 1 is an index into packages */
	WD_ARRAY(uint32_t) packages;
};

static int intern(struct wd_catalog *cat, struct wd_cat_package *pkg, enum wd_package_field field,
		  const char *value)
{
	return wd_strpool_intern(&cat->strings, wd_blob_str(value), &pkg->field[field]);
}

/* A file that names only its source package is of one of that name, as far as anybody can tell. */
static const char *package_name(const struct wd_origin *origin)
{
	return *origin->package ? origin->package : origin->source;
}

static int derive(struct wd_catalog *cat, const struct wd_origin *origin, uint32_t distro,
		  uint32_t *ret)
{
	static const struct wd_descriptor files = {.name = (char *)"elf",
						   .purl = (char *)"generic"};
	struct wd_cat_package pkg = {.distro = distro, .size = WD_SIZE_UNKNOWN};
	int r = intern(cat, &pkg, WD_PACKAGE_NAME, package_name(origin));

	if (r == 0)
		r = intern(cat, &pkg, WD_PACKAGE_VERSION, origin->version);
	if (r == 0)
		r = intern(cat, &pkg, WD_PACKAGE_ARCH, origin->arch);
	if (r == 0)
		r = intern(cat, &pkg, WD_PACKAGE_SOURCE, origin->source);
	return r < 0 ? r : wd_catalog_derive(cat, &files, &pkg, ret);
}

static int find_package(struct known *known, struct wd_catalog *cat, const struct wd_origin *origin,
			uint32_t distro, uint32_t *ret)
{
	const char *const parts[] = {package_name(origin), origin->version, origin->arch,
				     origin->source};
	WD_CLEANUP_BUF struct wd_buf key = WD_BUF_INIT;
	uint32_t id, package;
	int r;

	wd_buf_append(&key, &distro, sizeof(distro));
	for (size_t i = 0; i < WD_ARRAY_SIZE(parts); i++)
		wd_buf_append(&key, parts[i], strlen(parts[i]) + 1);
	r = key.status < 0 ? key.status : wd_strpool_intern(&known->keys, wd_buf_view(&key), &id);
	if (r == 0 && id > known->packages.n) {
		r = derive(cat, origin, distro, &package);
		if (r == 0)
			r = wd_array_push(&known->packages, package);
	}
	if (r == 0)
		*ret = known->packages.v[id - 1];
	return r;
}

int wd_attribute_elf(struct wd_owners *o, const struct wd_evidence_list *evidence,
		     const struct wd_lineages *lineages)
{
	struct known known = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < evidence->origins.n; i++) {
		const struct wd_origin *origin = &evidence->origins.v[i];
		struct wd_attribution at = {.via = WD_NODE_NONE, .basis = WD_BASIS_ELF};

		if (!*package_name(origin) || wd_owners_basis(o, origin->node) != WD_BASIS_NONE)
			continue;
		r = find_package(&known, o->cat, origin, lineages->word_of_item[origin->item],
				 &at.package);
		if (r == 0)
			r = wd_owners_attribute(o, origin->node, at);
	}
	wd_strpool_done(&known.keys);
	wd_array_done(&known.packages);
	return r;
}
