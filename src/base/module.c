/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/module.h"

#include <dlfcn.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>

const void *wd_module_load(const char *dir, const char *name, const char *symbol,
			   const char **ret_why)
{
	char path[PATH_MAX];
	void *module, *ret;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s.so", dir, name) >= sizeof(path)) {
		*ret_why = "the path of its module is too long";
		return NULL;
	}
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ret = module ? dlsym(module, symbol) : NULL;
	if (!ret)
		*ret_why = dlerror();
	return ret;
}
