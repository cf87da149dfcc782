/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Backend descriptors: NAME.backend beside NAME.so, `key = value` lines, '#' comments.
 *
 *	name		the backend's name; NAME.so is the module
 *	description	one line for people
 *	abi		WD_BACKEND_ABI that the module was built for
 *	formats		words that the backend reports through wd_sink_format()
 *	purl		package-url type of its packages
 *	magic		(instead of probe) the bytes, in hex, that files begin with which the backend's
 *			examine() is for: 7f454c46
 *	probe		(repeated) a path below the rootfs; with a trailing slash, a directory. It may
 *			be a pattern of base/glob.h: every match is a database of its own
 *	reads		(repeated) what load() opens beside the probed file or below the probed
 *			directory, as a pattern relative to that directory: all that an image keeps
 *	source		(instead of probe, repeated) a pattern for the last component of files outside
 *			any root filesystem that the backend reads: packages and their lists (*.deb)
 *
 * Reading them is all that the parent process ever does with a backend.
 */
#ifndef WD_PKGDB_DESCRIPTOR_H
#define WD_PKGDB_DESCRIPTOR_H

#include "base/array.h"

#include <stdbool.h>

#define WD_MAGIC_MAX 8

struct wd_descriptor {
	char *name;
	char *description;
	char *formats;
	char *purl;
	char *dir; /* where the descriptor was found */
	unsigned abi;
	WD_ARRAY(char *) probes;
	WD_ARRAY(char *) reads;
	WD_ARRAY(char *) sources;
	uint8_t magic[WD_MAGIC_MAX]; /* what its files begin with; */
	size_t magic_len;	     /* 0: it examines none */
	char *broken;		     /* why it cannot be used, or NULL */
};

struct wd_descriptors {
	WD_ARRAY(struct wd_descriptor *) list; /* in order of name */
};

void wd_descriptors_done(struct wd_descriptors *d);

/*
 * Reads every *.backend of a directory; a backend whose name is already there is left out, so
 * that the directory read first wins. A descriptor that cannot be used stays in the list with
 * `broken` set. 0 or a negated errno where the directory itself cannot be read.
 */
int wd_descriptors_read(struct wd_descriptors *d, const char *dir);

/* Whether the backend reads files of this name (the last component of a path) as a source. */
bool wd_descriptor_takes(const struct wd_descriptor *d, const char *name);

#endif
