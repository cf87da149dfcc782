/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/format.h"

#include <dlfcn.h>
#include <stdio.h>

static const struct wd_format *const formats[] = {
	&wd_format_text, &wd_format_csv, &wd_format_nul, &wd_format_json, &wd_format_ndjson, NULL,
};

const char wd_format_names[] = "text, csv, nul, json, ndjson, sqlite";

static const struct wd_format *load_module(const char *name, const char *dir)
{
	char path[4096];
	void *module;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s.so", dir, name) >= sizeof(path))
		return NULL;
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	return module ? dlsym(module, WD_FORMAT_MODULE_SYMBOL) : NULL;
}

const struct wd_format *wd_format_find(const char *name, const char *module_dir)
{
	for (const struct wd_format *const *f = formats; *f; f++)
		if (strcmp((*f)->name, name) == 0)
			return *f;
	return strcmp(name, "sqlite") == 0 ? load_module(name, module_dir) : NULL;
}
