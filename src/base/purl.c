/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/purl.h"

/* Unreserved characters and ':' stand for themselves (purl-spec, "Character encoding"). */
void wd_purl_encode(struct wd_buf *out, struct wd_blob s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "-._~:";

	for (size_t i = 0; i < s.len; i++) {
		if (memchr(plain, s.ptr[i], sizeof(plain) - 1))
			wd_buf_byte(out, s.ptr[i]);
		else
			wd_buf_printf(out, "%%%02X", (uint8_t)s.ptr[i]);
	}
}

void wd_purl_qualifier(struct wd_buf *out, char *sep, const char *key, struct wd_blob value)
{
	if (value.len == 0)
		return;
	wd_buf_printf(out, "%c%s=", *sep, key);
	wd_purl_encode(out, value);
	*sep = '&';
}
