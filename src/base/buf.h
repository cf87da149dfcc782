/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A growable byte buffer. Appending after a failed allocation does nothing and keeps the failure
 * in `status` (sticky), so that a run of appends is checked once. Initialise with WD_BUF_INIT.
 */
#ifndef WD_BASE_BUF_H
#define WD_BASE_BUF_H

#include "base/blob.h"
#include "base/cleanup.h"

#include <stdarg.h>

struct wd_buf {
	char *ptr;
	size_t len;
	size_t cap;
	int status;
};

#define WD_BUF_INIT ((struct wd_buf){NULL, 0, 0, 0})
#define WD_CLEANUP_BUF WD_CLEANUP(wd_buf_done)

/* Releases the bytes; the buffer is empty and usable afterwards. */
void wd_buf_done(struct wd_buf *b);

/* Room for n more bytes. Returns 0 or -ENOMEM. */
int wd_buf_reserve(struct wd_buf *b, size_t n);

void wd_buf_append(struct wd_buf *b, const void *ptr, size_t len);
void wd_buf_printf(struct wd_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void wd_buf_vprintf(struct wd_buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* Appends a number in base 8 or 10 with at least `width` digits, much faster than printf. */
void wd_buf_number(struct wd_buf *b, uint64_t n, unsigned base, int width);
/* Appends lower-case hexadecimal digits. */
void wd_buf_hex(struct wd_buf *b, struct wd_blob bytes);

static inline void wd_buf_byte(struct wd_buf *b, char c)
{
	if (b->len < b->cap)
		b->ptr[b->len++] = c;
	else
		wd_buf_append(b, &c, 1);
}

static inline void wd_buf_blob(struct wd_buf *b, struct wd_blob blob)
{
	wd_buf_append(b, blob.ptr, blob.len);
}

static inline void wd_buf_str(struct wd_buf *b, const char *s)
{
	wd_buf_append(b, s, strlen(s));
}

/* What the buffer holds, borrowed until the next append. */
static inline struct wd_blob wd_buf_view(const struct wd_buf *b)
{
	return wd_blob(b->ptr, b->len);
}

/*
 * Appends the whole of an open file from its beginning, by pread(), at most `max` bytes: a longer
 * file is WD_ELIMIT, with nothing appended. Stops at the end of file, whatever st_size says.
 * Returns 0, WD_ELIMIT, -ENOMEM or the negated errno of pread().
 */
int wd_buf_read_fd(struct wd_buf *b, int fd, size_t max);

#endif
