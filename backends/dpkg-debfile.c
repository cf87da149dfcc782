/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The debfile backend: one package of deb(5), an ar archive of debian-binary, control.tar.* and
 * data.tar.*, in this order, read in one pass through libarchive.
 *
 * Where digests are wanted, the contents are read anyway, so that a claim has their SHA-256; what
 * the package's own md5sums say is not looked at. The same reading finds the build-id of ELF files,
 * which goes into the claim's detail as build-id=HEX.
 */
#include "base/pool.h"
#include "common.h"
#include "dpkg-buildid.h"
#include "dpkg-stanza.h"

#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#define CONTROL_MAX (16u << 20)	     /* bytes of the file control; real ones have some thousand */
#define CONTROL_TAR_MAX (256u << 20) /* unpacked, in front of it */
#define DATA_MAX (32ull << 30)	     /* unpacked; the largest packages of Debian have some GiB */
#define READ_SIZE (64u << 10)
#define SHA256_SIZE 32
#define MAGIC_SIZE 64 /* bytes that tell whether a file is ELF */

/* A regular file, for the hard links to it that may follow. */
struct content {
	uint64_t size;
	uint32_t id; /* in deb->ids, id_len bytes of hex */
	uint16_t id_len;
	uint16_t mode;
	bool has_digest;
	uint8_t digest[SHA256_SIZE];
};

struct deb {
	struct wd_faults faults;
	struct archive *ar;
	struct archive *tar;   /* the member at hand, unpacked */
	uint64_t limit;	       /* bytes that it may unpack to */
	uint64_t entry;	       /* bytes of the entry at hand that were read */
	struct wd_blob member; /* its name */
	bool has_control, has_data;
	bool in_entry;	/* of the member: there may be more of it to read */
	EVP_MD_CTX *md; /* NULL where no digests are wanted */
	struct wd_strpool paths;
	WD_ARRAY(struct content) files; /* by id of the path, from 1 */
	struct wd_buf ids;
	struct wd_buf head; /* the beginning of the file being read */
	struct wd_buf detail;
};

static const char *why(struct archive *a)
{
	const char *text = archive_error_string(a);

	return text ? text : "damaged";
}

static int tar_fault(struct deb *d)
{
	int status = archive_errno(d->tar) == ENOMEM ? -ENOMEM : WD_ECORRUPT;
	int r = wd_fault(&d->faults, status, "%.*s at byte %" PRId64 ": %s",
			 WD_BLOB_PRINTF(d->member), (int64_t)archive_filter_bytes(d->tar, 0),
			 why(d->tar));

	return r < 0 ? r : status;
}

static int fault(struct deb *d, int status, const char *what)
{
	int r = wd_fault(&d->faults, status, "%.*s: %s", WD_BLOB_PRINTF(d->member), what);

	return r < 0 ? r : status;
}

static la_ssize_t read_member(struct archive *tar, void *ctx, const void **ret)
{
	struct deb *d = ctx;
	la_int64_t at;
	size_t len;
	int r = archive_read_data_block(d->ar, ret, &len, &at);

	if (r == ARCHIVE_OK)
		return (la_ssize_t)len;
	if (r == ARCHIVE_EOF)
		return 0;
	archive_set_error(tar, archive_errno(d->ar), "%s", why(d->ar));
	return -1;
}

static void close_tar(struct deb *d)
{
	archive_read_free(d->tar);
	d->tar = NULL;
}

static int open_tar(struct deb *d, uint64_t limit)
{
	d->limit = limit;
	d->in_entry = false;
	d->tar = archive_read_new();
	if (!d->tar)
		return -ENOMEM;
	archive_read_support_filter_gzip(d->tar);
	archive_read_support_filter_xz(d->tar);
	archive_read_support_filter_lzma(d->tar);
	archive_read_support_filter_zstd(d->tar);
	archive_read_support_filter_bzip2(d->tar);
	archive_read_support_format_tar(d->tar);
	archive_read_support_format_empty(d->tar);
	if (archive_read_open(d->tar, d, NULL, read_member, NULL) != ARCHIVE_OK)
		return tar_fault(d);
	/* as in unpack.c: no limit on the outermost layer bounds those within */
	if (archive_filter_count(d->tar) > 2)
		return fault(d, WD_EUNSUPPORTED, "compressed twice");
	return 0;
}

