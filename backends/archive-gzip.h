/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gzip (RFC 1952) by ISA-L, which takes less than half of the time that zlib does. */
#ifndef WD_BACKENDS_ARCHIVE_GZIP_H
#define WD_BACKENDS_ARCHIVE_GZIP_H

#include <sys/types.h>

struct wd_gunzip;

/*
 * Where the compressed bytes come from, and where the others go: *ret is the next piece, borrowed
 * until the next call. Its size, 0 at the end, or a negative status.
 */
typedef ssize_t wd_pull(void *ctx, const void **ret);

#if WD_WITH_ISAL
/* NULL out of memory, and in a build without ISA-L. Release with wd_gunzip_free(). */
struct wd_gunzip *wd_gunzip_new(wd_pull *from, void *ctx);

/*
 * As wd_pull. Members that stand one behind the other are one stream, as for gzip; what is behind
 * the last one and does not begin like another is not looked at. WD_ECORRUPT where it is no gzip,
 * damaged or cut short; it is not to be called again after a negative status.
 */
ssize_t wd_gunzip_pull(struct wd_gunzip *z, const void **ret);

void wd_gunzip_free(struct wd_gunzip *z);
#else
#define wd_gunzip_new(from, ctx) ((void)(from), (void)(ctx), NULL)
#define wd_gunzip_pull(z, ret) ((void)(z), (void)(ret), WD_EUNSUPPORTED)
#define wd_gunzip_free(z) ((void)(z))
#endif

#endif
