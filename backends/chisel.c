/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manifest of a root filesystem that chisel cut from Ubuntu's packages, manifest.wall: lines
 * of JSON objects in byte order ("jsonwall"), compressed with zstd. After canonical/chisel,
 * public/jsonwall/jsonwall.go and public/manifest/manifest.go:
 *
 *	{"jsonwall":"1.0","schema":"1.0","count":LINES}
 *	{"kind":"content","slice":…,"path":…}
 *	{"kind":"package","name":…,"version":…,"sha256":…,"arch":…}
 *	{"kind":"path","path":…,"mode":"0644","slices":[…],"sha256":…,"final_sha256":…,"size":…,
 *	 "link":…,"inode":…}
 *	{"kind":"slice","name":…}
 *
 * Members without value are left out. A slice is PACKAGE_NAME, and a package's name has no
 * underscore (deb-control(5), Package): that tells who owns a path. content lines say the same
 * again from the side of the slices. A path ends in a slash where it is a directory; link is the
 * target of a symbolic link. Where a slice's script changed the file, final_sha256 is what it was
 * left with, and size is its size. Paths with the same inode, from 1, are hard links of one file.
 */
#include "base/array.h"
#include "base/pool.h"
#include "common.h"
#include "json-doc.h"

#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <zstd.h>
#include <zstd_errors.h>

#define MANIFEST_MAX (32u << 20) /* compressed */
#define TEXT_MAX (256u << 20)	 /* decompressed: a few hundred bytes for each path */
#define LINE_MAX_ (128u << 10)	 /* below a chunk of the string pool */
#define WINDOW_LOG_MAX 25	 /* 32 MiB; chisel's compressor uses at most 8 */
#define SHA256_LEN 32

struct package {
	size_t line;
	uint32_t name, version, arch; /* of the strings */
	bool again;
};

struct path {
	size_t line;
	uint64_t size;
	uint64_t inode;
	uint32_t path, link, detail; /* of the strings */
	uint16_t mode;
	bool hashed;
	uint8_t sha256[SHA256_LEN];
};

/* A path of a package, or of an inode */
struct pair {
	uint64_t key;
	size_t path;
};

struct chisel {
	struct wd_sink *sink;
	struct wd_faults faults;
	struct wd_strpool strings;
	WD_ARRAY(struct package) packages;
	WD_ARRAY(struct path) paths;
	WD_ARRAY(struct pair) owners; /* key: the package's name, later its index */
	WD_ARRAY(struct pair) links;  /* key: inode */
	struct wd_buf text;	      /* of a line that is not complete yet */
	size_t line;
	uint64_t count; /* of lines, as the header has it */
	bool overlong;
};

static int fault(struct chisel *c, size_t line, const char *what)
{
	return wd_fault(&c->faults, WD_ECORRUPT, "line %zu: %s", line, what);
}

static int intern(struct chisel *c, struct wd_blob s, uint32_t *ret)
{
	return wd_strpool_intern(&c->strings, s, ret);
}

static int take_header(struct chisel *c, const cJSON *header)
{
	struct wd_blob version = wd_json_string(header, "jsonwall");
	struct wd_blob schema = wd_json_string(header, "schema");

	if (version.len == 0)
		return WD_ENOTMINE;
	if (!wd_blob_starts(version, WD_BLOB("1.")) || !wd_blob_is(schema, "1.0")) {
		wd_fault(&c->faults, WD_EUNSUPPORTED, "line 1: jsonwall %.*s, schema %.*s",
			 WD_BLOB_PRINTF(wd_blob_head(version, 40)),
			 WD_BLOB_PRINTF(wd_blob_head(schema, 40)));
		return WD_EUNSUPPORTED;
	}
	if (!wd_json_u64(header, "count", &c->count))
		return fault(c, 1, "no count of lines");
	return 0;
}

static int take_package(struct chisel *c, const cJSON *item)
{
	struct wd_blob name = wd_json_string(item, "name");
	struct package p = {.line = c->line};
	int r;

	if (name.len == 0)
		return fault(c, c->line, "package without name");
	r = intern(c, name, &p.name);
	if (r == 0)
		r = intern(c, wd_json_string(item, "version"), &p.version);
	if (r == 0)
		r = intern(c, wd_json_string(item, "arch"), &p.arch);
	return r < 0 ? r : wd_array_push(&c->packages, p);
}

