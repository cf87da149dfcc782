/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a stanza says of its package, in the words of the contract. */
#include "base/cleanup.h"
#include "dpkg-stanza.h"

/* Source: NAME (VERSION), each where it differs from the package's own (deb-control(5)). */
static void fill_source(const struct wd_dpkg_stanza *st, struct wd_package *pkg)
{
	struct wd_blob source = st->field[WD_DPKG_SOURCE], name;

	pkg->field[WD_PACKAGE_SOURCE] = pkg->field[WD_PACKAGE_NAME];
	pkg->field[WD_PACKAGE_SOURCE_VERSION] = pkg->field[WD_PACKAGE_VERSION];
	if (!source.len)
		return;
	if (source.ptr[source.len - 1] == ')' && wd_blob_chr(source, '(') >= 0) {
		size_t open = (size_t)wd_blob_chr(source, '(');
		struct wd_blob inside = wd_blob_skip(source, open + 1);

		inside.len--;
		pkg->field[WD_PACKAGE_SOURCE_VERSION] = wd_blob_trim(inside);
		source = wd_blob_head(source, open);
	}
	name = wd_blob_trim(source);
	if (name.len)
		pkg->field[WD_PACKAGE_SOURCE] = name;
}

/* Installed-Size is in KiB. */
static uint64_t installed_size(struct wd_blob value)
{
	uint64_t kib;

	if (!wd_blob_u64(value, &kib) || kib > UINT64_MAX / 1024 - 1)
		return WD_SIZE_UNKNOWN;
	return kib * 1024;
}

void wd_dpkg_stanza_package(const struct wd_dpkg_stanza *st, struct wd_package *ret)
{
	static const struct {
		uint8_t to, from;
	} copied[] = {
		{WD_PACKAGE_NAME, WD_DPKG_PACKAGE},	   {WD_PACKAGE_VERSION, WD_DPKG_VERSION},
		{WD_PACKAGE_ARCH, WD_DPKG_ARCHITECTURE},   {WD_PACKAGE_VENDOR, WD_DPKG_VENDOR},
		{WD_PACKAGE_PACKAGER, WD_DPKG_MAINTAINER}, {WD_PACKAGE_ORIGIN, WD_DPKG_ORIGIN},
		{WD_PACKAGE_BUGS, WD_DPKG_BUGS},	   {WD_PACKAGE_SECTION, WD_DPKG_SECTION},
		{WD_PACKAGE_PRIORITY, WD_DPKG_PRIORITY},   {WD_PACKAGE_URL, WD_DPKG_HOMEPAGE},
	};
	struct wd_package pkg = {.flags = st->flags};
	ptrdiff_t hyphen;

	for (size_t i = 0; i < WD_ARRAY_SIZE(copied); i++) {
		struct wd_blob value = st->field[copied[i].from];

		pkg.field[copied[i].to] = value.len ? value : WD_BLOB_NULL;
	}
	hyphen = wd_blob_rchr(pkg.field[WD_PACKAGE_VERSION], '-');
	if (hyphen >= 0)
		pkg.field[WD_PACKAGE_RELEASE] =
			wd_blob_skip(pkg.field[WD_PACKAGE_VERSION], (size_t)hyphen + 1);
	fill_source(st, &pkg);
	pkg.size = installed_size(st->field[WD_DPKG_INSTALLED_SIZE]);
	*ret = pkg;
}
