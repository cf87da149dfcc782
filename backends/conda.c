/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A conda prefix: PREFIX/conda-meta/NAME-VERSION-BUILD.json, one for each package, with paths
 * relative to PREFIX (conda, conda/models/records.py, PrefixRecord; rattler, prefix_record.rs):
 *
 *	{"name":…,"version":…,"build":…,"channel":…,"subdir":"linux-64","files":[…],
 *	 "paths_data":{"paths_version":1,"paths":[{"_path":…,"path_type":"hardlink","sha256":…,
 *	  "sha256_in_prefix":…,"size_in_bytes":…,"prefix_placeholder":…}]}}
 *
 * files[] lists all paths; paths_data, which conda before 4.3 did not write, tells more of them. A
 * file with a prefix_placeholder had its prefix replaced as it was installed: sha256_in_prefix is
 * what was left, while sha256 and size_in_bytes are the package's. A path_type of softlink has the
 * digest of what it leads to; directory is an empty one; all others are files.
 */
#include "base/pool.h"
#include "common.h"
#include "json-doc.h"

#include <sys/stat.h>

#define RECORDS_MAX 100000
#define SHA256_LEN 32

struct conda {
	const struct wd_request *req;
	struct wd_sink *sink;
	struct wd_faults faults;
	struct wd_blob prefix;	 /* relative to the root filesystem, or null */
	struct wd_strpool paths; /* of paths_data of the package at hand */
	struct wd_buf path;	 /* of a claim */
	struct wd_buf text;	 /* of a record */
};

static int push_path(struct conda *c, struct wd_blob path, struct wd_claim *claim)
{
	c->path.len = 0;
	if (c->prefix.len) {
		wd_buf_blob(&c->path, c->prefix);
		wd_buf_byte(&c->path, '/');
	}
	wd_buf_blob(&c->path, path);
	if (c->path.status < 0)
		return c->path.status;
	wd_claim_path(claim, wd_buf_view(&c->path));
	return wd_sink_claim(c->sink, claim);
}

/* False where a digest is none. */
static bool fill_file(struct wd_claim *claim, const cJSON *entry, uint8_t digest[SHA256_LEN])
{
	struct wd_blob hex = wd_json_string(entry, "sha256_in_prefix");
	bool replaced = cJSON_IsString(wd_json_member(entry, "prefix_placeholder"));

	claim->mode = S_IFREG;
	if (!replaced && !wd_json_u64(entry, "size_in_bytes", &claim->size))
		claim->size = WD_SIZE_UNKNOWN;
	if (hex.len == 0 && !replaced)
		hex = wd_json_string(entry, "sha256");
	if (hex.len == 0)
		return true;
	if (wd_blob_unhex(hex, digest, SHA256_LEN) != SHA256_LEN)
		return false;
	claim->digest = wd_blob(digest, SHA256_LEN);
	claim->digest_algo = WD_DIGEST_SHA256;
	return true;
}

static int take_entry(struct conda *c, const cJSON *entry)
{
	struct wd_blob path = wd_json_string(entry, "_path");
	struct wd_blob type = wd_json_string(entry, "path_type");
	struct wd_claim claim = {.size = WD_SIZE_UNKNOWN};
	uint8_t digest[SHA256_LEN];
	uint32_t id;
	int r;

	if (path.len == 0)
		return wd_fault(&c->faults, WD_ECORRUPT, "path without name");
	r = wd_strpool_intern(&c->paths, path, &id);
	if (r == -ENOMEM)
		return r;
	if (wd_blob_is(type, "softlink"))
		claim.mode = S_IFLNK;
	else if (wd_blob_is(type, "directory"))
		claim.mode = S_IFDIR;
	else if (!fill_file(&claim, entry, digest))
		r = wd_fault(&c->faults, WD_ECORRUPT, "path %.*s: sha256 is none",
			     WD_BLOB_PRINTF(wd_blob_head(path, 200)));
	return r < 0 && r != WD_ELIMIT ? r : push_path(c, path, &claim);
}

static int push_files(struct conda *c, const cJSON *record)
{
	const cJSON *paths = wd_json_array(wd_json_member(record, "paths_data"), "paths"), *one;
	int r = 0;

	cJSON_ArrayForEach(one, paths) r = r < 0 ? r : take_entry(c, one);
	cJSON_ArrayForEach(one, wd_json_array(record, "files"))
	{
		struct wd_blob path = wd_json_text(one);
		struct wd_claim claim = {.size = WD_SIZE_UNKNOWN};

		if (r == 0 && path.len && !wd_strpool_find(&c->paths, path))
			r = push_path(c, path, &claim);
	}
	return r;
}

static int push_record(struct conda *c, const cJSON *record)
{
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN};
	int r;

	pkg.field[WD_PACKAGE_NAME] = wd_json_string(record, "name");
	pkg.field[WD_PACKAGE_VERSION] = wd_json_string(record, "version");
	pkg.field[WD_PACKAGE_RELEASE] = wd_json_string(record, "build");
	pkg.field[WD_PACKAGE_ARCH] = wd_json_string(record, "subdir");
	pkg.field[WD_PACKAGE_ORIGIN] = wd_json_string(record, "channel");
	if (pkg.field[WD_PACKAGE_NAME].len == 0)
		return wd_fault(&c->faults, WD_ECORRUPT, "no name");
	r = wd_sink_package(c->sink, &pkg);
	return r < 0 ? r : push_files(c, record);
}

static int load_record(struct conda *c, const char *name, const char *path)
{
	WD_CLEANUP_JSON cJSON *record = NULL;
	int r = wd_file_read(c->req, name, WD_JSON_MAX, &c->text);

	c->faults = (struct wd_faults){.sink = c->sink, .path = path};
	if (r < 0)
		return wd_fault(&c->faults, r, "%s", wd_status_text(r));
	r = wd_json_file(wd_buf_view(&c->text), c->sink, path, &record);
	return r == WD_ECORRUPT ? 0 : r < 0 ? r : push_record(c, record);
}

static int load_named(struct conda *c, const char *name)
{
	WD_CLEANUP_FREE char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s", c->req->path, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r = load_record(c, name, path);
	wd_strpool_done(&c->paths);
	return r;
}

/* Beside the records there is `history`, and at times pins and state. */
static int load_names(struct conda *c, const struct wd_names *names)
{
	size_t records = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->count; i++) {
		if (!wd_blob_ends(wd_blob_str(names->name[i]), WD_BLOB(".json")))
			continue;
		if (records++ == 0)
			r = wd_sink_format(c->sink, "conda-meta");
		if (r == 0)
			r = load_named(c, names->name[i]);
	}
	return r < 0 ? r : records ? 0 : WD_EABSENT;
}

static int conda_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct wd_blob path = wd_blob_str(req->path);
	ptrdiff_t slash = wd_blob_rchr(path, '/');
	struct conda c = {.req = req, .sink = sink, .path = WD_BUF_INIT, .text = WD_BUF_INIT};
	struct wd_names names;
	int r = req->is_dir ? wd_names_read(req, "", RECORDS_MAX, &names) : WD_ENOTMINE;

	if (r < 0)
		return r;
	c.prefix = slash < 0 ? WD_BLOB_NULL : wd_blob_head(path, (size_t)slash);
	r = load_names(&c, &names);
	wd_names_done(&names);
	wd_buf_done(&c.path);
	wd_buf_done(&c.text);
	return r;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "conda",
	.version = "1",
	.load = conda_load,
	.libraries = wd_json_libraries,
};
