/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes of a rootfs in output: what a terminal may see, and what JSON may hold. */
#ifndef WD_REPORT_TEXT_H
#define WD_REPORT_TEXT_H

#include "base/buf.h"

/* The length of the valid UTF-8 sequence at the front, or 0 where there is none. */
size_t wd_utf8_length(struct wd_blob s);
bool wd_utf8_valid(struct wd_blob s);

/*
 * Appends for a terminal: control characters, marks that are not seen, and bytes that are not
 * UTF-8 become \xHH, a backslash \\, so that no name moves the cursor or hides. Returns the columns
 * that it takes, counting a character as one.
 */
size_t wd_text_escape(struct wd_buf *out, struct wd_blob s);

/* Appends a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void wd_json_string(struct wd_buf *out, struct wd_blob s);

/* A NUL-terminated copy with bytes that are not UTF-8 as U+FFFD, for cJSON; NULL out of memory. */
char *wd_utf8_copy(struct wd_blob s);

/* Appends a number of bytes in the largest unit that it fills: "17.3 MiB". */
void wd_text_bytes(struct wd_buf *out, uint64_t n);

/* Appends a number with thousands separated by commas. */
void wd_text_number(struct wd_buf *out, uint64_t n);

#endif