static int check_limit(struct deb *d)
{
	if ((uint64_t)archive_filter_bytes(d->tar, 0) <= d->limit)
		return 0;
	return fault(d, WD_ELIMIT, "unpacks to too much");
}

/* dpkg knows no sparse files, and zeros for a hole would be read for hours. */
static int sparse(struct deb *d)
{
	return fault(d, WD_ECORRUPT, "a sparse file, which no package of dpkg's has");
}

/*
 * 1 with the next bytes of the entry, which stay until the next call, 0 at its end, or a negative
 * status.
 */
static int read_entry(struct deb *d, struct wd_blob *ret)
{
	la_int64_t at;
	const void *p;
	size_t len = 0;
	int r = archive_read_data_block(d->tar, &p, &len, &at);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return tar_fault(d);
	if ((uint64_t)at != d->entry)
		return sparse(d);
	d->entry += len;
	*ret = wd_blob(p, len);
	r = check_limit(d);
	return r < 0 ? r : 1;
}

/*
 * 1 with the next entry of the member, 0 at its end, or a negative status. What was not read of the
 * entry before is read here: libarchive would step over it without a limit.
 */
static int next_entry(struct deb *d, struct archive_entry **ret)
{
	struct wd_blob rest;
	int r = 0;

	while (d->in_entry && (r = read_entry(d, &rest)) > 0)
		;
	if (r < 0)
		return r;
	d->entry = 0;
	r = archive_read_next_header(d->tar, ret);
	d->in_entry = r == ARCHIVE_OK || r == ARCHIVE_WARN;
	if (r == ARCHIVE_EOF)
		return 0;
	if (!d->in_entry)
		return tar_fault(d);
	r = check_limit(d);
	return r < 0 ? r : 1;
}

/* ---- control.tar */

static int push_package(struct deb *d, struct wd_blob control)
{
	struct wd_dpkg_text rest = {control, 1}, text;
	struct wd_dpkg_stanza stanza;
	struct wd_dpkg_fault f;
	struct wd_package pkg;
	int r;

	if (!wd_dpkg_stanza_next(&rest, &text))
		return fault(d, WD_ECORRUPT, "control is empty");
	r = wd_dpkg_stanza_parse(&text, &stanza, &f);
	if (r < 0) {
		int sent = wd_fault(&d->faults, r, "control: line %zu: %s", f.line, f.message);

		return sent < 0 ? sent : r;
	}
	wd_dpkg_stanza_package(&stanza, &pkg);
	r = wd_sink_package(d->faults.sink, &pkg);
	if (r == 0 && wd_dpkg_stanza_next(&rest, &text))
		r = wd_fault(&d->faults, WD_ECORRUPT, "control: line %zu: a second stanza",
			     text.line);
	return r;
}

static int take_control_file(struct deb *d)
{
	WD_CLEANUP_BUF struct wd_buf control = WD_BUF_INIT;
	struct wd_blob part;
	int r;

	while ((r = read_entry(d, &part)) > 0) {
		if (control.len + part.len > CONTROL_MAX)
			return fault(d, WD_ELIMIT, "control is too long");
		wd_buf_blob(&control, part);
	}
	wd_buf_append(&control, "\n\n", 2);
	if (r == 0)
		r = control.status;
	if (r == 0)
		r = push_package(d, wd_buf_view(&control));
	d->has_control = r == 0;
	return r;
}

static int take_control(struct deb *d)
{
	struct archive_entry *entry;
	int r = d->has_control ? fault(d, WD_ECORRUPT, "a second one")
			       : open_tar(d, CONTROL_TAR_MAX);

	while (r == 0 && (r = next_entry(d, &entry)) > 0) {
		const char *name = archive_entry_pathname(entry);

		r = 0;
		if (name && (strcmp(name, "./control") == 0 || strcmp(name, "control") == 0))
			return take_control_file(d);
	}
	return r < 0 ? r : fault(d, WD_ECORRUPT, "no control in it");
}

/* ---- data.tar */

