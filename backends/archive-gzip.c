/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive-gzip.h"

#include "base/status.h"

#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>

#define OUT_SIZE (256 * 1024)
#define GZIP_FIRST 0x1f /* of the magic */

struct wd_gunzip {
	wd_pull *from;
	void *ctx;
	bool between; /* members: nothing of one is under way */
	struct inflate_state state;
	uint8_t out[OUT_SIZE];
};

static void begin_member(struct wd_gunzip *z)
{
	isal_inflate_reset(&z->state);
	z->state.crc_flag = ISAL_GZIP;
	z->between = true;
}

struct wd_gunzip *wd_gunzip_new(wd_pull *from, void *ctx)
{
	struct wd_gunzip *z = malloc(sizeof(*z));

	if (!z)
		return NULL;
	z->from = from;
	z->ctx = ctx;
	isal_inflate_init(&z->state);
	begin_member(z);
	return z;
}

void wd_gunzip_free(struct wd_gunzip *z)
{
	free(z);
}

/* Sees to it that there is input. Its size, 0 where there is no more, or a negative status. */
static ssize_t feed(struct wd_gunzip *z)
{
	const void *piece;
	ssize_t n;

	if (z->state.avail_in)
		return z->state.avail_in;
	n = z->from(z->ctx, &piece);
	if (n <= 0)
		return n;
	z->state.next_in = (uint8_t *)piece; /* which only reads there */
	z->state.avail_in = (uint32_t)n;
	return n;
}

ssize_t wd_gunzip_pull(struct wd_gunzip *z, const void **ret)
{
	for (;;) {
		ssize_t n = feed(z);
		bool ended;

		if (n < 0)
			return n;
		if (z->between && (n == 0 || *z->state.next_in != GZIP_FIRST))
			return 0;
		z->between = false;
		z->state.next_out = z->out;
		z->state.avail_out = OUT_SIZE;
		/* also without input: what did not fit the last time is to be had */
		if (isal_inflate(&z->state) < 0)
			return WD_ECORRUPT;
		ended = z->state.block_state == ISAL_BLOCK_FINISH;
		if (ended)
			begin_member(z);
		*ret = z->out;
		if (z->state.avail_out < OUT_SIZE)
			return OUT_SIZE - (ssize_t)z->state.avail_out;
		if (!ended && z->state.avail_in == (uint32_t)n)
			return WD_ECORRUPT; /* at the end, or stuck */
	}
}
