/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Growable arrays: WD_ARRAY(struct foo) names; { v, n, cap }. Zero-initialised is empty.
 */
#ifndef WD_BASE_ARRAY_H
#define WD_BASE_ARRAY_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define WD_ARRAY(type)                                                                             \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n;                                                                          \
		size_t cap;                                                                        \
	}

/* Makes room for `want` elements of `size` bytes in all, zeroing none. 0 or -ENOMEM. */
static inline int wd_array_reserve_(void **v, size_t *cap, size_t want, size_t size)
{
	size_t n = *cap ? *cap : 16;
	size_t bytes;
	void *p;

	if (want <= *cap)
		return 0;
	while (n < want)
		n += n / 2 + 16;
	if (__builtin_mul_overflow(n, size, &bytes))
		return -ENOMEM;
	p = realloc(*v, bytes);
	if (!p)
		return -ENOMEM;
	*v = p;
	*cap = n;
	return 0;
}

/* Room for k more elements behind a->n. 0 or -ENOMEM. */
#define wd_array_reserve(a, k)                                                                     \
	wd_array_reserve_((void **)&(a)->v, &(a)->cap, (a)->n + (k), sizeof(*(a)->v))

/* Appends one element. 0 or -ENOMEM. */
#define wd_array_push(a, elem)                                                                     \
	({                                                                                         \
		int wd_r_ = wd_array_reserve(a, 1);                                                \
		if (wd_r_ == 0)                                                                    \
			(a)->v[(a)->n++] = (elem);                                                 \
		wd_r_;                                                                             \
	})

#define wd_array_done(a)                                                                           \
	do {                                                                                       \
		free((a)->v);                                                                      \
		(a)->v = NULL;                                                                     \
		(a)->n = (a)->cap = 0;                                                             \
	} while (0)

#endif
