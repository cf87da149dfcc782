/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bills of materials that images carry in place of a package database, or beside one:
 *
 *	var/lib/db/sbom/NAME-VERSION.spdx.json	melange, one for each apk (Wolfi, Chainguard)
 *	opt/bitnami/COMP/.spdx-COMP.spdx	Bitnami, one for each component
 *	opt/docker/sbom/…/.spdx.NAME.json	Docker Hardened Images
 *	usr/share/spdx, usr/local/share/sbom	Talos and others
 *
 * A package is recorded by its package URL, which is kept as it is: its namespace becomes ORIGIN,
 * its distro qualifier DISTRIBUTION (for Docker's, os_name and os_version), its arch ARCH. The
 * name is the document's own, the version the package URL's.
 *
 * Bitnami installs a component into a directory of its own, where its document is, too (syft,
 * cataloger/bitnami: "Bitnami packages reported in a SPDX file are shipped under the same
 * directory"). So the package that the document is about owns the whole directory, where both have
 * the same name.
 */
#include "sbom.h"

#include <limits.h>

/* One file may be of many packages. */
#define FILE_NAME_MAX PATH_MAX

/* "Organization: Wolfi ()" is Wolfi (SPDX 2.3, 7.5). */
static struct wd_blob agent(struct wd_blob s)
{
	ptrdiff_t colon = wd_blob_chr(s, ':');

	if (wd_blob_is(s, "NOASSERTION") || wd_blob_is(s, "NONE"))
		return WD_BLOB_NULL;
	if (wd_blob_starts(s, WD_BLOB("Organization:")) || wd_blob_starts(s, WD_BLOB("Person:")) ||
	    wd_blob_starts(s, WD_BLOB("Tool:")))
		s = wd_blob_skip(s, (size_t)colon + 1);
	return wd_blob_trim(s);
}

/* Types whose versions end in "-RELEASE". */
static bool has_release(struct wd_blob type)
{
	return wd_blob_is(type, "rpm") || wd_blob_is(type, "deb");
}

/* rpm's epoch is a qualifier; `text` gets the version that rpm prints. */
static void fill_version(struct wd_package *pkg, const struct wd_sbom_purl *p, struct wd_buf *text)
{
	struct wd_blob version = p->version;
	ptrdiff_t hyphen = has_release(p->type) ? wd_blob_rchr(version, '-') : -1;

	if (hyphen >= 0)
		pkg->field[WD_PACKAGE_RELEASE] = wd_blob_skip(version, (size_t)hyphen + 1);
	if (wd_blob_is(p->type, "rpm") && wd_blob_u64(p->epoch, &pkg->epoch) && pkg->epoch) {
		wd_buf_printf(text, "%llu:", (unsigned long long)pkg->epoch);
		wd_buf_blob(text, version);
		version = wd_buf_view(text);
	}
	if (version.len)
		pkg->field[WD_PACKAGE_VERSION] = version;
}

/* `text` gets what Docker Hardened Images are made from, as other package URLs have it. */
static void fill_distribution(struct wd_package *pkg, const struct wd_sbom_purl *p,
			      struct wd_buf *text)
{
	pkg->field[WD_PACKAGE_DISTRIBUTION] = p->distro;
	if (p->distro.len || p->os_name.len == 0)
		return;
	wd_buf_blob(text, p->os_name);
	if (p->os_version.len) {
		wd_buf_byte(text, '-');
		wd_buf_blob(text, p->os_version);
	}
	pkg->field[WD_PACKAGE_DISTRIBUTION] = wd_buf_view(text);
}

static int push_parsed(struct wd_sbom *s, struct wd_package *pkg, const struct wd_sbom_purl *p)
{
	WD_CLEANUP_BUF struct wd_buf version = WD_BUF_INIT;
	WD_CLEANUP_BUF struct wd_buf distribution = WD_BUF_INIT;

	fill_version(pkg, p, &version);
	fill_distribution(pkg, p, &distribution);
	pkg->field[WD_PACKAGE_ARCH] = p->arch;
	pkg->field[WD_PACKAGE_ORIGIN] = p->namespace;
	if (version.status < 0 || distribution.status < 0)
		return -ENOMEM;
	return wd_sink_package(s->sink, pkg);
}

int wd_sbom_push_package(struct wd_sbom *s, const struct wd_sbom_item *item)
{
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN,
				 .flags = item->has_files ? 0 : WD_PACKAGE_NO_FILES};
	struct wd_sbom_purl purl;
	int r;

	pkg.field[WD_PACKAGE_NAME] = item->name;
	pkg.field[WD_PACKAGE_VERSION] = item->version;
	pkg.field[WD_PACKAGE_VENDOR] = agent(item->supplier);
	pkg.field[WD_PACKAGE_PACKAGER] = agent(item->originator);
	pkg.field[WD_PACKAGE_URL] = agent(item->url);
	if (item->purl.len == 0)
		return wd_sink_package(s->sink, &pkg);
	if (wd_sbom_purl_parse(item->purl, &purl)) {
		pkg.field[WD_PACKAGE_PURL] = item->purl;
		r = push_parsed(s, &pkg, &purl);
	} else {
		r = wd_fault(&s->faults, WD_ECORRUPT, "no package URL: %.*s",
			     WD_BLOB_PRINTF(wd_blob_head(item->purl, 200)));
		if (r == 0)
			r = wd_sink_package(s->sink, &pkg);
	}
	wd_buf_done(&purl.text);
	return r;
}

/* Best first. SPDX writes SHA256, CycloneDX SHA-256. */
static const struct {
	const char *name, *hyphenated;
	uint8_t algo, len;
} digests[] = {
	{"SHA256", "SHA-256", WD_DIGEST_SHA256, 32}, {"SHA512", "SHA-512", WD_DIGEST_SHA512, 64},
	{"SHA384", "SHA-384", WD_DIGEST_SHA384, 48}, {"SHA1", "SHA-1", WD_DIGEST_SHA1, 20},
	{"MD5", "MD5", WD_DIGEST_MD5, 16},
};

/* False where a digest that should be there is none. */
static bool pick_digest(struct wd_sbom_file *file, const cJSON *list, const char *algorithm,
			const char *value)
{
	size_t best = WD_ARRAY_SIZE(digests);
	struct wd_blob hex = WD_BLOB_NULL;
	const cJSON *one;

	cJSON_ArrayForEach(one, list)
	{
		struct wd_blob name = wd_json_string(one, algorithm);

		for (size_t i = 0; i < best; i++) {
			if (!wd_blob_is(name, digests[i].name) &&
			    !wd_blob_is(name, digests[i].hyphenated))
				continue;
			best = i;
			hex = wd_json_string(one, value);
		}
	}
	if (best == WD_ARRAY_SIZE(digests))
		return true;
	if (wd_blob_unhex(hex, file->digest, WD_DIGEST_MAX) != digests[best].len)
		return false;
	file->digest_len = digests[best].len;
	file->digest_algo = digests[best].algo;
	return true;
}

int wd_sbom_file_read(struct wd_sbom *s, struct wd_blob name, const cJSON *checksums,
		      const char *algorithm, const char *value, struct wd_sbom_file *ret)
{
	*ret = (struct wd_sbom_file){.name = WD_BLOB_NULL};
	if (name.len == 0)
		return wd_fault(&s->faults, WD_ECORRUPT, "file without name");
	if (name.len > FILE_NAME_MAX)
		return wd_fault(&s->faults, WD_ECORRUPT, "file name of %zu bytes", name.len);
	ret->name = name;
	if (pick_digest(ret, checksums, algorithm, value))
		return 0;
	return wd_fault(&s->faults, WD_ECORRUPT, "file %.*s: checksum is none",
			WD_BLOB_PRINTF(wd_blob_head(name, 200)));
}

int wd_sbom_push_file(struct wd_sbom *s, const struct wd_sbom_file *file)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	struct wd_claim claim = {.size = WD_SIZE_UNKNOWN};
	struct wd_blob name = file->name;

	if (name.len == 0)
		return 0;
	if (*name.ptr == '/') {
		name = wd_blob_skip(name, 1);
	} else if (!s->relative_known) {
		return 0;
	} else if (s->base.len) {
		wd_buf_blob(&path, s->base);
		wd_buf_byte(&path, '/');
	}
	wd_buf_blob(&path, name);
	if (path.status < 0)
		return path.status;
	if (file->digest_len) {
		claim.digest = wd_blob(file->digest, file->digest_len);
		claim.digest_algo = file->digest_algo;
	}
	wd_claim_path(&claim, wd_buf_view(&path));
	return wd_sink_claim(s->sink, &claim);
}

