/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Message digests, and what else a whole file is compared by. They come from a module, so that
 * only a run that needs them maps libcrypto.
 * Algorithms are numbered as in OpenPGP (RFC 4880, 9.4), 1 to 11; several are computed in one pass.
 */
#ifndef WD_BASE_HASH_H
#define WD_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WD_HASH_ALGOS 12
#define WD_HASH_MAX 64

struct wd_hashes {
	uint8_t digest[WD_HASH_ALGOS][WD_HASH_MAX]; /* by algorithm */
};

struct wd_hasher; /* for one thread */

struct wd_hash_ops {
	/* Bit N: algorithm N can be computed. */
	uint32_t (*supported)(void);
	/* NULL out of memory. */
	struct wd_hasher *(*new)(void);
	void (*free)(struct wd_hasher *h);
	/*
	 * One message: begin with the bits of what is wanted (of those supported), any number of
	 * updates, end. 0 or -ENOMEM.
	 */
	int (*begin)(struct wd_hasher *h, uint32_t algos);
	int (*update)(struct wd_hasher *h, const void *data, size_t len);
	int (*end)(struct wd_hasher *h, struct wd_hashes *ret);
	/* Whether a file's capabilities are others than this text says, as cap_to_text(3) writes.
	 */
	bool (*caps_differ)(int fd, const char *recorded);
};

/* The module NAME.so of a directory exports a `const struct wd_hash_ops` of this name. */
#define WD_HASH_MODULE "hash"
#define WD_HASH_MODULE_SYMBOL "wd_hash_module"

/* Loads the module; NULL where it is not there or cannot be loaded. It is never unloaded. */
const struct wd_hash_ops *wd_hash_load(const char *dir);

#endif
