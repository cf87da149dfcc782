/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists of packages that tell no files, in JSON:
 *
 *	etc/cos-package-info.json, of Container-Optimized OS (osv-scalibr, os/cos):
 *	{"installedPackages":[{"category":…,"name":…,"version":…,"ebuild_version":…}],
 *	 "buildTimePackages":[…]}
 *	The version is the system's build ("17162.336.16"), by which Google publishes what is wrong
 *	with a package; the ebuild's is the upstream one. buildTimePackages are not in the image.
 *
 *	application-inventory.json, of Bottlerocket (bottlerocket.dev, "Software Inventory"; trivy,
 *	bottlerocket_inventory), made from rpm packages, whose database the image lacks:
 *	{"Content":[{"Name":…,"Publisher":…,"Version":…,"Release":…,"Epoch":…,"Architecture":…,
 *	 "Url":…,"InstalledTime":…,"ApplicationType":…,"Summary":…}]}
 */
#include "common.h"
#include "json-doc.h"

struct inventory {
	struct wd_sink *sink;
	struct wd_faults faults;
	struct wd_buf text; /* of a field that is put together */
};

static int push(struct inventory *v, struct wd_package *pkg)
{
	pkg->size = WD_SIZE_UNKNOWN;
	pkg->flags = WD_PACKAGE_NO_FILES;
	return v->text.status < 0 ? v->text.status : wd_sink_package(v->sink, pkg);
}

/* The ebuild, CATEGORY/NAME, is the source. */
static int take_cos(struct inventory *v, const cJSON *item)
{
	struct wd_blob category = wd_json_string(item, "category");
	struct wd_package pkg = {0};

	pkg.field[WD_PACKAGE_NAME] = wd_json_string(item, "name");
	pkg.field[WD_PACKAGE_VERSION] = wd_json_string(item, "version");
	pkg.field[WD_PACKAGE_SECTION] = category;
	if (category.len) {
		wd_buf_blob(&v->text, category);
		wd_buf_byte(&v->text, '/');
		wd_buf_blob(&v->text, pkg.field[WD_PACKAGE_NAME]);
		pkg.field[WD_PACKAGE_SOURCE] = wd_buf_view(&v->text);
		pkg.field[WD_PACKAGE_SOURCE_VERSION] = wd_json_string(item, "ebuild_version");
	}
	return push(v, &pkg);
}

/* The version is put together as rpm prints it; an epoch of 0 stands for none there. */
static int take_bottlerocket(struct inventory *v, const cJSON *item)
{
	struct wd_blob epoch = wd_json_string(item, "Epoch");
	struct wd_blob version = wd_json_string(item, "Version");
	struct wd_blob release = wd_json_string(item, "Release");
	struct wd_package pkg = {0};

	if (epoch.len && (!wd_blob_u64(epoch, &pkg.epoch) || pkg.epoch > UINT32_MAX))
		return wd_fault(&v->faults, WD_ECORRUPT, "%.*s: epoch is no number",
				WD_BLOB_PRINTF(wd_blob_head(wd_json_string(item, "Name"), 200)));
	if (pkg.epoch)
		wd_buf_printf(&v->text, "%llu:", (unsigned long long)pkg.epoch);
	wd_buf_blob(&v->text, version);
	if (release.len) {
		wd_buf_byte(&v->text, '-');
		wd_buf_blob(&v->text, release);
	}
	pkg.field[WD_PACKAGE_NAME] = wd_json_string(item, "Name");
	if (version.len)
		pkg.field[WD_PACKAGE_VERSION] = wd_buf_view(&v->text);
	pkg.field[WD_PACKAGE_RELEASE] = release;
	pkg.field[WD_PACKAGE_ARCH] = wd_json_string(item, "Architecture");
	pkg.field[WD_PACKAGE_VENDOR] = wd_json_string(item, "Publisher");
	pkg.field[WD_PACKAGE_URL] = wd_json_string(item, "Url");
	return push(v, &pkg);
}

static const struct format {
	const char *name, *list, *package_name;
	int (*take)(struct inventory *v, const cJSON *item);
} formats[] = {
	{"cos-package-info", "installedPackages", "name", take_cos},
	{"application-inventory", "Content", "Name", take_bottlerocket},
};

static int load_list(struct inventory *v, const struct format *format, const cJSON *list)
{
	const cJSON *item;
	size_t number = 0;
	int r = wd_sink_format(v->sink, format->name);

	cJSON_ArrayForEach(item, list)
	{
		number++;
		v->text.len = 0;
		if (r < 0)
			return r;
		if (wd_json_string(item, format->package_name).len)
			r = format->take(v, item);
		else
			r = wd_fault(&v->faults, WD_ECORRUPT, "%s %zu: no name", format->list,
				     number);
	}
	return r;
}

static int inventory_load(const struct wd_request *req, struct wd_sink *sink)
{
	WD_CLEANUP_JSON cJSON *root = NULL;
	struct inventory v = {.sink = sink, .faults.sink = sink, .text = WD_BUF_INIT};
	int r = req->is_dir ? WD_ENOTMINE : wd_json_read(req->fd, sink, &root);

	if (r < 0)
		return r;
	r = WD_ENOTMINE;
	for (size_t i = 0; r == WD_ENOTMINE && i < WD_ARRAY_SIZE(formats); i++) {
		const cJSON *list = wd_json_array(root, formats[i].list);

		if (list)
			r = load_list(&v, &formats[i], list);
	}
	wd_buf_done(&v.text);
	return r;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "inventory",
	.version = "1",
	.load = inventory_load,
	.libraries = wd_json_libraries,
};
