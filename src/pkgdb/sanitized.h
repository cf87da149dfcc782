/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether this is a build with the address sanitizer, which reserves terabytes of address space,
 * looks after its own memory and stacks, and reports before it gives up.
 */
#ifndef WD_PKGDB_SANITIZED_H
#define WD_PKGDB_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define WD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WD_SANITIZED 1
#endif
#endif
#ifndef WD_SANITIZED
#define WD_SANITIZED 0
#endif

#endif
