/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The installed database of apk-tools 2 and 3: stanzas of "X:value" lines, a blank line between
 * packages. The package comes first, with the letters of APKINDEX (apk-package(5)):
 *
 *	P name	V version	A arch	I installed size	U url	o origin	m maintainer
 *
 * and then what it installed (apk_db_fdb_read() in apk-tools' src/database.c):
 *
 *	f marks: f files or s scripts or x attributes went wrong, S see below
 *	F directory; M uid:gid:mode of it, where that is not root's 0755
 *	R file in the directory; a uid:gid:mode of it, where that is not root's 0644; Z its digest
 *
 * A digest is "Q1" and base64 of SHA-1, "Q2" of SHA-256 (apk_blob_pull_digest()); with the mark S,
 * "Q1" is SHA-256 cut to 160 bits, which has no name here and is left out. Of a symbolic link it
 * is the digest of the target, and nothing says that it is a link but the mode 0777 that tar gives
 * to links: so that mode is no evidence of a file.
 *
 * Version 3's own binary format is told by its magic: "ADB." or, compressed, "ADBd" (deflate) and
 * "ADBc" (any other), see apk-v3(5). "apk convdb" writes it as installed.adb, which nothing reads.
 */
#include "base/buf.h"
#include "pkgdb/backend.h"
#include "version.h"

#include <inttypes.h>
#include <sys/stat.h>

#define APK_MAX (256u << 20)
/* Errors reported for one database; a last one says that there were more. */
#define ERRORS_MAX 20
#define SHA1_SIZE 20
#define SHA256_SIZE 32

struct apk {
	struct wd_sink *sink;
	size_t line;
	unsigned int errors;
	struct wd_package pkg;
	bool begun;	 /* the stanza has lines */
	bool pushed;	 /* the sink has the package */
	bool sha256_160; /* mark S */
	bool in_dir;
	struct wd_blob dir;
	bool pending; /* `claim` waits for the lines that say more of it */
	bool refused; /* the last file was in error, and what is said of it means nothing */
	struct wd_claim claim;
	uint8_t digest[SHA256_SIZE];
	bool attributes; /* they are wanted: */
	uint32_t uid, gid;
	char detail[64];
};

static int apk_error(struct apk *a, const char *fault)
{
	if (a->errors > ERRORS_MAX)
		return 0;
	return wd_sink_error(a->sink, WD_ECORRUPT, NULL, "line %zu: %s", a->line,
			     a->errors++ < ERRORS_MAX ? fault : "further errors are not shown");
}

static int flush_claim(struct apk *a)
{
	if (!a->pending)
		return 0;
	a->pending = false;
	if (a->attributes) {
		int n = snprintf(a->detail, sizeof(a->detail), "uid=%" PRIu32 " gid=%" PRIu32 "%s",
				 a->uid, a->gid, a->claim.digest.len ? " digest=target" : "");

		a->claim.detail = wd_blob(a->detail, (size_t)n);
	}
	return wd_sink_claim(a->sink, &a->claim);
}

static int flush_package(struct apk *a)
{
	if (a->pushed)
		return 0;
	a->pushed = true;
	return wd_sink_package(a->sink, &a->pkg);
}

static void reset_package(struct apk *a)
{
	a->pkg = (struct wd_package){.size = WD_SIZE_UNKNOWN};
	a->begun = a->pushed = a->sha256_160 = a->in_dir = a->refused = false;
}

static int end_package(struct apk *a)
{
	int r = flush_claim(a);

	if (r == 0 && a->begun && a->pkg.field[WD_PACKAGE_NAME].len)
		r = flush_package(a);
	else if (r == 0 && a->begun)
		r = apk_error(a, "end of a package without name (P:)");
	reset_package(a);
	return r;
}

static int begin_claim(struct apk *a, struct wd_blob name, uint16_t mode)
{
	int r = flush_claim(a);

	if (r == 0)
		r = flush_package(a);
	a->claim = (struct wd_claim){
		.dir = a->dir, .name = name, .mode = mode, .size = WD_SIZE_UNKNOWN};
	a->uid = a->gid = 0;
	a->pending = true;
	a->refused = false;
	return r;
}

static int on_dir(struct apk *a, struct wd_blob value)
{
	a->in_dir = true;
	a->dir = value;
	return begin_claim(a, WD_BLOB_NULL, S_IFDIR | 0755);
}

static int on_file(struct apk *a, struct wd_blob value)
{
	int r = flush_claim(a);

	if (r < 0)
		return r;
	a->refused = true;
	if (!a->in_dir)
		return apk_error(a, "file (R:) before any directory (F:)");
	if (value.len == 0 || wd_blob_chr(value, '/') >= 0)
		return apk_error(a, "not the name of a file");
	return begin_claim(a, value, S_IFREG | 0644);
}

static bool parse_octal(struct wd_blob b, uint32_t *ret)
{
	uint32_t v = 0;

	if (b.len == 0 || b.len > 6)
		return false;
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] < '0' || b.ptr[i] > '7')
			return false;
		v = v << 3 | (uint32_t)(b.ptr[i] - '0');
	}
	*ret = v;
	return true;
}