/* "0644", "01777": type and permissions of the path. */
static bool parse_mode(struct wd_blob text, mode_t type, uint16_t *ret)
{
	unsigned int mode = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '7')
			return false;
		mode = mode << 3 | (unsigned int)(text.ptr[i] - '0');
		if (mode > 07777)
			return false;
	}
	*ret = (uint16_t)(type | mode);
	return text.len > 0;
}

/* What a path line says besides the path and its slices; what is wrong with it, or NULL. */
static const char *parse_path(const cJSON *item, bool directory, struct path *p)
{
	struct wd_blob sha256 = wd_json_string(item, "final_sha256");
	mode_t type = directory ? S_IFDIR : wd_json_member(item, "link") ? S_IFLNK : S_IFREG;

	if (sha256.len == 0)
		sha256 = wd_json_string(item, "sha256");
	if (!parse_mode(wd_json_string(item, "mode"), type, &p->mode))
		return "mode is no octal number";
	if (wd_json_member(item, "inode") && !wd_json_u64(item, "inode", &p->inode))
		return "inode is no number";
	p->hashed = sha256.len > 0;
	p->size = WD_SIZE_UNKNOWN;
	if (!p->hashed)
		return NULL;
	if (wd_blob_unhex(sha256, p->sha256, SHA256_LEN) != SHA256_LEN)
		return "sha256 is none";
	/* an empty file's size is left out */
	if (!wd_json_member(item, "size"))
		p->size = 0;
	else if (!wd_json_u64(item, "size", &p->size))
		return "size is no number";
	return NULL;
}

/* Notes the package of a slice as an owner of the path that was read last. */
static int take_slice(struct chisel *c, struct wd_blob slice)
{
	struct pair owner = {.path = c->paths.n - 1};
	ptrdiff_t underscore = wd_blob_chr(slice, '_');
	uint32_t name;
	int r;

	if (underscore <= 0)
		return fault(c, c->line, "slice is not \"package_name\"");
	r = intern(c, wd_blob_head(slice, (size_t)underscore), &name);
	if (r < 0)
		return r;
	owner.key = name;
	return wd_array_push(&c->owners, owner);
}

/* The path's slices and the identity that hard links share, as the claim's detail. */
static int take_detail(struct chisel *c, const cJSON *slices, struct path *p)
{
	WD_CLEANUP_BUF struct wd_buf detail = WD_BUF_INIT;
	const cJSON *slice;

	cJSON_ArrayForEach(slice, slices)
	{
		struct wd_blob name = wd_json_text(slice);

		if (wd_blob_chr(name, ' ') < 0)
			wd_buf_printf(&detail, "%sslice=%.*s", detail.len ? " " : "",
				      WD_BLOB_PRINTF(name));
	}
	if (p->inode)
		wd_buf_printf(&detail, "%sinode=%" PRIu64, detail.len ? " " : "", p->inode);
	return detail.status < 0 ? detail.status : intern(c, wd_buf_view(&detail), &p->detail);
}

static int take_path(struct chisel *c, const cJSON *item)
{
	struct wd_blob path = wd_json_string(item, "path");
	const cJSON *slices = wd_json_array(item, "slices"), *slice;
	struct path p = {.line = c->line};
	const char *wrong;
	int r;

	if (!wd_blob_starts(path, WD_BLOB("/")) || path.len > PATH_MAX)
		return fault(c, c->line, "not an absolute path");
	wrong = parse_path(item, wd_blob_ends(path, WD_BLOB("/")), &p);
	if (wrong || !slices || !slices->child)
		return fault(c, c->line, wrong ? wrong : "path in no slice");
	r = intern(c, wd_blob_skip(path, 1), &p.path);
	if (r == 0)
		r = intern(c, wd_json_string(item, "link"), &p.link);
	if (r == 0)
		r = take_detail(c, slices, &p);
	if (r == 0 && p.inode)
		r = wd_array_push(&c->links, ((struct pair){p.inode, c->paths.n}));
	if (r == 0)
		r = wd_array_push(&c->paths, p);
	cJSON_ArrayForEach(slice, slices) r = r < 0 ? r : take_slice(c, wd_json_text(slice));
	return r;
}

