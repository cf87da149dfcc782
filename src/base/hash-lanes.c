/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One body for each algorithm, in the compiler's vectors of 16 lanes, compiled for each kind of
 * vector that a CPU may have: what it has no registers for, the compiler divides.
 */
#include "base/hash-lanes.h"

#include "base/cleanup.h"

#include <endian.h>
#include <string.h>

enum { MD5 = 1, SHA256 = 8 };

typedef uint32_t vec __attribute__((vector_size(4 * WD_LANES)));
typedef uint32_t quad __attribute__((vector_size(16)));

#define BODY static inline __attribute__((always_inline, unused))
#define ROL(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define ROR(x, n) ROL(x, 32 - (n))
#define SWAP(x) ((ROL(x, 8) & 0x00ff00ff) | (ROL(x, 24) & 0xff00ff00))

/* Four words of four lanes. Narrow vectors, which every CPU can shuffle at once. */
BODY void transpose(vec w[4], unsigned lane, const uint8_t *const data[4], size_t at)
{
	quad in[4], low[2], high[2], out[4];

#pragma GCC unroll 4
	for (unsigned i = 0; i < 4; i++)
		memcpy(&in[i], data[i] + at, sizeof(*in));
#pragma GCC unroll 2
	for (unsigned i = 0; i < 2; i++) {
		low[i] = __builtin_shufflevector(in[i], in[i + 2], 0, 4, 1, 5);
		high[i] = __builtin_shufflevector(in[i], in[i + 2], 2, 6, 3, 7);
	}
	out[0] = __builtin_shufflevector(low[0], low[1], 0, 4, 1, 5);
	out[1] = __builtin_shufflevector(low[0], low[1], 2, 6, 3, 7);
	out[2] = __builtin_shufflevector(high[0], high[1], 0, 4, 1, 5);
	out[3] = __builtin_shufflevector(high[0], high[1], 2, 6, 3, 7);
#pragma GCC unroll 4
	for (unsigned i = 0; i < 4; i++)
		memcpy((uint32_t *)&w[i] + lane, &out[i], sizeof(*out));
}

/* The 16 words of a block of every lane. */
BODY void load(vec w[16], const uint8_t *const data[WD_LANES], size_t at, bool swap)
{
#pragma GCC unroll 4
	for (unsigned word = 0; word < 16; word += 4)
#pragma GCC unroll 4
		for (unsigned lane = 0; lane < WD_LANES; lane += 4)
			transpose(w + word, lane, data + lane, at + word * 4);
#pragma GCC unroll 16
	for (unsigned i = 0; i < 16; i++)
		w[i] = swap ? SWAP(w[i]) : w[i];
}

/* ---- MD5 (RFC 1321) */

