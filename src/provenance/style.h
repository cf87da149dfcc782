/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What kind of root filesystem it is: data/programs.tsv says by which files. */
#ifndef WD_PROVENANCE_STYLE_H
#define WD_PROVENANCE_STYLE_H

#include "rootfs/tree.h"

/*
 *	full		has a package manager
 *	minimal		has a shell and no package manager
 *	distroless	has neither, and a dynamic loader or a libc
 *	static		has only static programs
 *	empty		has no programs
 */
#define WD_STYLES(X)                                                                               \
	X(EMPTY, "empty")                                                                          \
	X(STATIC, "static")                                                                        \
	X(DISTROLESS, "distroless")                                                                \
	X(MINIMAL, "minimal")                                                                      \
	X(FULL, "full")

enum wd_style {
#define X(id, name) WD_STYLE_##id,
	WD_STYLES(X)
#undef X
};
const char *wd_style_name(enum wd_style style);

/*
 * 0, -ENOMEM, a negated errno where the table cannot be read, or WD_ECORRUPT with the line in
 * *ret_line.
 */
int wd_style_find(struct wd_tree *tree, const char *data_dir, enum wd_style *ret,
		  unsigned *ret_line);

#endif
