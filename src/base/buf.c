/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"

#include "base/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void wd_buf_done(struct wd_buf *b)
{
	free(b->ptr);
	*b = WD_BUF_INIT;
}

int wd_buf_reserve(struct wd_buf *b, size_t n)
{
	size_t want, cap;
	char *ptr;

	if (b->status < 0)
		return b->status;
	if (n <= b->cap - b->len)
		return 0;
	if (__builtin_add_overflow(b->len, n, &want) || want > SIZE_MAX / 2)
		return b->status = -ENOMEM;
	cap = b->cap ? b->cap : 64;
	while (cap < want)
		cap *= 2;
	ptr = realloc(b->ptr, cap);
	if (!ptr)
		return b->status = -ENOMEM;
	b->ptr = ptr;
	b->cap = cap;
	return 0;
}

void wd_buf_append(struct wd_buf *b, const void *ptr, size_t len)
{
	if (len == 0 || wd_buf_reserve(b, len) < 0)
		return;
	memcpy(b->ptr + b->len, ptr, len);
	b->len += len;
}

void wd_buf_vprintf(struct wd_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || wd_buf_reserve(b, (size_t)n + 1) < 0)
		return;
	vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void wd_buf_printf(struct wd_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wd_buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void wd_buf_number(struct wd_buf *b, uint64_t n, unsigned base, int width)
{
	char digits[24];
	int at = (int)sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % base);
		n /= base;
	} while (at > 0 && (n || (int)sizeof(digits) - at < width));
	wd_buf_append(b, digits + at, sizeof(digits) - (size_t)at);
}

void wd_buf_hex(struct wd_buf *b, struct wd_blob bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		wd_buf_byte(b, digits[(uint8_t)bytes.ptr[i] >> 4]);
		wd_buf_byte(b, digits[(uint8_t)bytes.ptr[i] & 15]);
	}
}

/* The first read is sized by st_size, so that an ordinary file takes one pread() and one more. */
static size_t first_chunk(int fd, size_t max)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return 4096;
	return (uint64_t)st.st_size < max ? (size_t)st.st_size + 1 : 65536;
}

int wd_buf_read_fd(struct wd_buf *b, int fd, size_t max)
{
	size_t start = b->len;
	size_t chunk = first_chunk(fd, max);

	for (;;) {
		size_t got = b->len - start;
		ssize_t n;
		int r = wd_buf_reserve(b, chunk);

		if (r < 0)
			return r;
		n = TEMP_FAILURE_RETRY(pread(fd, b->ptr + b->len, chunk, (off_t)got));
		if (n < 0 || got + (size_t)n > max) {
			b->len = start;
			return n < 0 ? -errno : WD_ELIMIT;
		}
		b->len += (size_t)n;
		if ((size_t)n < chunk) /* regular files are short only at their end */
			return 0;
		chunk = 65536;
	}
}