static int hash_begin(struct deb *d)
{
	return !d->md || EVP_DigestInit_ex(d->md, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}

static int hash_end(struct deb *d, struct content *c)
{
	c->has_digest = d->md != NULL;
	return !d->md || EVP_DigestFinal_ex(d->md, c->digest, NULL) == 1 ? 0 : -ENOMEM;
}

/* Moves bytes from the part into d->head until that has so many. */
static void fill_head(struct deb *d, struct wd_blob *part, size_t len)
{
	size_t n = len - d->head.len < part->len ? len - d->head.len : part->len;

	wd_buf_append(&d->head, part->ptr, n);
	*part = wd_blob_skip(*part, n);
}

/* Keeps the beginning of ELF, for its build-id; of others what tells that they are none. */
static void keep_head(struct deb *d, struct wd_blob part)
{
	if (d->head.len < MAGIC_SIZE)
		fill_head(d, &part, MAGIC_SIZE);
	if (wd_dpkg_is_elf(wd_buf_view(&d->head)))
		fill_head(d, &part, WD_DPKG_ELF_HEAD);
}

static int find_build_id(struct deb *d, struct content *c)
{
	size_t at = d->ids.len;

	if (d->ids.len < UINT32_MAX - UINT16_MAX && wd_dpkg_build_id(&d->head, c->size, &d->ids)) {
		c->id = (uint32_t)at;
		c->id_len = (uint16_t)(d->ids.len - at);
	}
	return d->head.status < 0 ? d->head.status : d->ids.status;
}

static int read_content(struct deb *d, struct content *c)
{
	struct wd_blob part;
	int r = hash_begin(d);

	d->head.len = 0;
	while (r == 0 && (r = read_entry(d, &part)) > 0) {
		r = d->md && EVP_DigestUpdate(d->md, part.ptr, part.len) != 1 ? -ENOMEM : 0;
		if (d->md)
			keep_head(d, part);
	}
	c->size = d->entry;
	if (r == 0)
		r = hash_end(d, c);
	return r < 0 ? r : find_build_id(d, c);
}

/* The file that a hard link names, which is in front of it; NULL where it is not. */
static const struct content *find_content(const struct deb *d, const char *path)
{
	uint32_t id = wd_strpool_find(&d->paths, wd_blob_str(path));

	return id ? &d->files.v[id - 1] : NULL;
}

/* Later entries of a path replace earlier ones, as they do when unpacked. */
static int keep_content(struct deb *d, const char *path, const struct content *c)
{
	size_t known = d->paths.entries.n;
	uint32_t id;
	int r = wd_strpool_intern(&d->paths, wd_blob_str(path), &id);

	if (r < 0 || id == 0)
		return r;
	if (d->paths.entries.n > known)
		return wd_array_push(&d->files, *c);
	d->files.v[id - 1] = *c;
	return 0;
}

static int push_claim(struct deb *d, struct wd_claim *claim, const struct content *c)
{
	if (c) {
		claim->mode = c->mode;
		claim->size = c->size;
		d->detail.len = 0;
		if (c->id_len)
			wd_buf_printf(&d->detail, "build-id=%.*s", (int)c->id_len,
				      d->ids.ptr + c->id);
		claim->detail = wd_buf_view(&d->detail);
		if (c->has_digest) {
			claim->digest = wd_blob(c->digest, sizeof(c->digest));
			claim->digest_algo = WD_DIGEST_SHA256;
		}
	}
	return d->detail.status < 0 ? d->detail.status : wd_sink_claim(d->faults.sink, claim);
}

static int take_regular(struct deb *d, struct archive_entry *entry, struct wd_claim *claim)
{
	struct content c = {.mode = (uint16_t)archive_entry_mode(entry)};
	const char *path = archive_entry_pathname(entry);
	int r = read_content(d, &c);

	if (r == 0 && (int64_t)c.size != archive_entry_size(entry))
		r = sparse(d);
	if (r == 0)
		r = keep_content(d, path, &c);
	return r < 0 ? r : push_claim(d, claim, &c);
}

static int take_entry(struct deb *d, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry), *link = archive_entry_hardlink(entry);
	struct wd_blob b = wd_blob_str(path);
	struct wd_claim claim = {.size = WD_SIZE_UNKNOWN,
				 .mode = (uint16_t)archive_entry_mode(entry),
				 .target = wd_blob_str(archive_entry_symlink(entry))};
	const struct content *c = link ? find_content(d, link) : NULL;

	if (!path)
		return wd_fault(&d->faults, WD_ECORRUPT, "%.*s at byte %" PRId64 ": no path",
				WD_BLOB_PRINTF(d->member),
				(int64_t)archive_filter_bytes(d->tar, 0));
	while (b.len && b.ptr[b.len - 1] == '/')
		b.len--;
	wd_claim_path(&claim, wd_blob_is(b, ".") ? WD_BLOB_NULL : b);
	if (link && !c)
		return wd_fault(&d->faults, WD_ECORRUPT,
				"%.*s: %.200s is a link to %.200s, which "
				"is not in front of it",
				WD_BLOB_PRINTF(d->member), path, link);
	if (!link && S_ISREG(claim.mode))
		return take_regular(d, entry, &claim);
	return push_claim(d, &claim, c);
}