/* What the document's place says of it; see struct wd_sbom. */
static void place(struct wd_sbom *s)
{
	struct wd_blob path = wd_blob_str(s->req->path), dir, name;
	ptrdiff_t slash = wd_blob_rchr(path, '/');

	dir = slash < 0 ? WD_BLOB_NULL : wd_blob_head(path, (size_t)slash);
	name = wd_blob_skip(path, (size_t)(slash + 1));
	s->relative_known = wd_blob_is(dir, "var/lib/db/sbom");
	if (!wd_blob_starts(dir, WD_BLOB("opt/bitnami/")))
		return;
	s->relative_known = true;
	s->base = dir;
	dir = wd_blob_skip(dir, sizeof("opt/bitnami/") - 1);
	if (wd_blob_chr(dir, '/') < 0 && name.len == dir.len + 11 &&
	    wd_blob_starts(name, WD_BLOB(".spdx-")) && wd_blob_ends(name, WD_BLOB(".spdx")) &&
	    wd_blob_equal(wd_blob_head(wd_blob_skip(name, 6), dir.len), dir))
		s->component = dir;
}

static int load_document(struct wd_sbom *s, const cJSON *root)
{
	struct wd_blob spdx = wd_json_string(root, "spdxVersion");

	if (wd_blob_starts(spdx, WD_BLOB("SPDX-2.")))
		return wd_sbom_load_spdx(s, root);
	if (wd_blob_is(wd_json_string(root, "bomFormat"), "CycloneDX"))
		return wd_sbom_load_cyclonedx(s, root);
	/* SPDX 3 is JSON-LD, and has @context and @graph instead */
	if (spdx.len ||
	    wd_blob_starts(wd_json_string(root, "@context"), WD_BLOB("https://spdx.org/rdf/3")))
		return WD_EUNSUPPORTED;
	/* other JSON beside the documents is none of our business */
	return WD_EABSENT;
}

static int sbom_load(const struct wd_request *req, struct wd_sink *sink)
{
	WD_CLEANUP_JSON cJSON *root = NULL;
	struct wd_sbom s = {.req = req, .sink = sink, .faults.sink = sink};
	int r;

	if (req->is_dir)
		return WD_ENOTMINE;
	place(&s);
	r = wd_json_read(req->fd, sink, &root);
	return r < 0 ? r : load_document(&s, root);
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "sbom",
	.version = "1",
	.load = sbom_load,
	.libraries = wd_json_libraries,
};
