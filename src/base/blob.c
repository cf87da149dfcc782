/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/blob.h"

#include <string.h>

ptrdiff_t wd_blob_chr(struct wd_blob b, char c)
{
	const char *p = b.len ? memchr(b.ptr, c, b.len) : NULL;

	return p ? p - b.ptr : -1;
}

ptrdiff_t wd_blob_rchr(struct wd_blob b, char c)
{
	const char *p = b.len ? memrchr(b.ptr, c, b.len) : NULL;

	return p ? p - b.ptr : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct wd_blob wd_blob_trim(struct wd_blob b)
{
	while (b.len && is_blank(b.ptr[0]))
		b = wd_blob_skip(b, 1);
	while (b.len && is_blank(b.ptr[b.len - 1]))
		b.len--;
	return b;
}

bool wd_blob_token(struct wd_blob *rest, char sep, struct wd_blob *ret_token)
{
	ptrdiff_t at;

	if (rest->len == 0)
		return false;
	at = wd_blob_chr(*rest, sep);
	*ret_token = at < 0 ? *rest : wd_blob_head(*rest, (size_t)at);
	*rest = wd_blob_skip(*rest, at < 0 ? rest->len : (size_t)at + 1);
	return true;
}

bool wd_blob_word(struct wd_blob *rest, struct wd_blob *ret_word)
{
	struct wd_blob b = *rest;
	size_t n = 0;

	while (b.len && (b.ptr[0] == ' ' || b.ptr[0] == '\t'))
		b = wd_blob_skip(b, 1);
	while (n < b.len && b.ptr[n] != ' ' && b.ptr[n] != '\t')
		n++;
	*rest = wd_blob_skip(b, n);
	if (n == 0)
		return false;
	*ret_word = wd_blob_head(b, n);
	return true;
}

bool wd_blob_u64(struct wd_blob b, uint64_t *ret)
{
	uint64_t v = 0;

	if (b.len == 0)
		return false;
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] < '0' || b.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(b.ptr[i] - '0'), &v))
			return false;
	}
	*ret = v;
	return true;
}

/* One more than the value of a hexadecimal digit; 0: it is none. */
static const uint8_t hex_digits[256] = {
	['0'] = 1,  ['1'] = 2,	['2'] = 3,  ['3'] = 4,	['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

int wd_blob_unhex(struct wd_blob b, uint8_t *out, size_t size)
{
	if (b.len % 2 != 0 || b.len / 2 > size)
		return -1;
	for (size_t i = 0; i < b.len; i += 2) {
		unsigned hi = hex_digits[(uint8_t)b.ptr[i]];
		unsigned lo = hex_digits[(uint8_t)b.ptr[i + 1]];

		if (hi == 0 || lo == 0)
			return -1;
		out[i / 2] = (uint8_t)((hi - 1) << 4 | (lo - 1));
	}
	return (int)(b.len / 2);
}

struct wd_blob wd_cursor_bytes(struct wd_cursor *c, size_t n)
{
	struct wd_blob b;

	if (c->failed || n > c->len - c->pos) {
		c->failed = true;
		return WD_BLOB_NULL;
	}
	b = wd_blob(c->ptr + c->pos, n);
	c->pos += n;
	return b;
}

static uint64_t cursor_le(struct wd_cursor *c, size_t n)
{
	struct wd_blob b = wd_cursor_bytes(c, n);
	uint64_t v = 0;

	for (size_t i = b.len; i > 0; i--)
		v = v << 8 | (uint8_t)b.ptr[i - 1];
	return v;
}

uint8_t wd_cursor_u8(struct wd_cursor *c)
{
	return (uint8_t)cursor_le(c, 1);
}

uint16_t wd_cursor_le16(struct wd_cursor *c)
{
	return (uint16_t)cursor_le(c, 2);
}

uint32_t wd_cursor_le32(struct wd_cursor *c)
{
	return (uint32_t)cursor_le(c, 4);
}

uint64_t wd_cursor_le64(struct wd_cursor *c)
{
	return cursor_le(c, 8);
}

uint32_t wd_cursor_be32(struct wd_cursor *c)
{
	return __builtin_bswap32(wd_cursor_le32(c));
}
