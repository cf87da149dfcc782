/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/format.h"

#include "base/module.h"

static const struct wd_format *const formats[] = {
	&wd_format_text, &wd_format_csv, &wd_format_nul, &wd_format_json, &wd_format_ndjson, NULL,
};

const struct wd_format *wd_format_find(const char *name, const char *module_dir)
{
	const char *why;

	for (const struct wd_format *const *f = formats; *f; f++)
		if (strcmp((*f)->name, name) == 0)
			return *f;
	if (strcmp(name, "sqlite") != 0)
		return NULL;
	return wd_module_load(module_dir, name, WD_FORMAT_MODULE_SYMBOL, &why);
}
