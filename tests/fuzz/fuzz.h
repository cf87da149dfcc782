/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the fuzz targets share. A target is one LLVMFuzzerTestOneInput(), which libFuzzer calls in a
 * build with --enable-fuzzing, and replay.c in every other one.
 */
#ifndef WD_TESTS_FUZZ_H
#define WD_TESTS_FUZZ_H

#include "base/buf.h"

/* libFuzzer's interface (https://llvm.org/docs/LibFuzzer.html). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/*
 * What a target got out of its inputs so far: packages, claims, matches. A seed that adds nothing
 * dies at the door, and replaying the seeds fails.
 */
extern uint64_t fuzz_found;

/* Ends the process, so that the fuzzer keeps the input. */
__attribute__((noreturn)) void fuzz_fail(const char *file, int line, const char *what);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, #condition);                                 \
	} while (0)

/* Reads every byte, so that the sanitizer sees a blob that is not all there. */
void fuzz_touch(struct wd_blob b);

/* A descriptor of a file in memory with these bytes, at offset 0. */
int fuzz_memfd(struct wd_blob bytes);

/* The lowest descriptor that is free: the same before and after, or something was left open. */
int fuzz_free_fd(void);

/* The generator of the mutators: the next number below n, which is not 0. */
static inline uint32_t fuzz_random(uint32_t *state, uint32_t n)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) % n;
}

#endif
