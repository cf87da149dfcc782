/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MD5 and SHA-256 of many messages side by side. Each step of both waits for the step before, and
 * leaves most of a core idle; with 16 messages in the lanes of vectors it computes 16 steps in
 * nearly the time of one.
 *
 * A library would be better, and there is none: OpenSSL's hashes take one message at a time, and
 * isa-l_crypto, which does several, is not packaged by Debian.
 *
 *	wd_lanes_begin(&l, lane);			a message, in a lane that is free
 *	wd_lanes_feed(&l, lane, data, blocks);		whole blocks of it
 *	while ((used = wd_lanes_run(&l)))		lanes that have used theirs up:
 *		each is fed more, or ended, and may then begin anew
 *
 * The last bytes of a message are fed with what wd_lanes_pad() puts behind them.
 */
#ifndef WD_BASE_HASH_LANES_H
#define WD_BASE_HASH_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WD_LANES 16
#define WD_LANES_BLOCK 64 /* bytes */
#define WD_LANES_PAD 72	  /* wd_lanes_pad() puts no more bytes than these */

typedef void wd_lanes_compress(uint32_t state[][WD_LANES], const uint8_t *const data[WD_LANES],
			       size_t blocks);

struct wd_lanes {
	const struct wd_lanes_algo *algo;
	wd_lanes_compress *compress;
	uint32_t state[8][WD_LANES];
	const uint8_t *data[WD_LANES];
	size_t left[WD_LANES]; /* blocks that were fed and not used */
};

/* Bits of the widest vectors of this CPU that can be used: 512, 256, 128; 0: none. */
unsigned wd_lanes_width(void);

/*
 * `algo` is numbered as in base/hash.h, `width` not above wd_lanes_width(). False where OpenSSL is
 * as fast, and nothing is here: all but MD5, and SHA-256 with 512 bits.
 */
bool wd_lanes_init(struct wd_lanes *l, unsigned algo, unsigned width);

void wd_lanes_begin(struct wd_lanes *l, unsigned lane);
/* The data stay the caller's, and must stay until they are used up. At least one block. */
void wd_lanes_feed(struct wd_lanes *l, unsigned lane, const uint8_t *data, size_t blocks);

/*
 * Works until a lane has nothing left. Returns the bits of those lanes, 0 where none has anything.
 * A lane whose message has not ended must be fed before the next run.
 */
uint32_t wd_lanes_run(struct wd_lanes *l);

/*
 * Puts the end of a message of `total` bytes behind the last `len` of them, and returns how many
 * blocks these are now.
 */
size_t wd_lanes_pad(const struct wd_lanes *l, uint8_t *data, size_t len, uint64_t total);

/* The digest: 16 bytes of MD5, 32 of SHA-256. */
void wd_lanes_end(const struct wd_lanes *l, unsigned lane, uint8_t *ret_digest);

#endif
