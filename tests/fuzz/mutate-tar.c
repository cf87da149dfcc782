/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes tar archives, wherever they are in the input, and puts the checksums of their headers
 * right again, without which libarchive takes nothing: POSIX ustar has at 148 the sum of the
 * header's 512 bytes, in octal, itself counted as spaces.
 */
#include "fuzz.h"

#include <stdio.h>

#define BLOCK 512
#define SUM_AT 148
#define SUM_LEN 8
#define MAGIC_AT 257

/* The next header from `at` on; `size` where there is none. */
static size_t next_header(const uint8_t *data, size_t size, size_t at)
{
	const uint8_t *magic = NULL;

	if (at + BLOCK <= size)
		magic = memmem(data + at + MAGIC_AT, size - at - MAGIC_AT, "ustar", 5);
	if (!magic || (size_t)(magic - data) - MAGIC_AT + BLOCK > size)
		return size;
	return (size_t)(magic - data) - MAGIC_AT;
}

static void put_sum(uint8_t *header)
{
	char text[SUM_LEN];
	unsigned sum = 0;

	memset(header + SUM_AT, ' ', SUM_LEN);
	for (size_t i = 0; i < BLOCK; i++)
		sum += header[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(header + SUM_AT, text, SUM_LEN - 1);
}

/* Whole blocks are doubled, swapped or dropped, so that headers stay where blocks begin. */
static size_t move_blocks(uint8_t *tar, size_t size, size_t max, uint32_t *random)
{
	uint32_t n = (uint32_t)(size / BLOCK);
	uint8_t *a = tar + (size_t)fuzz_random(random, n) * BLOCK;
	uint8_t *b = tar + (size_t)fuzz_random(random, n) * BLOCK;
	uint8_t block[BLOCK];

	switch (fuzz_random(random, 3)) {
	case 0:
		memcpy(block, a, BLOCK);
		memmove(a, b, BLOCK);
		memcpy(b, block, BLOCK);
		return size;
	case 1:
		if (size + BLOCK > max)
			return size;
		memcpy(block, b, BLOCK);
		memmove(a + BLOCK, a, size - (size_t)(a - tar));
		memcpy(a, block, BLOCK);
		return size + BLOCK;
	default:
		memmove(a, a + BLOCK, size - BLOCK - (size_t)(a - tar));
		return size - BLOCK;
	}
}

/* One block only, so that what comes behind it stays where it is. */
static void change_block(uint8_t *tar, size_t size, uint32_t *random)
{
	uint8_t *block = tar + (size_t)fuzz_random(random, (uint32_t)(size / BLOCK)) * BLOCK;

	LLVMFuzzerMutate(block, BLOCK, BLOCK);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	uint32_t random = seed, how = fuzz_random(&random, 8);
	size_t start = next_header(data, size, 0);

	if (how == 0 || start == size)
		return LLVMFuzzerMutate(data, size, max_size);
	if (how == 1 && start > 0) /* what stands before it keeps its size */
		LLVMFuzzerMutate(data, start, start);
	else if (how == 2)
		size = start + move_blocks(data + start, size - start, max_size - start, &random);
	else
		change_block(data + start, size - start, &random);
	for (size_t at = 0; (at = next_header(data, size, at)) < size; at += BLOCK)
		put_sum(data + at);
	return size;
}