/* "uid:gid:mode", and behind another colon a digest of extended attributes. */
static int on_mode(struct apk *a, struct wd_blob value, bool of_dir)
{
	struct wd_blob uid, gid, mode;
	uint64_t user, group;
	uint32_t bits;

	if (a->refused)
		return 0;
	if (!a->pending || of_dir != S_ISDIR(a->claim.mode))
		return apk_error(a, "mode of nothing");
	if (!wd_blob_token(&value, ':', &uid) || !wd_blob_u64(uid, &user) || user > UINT32_MAX ||
	    !wd_blob_token(&value, ':', &gid) || !wd_blob_u64(gid, &group) || group > UINT32_MAX ||
	    !wd_blob_token(&value, ':', &mode) || !parse_octal(mode, &bits) || bits > 07777)
		return apk_error(a, "not \"uid:gid:mode\"");
	a->uid = (uint32_t)user;
	a->gid = (uint32_t)group;
	if (of_dir)
		a->claim.mode = (uint16_t)(S_IFDIR | bits);
	else
		a->claim.mode = bits == 0777 ? 0 : (uint16_t)(S_IFREG | bits);
	return 0;
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Exactly `size` bytes, padded as apk pads them. */
static bool parse_base64(struct wd_blob b, uint8_t *out, size_t size)
{
	uint32_t bits = 0;
	size_t digits = (8 * size + 5) / 6, n = 0;

	if (b.len != (size + 2) / 3 * 4)
		return false;
	for (size_t i = 0; i < digits; i++) {
		int v = base64_digit(b.ptr[i]);

		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		if (6 * (i + 1) / 8 > n)
			out[n++] = (uint8_t)(bits >> (6 * (i + 1) % 8));
	}
	for (size_t i = digits; i < b.len; i++)
		if (b.ptr[i] != '=')
			return false;
	return true;
}

static int on_digest(struct apk *a, struct wd_blob value)
{
	bool sha1 = wd_blob_starts(value, WD_BLOB("Q1"));
	size_t size = sha1 ? SHA1_SIZE : SHA256_SIZE;

	if (a->refused)
		return 0;
	if (!a->pending || !a->claim.name.len)
		return apk_error(a, "digest of nothing");
	if (!sha1 && !wd_blob_starts(value, WD_BLOB("Q2")))
		return apk_error(a, "digest of an unknown kind");
	if (!parse_base64(wd_blob_skip(value, 2), a->digest, size))
		return apk_error(a, "digest is no base64 of its length");
	if (sha1 && a->sha256_160)
		return 0;
	a->claim.digest = wd_blob(a->digest, size);
	a->claim.digest_algo = sha1 ? WD_DIGEST_SHA1 : WD_DIGEST_SHA256;
	return 0;
}

static int on_marks(struct apk *a, struct wd_blob value)
{
	if (wd_blob_chr(value, 'f') >= 0)
		a->pkg.flags |= WD_PACKAGE_HALF_INSTALLED;
	else if (wd_blob_chr(value, 's') >= 0)
		a->pkg.flags |= WD_PACKAGE_HALF_CONFIGURED;
	a->sha256_160 = wd_blob_chr(value, 'S') >= 0;
	return 0;
}

/* Letters that are not here are of no use to us. */
static int on_field(struct apk *a, char letter, struct wd_blob value)
{
	static const uint8_t fields[128] = {
		['P'] = WD_PACKAGE_NAME + 1,   ['V'] = WD_PACKAGE_VERSION + 1,
		['A'] = WD_PACKAGE_ARCH + 1,   ['U'] = WD_PACKAGE_URL + 1,
		['o'] = WD_PACKAGE_SOURCE + 1, ['m'] = WD_PACKAGE_PACKAGER + 1,
	};
	uint8_t field = letter > 0 ? fields[(uint8_t)letter] : 0;

	if (letter == 'I') {
		if (!wd_blob_u64(value, &a->pkg.size)) {
			a->pkg.size = WD_SIZE_UNKNOWN;
			return apk_error(a, "installed size is no number");
		}
	} else if (field && a->pushed) {
		return apk_error(a, "field of a package behind its files");
	} else if (field) {
		a->pkg.field[field - 1] = value.len ? value : WD_BLOB_NULL;
	}
	return 0;
}

static int on_line(struct apk *a, struct wd_blob line)
{
	struct wd_blob value = wd_blob_skip(line, 2);

	a->begun = true;
	if (line.len < 2 || line.ptr[1] != ':')
		return apk_error(a, "not \"X:value\"");
	if (wd_blob_chr(line, '\0') >= 0)
		return apk_error(a, "NUL byte");
	if (strchr("FRMaZ", line.ptr[0]) && !a->pkg.field[WD_PACKAGE_NAME].len)
		return 0; /* said at the end of the stanza */
	switch (line.ptr[0]) {
	case 'F':
		return on_dir(a, value);
	case 'R':
		return on_file(a, value);
	case 'M':
	case 'a':
		return on_mode(a, value, line.ptr[0] == 'M');
	case 'Z':
		return on_digest(a, value);
	case 'f':
		return on_marks(a, value);
	default:
		return on_field(a, line.ptr[0], value);
	}
}

static int load_text(struct wd_blob text, uint32_t want, struct wd_sink *sink)
{
	struct apk a = {.sink = sink, .attributes = want & WD_WANT_ATTRIBUTES};
	struct wd_blob line;
	int r = 0;

	reset_package(&a);
	while (r == 0 && wd_blob_token(&text, '\n', &line)) {
		a.line++;
		r = line.len ? on_line(&a, line) : end_package(&a);
	}
	return r < 0 ? r : end_package(&a);
}

static int load_adb(const struct wd_request *req, struct wd_sink *sink, struct wd_blob text)
{
	int fd = -1, r;

	if (wd_blob_ends(wd_blob_str(req->path), WD_BLOB(".adb")))
		fd = wd_request_open(req, "installed");
	wd_cleanup_fd(&fd);
	if (fd >= 0)
		return WD_EABSENT;
	r = wd_sink_format(sink, "adb");
	if (r == 0)
		r = wd_sink_error(sink, WD_EUNSUPPORTED, NULL,
				  "binary database of apk-tools 3 (\"%.*s\"), which only \"apk "
				  "convdb\" writes: not read",
				  (int)(text.len < 4 ? text.len : 4), text.ptr);
	return r < 0 ? r : WD_EUNSUPPORTED;
}

static int apk_load(const struct wd_request *req, struct wd_sink *sink)
{
	WD_CLEANUP_BUF struct wd_buf buf = WD_BUF_INIT;
	struct wd_blob text;
	int r;

	if (req->is_dir)
		return WD_ENOTMINE;
	r = wd_buf_read_fd(&buf, req->fd, APK_MAX);
	if (r < 0)
		return r;
	text = wd_buf_view(&buf);
	if (wd_blob_starts(text, WD_BLOB("ADB")))
		return load_adb(req, sink, text);
	if (text.len && text.ptr[0] != '\n' && (text.len < 2 || text.ptr[1] != ':'))
		return WD_ENOTMINE;
	r = wd_sink_format(sink, "installed");
	return r < 0 ? r : load_text(text, req->want, sink);
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "apk",
	.version = "1",
	.load = apk_load,
	.compare = wd_version_apk,
};
