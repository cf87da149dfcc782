/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing package URLs: the parts that every type shares.
 * https://github.com/package-url/purl-spec
 */
#ifndef WD_BASE_PURL_H
#define WD_BASE_PURL_H

#include "base/buf.h"

/* Appends s, percent-encoded where purl-spec asks for it. */
void wd_purl_encode(struct wd_buf *out, struct wd_blob s);

/*
 * Appends a qualifier unless its value is empty. *sep, '?' at first, is what goes before it and
 * becomes what goes before the next.
 */
void wd_purl_qualifier(struct wd_buf *out, char *sep, const char *key, struct wd_blob value);

#endif
