/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MD5 and SHA-256 in lanes, with every kind of vector of this CPU, against OpenSSL's. */
#include "base/cleanup.h"
#include "base/hash-lanes.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MESSAGES 300
#define LENGTH_MAX 20000
#define PIECE 640 /* what is fed at once */

static uint8_t text[LENGTH_MAX];
static uint32_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

struct message {
	size_t start, len, fed;
	bool ended;
	uint8_t buffer[PIECE + WD_LANES_PAD];
};

/* Some whole blocks of a message, or its end. */
static void feed(struct wd_lanes *l, unsigned lane, struct message *m)
{
	size_t n = WD_LANES_BLOCK * (1 + any(PIECE / WD_LANES_BLOCK));

	m->ended = n > m->len - m->fed;
	if (m->ended)
		n = m->len - m->fed;
	memcpy(m->buffer, text + m->start + m->fed, n);
	m->fed += n;
	wd_lanes_feed(l, lane, m->buffer,
		      m->ended ? wd_lanes_pad(l, m->buffer, n, m->len) : n / WD_LANES_BLOCK);
}

static void check(const struct wd_lanes *l, unsigned lane, const struct message *m,
		  const EVP_MD *md)
{
	uint8_t expected[EVP_MAX_MD_SIZE], got[EVP_MAX_MD_SIZE];
	unsigned size;

	assert_int_equal(EVP_Digest(text + m->start, m->len, expected, &size, md, NULL), 1);
	wd_lanes_end(l, lane, got);
	assert_memory_equal(got, expected, size);
}

/* Messages of these lengths, in so many lanes; each that ends makes room for the next. */
static void hash_all(struct wd_lanes *l, const EVP_MD *md, const size_t *lengths, unsigned lanes)
{
	static struct message messages[WD_LANES];
	size_t next = 0, ended = 0;
	uint32_t used = (uint32_t)((1ull << lanes) - 1);

	memset(messages, 0, sizeof(messages));
	for (; used; used = wd_lanes_run(l))
		for (unsigned i = 0; i < WD_LANES; i++) {
			struct message *m = &messages[i];

			if (!(used >> i & 1))
				continue;
			if (m->ended) {
				check(l, i, m, md);
				ended++;
				wd_lanes_feed(l, i, NULL, 0);
			}
			if ((m->ended || m->fed == 0) && next == MESSAGES)
				continue;
			if (m->ended || m->fed == 0) {
				m->len = lengths[next++];
				m->start = any((uint32_t)(LENGTH_MAX - m->len + 1));
				m->fed = 0;
				wd_lanes_begin(l, i);
			}
			feed(l, i, m);
		}
	assert_int_equal(ended, MESSAGES);
}

static void with_all(struct wd_lanes *l, const EVP_MD *md)
{
	size_t up[MESSAGES], down[MESSAGES], mixed[MESSAGES];

	for (size_t i = 0; i < MESSAGES; i++) {
		up[i] = i;
		down[i] = MESSAGES - 1 - i;
		/* about the ends of blocks and of pieces, and anywhere */
		mixed[i] = i % 3 == 0	? any(LENGTH_MAX)
			   : i % 3 == 1 ? WD_LANES_BLOCK * (1 + any(30)) + any(3) - 1
					: any(130);
	}
	for (unsigned lanes = 1; lanes <= WD_LANES; lanes += 5) {
		hash_all(l, md, up, lanes);
		hash_all(l, md, down, lanes);
		hash_all(l, md, mixed, lanes);
	}
}

static void digests(void **state)
{
	unsigned tried = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)any(256);
	for (unsigned width = 128; width <= wd_lanes_width(); width *= 2) {
		struct wd_lanes l;

		if (wd_lanes_init(&l, 1, width)) {
			with_all(&l, EVP_md5());
			tried++;
		}
		if (wd_lanes_init(&l, 8, width)) {
			with_all(&l, EVP_sha256());
			tried++;
		}
	}
	print_message("# %u kinds, vectors of %u bits\n", tried, wd_lanes_width());
#ifdef __x86_64__
	assert_true(tried);
#endif
}

/* The length at the end of a message is of 64 bits, and in bits. */
static void lengths(void **state)
{
	static const uint8_t md5_end[] = {0x18, 0, 0, 0, 0x0a, 0, 0, 0};
	static const uint8_t sha256_end[] = {0, 0, 0, 0x0a, 0, 0, 0, 0x18};
	uint64_t total = (5ull << 30) + 3;
	uint8_t data[64 + WD_LANES_PAD];
	struct wd_lanes l;

	(void)state;
	if (wd_lanes_init(&l, 1, wd_lanes_width())) {
		memset(data, 'x', sizeof(data));
		assert_int_equal(wd_lanes_pad(&l, data, 3, total), 1);
		assert_memory_equal(data, "xxx\x80\0\0", 6);
		assert_memory_equal(data + 56, md5_end, 8);
		assert_int_equal(data[64], 'x');
		assert_int_equal(wd_lanes_pad(&l, data, 55, 55), 1);
		assert_int_equal(wd_lanes_pad(&l, data, 56, 56), 2);
		assert_int_equal(wd_lanes_pad(&l, data, 64, 64), 2);
		assert_int_equal(wd_lanes_pad(&l, data, 0, total << 3), 1);
		assert_memory_equal(data + 56, "\xc0\0\0\0\x50\0\0\0", 8);
	}
	if (wd_lanes_init(&l, 8, wd_lanes_width())) {
		assert_int_equal(wd_lanes_pad(&l, data, 3, total), 1);
		assert_memory_equal(data + 56, sha256_end, 8);
	}
}

static void others(void **state)
{
	struct wd_lanes l;

	(void)state;
	assert_false(wd_lanes_init(&l, 2, wd_lanes_width()));
	assert_false(wd_lanes_init(&l, 8, 128));
	assert_false(wd_lanes_init(&l, 1, 64));
	if (wd_lanes_init(&l, 1, wd_lanes_width()))
		assert_int_equal(wd_lanes_run(&l), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests),
		cmocka_unit_test(lengths),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests_name("hashes in lanes", tests, NULL, NULL);
}
