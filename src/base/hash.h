/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Message digests, and what else a whole file is compared by. They come from a module, so that
 * only a run that needs them maps libcrypto.
 * Algorithms are numbered as in enum wd_digest_algo (pkgdb/backend.h); several are computed in one
 * pass.
 */
#ifndef WD_BASE_HASH_H
#define WD_BASE_HASH_H

#include "base/blob.h"

#define WD_HASH_ALGOS 16
#define WD_HASH_MAX 64

/*
 * What databases record, for where it has to be known before they are read: MD5, SHA-1, SHA-256 and
 * SHA-512. No distribution has built packages with the others.
 */
#define WD_HASH_RECORDED (1u << 1 | 1u << 2 | 1u << 8 | 1u << 10)

struct wd_hashes {
	uint8_t digest[WD_HASH_ALGOS][WD_HASH_MAX]; /* by algorithm */
};

/* As in "md5:…"; "unknown" of other numbers. */
const char *wd_hash_name(unsigned algo);

/* Digests by several algorithms, one behind the other: how many bytes that takes, */
size_t wd_hash_packed_size(uint32_t algos);
/* puts them there, */
void wd_hash_pack(const struct wd_hashes *hashes, uint32_t algos, uint8_t *out);
/* and finds the one by `algo`; the null blob where it is none of `algos`. */
struct wd_blob wd_hash_packed(const void *packed, uint32_t algos, unsigned algo);

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
	/*
	 * Whether a file's capabilities are others than this text says, as cap_to_text(3) writes.
	 */
	bool (*caps_differ)(int fd, const char *recorded);
	/* The same of the bytes of its attribute security.capability; none: the null blob. */
	bool (*caps_value_differs)(struct wd_blob value, const char *recorded);
};

/* The module NAME.so of a directory exports a `const struct wd_hash_ops` of this name. */
#define WD_HASH_MODULE "hash"
#define WD_HASH_MODULE_SYMBOL "wd_hash_module"

/* Loads the module; NULL where it is not there or cannot be loaded. It is never unloaded. */
const struct wd_hash_ops *wd_hash_load(const char *dir);

#endif
