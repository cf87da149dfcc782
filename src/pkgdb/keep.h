/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which files of an archive are kept, because a database or a piece of evidence may be in them:
 * patterns of base/glob.h, gathered before the archive is read, since it is read once.
 */
#ifndef WD_PKGDB_KEEP_H
#define WD_PKGDB_KEEP_H

#include "base/array.h"
#include "base/buf.h"
#include "pkgdb/descriptor.h"

struct wd_keep {
	/* in order of the last component where that is literal, the others behind them */
	WD_ARRAY(struct wd_keep_pattern {
		char *pattern;
		struct wd_blob last; /* component */
	}) list;
	size_t nliteral;
};

/* Adds one pattern. 0 or -ENOMEM. */
int wd_keep_add(struct wd_keep *k, struct wd_blob pattern);

/*
 * Adds what the backends probe and read. The directory that a probe names may be reached by a link
 * (var/lib/rpm leads to usr/lib/sysimage/rpm): the end of its path counts, wherever that is.
 */
int wd_keep_add_backends(struct wd_keep *k, const struct wd_descriptors *backends);

/* After the last one was added, before the first is asked for. */
void wd_keep_ready(struct wd_keep *k);

bool wd_keep_wants(const struct wd_keep *k, struct wd_blob path);
void wd_keep_done(struct wd_keep *k);

#endif
