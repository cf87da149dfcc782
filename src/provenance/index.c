/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What both sides of an index share: its paths and the entries of its directories.
 *
 * An entry is: the number of bytes that its name shares with the one before, the number of bytes
 * that follow, these; then for each package a number whose bit 0 says that another follows, bit 1
 * that its digest is known, and the rest how far it is from the package before, signs in bit 0 of
 * that. Numbers are little endian base 128.
 */
#include "provenance/index.h"

#include "base/glob.h"
#include "base/module.h"
#include "base/status.h"

#define NAME_MAX_BYTES 4096

const struct wd_index_ops *wd_index_load(const char *dir)
{
	const char *why;

	return wd_module_load(dir, WD_INDEX_MODULE, WD_INDEX_MODULE_SYMBOL, &why);
}

/*
 * The directories that a merged /usr makes links to, https://systemd.io/THE_CASE_FOR_THE_USR_MERGE
 */
void wd_index_dir(struct wd_blob dir, struct wd_buf *out)
{
	static const char *const merged[] = {"bin",   "sbin",	"lib",	 "lib32",
					     "lib64", "libo32", "libx32"};
	ptrdiff_t slash = wd_blob_chr(dir, '/');
	struct wd_blob first = slash < 0 ? dir : wd_blob_head(dir, (size_t)slash);

	for (size_t i = 0; i < WD_ARRAY_SIZE(merged); i++)
		if (wd_blob_is(first, merged[i]))
			wd_buf_str(out, "usr/");
	wd_buf_blob(out, dir);
}

bool wd_index_is_core(struct wd_blob dir)
{
	static const char *const extras[] = {"doc", "man",	"info", "locale", "lintian",
					     "bug", "doc-base", "help", "gtk-doc"};
	struct wd_blob rest = dir, name;

	if (!wd_blob_starts(dir, WD_BLOB("usr/share/")))
		return true;
	rest = wd_blob_skip(dir, strlen("usr/share/"));
	wd_blob_token(&rest, '/', &name);
	for (size_t i = 0; i < WD_ARRAY_SIZE(extras); i++)
		if (wd_blob_is(name, extras[i]))
			return false;
	return true;
}

bool wd_index_is_system(struct wd_blob dir)
{
	static const char *const plain[] = {"usr/bin", "usr/sbin", "usr/lib", "usr/lib32",
					    "usr/lib64"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(plain); i++)
		if (wd_blob_is(dir, plain[i]))
			return true;
	return wd_glob_path(WD_BLOB("usr/lib/*-linux-*"), dir, NULL);
}

static void put(struct wd_buf *out, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		wd_buf_byte(out, (char)(n | 0x80));
	wd_buf_byte(out, (char)n);
}

static uint64_t get(struct wd_cursor *in)
{
	uint64_t n = 0;

	/* nearly all are one byte long */
	if (in->pos < in->len && in->ptr[in->pos] < 0x80)
		return in->ptr[in->pos++];
	for (unsigned shift = 0; shift < 63; shift += 7) {
		uint8_t byte = wd_cursor_u8(in);

		n |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return n;
	}
	in->failed = true;
	return 0;
}

static size_t shared(struct wd_blob a, struct wd_blob b)
{
	size_t n = 0;

	while (n < a.len && n < b.len && a.ptr[n] == b.ptr[n])
		n++;
	return n;
}

void wd_pack(struct wd_packer *p, struct wd_blob name, const struct wd_index_owner *owners,
	     size_t n)
{
	size_t same = shared(wd_buf_view(&p->name), name);

	put(&p->out, same);
	put(&p->out, name.len - same);
	wd_buf_blob(&p->out, wd_blob_skip(name, same));
	p->name.len = same;
	wd_buf_blob(&p->name, wd_blob_skip(name, same));
	for (size_t i = 0; i < n; i++) {
		uint32_t package = owners[i].package;
		uint64_t step = package < p->package ? (uint64_t)(p->package - package) << 1 | 1
						     : (uint64_t)(package - p->package) << 1;

		put(&p->out, step << 2 | (uint64_t)owners[i].digest << 1 | (i + 1 < n));
		p->package = package;
	}
	if (p->name.status < 0)
		p->out.status = p->name.status;
}

void wd_packer_done(struct wd_packer *p)
{
	wd_buf_done(&p->out);
	wd_buf_done(&p->name);
	p->package = 0;
}

static int unpack_name(struct wd_unpacker *u)
{
	bool first = u->in.pos == 0;
	uint64_t same = get(&u->in), more = get(&u->in);
	struct wd_blob rest;

	if (u->in.failed || same > u->name.len || more == 0 || more > NAME_MAX_BYTES ||
	    same + more > NAME_MAX_BYTES)
		return WD_ECORRUPT;
	rest = wd_cursor_bytes(&u->in, more);
	if (u->in.failed || memchr(rest.ptr, '/', rest.len))
		return WD_ECORRUPT;
	/* in byte order, so that directories are merged and not searched */
	if (!first && same < u->name.len && (uint8_t)rest.ptr[0] <= (uint8_t)u->name.ptr[same])
		return WD_ECORRUPT;
	u->name.len = same;
	wd_buf_blob(&u->name, rest);
	return u->name.status;
}

int wd_unpack(struct wd_unpacker *u)
{
	uint64_t n;
	int r;

	if (u->in.pos == u->in.len)
		return 0;
	r = unpack_name(u);
	u->nowners = 0;
	if (r < 0)
		return r;
	do {
		uint64_t step;

		n = get(&u->in);
		step = n >> 3;
		if (u->in.failed || step > UINT32_MAX)
			return WD_ECORRUPT;
		u->package = n & 4 ? u->package - (uint32_t)step : u->package + (uint32_t)step;
		if (u->nowners < WD_INDEX_OWNERS)
			u->owners[u->nowners++] = (struct wd_index_owner){u->package, n & 2};
	} while (n & 1);
	return 1;
}
