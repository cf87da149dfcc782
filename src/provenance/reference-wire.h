/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asking an index: a fenced worker, forked when the tree is known, reads the index and sends what
 * it has of the tree, in records as in pkgdb/wire.h. The parent takes each as hostile input.
 *
 *	SOURCE	u32 id, distro; u64 packages, files, digests, builds; string path, given, kind
 *	DISTRO	u32 id; string os, version, purl
 *	PACKAGE	u32 source, id, distro, files, core; string name, version, arch, origin: the next
 *		package
 *	PATH	u32 node; then u32s: 2 * package (from 0, in the order they came) + has a digest
 *	SIZED	u32 node, algorithms: worth reading, since digests of files of its size are known
 *	DIGEST	u32 node, package: a file of the package has this file's contents
 *	BUILD	u32 node, package: a file of the package has this file's build-id
 *	HELLO	u32 fences that hold; the first record
 *	DONE	i32 status, string: what is wrong; nothing follows
 */
#ifndef WD_PROVENANCE_REFERENCE_WIRE_H
#define WD_PROVENANCE_REFERENCE_WIRE_H

#include "pkgdb/catalog.h"
#include "pkgdb/wire.h"
#include "rootfs/contents.h"

#include <sys/types.h>

enum wd_reference_record {
	WD_REFERENCE_SOURCE = 1,
	WD_REFERENCE_DISTRO,
	WD_REFERENCE_PACKAGE,
	WD_REFERENCE_PATH,
	WD_REFERENCE_SIZED,
	WD_REFERENCE_DIGEST,
	WD_REFERENCE_BUILD,
	WD_REFERENCE_DONE,
	WD_REFERENCE_HELLO,
};

/* What the worker is to do. It has the parent's memory as it was when it was forked. */
struct wd_reference_task {
	const char *module_dir;
	int fd;				    /* the index, a regular file */
	bool check;			    /* look at the whole file's structure */
	const struct wd_tree *tree;	    /* send its paths; NULL: only sources and distros */
	const uint8_t *wanted;		    /* SIZED for nodes that are not 0 here; NULL: none */
	const struct wd_catalog *cat;	    /* send the build-ids among its facts; NULL: none */
	const struct wd_contents *contents; /* only send DIGESTs, for what was read; or NULL */
};

/* Forks the worker. 0 or a negated errno; *ret_pipe is what to read from. */
int wd_reference_fork(const struct wd_reference_task *task, pid_t *ret_pid, int *ret_pipe);

#endif
