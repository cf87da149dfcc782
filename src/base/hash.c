/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/hash.h"

#include "base/module.h"

#include <string.h>

static const uint8_t sizes[WD_HASH_ALGOS] = {
	[1] = 16, [2] = 20, [3] = 20, [8] = 32, [9] = 48, [10] = 64, [11] = 28, [15] = 32,
};

const char *wd_hash_name(unsigned algo)
{
	static const char *const names[WD_HASH_ALGOS] = {
		[1] = "md5",	[2] = "sha1",	 [3] = "ripemd160", [8] = "sha256",
		[9] = "sha384", [10] = "sha512", [11] = "sha224",   [15] = "sm3",
	};

	return algo < WD_HASH_ALGOS && names[algo] ? names[algo] : "unknown";
}

size_t wd_hash_packed_size(uint32_t algos)
{
	size_t size = 0;

	for (unsigned i = 0; i < WD_HASH_ALGOS; i++)
		size += algos >> i & 1 ? sizes[i] : 0;
	return size;
}

void wd_hash_pack(const struct wd_hashes *hashes, uint32_t algos, uint8_t *out)
{
	for (unsigned i = 0; i < WD_HASH_ALGOS; i++) {
		if (!(algos >> i & 1))
			continue;
		memcpy(out, hashes->digest[i], sizes[i]);
		out += sizes[i];
	}
}

struct wd_blob wd_hash_packed(const void *packed, uint32_t algos, unsigned algo)
{
	if (algo >= WD_HASH_ALGOS || !(algos >> algo & 1))
		return WD_BLOB_NULL;
	return wd_blob((const char *)packed + wd_hash_packed_size(algos & ((1u << algo) - 1)),
		       sizes[algo]);
}

const struct wd_hash_ops *wd_hash_load(const char *dir)
{
	const char *why;

	return wd_module_load(dir, WD_HASH_MODULE, WD_HASH_MODULE_SYMBOL, &why);
}
