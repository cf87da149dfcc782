/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of data/signals.tsv, which says what they mean. */
#ifndef WD_PROVENANCE_SIGNALS_H
#define WD_PROVENANCE_SIGNALS_H

#include "base/pool.h"
#include "base/tsv.h"
#include "provenance/evidence.h"
#include "provenance/pattern.h"

/* The sources beyond facts, whose number is their enum wd_fact_kind. */
enum wd_signal_source {
	WD_SIGNAL_TEXT = WD_FACT_KIND_COUNT,
	WD_SIGNAL_PATH,
	WD_SIGNAL_SOURCE_COUNT
};

/* One signal. All blobs borrow the table; null where the row has "-". */
struct wd_signal {
	unsigned source;
	struct wd_blob where; /* globs separated by spaces; null for every file */
	struct wd_pattern pattern;
	struct wd_blob kind;
	struct wd_blob family;
	struct wd_blob distro;	/* template */
	struct wd_blob version; /* template; of a RELEASE: the version of the library */
	enum wd_item_use use;
	enum wd_item_strength strength; /* WEAK at most where nobody has checked it */
	bool captures;			/* a template has $ */
};

/* A `release` row: which release of a distribution has a version of a library. */
struct wd_signal_release {
	struct wd_blob library;
	struct wd_blob version;
	struct wd_blob family;
	struct wd_blob distro;
	struct wd_blob release;
	enum wd_item_strength strength;
};

struct wd_signals {
	struct wd_tsv table;
	WD_ARRAY(struct wd_signal) list; /* in the table's order */
	WD_ARRAY(struct wd_signal_release) releases;
	struct wd_strpool skip; /* what the names of no programs end with, behind the last dot */
};

/*
 * 0, -ENOMEM, a negated errno, or WD_ECORRUPT with the line in *ret_line. Release with
 * wd_signals_done() in every case.
 */
int wd_signals_read(struct wd_signals *s, const char *data_dir, unsigned *ret_line);
void wd_signals_done(struct wd_signals *s);
/* -ENOMEM where a match may have been missed for want of memory, or 0. */
int wd_signals_status(const struct wd_signals *s);

/* Whether the place of a file is one of the signal's, and none that it excludes. */
bool wd_signal_is_at(const struct wd_signal *signal, struct wd_blob path);

/*
 * Whether the signal's pattern matches a text; one without a pattern matches all. *ret (may be
 * NULL) are the groups.
 */
bool wd_signal_match(struct wd_signal *signal, struct wd_blob text, struct wd_captures *ret);

#endif
