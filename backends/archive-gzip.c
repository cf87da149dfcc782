/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive-gzip.h"

#include "base/status.h"

#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>

#define OUT_SIZE (256 * 1024)

/* What a header consists of, in this order (RFC 1952, 2.3). ISA-L's reader of it wants it whole. */
enum field { FIXED, EXTRA_SIZE, EXTRA, NAME, COMMENT, SUM, CONTENTS };

static const uint8_t magic[] = {0x1f, 0x8b, 8};
#define FLAGS_AT 3

struct wd_gunzip {
	wd_pull *from;
	void *ctx;
	enum field field;
	unsigned at; /* bytes of the field that were read */
	uint8_t flags;
	unsigned extra; /* size */
	struct inflate_state state;
	uint8_t out[OUT_SIZE];
};

static void begin_member(struct wd_gunzip *z)
{
	isal_inflate_reset(&z->state);
	z->state.crc_flag = ISAL_GZIP_NO_HDR_VER;
	z->field = FIXED;
	z->at = 0;
	z->flags = 0;
	z->extra = 0;
}

/* Whether a field is there, and is not yet read to its end. */
static bool is_due(const struct wd_gunzip *z, uint8_t last)
{
	switch (z->field) {
	case FIXED:
		return z->at < 10;
	case EXTRA_SIZE:
		return z->flags & 4 && z->at < 2;
	case EXTRA:
		return z->at < z->extra;
	case NAME:
		return z->flags & 8 && (z->at == 0 || last);
	case COMMENT:
		return z->flags & 16 && (z->at == 0 || last);
	case SUM:
		return z->flags & 2 && z->at < 2;
	default:
		return true;
	}
}

static int take_header(struct wd_gunzip *z, uint8_t byte)
{
	if (z->field == FIXED && z->at < sizeof(magic) && byte != magic[z->at])
		return WD_ECORRUPT;
	if (z->field == FIXED && z->at == FLAGS_AT)
		z->flags = byte;
	if (z->field == EXTRA_SIZE)
		z->extra |= (unsigned)byte << (8 * z->at);
	z->at++;
	while (!is_due(z, byte)) {
		z->field++;
		z->at = 0;
	}
	return 0;
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

/* Of the input that there is. */
static int skip_header(struct wd_gunzip *z)
{
	int r = 0;

	while (r == 0 && z->field != CONTENTS && z->state.avail_in) {
		r = take_header(z, *z->state.next_in++);
		z->state.avail_in--;
	}
	return r;
}

ssize_t wd_gunzip_pull(struct wd_gunzip *z, const void **ret)
{
	for (;;) {
		ssize_t n = feed(z);
		bool ended;

		if (n < 0)
			return n;
		if (z->field == FIXED && z->at == 0 && (n == 0 || *z->state.next_in != *magic))
			return 0;
		if (z->field != CONTENTS && n == 0)
			return WD_ECORRUPT;
		if (skip_header(z) < 0)
			return WD_ECORRUPT;
		if (z->state.avail_in == 0 && n > 0)
			continue;
		z->state.next_out = z->out;
		z->state.avail_out = OUT_SIZE;
		n = z->state.avail_in;
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