static const uint32_t md5_init[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

/* floor(2^32 * abs(sin(i + 1))) */
static const uint32_t md5_k[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
	0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
	0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
	0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
	0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
	0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
	0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
	0xeb86d391,
};

#define F(x, y, z) (z ^ (x & (y ^ z)))
#define G(x, y, z) F(z, x, y)
#define H(x, y, z) (x ^ y ^ z)
#define I(x, y, z) (y ^ (x | ~z))

#define STEP(f, a, b, c, d, i, word, shift)                                                        \
	do {                                                                                       \
		a = a + w[(word) % 16] + md5_k[i] + f(b, c, d);                                    \
		a = b + ROL(a, shift);                                                             \
	} while (0)

/* Step i takes the word i * times + plus. */
#define FOUR(f, i, times, plus, s0, s1, s2, s3)                                                    \
	do {                                                                                       \
		STEP(f, a, b, c, d, i, (i) * (times) + (plus), s0);                                \
		STEP(f, d, a, b, c, (i) + 1, ((i) + 1) * (times) + (plus), s1);                    \
		STEP(f, c, d, a, b, (i) + 2, ((i) + 2) * (times) + (plus), s2);                    \
		STEP(f, b, c, d, a, (i) + 3, ((i) + 3) * (times) + (plus), s3);                    \
	} while (0)

#define ROUND(f, i, times, plus, s0, s1, s2, s3)                                                   \
	do {                                                                                       \
		FOUR(f, i, times, plus, s0, s1, s2, s3);                                           \
		FOUR(f, (i) + 4, times, plus, s0, s1, s2, s3);                                     \
		FOUR(f, (i) + 8, times, plus, s0, s1, s2, s3);                                     \
		FOUR(f, (i) + 12, times, plus, s0, s1, s2, s3);                                    \
	} while (0)

BODY void md5(uint32_t state[][WD_LANES], const uint8_t *const data[WD_LANES], size_t blocks)
{
	vec s[4], w[16], a, b, c, d;

	memcpy(s, state, sizeof(s));
	for (size_t i = 0; i < blocks; i++) {
		load(w, data, i * WD_LANES_BLOCK, __BYTE_ORDER == __BIG_ENDIAN);
		a = s[0];
		b = s[1];
		c = s[2];
		d = s[3];
		ROUND(F, 0, 1, 0, 7, 12, 17, 22);
		ROUND(G, 16, 5, 1, 5, 9, 14, 20);
		ROUND(H, 32, 3, 5, 4, 11, 16, 23);
		ROUND(I, 48, 7, 0, 6, 10, 15, 21);
		s[0] += a;
		s[1] += b;
		s[2] += c;
		s[3] += d;
	}
	memcpy(state, s, sizeof(s));
}

/* ---- SHA-256 (FIPS 180-4) */

static const uint32_t sha256_init[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

/*
 * Steps t to t + 15. In step i the variable a is v[-i % 8], b the one behind it; the word of step
 * i + 16, where there is one, takes the place of its own.
 */
BODY void sha256_steps(vec v[8], vec w[16], unsigned t, bool last)
{
#pragma GCC unroll 16
	for (unsigned i = 0; i < 16; i++) {
		vec a = v[(8 - i) & 7], b = v[(9 - i) & 7], c = v[(10 - i) & 7];
		vec e = v[(12 - i) & 7], f = v[(13 - i) & 7], g = v[(14 - i) & 7];
		vec *d = &v[(11 - i) & 7], *h = &v[(15 - i) & 7];
		vec w1 = w[(i + 1) & 15], w14 = w[(i + 14) & 15];

		*h += (ROR(e, 6) ^ ROR(e, 11) ^ ROR(e, 25)) + F(e, f, g) + sha256_k[t + i] + w[i];
		*d += *h;
		*h += (ROR(a, 2) ^ ROR(a, 13) ^ ROR(a, 22)) + ((a & b) | (c & (a | b)));
		if (last)
			continue;
		w[i] += (ROR(w1, 7) ^ ROR(w1, 18) ^ w1 >> 3) + w[(i + 9) & 15] +
			(ROR(w14, 17) ^ ROR(w14, 19) ^ w14 >> 10);
	}
}

BODY void sha256(uint32_t state[][WD_LANES], const uint8_t *const data[WD_LANES], size_t blocks)
{
	vec s[8], v[8], w[16];

	memcpy(s, state, sizeof(s));
	for (size_t i = 0; i < blocks; i++) {
		load(w, data, i * WD_LANES_BLOCK, __BYTE_ORDER == __LITTLE_ENDIAN);
		memcpy(v, s, sizeof(v));
		for (unsigned t = 0; t < 48; t += 16)
			sha256_steps(v, w, t, false);
		sha256_steps(v, w, 48, true);
		for (unsigned j = 0; j < 8; j++)
			s[j] += v[j];
	}
	memcpy(state, s, sizeof(s));
}

/* ---- For each kind of CPU */

#define COMPILE(name, body, ...)                                                                   \
	__VA_ARGS__ static void name(uint32_t state[][WD_LANES],                                   \
				     const uint8_t *const data[WD_LANES], size_t blocks)           \
	{                                                                                          \
		body(state, data, blocks);                                                         \
	}

#ifdef __x86_64__
#define WITH(isa) __attribute__((target(isa)))
COMPILE(md5_256, md5, WITH("avx2"))
COMPILE(md5_512, md5, WITH("avx512f"))
COMPILE(sha256_512, sha256, WITH("avx512f"))
#endif
#if defined(__SSE2__) || defined(__ARM_NEON)
COMPILE(md5_128, md5, )
#endif

static wd_lanes_compress *find_compress(unsigned algo, unsigned width)
{
#ifdef __x86_64__
	if (width == 512)
		return algo == MD5 ? md5_512 : sha256_512;
	if (width == 256)
		return algo == MD5 ? md5_256 : NULL;
#endif
#if defined(__SSE2__) || defined(__ARM_NEON)
	if (width == 128)
		return algo == MD5 ? md5_128 : NULL;
#endif
	(void)algo;
	(void)width;
	return NULL;
}

struct wd_lanes_algo {
	unsigned number;
	unsigned words; /* of the state */
	const uint32_t *init;
	bool big_endian;
};

static const struct wd_lanes_algo algos[] = {
	{MD5, 4, md5_init, false},
	{SHA256, 8, sha256_init, true},
};

unsigned wd_lanes_width(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f"))
		return 512;
	if (__builtin_cpu_supports("avx2"))
		return 256;
#endif
	return 128;
}

bool wd_lanes_init(struct wd_lanes *l, unsigned algo, unsigned width)
{
	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < WD_ARRAY_SIZE(algos); i++) {
		if (algos[i].number != algo)
			continue;
		l->algo = &algos[i];
		l->compress = find_compress(algo, width);
	}
	return l->compress;
}

/* ---- Lanes */

void wd_lanes_begin(struct wd_lanes *l, unsigned lane)
{
	for (unsigned i = 0; i < l->algo->words; i++)
		l->state[i][lane] = l->algo->init[i];
}

void wd_lanes_feed(struct wd_lanes *l, unsigned lane, const uint8_t *data, size_t blocks)
{
	l->data[lane] = data;
	l->left[lane] = blocks;
}

/* The lane that has the fewest blocks left; WD_LANES where none has any. */
static unsigned find_first(const struct wd_lanes *l)
{
	unsigned first = WD_LANES;

	for (unsigned i = 0; i < WD_LANES; i++)
		if (l->left[i] && (first == WD_LANES || l->left[i] < l->left[first]))
			first = i;
	return first;
}

uint32_t wd_lanes_run(struct wd_lanes *l)
{
	unsigned first = find_first(l);
	const uint8_t *data[WD_LANES];
	uint32_t used = 0;
	size_t blocks;

	if (first == WD_LANES)
		return 0;
	blocks = l->left[first];
	/* those that have nothing do the same as another, in vain */
	for (unsigned i = 0; i < WD_LANES; i++)
		data[i] = l->left[i] ? l->data[i] : l->data[first];
	l->compress(l->state, data, blocks);
	for (unsigned i = 0; i < WD_LANES; i++) {
		if (!l->left[i])
			continue;
		l->data[i] += blocks * WD_LANES_BLOCK;
		l->left[i] -= blocks;
		used |= l->left[i] ? 0 : 1u << i;
	}
	return used;
}

size_t wd_lanes_pad(const struct wd_lanes *l, uint8_t *data, size_t len, uint64_t total)
{
	uint64_t bits = l->algo->big_endian ? htobe64(total * 8) : htole64(total * 8);
	size_t blocks = len / WD_LANES_BLOCK + 1;

	if (len % WD_LANES_BLOCK >= WD_LANES_BLOCK - sizeof(bits))
		blocks++;
	data[len] = 0x80;
	memset(data + len + 1, 0, blocks * WD_LANES_BLOCK - len - 1);
	memcpy(data + blocks * WD_LANES_BLOCK - sizeof(bits), &bits, sizeof(bits));
	return blocks;
}

void wd_lanes_end(const struct wd_lanes *l, unsigned lane, uint8_t *ret_digest)
{
	for (unsigned i = 0; i < l->algo->words; i++) {
		uint32_t word = l->algo->big_endian ? htobe32(l->state[i][lane])
						    : htole32(l->state[i][lane]);

		memcpy(ret_digest + 4 * (size_t)i, &word, sizeof(word));
	}
}
