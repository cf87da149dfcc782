/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a worker sends its parent through a pipe: records of a 32-bit payload length, a type byte
 * and the payload. Integers are in host order (both ends are one program); a string is a 32-bit
 * length and its bytes. The parent takes every record as hostile input.
 *
 *	HELLO	u32 fences that hold; once, before anything but errors of the module
 *	FORMAT	string
 *	PACKAGE	u32 flags, u64 size, u64 epoch, one string a field
 *	DIR	string: directory of the claims that follow, normalised: "usr/bin", "" for the root
 *	CLAIM	struct wd_wire_claim, then name, target, recorded, digest, detail bytes
 *	ALIAS	string path, string target
 *	ERROR	i32 status, string path (empty: the database), string message
 *	ABOUT	string version, string libraries: instead of a database, for wd_load_about()
 *	COMPARED string, a byte '<', '=' or '>' for each pair of versions: for wd_versions_compare()
 *	FILE	u32 id of the file that the facts which follow are about, u32 status of examine()
 *		of the file before it, 0 for the first
 *	FACT	u32 kind, string
 *	CHUNK	u32 number: of the list of files to examine, this part is through
 *	DONE	i32 status of load(); nothing follows
 */
#ifndef WD_PKGDB_WIRE_H
#define WD_PKGDB_WIRE_H

#include "base/buf.h"

enum wd_wire_type {
	WD_WIRE_HELLO = 1,
	WD_WIRE_FORMAT,
	WD_WIRE_PACKAGE,
	WD_WIRE_DIR,
	WD_WIRE_CLAIM,
	WD_WIRE_ALIAS,
	WD_WIRE_ERROR,
	WD_WIRE_DONE,
	WD_WIRE_ABOUT,
	WD_WIRE_COMPARED,
	WD_WIRE_FILE,
	WD_WIRE_FACT,
	WD_WIRE_CHUNK,
};

#define WD_WIRE_HEAD 5
#define WD_WIRE_NO_FILE UINT32_MAX
#define WD_WIRE_MAX (1u << 20) /* payload bytes of one record */
#define WD_WIRE_NAME_MAX 4096  /* bytes of a name, target or recorded path in a claim */

struct wd_wire_claim {
	uint64_t size;
	uint32_t flags;
	uint16_t mode;
	uint16_t name_len;
	uint16_t target_len;
	uint16_t recorded_len;
	uint16_t detail_len;
	uint8_t digest_algo;
	uint8_t digest_len;
} __attribute__((packed));

static inline void wd_wire_u32(struct wd_buf *b, uint32_t v)
{
	wd_buf_append(b, &v, sizeof(v));
}

static inline void wd_wire_u64(struct wd_buf *b, uint64_t v)
{
	wd_buf_append(b, &v, sizeof(v));
}

static inline void wd_wire_string(struct wd_buf *b, struct wd_blob s)
{
	wd_wire_u32(b, (uint32_t)s.len);
	wd_buf_blob(b, s);
}

/* Begins a record; returns where its head stands, for wd_wire_end(). */
static inline size_t wd_wire_begin(struct wd_buf *b, enum wd_wire_type type)
{
	size_t at = b->len;

	wd_wire_u32(b, 0);
	wd_buf_byte(b, (char)type);
	return at;
}

static inline void wd_wire_end(struct wd_buf *b, size_t at)
{
	uint32_t len = (uint32_t)(b->len - at - WD_WIRE_HEAD);

	if (b->status == 0)
		memcpy(b->ptr + at, &len, sizeof(len));
}

/* A string at the cursor; the null blob, with the cursor failed, where it runs over the end. */
static inline struct wd_blob wd_wire_get(struct wd_cursor *c)
{
	struct wd_blob n = wd_cursor_bytes(c, sizeof(uint32_t));
	uint32_t len = 0;

	if (n.len)
		memcpy(&len, n.ptr, sizeof(len));
	return wd_cursor_bytes(c, len);
}

/* Whether a claim's last component is one; empty is allowed. */
static inline bool wd_wire_valid_name(struct wd_blob name)
{
	uint8_t bad = 0;

	if (name.len >= WD_WIRE_NAME_MAX || wd_blob_is(name, ".") || wd_blob_is(name, ".."))
		return false;
	for (size_t i = 0; i < name.len; i++)
		bad |= (uint8_t)((name.ptr[i] == '/') | (name.ptr[i] == '\0'));
	return !bad;
}

#endif
