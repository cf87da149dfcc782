/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CycloneDX JSON (ECMA-424): components[], each with components[] of its own. metadata.component
 * is what the document is about, the image or a directory, and no package; so is a component of
 * type "operating-system" or "container". A component of type "file" inside a package is a file of
 * it, with the path as its name (as syft and trivy write them). evidence.occurrences are places
 * where a scanner met the package, which need not be its files, and are not claimed.
 */
#include "sbom.h"

static bool is_type(const cJSON *component, const char *type)
{
	return wd_blob_is(wd_json_string(component, "type"), type);
}

static bool is_package(const cJSON *component)
{
	return cJSON_IsObject(component) && !is_type(component, "file") &&
	       !is_type(component, "operating-system") && !is_type(component, "container") &&
	       !is_type(component, "platform") && !is_type(component, "device");
}

static struct wd_blob supplier_name(const cJSON *component)
{
	struct wd_blob name = wd_json_string(wd_json_member(component, "supplier"), "name");

	return name.len ? name : wd_json_string(component, "publisher");
}

static int push_files(struct wd_sbom *s, const cJSON *inner)
{
	struct wd_sbom_file file;
	const cJSON *one;
	int r = 0;

	cJSON_ArrayForEach(one, inner)
	{
		if (r < 0 || !is_type(one, "file"))
			continue;
		r = wd_sbom_file_read(s, wd_json_string(one, "name"), wd_json_array(one, "hashes"),
				      "alg", "content", &file);
		if (r == 0)
			r = wd_sbom_push_file(s, &file);
	}
	return r;
}

static int push_package(struct wd_sbom *s, const cJSON *component, const cJSON *inner)
{
	WD_CLEANUP_BUF struct wd_buf full = WD_BUF_INIT;
	struct wd_blob group = wd_json_string(component, "group");
	struct wd_sbom_item item = {.name = wd_json_string(component, "name"),
				    .version = wd_json_string(component, "version"),
				    .purl = wd_json_string(component, "purl"),
				    .supplier = supplier_name(component)};
	const cJSON *one;
	int r;

	if (item.name.len == 0)
		return wd_fault(&s->faults, WD_ECORRUPT, "component without name");
	if (group.len) {
		wd_buf_blob(&full, group);
		wd_buf_byte(&full, '/');
		wd_buf_blob(&full, item.name);
		item.name = wd_buf_view(&full);
	}
	cJSON_ArrayForEach(one, inner) item.has_files = item.has_files || is_type(one, "file");
	r = full.status < 0 ? full.status : wd_sbom_push_package(s, &item);
	return r < 0 ? r : push_files(s, inner);
}

/* As deep as cJSON read the document. */
static int load_components(struct wd_sbom *s, const cJSON *list)
{
	const cJSON *one;
	int r = 0;

	cJSON_ArrayForEach(one, list)
	{
		const cJSON *inner = wd_json_array(one, "components");

		if (is_package(one))
			r = push_package(s, one, inner);
		else if (!cJSON_IsObject(one))
			r = wd_fault(&s->faults, WD_ECORRUPT, "component that is no object");
		if (r == 0)
			r = load_components(s, inner);
		if (r < 0)
			return r;
	}
	return 0;
}

int wd_sbom_load_cyclonedx(struct wd_sbom *s, const cJSON *root)
{
	int r = wd_sink_format(s->sink, "cyclonedx");

	return r < 0 ? r : load_components(s, wd_json_array(root, "components"));
}
