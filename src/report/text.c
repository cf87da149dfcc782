/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/text.h"

#include <inttypes.h>
#include <stdio.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* The ranges of Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above 10FFFF. */
size_t wd_utf8_length(struct wd_blob s)
{
	const uint8_t *p = (const uint8_t *)s.ptr;
	uint8_t lo = 0x80, hi = 0xbf;
	size_t n;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : 0;
	if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	if (n == 0 || s.len < n)
		return 0;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool wd_utf8_valid(struct wd_blob s)
{
	while (s.len) {
		size_t n = wd_utf8_length(s);

		if (n == 0)
			return false;
		s = wd_blob_skip(s, n);
	}
	return true;
}

/* What moves the cursor or is not seen: controls, and marks of width zero and of direction. */
static bool is_control(struct wd_blob s, size_t n)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {{0x0000, 0x001f}, {0x007f, 0x009f},  {0x061c, 0x061c}, {0x180e, 0x180e},
		      {0x200b, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f}, {0xfeff, 0xfeff},
		      {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
	const uint8_t *p = (const uint8_t *)s.ptr;
	uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return true;
	return false;
}

/*
 * How many bytes at the front are printable ASCII and no backslash: nearly all of nearly all names.
 */
static size_t plain_run(struct wd_blob s)
{
	size_t n = 0;

	while (n < s.len && (uint8_t)(s.ptr[n] - 0x20) < 0x7f - 0x20 && s.ptr[n] != '\\')
		n++;
	return n;
}

/* One character that is not plain. Returns its length; *columns grows by what it takes. */
static size_t escape_one(struct wd_buf *out, struct wd_blob s, size_t *columns)
{
	size_t n = wd_utf8_length(s);

	if (n == 1 && s.ptr[0] == '\\') {
		wd_buf_str(out, "\\\\");
		*columns += 2;
		return n;
	}
	if (n > 0 && !is_control(s, n)) {
		wd_buf_append(out, s.ptr, n);
		*columns += 1;
		return n;
	}
	n = n ? n : 1;
	for (size_t i = 0; i < n; i++)
		wd_buf_printf(out, "\\x%02x", (uint8_t)s.ptr[i]);
	*columns += 4 * n;
	return n;
}

size_t wd_text_escape(struct wd_buf *out, struct wd_blob s)
{
	size_t columns = 0;

	while (s.len) {
		size_t n = plain_run(s);

		wd_buf_append(out, s.ptr, n);
		columns += n;
		s = wd_blob_skip(s, n);
		if (s.len)
			s = wd_blob_skip(s, escape_one(out, s, &columns));
	}
	return columns;
}

static void json_escape(struct wd_buf *out, char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *p = memchr(from, c, sizeof(from) - 1);

	if (p)
		wd_buf_printf(out, "\\%c", to[p - from]);
	else
		wd_buf_printf(out, "\\u%04x", (uint8_t)c);
}

void wd_json_string(struct wd_buf *out, struct wd_blob s)
{
	wd_buf_byte(out, '"');
	while (s.len) {
		size_t run = 0;

		while (run < s.len && (uint8_t)s.ptr[run] >= 0x20 && s.ptr[run] != '"' &&
		       s.ptr[run] != '\\' && (uint8_t)s.ptr[run] < 0x7f)
			run++;
		wd_buf_append(out, s.ptr, run);
		s = wd_blob_skip(s, run);
		if (s.len == 0)
			break;
		run = wd_utf8_length(s);
		if (run > 1)
			wd_buf_append(out, s.ptr, run);
		else if (run == 1)
			json_escape(out, s.ptr[0]);
		else
			wd_buf_str(out, REPLACEMENT);
		s = wd_blob_skip(s, run ? run : 1);
	}
	wd_buf_byte(out, '"');
}

char *wd_utf8_copy(struct wd_blob s)
{
	struct wd_buf out = WD_BUF_INIT;

	while (s.len) {
		size_t n = wd_utf8_length(s);

		if (n && s.ptr[0] != '\0')
			wd_buf_append(&out, s.ptr, n);
		else
			wd_buf_str(&out, REPLACEMENT);
		s = wd_blob_skip(s, n ? n : 1);
	}
	wd_buf_byte(&out, '\0');
	if (out.status < 0)
		wd_buf_done(&out);
	return out.ptr;
}

void wd_text_number(struct wd_buf *out, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			wd_buf_byte(out, ',');
		wd_buf_byte(out, digits[i]);
	}
}

void wd_text_bytes(struct wd_buf *out, uint64_t n)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)n;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < WD_ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	wd_buf_printf(out, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}
