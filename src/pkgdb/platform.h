/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Platforms of images, "os/architecture[/variant]" in Go's words (OCI image-spec, config.md). */
#ifndef WD_PKGDB_PLATFORM_H
#define WD_PKGDB_PLATFORM_H

#include <stdbool.h>

/* That of this machine: "linux/amd64". */
const char *wd_platform_here(void);

/* Whether the text names one. */
bool wd_platform_is_one(const char *text);

/*
 * Whether the parts, NULL for what is not known, are those of a platform: a variant counts where
 * both have one.
 */
bool wd_platform_is(const char *text, const char *os, const char *arch, const char *variant);

#endif
