/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Homebrew's cellar: Cellar/NAME/VERSION is a keg, the directory of one version of one formula,
 * which owns what is below it (docs.brew.sh, Formula Cookbook, "Homebrew terminology"). A keg's
 * VERSION has the formula's revision behind "_". INSTALL_RECEIPT.json in it (Library/Homebrew/
 * tab.rb) tells the architecture and the tap; a directory without one was not installed by
 * Homebrew.
 */
#include "common.h"
#include "json-doc.h"

#define FORMULAE_MAX 100000
#define VERSIONS_MAX 10000

struct cellar {
	const struct wd_request *req;
	struct wd_sink *sink;
	struct wd_faults faults;
	struct wd_buf path; /* of the receipt at hand, relative to the root filesystem, with NUL */
	struct wd_buf text; /* of the receipt */
	size_t kegs;
};

static int push_keg(struct cellar *c, const char *formula, const char *version,
		    const cJSON *receipt)
{
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN};
	struct wd_claim claim = {.size = WD_SIZE_UNKNOWN, .flags = WD_CLAIM_TREE};
	struct wd_blob path = wd_blob_str(c->path.ptr);
	int r;

	pkg.field[WD_PACKAGE_NAME] = wd_blob_str(formula);
	pkg.field[WD_PACKAGE_VERSION] = wd_blob_str(version);
	pkg.field[WD_PACKAGE_ARCH] = wd_json_string(receipt, "arch");
	pkg.field[WD_PACKAGE_ORIGIN] = wd_json_string(wd_json_member(receipt, "source"), "tap");
	claim.dir = wd_blob_head(path, (size_t)wd_blob_rchr(path, '/'));
	r = wd_sink_package(c->sink, &pkg);
	return r < 0 ? r : wd_sink_claim(c->sink, &claim);
}

/* WD_EABSENT where there is no receipt. A faulty one marks a keg, too: *ret is NULL then. */
static int read_receipt(struct cellar *c, cJSON **ret)
{
	/* as the request has it: the cellar is the database */
	const char *path = c->path.ptr + strlen(c->req->path) + 1;
	int r = wd_file_read(c->req, path, WD_JSON_MAX, &c->text);

	*ret = NULL;
	if (r == WD_EABSENT)
		return r;
	c->faults = (struct wd_faults){.sink = c->sink, .path = c->path.ptr};
	if (r < 0)
		return wd_fault(&c->faults, r, "%s", wd_status_text(r));
	r = wd_json_file(wd_buf_view(&c->text), c->sink, c->path.ptr, ret);
	return r == WD_ECORRUPT ? 0 : r;
}

static int load_keg(struct cellar *c, const char *formula, const char *version)
{
	WD_CLEANUP_JSON cJSON *receipt = NULL;
	int r;

	c->path.len = 0;
	wd_buf_printf(&c->path, "%s/%s/%s/INSTALL_RECEIPT.json", c->req->path, formula, version);
	wd_buf_byte(&c->path, '\0');
	if (c->path.status < 0)
		return c->path.status;
	r = read_receipt(c, &receipt);
	if (r == WD_EABSENT)
		return 0;
	if (r == 0 && c->kegs++ == 0)
		r = wd_sink_format(c->sink, "cellar");
	return r < 0 ? r : push_keg(c, formula, version, receipt);
}

/* Links and files are neither formulae nor kegs. */
static int load_formula(struct cellar *c, const char *formula)
{
	struct wd_names versions;
	int r = wd_names_read(c->req, formula, VERSIONS_MAX, &versions);

	if (r < 0) {
		c->faults = (struct wd_faults){.sink = c->sink};
		return wd_fault(&c->faults, r, "%.200s: %s", formula, wd_status_text(r));
	}
	for (size_t i = 0; r == 0 && i < versions.count; i++)
		if (wd_name_type(&versions, i) == DT_DIR)
			r = load_keg(c, formula, versions.name[i]);
	wd_names_done(&versions);
	return r;
}

static int homebrew_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct cellar c = {.req = req, .sink = sink, .path = WD_BUF_INIT, .text = WD_BUF_INIT};
	struct wd_names formulae;
	int r = req->is_dir ? wd_names_read(req, "", FORMULAE_MAX, &formulae) : WD_ENOTMINE;

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < formulae.count; i++)
		if (wd_name_type(&formulae, i) == DT_DIR)
			r = load_formula(&c, formulae.name[i]);
	wd_names_done(&formulae);
	wd_buf_done(&c.path);
	wd_buf_done(&c.text);
	return r < 0 ? r : c.kegs ? 0 : WD_EABSENT;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "homebrew",
	.version = "1",
	.load = homebrew_load,
	.libraries = wd_json_libraries,
};
