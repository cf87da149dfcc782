/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hash module: OpenSSL's libcrypto, and libcap. */
#include "base/hash.h"

#include <endian.h>
#include <errno.h>
#include <linux/capability.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>

/* By number, as in hash.h. */
static const char *const names[WD_HASH_ALGOS] = {
	[1] = "MD5",	[2] = "SHA1",	 [3] = "RIPEMD160", [8] = "SHA256",
	[9] = "SHA384", [10] = "SHA512", [11] = "SHA224",   [15] = "SM3",
};

struct wd_hasher {
	EVP_MD *md[WD_HASH_ALGOS]; /* fetched when first asked for: a fetch is slow */
	EVP_MD_CTX *ctx[WD_HASH_ALGOS];
	uint32_t algos; /* of the current message */
};

static uint32_t supported(void)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < WD_HASH_ALGOS; i++) {
		EVP_MD *md = names[i] ? EVP_MD_fetch(NULL, names[i], NULL) : NULL;

		bits |= md ? 1u << i : 0;
		EVP_MD_free(md);
	}
	return bits;
}

static struct wd_hasher *new_hasher(void)
{
	return calloc(1, sizeof(struct wd_hasher));
}

static void free_hasher(struct wd_hasher *h)
{
	for (unsigned i = 0; h && i < WD_HASH_ALGOS; i++) {
		EVP_MD_CTX_free(h->ctx[i]);
		EVP_MD_free(h->md[i]);
	}
	free(h);
}

static int begin_one(struct wd_hasher *h, unsigned algo)
{
	if (!h->md[algo] && names[algo])
		h->md[algo] = EVP_MD_fetch(NULL, names[algo], NULL);
	if (!h->ctx[algo])
		h->ctx[algo] = EVP_MD_CTX_new();
	return h->md[algo] && h->ctx[algo] && EVP_DigestInit_ex2(h->ctx[algo], h->md[algo], NULL)
		       ? 0
		       : -ENOMEM;
}

static int begin(struct wd_hasher *h, uint32_t algos)
{
	int r = 0;

	h->algos = algos;
	for (unsigned i = 0; r == 0 && i < WD_HASH_ALGOS; i++)
		if (algos >> i & 1)
			r = begin_one(h, i);
	return r;
}

static int update(struct wd_hasher *h, const void *data, size_t len)
{
	for (unsigned i = 0; i < WD_HASH_ALGOS; i++)
		if (h->algos >> i & 1 && !EVP_DigestUpdate(h->ctx[i], data, len))
			return -ENOMEM;
	return 0;
}

static int end(struct wd_hasher *h, struct wd_hashes *ret)
{
	for (unsigned i = 0; i < WD_HASH_ALGOS; i++)
		if (h->algos >> i & 1 && !EVP_DigestFinal_ex(h->ctx[i], ret->digest[i], NULL))
			return -ENOMEM;
	return 0;
}

/* None and the empty set are the same, as for `rpm -V` (lib/verify.c). */
static bool caps_are_others(cap_t found, const char *recorded)
{
	cap_t wanted = cap_from_text(*recorded ? recorded : "=");
	bool differ;

	if (!found)
		found = cap_from_text("=");
	differ = !wanted || !found || cap_compare(wanted, found) != 0;
	cap_free(wanted);
	cap_free(found);
	return differ;
}

static bool caps_differ(int fd, const char *recorded)
{
	return caps_are_others(cap_get_fd(fd), recorded);
}

static void set_flag(cap_t caps, cap_flag_t flag, cap_value_t cap, bool on)
{
	if (on) /* one that this libcap does not know stays away */
		cap_set_flag(caps, flag, 1, &cap, CAP_SET);
}

/*
 * struct vfs_cap_data of linux/capability.h: its revision and flags, then 32 capabilities a pair of
 * words, permitted and inheritable, little-endian. One flag makes all of them effective.
 */
static cap_t parse_caps(struct wd_blob value)
{
	uint32_t words[1 + 2 * VFS_CAP_U32] = {0};
	size_t have = value.len < sizeof(words) ? value.len : sizeof(words);
	cap_t caps = cap_init();

	if (!caps || have < XATTR_CAPS_SZ_1 || have % sizeof(*words))
		return caps;
	memcpy(words, value.ptr, have);
	for (unsigned i = 0; i < 32 * VFS_CAP_U32; i++) {
		bool permitted = le32toh(words[1 + i / 32 * 2]) >> (i % 32) & 1;
		bool inheritable = le32toh(words[2 + i / 32 * 2]) >> (i % 32) & 1;
		bool effective = le32toh(words[0]) & VFS_CAP_FLAGS_EFFECTIVE;

		set_flag(caps, CAP_PERMITTED, (cap_value_t)i, permitted);
		set_flag(caps, CAP_INHERITABLE, (cap_value_t)i, inheritable);
		set_flag(caps, CAP_EFFECTIVE, (cap_value_t)i,
			 effective && (permitted || inheritable));
	}
	return caps;
}

static bool caps_value_differs(struct wd_blob value, const char *recorded)
{
	return caps_are_others(parse_caps(value), recorded);
}

extern const struct wd_hash_ops wd_hash_module;
__attribute__((visibility("default"))) const struct wd_hash_ops wd_hash_module = {
	.supported = supported,
	.new = new_hasher,
	.free = free_hasher,
	.begin = begin,
	.update = update,
	.end = end,
	.caps_differ = caps_differ,
	.caps_value_differs = caps_value_differs,
};
