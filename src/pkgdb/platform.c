/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/platform.h"

#include "base/blob.h"
#include "base/cleanup.h"

#include <string.h>
#include <sys/utsname.h>

const char *wd_platform_here(void)
{
	/* Go's names for what uname says */
	static const char *const names[][2] = {
		{"x86_64", "linux/amd64"},
		{"aarch64", "linux/arm64"},
		{"i686", "linux/386"},
		{"armv7l", "linux/arm/v7"},
		{"armv6l", "linux/arm/v6"},
		{"ppc64le", "linux/ppc64le"},
		{"s390x", "linux/s390x"},
		{"riscv64", "linux/riscv64"},
		{"loongarch64", "linux/loong64"},
		{"mips64", "linux/mips64le"},
	};
	struct utsname u;

	uname(&u);
	for (size_t i = 0; i < WD_ARRAY_SIZE(names); i++)
		if (strcmp(u.machine, names[i][0]) == 0)
			return names[i][1];
	return "linux/unknown";
}

/* Its three parts, the last one the null blob where there are two; false where it has others. */
static bool split(const char *text, struct wd_blob part[3])
{
	struct wd_blob rest = wd_blob_str(text);
	size_t n = 0;

	part[2] = WD_BLOB_NULL;
	while (n < 3 && wd_blob_token(&rest, '/', &part[n]))
		if (part[n++].len == 0)
			return false;
	return n >= 2 && rest.len == 0;
}

bool wd_platform_is_one(const char *text)
{
	struct wd_blob part[3];
	size_t n = strlen(text);

	return split(text, part) && text[n - 1] != '/';
}

bool wd_platform_is(const char *text, const char *os, const char *arch, const char *variant)
{
	struct wd_blob part[3];

	return split(text, part) && wd_blob_equal(part[0], wd_blob_str(os)) &&
	       wd_blob_equal(part[1], wd_blob_str(arch)) &&
	       (!variant || part[2].len == 0 || wd_blob_is(part[2], variant));
}
