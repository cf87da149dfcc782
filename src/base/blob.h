/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A blob is a length and a pointer, passed by value. It borrows: whoever made the bytes keeps
 * them alive. Blobs are bytes, not text: they may hold NUL and need no terminator.
 */
#ifndef WD_BASE_BLOB_H
#define WD_BASE_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wd_blob {
	const char *ptr;
	size_t len;
};

#define WD_BLOB_NULL ((struct wd_blob){NULL, 0})
#define WD_BLOB(literal) ((struct wd_blob){"" literal, sizeof(literal) - 1})
/* For printf's "%.*s" */
#define WD_BLOB_PRINTF(b) (int)(b).len, (b).ptr ? (b).ptr : ""

static inline struct wd_blob wd_blob(const void *ptr, size_t len)
{
	return (struct wd_blob){(const char *)ptr, len};
}

/* The bytes of a C string without its terminator; NULL gives the null blob. */
static inline struct wd_blob wd_blob_str(const char *s)
{
	return (struct wd_blob){s, s ? strlen(s) : 0};
}

static inline bool wd_blob_equal(struct wd_blob a, struct wd_blob b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool wd_blob_is(struct wd_blob b, const char *s)
{
	return wd_blob_equal(b, wd_blob_str(s));
}

/* Byte order; a prefix sorts before what it begins. Returns <0, 0 or >0. */
static inline int wd_blob_cmp(struct wd_blob a, struct wd_blob b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

static inline bool wd_blob_starts(struct wd_blob b, struct wd_blob prefix)
{
	return b.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(b.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool wd_blob_ends(struct wd_blob b, struct wd_blob suffix)
{
	return b.len >= suffix.len &&
	       (suffix.len == 0 || memcmp(b.ptr + b.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* b without its first n bytes; n beyond the end gives an empty blob. */
static inline struct wd_blob wd_blob_skip(struct wd_blob b, size_t n)
{
	if (n > b.len)
		n = b.len;
	return (struct wd_blob){b.ptr ? b.ptr + n : NULL, b.len - n};
}

static inline struct wd_blob wd_blob_head(struct wd_blob b, size_t n)
{
	return (struct wd_blob){b.ptr, n < b.len ? n : b.len};
}

/* The offset of the first / last byte c, or -1. */
ptrdiff_t wd_blob_chr(struct wd_blob b, char c);
ptrdiff_t wd_blob_rchr(struct wd_blob b, char c);

/* b without ASCII blanks (space, tab, CR, LF) at both ends. */
struct wd_blob wd_blob_trim(struct wd_blob b);

/*
 * Takes the bytes before the first `sep` off the front of *rest into *ret_token and drops the
 * separator. The last token is what remains when there is no separator. Returns false, with
 * *ret_token untouched, once nothing remains: "a\nb\n" and "a\nb" both give "a", "b".
 */
bool wd_blob_token(struct wd_blob *rest, char sep, struct wd_blob *ret_token);

/* As wd_blob_token(), for fields separated by runs of spaces and tabs. */
bool wd_blob_word(struct wd_blob *rest, struct wd_blob *ret_word);

/* A decimal number that fills b; false (ret untouched) on anything else or on overflow. */
bool wd_blob_u64(struct wd_blob b, uint64_t *ret);

/*
 * Decodes hexadecimal digits of either case. Returns the number of bytes written, or -1 where b
 * has an odd length, another character, or more than `size` bytes.
 */
int wd_blob_unhex(struct wd_blob b, uint8_t *out, size_t size);

/*
 * A cursor reads fixed-width integers from untrusted bytes. Reading beyond the end returns 0 and
 * sets `failed`, which stays set, so that a parser checks once after a group of reads.
 */
struct wd_cursor {
	const uint8_t *ptr;
	size_t len;
	size_t pos;
	bool failed;
};

static inline struct wd_cursor wd_cursor(struct wd_blob b)
{
	return (struct wd_cursor){(const uint8_t *)b.ptr, b.len, 0, false};
}

/* The next n bytes, borrowed from the cursor's bytes; the null blob beyond the end. */
struct wd_blob wd_cursor_bytes(struct wd_cursor *c, size_t n);
uint8_t wd_cursor_u8(struct wd_cursor *c);
uint16_t wd_cursor_le16(struct wd_cursor *c);
uint32_t wd_cursor_le32(struct wd_cursor *c);
uint64_t wd_cursor_le64(struct wd_cursor *c);
uint32_t wd_cursor_be32(struct wd_cursor *c);

#endif
