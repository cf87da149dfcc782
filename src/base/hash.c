/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/hash.h"

#include <dlfcn.h>
#include <stdio.h>

const struct wd_hash_ops *wd_hash_load(const char *dir)
{
	char path[4096];
	void *module;

	if ((size_t)snprintf(path, sizeof(path), "%s/" WD_HASH_MODULE ".so", dir) >= sizeof(path))
		return NULL;
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	return module ? dlsym(module, WD_HASH_MODULE_SYMBOL) : NULL;
}