static int take_data(struct deb *d)
{
	struct archive_entry *entry;
	int r = !d->has_control ? fault(d, WD_ECORRUPT, "stands in front of control.tar")
		: d->has_data	? fault(d, WD_ECORRUPT, "a second one")
				: open_tar(d, DATA_MAX);

	while (r == 0 && (r = next_entry(d, &entry)) > 0)
		r = take_entry(d, entry);
	d->has_data = true;
	return r;
}

/* ---- The archive */

/* "2.0\n": later versions with the same major number only add members. */
static int take_version(struct deb *d)
{
	char text[16] = "";
	la_ssize_t n = archive_read_data(d->ar, text, sizeof(text) - 1);

	if (n < 2)
		return fault(d, WD_ECORRUPT, n < 0 ? why(d->ar) : "no version in it");
	return memcmp(text, "2.", 2) == 0 ? 0 : fault(d, WD_EUNSUPPORTED, "another version");
}

static int take_member(struct deb *d, const char *name)
{
	int r = 0;

	d->member = wd_blob_str(name);
	if (wd_blob_starts(d->member, WD_BLOB("control.tar")))
		r = take_control(d);
	else if (wd_blob_starts(d->member, WD_BLOB("data.tar")))
		r = take_data(d);
	close_tar(d);
	return r;
}

static int take_members(struct deb *d)
{
	struct archive_entry *entry;
	int r = 0, status;

	while ((status = archive_read_next_header(d->ar, &entry)) == ARCHIVE_OK && r == 0) {
		const char *name = archive_entry_pathname(entry);

		r = take_member(d, name ? name : "");
	}
	if (r < 0)
		return r;
	d->member = WD_BLOB("archive");
	if (status != ARCHIVE_EOF)
		return fault(d, WD_ECORRUPT, why(d->ar));
	return d->has_control && d->has_data
		       ? 0
		       : fault(d, WD_ECORRUPT, d->has_control ? "no data.tar" : "no control.tar");
}

static int load(struct deb *d, int fd)
{
	struct archive_entry *entry;
	const char *name;
	int r;

	archive_read_support_format_ar(d->ar);
	if (archive_read_open_fd(d->ar, fd, READ_SIZE) != ARCHIVE_OK ||
	    archive_read_next_header(d->ar, &entry) != ARCHIVE_OK)
		return WD_ENOTMINE;
	name = archive_entry_pathname(entry);
	d->member = WD_BLOB("debian-binary");
	if (!name || !wd_blob_is(d->member, name))
		return WD_ENOTMINE;
	r = wd_sink_format(d->faults.sink, "deb");
	if (r == 0)
		r = take_version(d);
	return r < 0 ? r : take_members(d);
}

static int debfile_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct deb *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->faults.sink = sink;
	/* its configuration is out of reach here, and no business of ours */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	wd_dpkg_library_begin();
	d->ar = archive_read_new();
	d->md = req->want & WD_WANT_DIGESTS ? EVP_MD_CTX_new() : NULL;
	r = d->ar && (d->md || !(req->want & WD_WANT_DIGESTS)) ? load(d, req->fd) : -ENOMEM;
	wd_dpkg_library_end();
	close_tar(d);
	archive_read_free(d->ar);
	EVP_MD_CTX_free(d->md);
	wd_strpool_done(&d->paths);
	wd_array_done(&d->files);
	wd_buf_done(&d->ids);
	wd_buf_done(&d->head);
	wd_buf_done(&d->detail);
	free(d);
	return r;
}

static void debfile_libraries(char *buf, size_t size)
{
	snprintf(buf, size, "%s, %s", archive_version_string(), OpenSSL_version(OPENSSL_VERSION));
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "debfile",
	.version = "1",
	.load = debfile_load,
	.libraries = debfile_libraries,
};
