/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rpm-origin.h"

#include "base/cleanup.h"

void wd_rpm_set_source(struct wd_package *pkg, struct wd_blob sourcerpm)
{
	static const char *const suffixes[] = {".src.rpm", ".nosrc.rpm"};
	ptrdiff_t dash;

	for (size_t i = 0; i < WD_ARRAY_SIZE(suffixes); i++) {
		struct wd_blob suffix = wd_blob_str(suffixes[i]);

		if (wd_blob_ends(sourcerpm, suffix))
			sourcerpm.len -= suffix.len;
	}
	dash = wd_blob_rchr(sourcerpm, '-');
	if (dash > 0)
		dash = wd_blob_rchr(wd_blob_head(sourcerpm, (size_t)dash), '-');
	if (dash <= 0)
		return;
	pkg->field[WD_PACKAGE_SOURCE] = wd_blob_head(sourcerpm, (size_t)dash);
	pkg->field[WD_PACKAGE_SOURCE_VERSION] = wd_blob_skip(sourcerpm, (size_t)dash + 1);
}
