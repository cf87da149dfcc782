/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parts of the program that are loaded when they are needed, and bring large libraries with them.
 */
#ifndef WD_BASE_MODULE_H
#define WD_BASE_MODULE_H

/*
 * What `dir`/`name`.so has at `symbol`; it stays loaded to the end of the process. NULL where there
 * is no such module, or no such symbol in it, and then *ret_why is a text of why not, until the
 * next call.
 */
const void *wd_module_load(const char *dir, const char *name, const char *symbol,
			   const char **ret_why);

#endif