static int take_item(struct chisel *c, const cJSON *item)
{
	struct wd_blob kind = wd_json_string(item, "kind");

	if (wd_blob_is(kind, "package"))
		return take_package(c, item);
	if (wd_blob_is(kind, "path"))
		return take_path(c, item);
	if (wd_blob_is(kind, "content") || wd_blob_is(kind, "slice"))
		return 0;
	return fault(c, c->line, "object of no known kind");
}

static int take_line(struct chisel *c, struct wd_blob line)
{
	WD_CLEANUP_JSON cJSON *item = NULL;
	size_t offset;

	c->line++;
	if (c->overlong || line.len > LINE_MAX_)
		return fault(c, c->line, "too long");
	item = wd_json_parse(line, &offset);
	if (c->line == 1)
		return item ? take_header(c, item) : WD_ENOTMINE;
	if (!cJSON_IsObject(item))
		return fault(c, c->line, "not a JSON object");
	return take_item(c, item);
}

/* Cuts what was decompressed into lines; the rest waits for what follows. */
static int take_text(struct chisel *c, struct wd_blob text)
{
	int r = 0;

	while (r == 0 && text.len) {
		ptrdiff_t end = wd_blob_chr(text, '\n');
		struct wd_blob part = end < 0 ? text : wd_blob_head(text, (size_t)end);

		text = wd_blob_skip(text, part.len + (end >= 0));
		c->overlong = c->overlong || c->text.len + part.len > LINE_MAX_;
		if (!c->overlong)
			wd_buf_blob(&c->text, part);
		if (c->text.status < 0)
			return c->text.status;
		if (end < 0)
			break;
		r = take_line(c, wd_buf_view(&c->text));
		c->text.len = 0;
		c->overlong = false;
	}
	return r;
}

static int zstd_status(size_t code)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return WD_ELIMIT;
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	default:
		return WD_ECORRUPT;
	}
}

static int decompress(struct chisel *c, ZSTD_DCtx *ctx, struct wd_blob packed)
{
	static char chunk[64 << 10];
	ZSTD_inBuffer in = {packed.ptr, packed.len, 0};
	size_t more = 1, total = 0;
	bool full = false;
	int r = 0;

	while (r == 0 && (in.pos < in.size || full)) {
		ZSTD_outBuffer out = {chunk, sizeof(chunk), 0};

		more = ZSTD_decompressStream(ctx, &out, &in);
		if (ZSTD_isError(more))
			return zstd_status(more);
		total += out.pos;
		full = out.pos == out.size;
		r = total > TEXT_MAX ? WD_ELIMIT : take_text(c, wd_blob(chunk, out.pos));
	}
	if (r == 0 && c->text.len)
		r = take_line(c, wd_buf_view(&c->text));
	if (r < 0)
		return r;
	/* a frame that is complete leaves 0 */
	return more ? WD_ECORRUPT : c->line == 0 ? WD_ENOTMINE : 0;
}

static int read_manifest(struct chisel *c, int fd)
{
	WD_CLEANUP_BUF struct wd_buf packed = WD_BUF_INIT;
	ZSTD_DCtx *ctx;
	int r = wd_buf_read_fd(&packed, fd, MANIFEST_MAX);

	if (r < 0)
		return r;
	if (ZSTD_getFrameContentSize(packed.ptr, packed.len) == ZSTD_CONTENTSIZE_ERROR)
		return WD_ENOTMINE;
	ctx = ZSTD_createDCtx();
	if (!ctx)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	r = decompress(c, ctx, wd_buf_view(&packed));
	ZSTD_freeDCtx(ctx);
	return r;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = (const struct pair *)a, *y = (const struct pair *)b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->path < y->path ? -1 : x->path > y->path;
}

/* Hard links are one file, so that all of them have its contents. */
static int check_links(struct chisel *c)
{
	int r = 0;

	if (c->links.n)
		qsort(c->links.v, c->links.n, sizeof(*c->links.v), compare_pairs);
	for (size_t i = 1; r == 0 && i < c->links.n; i++) {
		const struct path *a = &c->paths.v[c->links.v[i - 1].path];
		const struct path *b = &c->paths.v[c->links.v[i].path];

		if (a->inode == b->inode && (a->mode != b->mode || a->size != b->size ||
					     memcmp(a->sha256, b->sha256, SHA256_LEN)))
			r = wd_fault(&c->faults, WD_ECORRUPT,
				     "line %zu: differs from line %zu, of which it is a hard link",
				     b->line, a->line);
	}
	return r;
}

