/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parent's side of a worker, on records in memory. */
#ifndef WD_TESTS_FUZZ_RECORDS_H
#define WD_TESTS_FUZZ_RECORDS_H

#include "fuzz.h"

/*
 * Takes all that the descriptor holds, as of one worker, into a catalog, and reads that as the
 * program does. The worker's status; the descriptor is closed.
 */
int fuzz_receive(int fd);

#endif
