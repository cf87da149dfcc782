/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What holds of every tree and of every path in it. */
#ifndef WD_TESTS_FUZZ_PATHS_H
#define WD_TESTS_FUZZ_PATHS_H

#include "fuzz.h"
#include "rootfs/tree.h"

/* Resolves a path in all ways. */
void fuzz_resolve(struct wd_tree *tree, struct wd_blob path);

/* Each node comes once, in byte order of its path, ghosts too. */
void fuzz_check_order(struct wd_tree *tree);

#endif