/* Puts the index of a package in place of its name, and drops paths of packages that are none. */
static int find_owners(struct chisel *c)
{
	WD_CLEANUP_FREE uint32_t *index = calloc(c->strings.entries.n + 1, sizeof(*index));
	size_t kept = 0;
	int r = index ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < c->packages.n; i++) {
		struct package *p = &c->packages.v[i];

		p->again = index[p->name] > 0;
		if (p->again)
			r = fault(c, p->line, "package that was there before");
		else
			index[p->name] = (uint32_t)i + 1;
	}
	for (size_t i = 0; r == 0 && i < c->owners.n; i++) {
		struct pair *owner = &c->owners.v[i];

		if (index[owner->key])
			c->owners.v[kept++] = (struct pair){index[owner->key] - 1, owner->path};
		else
			r = fault(c, c->paths.v[owner->path].line, "slice of an unknown package");
	}
	c->owners.n = kept;
	if (kept)
		qsort(c->owners.v, kept, sizeof(*c->owners.v), compare_pairs);
	return r;
}

static int push_claim(struct chisel *c, const struct path *p)
{
	struct wd_claim claim = {
		.size = p->size, .mode = p->mode, .detail = wd_strpool_get(&c->strings, p->detail)};

	wd_claim_path(&claim, wd_strpool_get(&c->strings, p->path));
	if (p->link)
		claim.target = wd_strpool_get(&c->strings, p->link);
	if (p->hashed) {
		claim.digest = wd_blob(p->sha256, SHA256_LEN);
		claim.digest_algo = WD_DIGEST_SHA256;
	}
	return wd_sink_claim(c->sink, &claim);
}

static int push_package(struct chisel *c, const struct package *p)
{
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN};
	struct wd_blob version = wd_strpool_get(&c->strings, p->version);
	ptrdiff_t hyphen = wd_blob_rchr(version, '-');

	pkg.field[WD_PACKAGE_NAME] = wd_strpool_get(&c->strings, p->name);
	pkg.field[WD_PACKAGE_VERSION] = version;
	pkg.field[WD_PACKAGE_ARCH] = wd_strpool_get(&c->strings, p->arch);
	if (hyphen >= 0)
		pkg.field[WD_PACKAGE_RELEASE] = wd_blob_skip(version, (size_t)hyphen + 1);
	return wd_sink_package(c->sink, &pkg);
}

static int push_all(struct chisel *c)
{
	int r = find_owners(c);
	size_t at = 0;

	for (size_t i = 0; r == 0 && i < c->packages.n; i++) {
		if (c->packages.v[i].again)
			continue;
		r = push_package(c, &c->packages.v[i]);
		for (; r == 0 && at < c->owners.n && c->owners.v[at].key == i; at++) {
			/* two slices of one package may share a path */
			if (at == 0 || compare_pairs(&c->owners.v[at - 1], &c->owners.v[at]))
				r = push_claim(c, &c->paths.v[c->owners.v[at].path]);
		}
	}
	return r < 0 ? r : check_links(c);
}

static int load_manifest(struct chisel *c, int fd)
{
	int status = read_manifest(c, fd);
	int r;

	if (c->packages.n == 0 && status < 0)
		return status;
	/* what was read of a manifest that is cut off stands */
	r = push_all(c);
	if (r == 0 && status == 0 && c->count && c->count != c->line)
		r = wd_fault(&c->faults, WD_ECORRUPT,
			     "line 1: counts %llu lines where there are %zu",
			     (unsigned long long)c->count, c->line);
	return r < 0 ? r : status;
}

static int chisel_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct chisel c = {.sink = sink, .faults.sink = sink};
	int r;

	if (req->is_dir)
		return WD_ENOTMINE;
	r = wd_sink_format(sink, "jsonwall");
	if (r == 0)
		r = load_manifest(&c, req->fd);
	wd_strpool_done(&c.strings);
	wd_array_done(&c.packages);
	wd_array_done(&c.paths);
	wd_array_done(&c.owners);
	wd_array_done(&c.links);
	wd_buf_done(&c.text);
	return r;
}

static void chisel_libraries(char *buf, size_t size)
{
	snprintf(buf, size, "libzstd %s, cJSON %s", ZSTD_versionString(), cJSON_Version());
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "chisel",
	.version = "1",
	.load = chisel_load,
	.libraries = chisel_libraries,
};
