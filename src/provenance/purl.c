/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/purl.h"

#include "base/purl.h"
#include "pkgdb/descriptor.h"

#include <string.h>

/* rpm keeps the epoch out of the version and in a qualifier. */
static struct wd_blob purl_version(const struct wd_catalog *cat, const struct wd_cat_package *pkg)
{
	struct wd_blob version = wd_package_field(cat, pkg, WD_PACKAGE_VERSION);
	bool rpm = strcmp(cat->dbs.v[pkg->db]->backend->purl, "rpm") == 0;
	ptrdiff_t colon = rpm || pkg->epoch ? wd_blob_chr(version, ':') : -1;

	return colon < 0 ? version : wd_blob_skip(version, (size_t)colon + 1);
}

void wd_purl(const struct wd_catalog *cat, const struct wd_cat_package *pkg,
	     const struct wd_distro *distro, struct wd_buf *out)
{
	struct wd_blob version = purl_version(cat, pkg);
	struct wd_blob own = wd_package_field(cat, pkg, WD_PACKAGE_PURL);
	char label[256], epoch[24] = "";
	char sep = '?';

	if (own.len) {
		wd_buf_blob(out, own);
		return;
	}

	wd_buf_printf(out, "pkg:%s/", cat->dbs.v[pkg->db]->backend->purl);
	if (*distro->purl) {
		wd_purl_encode(out, wd_blob_str(distro->purl));
		wd_buf_byte(out, '/');
	}
	wd_purl_encode(out, wd_package_field(cat, pkg, WD_PACKAGE_NAME));
	if (version.len) {
		wd_buf_byte(out, '@');
		wd_purl_encode(out, version);
	}
	snprintf(label, sizeof(label), "%s%s%s", distro->id, *distro->version_id ? "-" : "",
		 distro->version_id);
	if (pkg->epoch)
		snprintf(epoch, sizeof(epoch), "%llu", (unsigned long long)pkg->epoch);
	wd_purl_qualifier(out, &sep, "arch", wd_package_field(cat, pkg, WD_PACKAGE_ARCH));
	if (!distro->vendor)
		wd_purl_qualifier(out, &sep, "distro", wd_blob_str(label));
	wd_purl_qualifier(out, &sep, "epoch", wd_blob_str(epoch));
}
