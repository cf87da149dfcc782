/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the preloaded library tells its driver, in memory that they and all workers share. */
#ifndef WD_TESTS_FAULT_H
#define WD_TESTS_FAULT_H

#include <stdatomic.h>

struct wd_fault_tally {
	atomic_ulong calls;  /* the most that one process made of those that may fail */
	atomic_ulong failed; /* those that were made to fail */
};

#endif
