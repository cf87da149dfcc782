/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Headers through librpm. headerImport() checks a blob completely (types, offsets, lengths, no
 * overlap) before anything is read from it. What it cannot know is which tags belong together: the
 * per-file arrays are parallel, and a hostile header may make one shorter than the others. So all
 * of them are fetched and their types and counts compared first, and then walked by index.
 */
#include "rpm-header.h"
#include "rpm-origin.h"

#include <rpm/header.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmtag.h>
#include <rpm/rpmtd.h>

#include <inttypes.h>

/*
 * Pointers into the header's own memory, and the strings as recorded: without RAW, librpm picks
 * translations by the environment.
 */
#define GET_FLAGS (HEADERGET_MINMEM | HEADERGET_RAW)

#define HEADER_INTRO_SIZE 8
#define HEADER_ENTRY_SIZE 16
#define HEADER_TAGS_MAX 0xffff /* as in rpm */

enum file_tag {
	BASENAMES,
	DIRINDEXES,
	DIRNAMES,
	FILEFLAGS,
	FILEMODES,
	FILESTATES,
	FILESIZES,
	LONGFILESIZES,
	FILELINKTOS,
	FILEDIGESTS, /* from here on: not always fetched */
	FILEUSERNAME,
	FILEGROUPNAME,
	FILEMTIMES,
	FILERDEVS,
	FILECAPS,
	FILEVERIFYFLAGS,
	FILE_TAG_COUNT
};

/* Parallel to BASENAMES, but for DIRNAMES. */
static const struct {
	rpmTagVal tag;
	rpmTagType type;
	const char *name;
} file_tags[FILE_TAG_COUNT] = {
	[BASENAMES] = {RPMTAG_BASENAMES, RPM_STRING_ARRAY_TYPE, "BASENAMES"},
	[DIRINDEXES] = {RPMTAG_DIRINDEXES, RPM_INT32_TYPE, "DIRINDEXES"},
	[DIRNAMES] = {RPMTAG_DIRNAMES, RPM_STRING_ARRAY_TYPE, "DIRNAMES"},
	[FILEFLAGS] = {RPMTAG_FILEFLAGS, RPM_INT32_TYPE, "FILEFLAGS"},
	[FILEMODES] = {RPMTAG_FILEMODES, RPM_INT16_TYPE, "FILEMODES"},
	[FILESTATES] = {RPMTAG_FILESTATES, RPM_CHAR_TYPE, "FILESTATES"},
	[FILESIZES] = {RPMTAG_FILESIZES, RPM_INT32_TYPE, "FILESIZES"},
	[LONGFILESIZES] = {RPMTAG_LONGFILESIZES, RPM_INT64_TYPE, "LONGFILESIZES"},
	[FILELINKTOS] = {RPMTAG_FILELINKTOS, RPM_STRING_ARRAY_TYPE, "FILELINKTOS"},
	[FILEDIGESTS] = {RPMTAG_FILEDIGESTS, RPM_STRING_ARRAY_TYPE, "FILEDIGESTS"},
	[FILEUSERNAME] = {RPMTAG_FILEUSERNAME, RPM_STRING_ARRAY_TYPE, "FILEUSERNAME"},
	[FILEGROUPNAME] = {RPMTAG_FILEGROUPNAME, RPM_STRING_ARRAY_TYPE, "FILEGROUPNAME"},
	[FILEMTIMES] = {RPMTAG_FILEMTIMES, RPM_INT32_TYPE, "FILEMTIMES"},
	[FILERDEVS] = {RPMTAG_FILERDEVS, RPM_INT16_TYPE, "FILERDEVS"},
	[FILECAPS] = {RPMTAG_FILECAPS, RPM_STRING_ARRAY_TYPE, "FILECAPS"},
	[FILEVERIFYFLAGS] = {RPMTAG_FILEVERIFYFLAGS, RPM_INT32_TYPE, "FILEVERIFYFLAGS"},
};

/* The file list of one header. td[i].count is 0 where the header lacks the tag. */
struct file_list {
	struct rpmtd_s td[FILE_TAG_COUNT];
	uint32_t count;
	bool whole_names; /* BASENAMES stands for OLDFILENAMES: whole paths (rpm before 4.0) */
	uint8_t algo;
	size_t digest_size; /* in bytes; 0 where digests of this algorithm are not passed on */
};

struct reader {
	struct wd_rpm_source *src;
	Header header;
	uint32_t hnum;
	const char *name;
	bool bad_digest;       /* reported already */
	struct wd_buf detail;  /* scratch */
	const char *dir_start; /* the directory of the claim before, which the next one shares */
	struct wd_blob dir;
};

static void header_done(Header *h)
{
	headerFree(*h);
}

static void file_list_done(struct file_list *l)
{
	for (size_t i = 0; i < FILE_TAG_COUNT; i++)
		rpmtdFreeData(&l->td[i]);
}

/* The first string of a tag, copied into nothing: it lives as long as the header. */
static struct wd_blob header_string(Header h, rpmTagVal tag)
{
	struct wd_blob b = WD_BLOB_NULL;
	struct rpmtd_s td;

	if (!headerGet(h, tag, &td, GET_FLAGS))
		return b;
	switch (rpmtdType(&td)) {
	case RPM_STRING_TYPE:
	case RPM_STRING_ARRAY_TYPE:
	case RPM_I18NSTRING_TYPE:
		b = wd_blob_str(rpmtdGetString(&td));
		break;
	default:
		break;
	}
	rpmtdFreeData(&td);
	return b.len ? b : WD_BLOB_NULL;
}

static bool header_u32(Header h, rpmTagVal tag, uint32_t *ret)
{
	const uint32_t *value = NULL;
	struct rpmtd_s td;

	if (headerGet(h, tag, &td, GET_FLAGS))
		value = rpmtdGetUint32(&td);
	if (value)
		*ret = *value;
	rpmtdFreeData(&td);
	return value != NULL;
}

static uint64_t header_size(Header h)
{
	const uint64_t *value = NULL;
	uint64_t size = WD_SIZE_UNKNOWN;
	struct rpmtd_s td;
	uint32_t size32;

	if (headerGet(h, RPMTAG_LONGSIZE, &td, GET_FLAGS))
		value = rpmtdGetUint64(&td);
	if (value)
		size = *value;
	else if (header_u32(h, RPMTAG_SIZE, &size32))
		size = size32;
	rpmtdFreeData(&td);
	return size;
}

static int bad_files(struct reader *rd, const char *what)
{
	return wd_rpm_bad(rd->src, WD_ECORRUPT, "package record %" PRIu32 " (%s): %s", rd->hnum,
			  rd->name, what);
}

static bool type_matches(rpmTagType type, enum file_tag i)
{
	return type == file_tags[i].type || (i == FILESTATES && type == RPM_INT8_TYPE);
}

/* Fetches one tag. Returns false with the reason in `why`. */
static bool file_list_get(struct file_list *l, Header h, enum file_tag i, char *why, size_t size)
{
	rpmTagVal tag = file_tags[i].tag;
	const char *name = file_tags[i].name;

	if (i == BASENAMES && l->whole_names) {
		tag = RPMTAG_OLDFILENAMES;
		name = "OLDFILENAMES";
	}
	if (!headerGet(h, tag, &l->td[i], GET_FLAGS)) {
		l->td[i].count = 0;
		return true;
	}
	if (!type_matches(rpmtdType(&l->td[i]), i)) {
		snprintf(why, size, "%s has type %d", name, (int)rpmtdType(&l->td[i]));
		return false;
	}
	if (i == BASENAMES)
		l->count = l->td[i].count;
	if (i != DIRNAMES && l->td[i].count != l->count) {
		snprintf(why, size, "%s has %u entries for %u files", name, l->td[i].count,
			 l->count);
		return false;
	}
	return true;
}

static bool dirs_valid(const struct file_list *l, char *why, size_t size)
{
	const uint32_t *index = l->td[DIRINDEXES].data;

	if (l->whole_names)
		return true;
	if (l->count && !l->td[DIRINDEXES].count) {
		snprintf(why, size, "BASENAMES without DIRINDEXES");
		return false;
	}
	for (uint32_t i = 0; i < l->count; i++) {
		if (index[i] >= l->td[DIRNAMES].count) {
			snprintf(why, size, "DIRINDEXES has %u where DIRNAMES has %u entries",
				 index[i], l->td[DIRNAMES].count);
			return false;
		}
	}
	return true;
}

/* OpenPGP has no number for SM3: RNP took one of those for private use (RFC 4880, 9.4). */
#define OPENPGP_SM3 105

static uint32_t digest_algo(uint32_t number)
{
	return number == OPENPGP_SM3	 ? WD_DIGEST_SM3
	       : number == WD_DIGEST_SM3 ? WD_DIGEST_NONE
					 : number;
}

static size_t digest_size(uint32_t algo)
{
	static const uint8_t sizes[] = {
		[WD_DIGEST_MD5] = 16,	 [WD_DIGEST_SHA1] = 20,	  [WD_DIGEST_SHA256] = 32,
		[WD_DIGEST_SHA384] = 48, [WD_DIGEST_SHA512] = 64, [WD_DIGEST_SHA224] = 28,
		[WD_DIGEST_SM3] = 32,
	};

	return algo < WD_ARRAY_SIZE(sizes) ? sizes[algo] : 0;
}

/* Digests are most of a header's bytes, and attributes most of the rest. */
static bool wants_tag(uint32_t want, enum file_tag i)
{
	if (i == FILEDIGESTS)
		return want & WD_WANT_DIGESTS;
	return i < FILEDIGESTS || want & WD_WANT_ATTRIBUTES;
}

/* Fetches and checks the file tags that are wanted. Returns false with the reason in `why`. */
static bool file_list_init(struct file_list *l, Header h, uint32_t want, char *why, size_t size)
{
	uint32_t algo = WD_DIGEST_MD5;

	memset(l, 0, sizeof(*l));
	l->whole_names = !headerIsEntry(h, RPMTAG_BASENAMES);
	for (int i = 0; i < FILE_TAG_COUNT; i++)
		if (wants_tag(want, (enum file_tag)i) &&
		    !file_list_get(l, h, (enum file_tag)i, why, size))
			return false;
	header_u32(h, RPMTAG_FILEDIGESTALGO, &algo);
	algo = digest_algo(algo);
	l->digest_size = l->td[FILEDIGESTS].count ? digest_size(algo) : 0;
	l->algo = (uint8_t)algo;
	return dirs_valid(l, why, size);
}

static const char *list_string(const struct file_list *l, enum file_tag i, uint32_t n)
{
	return ((const char *const *)l->td[i].data)[n];
}

static uint32_t claim_flags(const struct file_list *l, uint32_t n)
{
	const uint32_t *fileflags = l->td[FILEFLAGS].data;
	const int8_t *states = l->td[FILESTATES].data;
	uint32_t flags = 0;

	if (fileflags) {
		flags |= fileflags[n] & RPMFILE_CONFIG ? WD_CLAIM_CONFIG : 0;
		flags |= fileflags[n] & RPMFILE_DOC ? WD_CLAIM_DOC : 0;
		flags |= fileflags[n] & RPMFILE_LICENSE ? WD_CLAIM_LICENSE : 0;
		flags |= fileflags[n] & RPMFILE_GHOST ? WD_CLAIM_GHOST : 0;
	}
	switch (states ? states[n] : RPMFILE_STATE_NORMAL) {
	case RPMFILE_STATE_REPLACED:
		return flags | WD_CLAIM_REPLACED;
	case RPMFILE_STATE_NOTINSTALLED:
	case RPMFILE_STATE_NETSHARED:
		return flags | WD_CLAIM_NOTINSTALLED;
	case RPMFILE_STATE_WRONGCOLOR:
		return flags | WD_CLAIM_WRONGCOLOR;
	default:
		return flags;
	}
}

static uint64_t claim_size(const struct file_list *l, uint32_t n)
{
	if (l->td[LONGFILESIZES].data)
		return ((const uint64_t *)l->td[LONGFILESIZES].data)[n];
	if (l->td[FILESIZES].data)
		return ((const uint32_t *)l->td[FILESIZES].data)[n];
	return WD_SIZE_UNKNOWN;
}

static void claim_path(struct reader *rd, const struct file_list *l, uint32_t n, struct wd_claim *c)
{
	ptrdiff_t slash;

	c->name = wd_blob_str(list_string(l, BASENAMES, n));
	if (!l->whole_names) {
		const uint32_t *index = l->td[DIRINDEXES].data;
		const char *dir = list_string(l, DIRNAMES, index[n]);

		if (dir != rd->dir_start)
			rd->dir = wd_blob_str(dir);
		rd->dir_start = dir;
		c->dir = rd->dir;
		return;
	}
	slash = wd_blob_rchr(c->name, '/') + 1;
	c->dir = wd_blob_head(c->name, (size_t)slash);
	c->name = wd_blob_skip(c->name, (size_t)slash);
}

/* Directories, links and ghosts have an empty digest. */
static int claim_digest(struct reader *rd, const struct file_list *l, uint32_t n,
			struct wd_claim *c, uint8_t *bytes)
{
	struct wd_blob hex;

	if (!l->td[FILEDIGESTS].count)
		return 0;
	hex = wd_blob_str(list_string(l, FILEDIGESTS, n));
	if (!hex.len)
		return 0;
	if (l->digest_size && wd_blob_unhex(hex, bytes, WD_DIGEST_MAX) == (int)l->digest_size) {
		c->digest = wd_blob(bytes, l->digest_size);
		c->digest_algo = l->algo;
		return 0;
	}
	if (rd->bad_digest)
		return 0;
	rd->bad_digest = true;
	if (!l->digest_size)
		return wd_rpm_bad(rd->src, WD_EUNSUPPORTED,
				  "package record %" PRIu32
				  " (%s): FILEDIGESTALGO names an algorithm "
				  "that is not known",
				  rd->hnum, rd->name);
	return bad_files(rd, "FILEDIGESTS has an entry that is no digest of FILEDIGESTALGO");
}

/* rpm's verify flags by the letters that `rpm -V` prints for them (rpmvf.h, rpmFFlagsString). */
static const struct {
	uint32_t flag;
	char letter;
} verify_letters[] = {
	{RPMVERIFY_FILESIZE, 'S'}, {RPMVERIFY_MODE, 'M'},   {RPMVERIFY_FILEDIGEST, '5'},
	{RPMVERIFY_RDEV, 'D'},	   {RPMVERIFY_LINKTO, 'L'}, {RPMVERIFY_USER, 'U'},
	{RPMVERIFY_GROUP, 'G'},	   {RPMVERIFY_MTIME, 'T'},  {RPMVERIFY_CAPS, 'P'},
};

static void detail_verify(struct wd_buf *b, uint32_t flags)
{
	const char *before = " unverified=";

	for (size_t i = 0; i < WD_ARRAY_SIZE(verify_letters); i++) {
		if (flags & verify_letters[i].flag)
			continue;
		wd_buf_printf(b, "%s%c", before, verify_letters[i].letter);
		before = "";
	}
}

/* A name with a space would be two words: nothing that is compared with it could be equal. */
static void detail_word(struct wd_buf *b, const char *key, const char *value)
{
	if (!strpbrk(value, " \t\n"))
		wd_buf_printf(b, "%s%s=%s", b->len ? " " : "", key, value);
}

static struct wd_blob claim_detail(struct reader *rd, const struct file_list *l, uint32_t n)
{
	struct wd_buf *b = &rd->detail;

	b->len = 0;
	if (l->td[FILEUSERNAME].data)
		detail_word(b, "user", list_string(l, FILEUSERNAME, n));
	if (l->td[FILEGROUPNAME].data)
		detail_word(b, "group", list_string(l, FILEGROUPNAME, n));
	if (l->td[FILEMTIMES].data)
		wd_buf_printf(b, " mtime=%" PRIu32, ((const uint32_t *)l->td[FILEMTIMES].data)[n]);
	if (l->td[FILERDEVS].data)
		wd_buf_printf(b, " rdev=%u", ((const uint16_t *)l->td[FILERDEVS].data)[n]);
	if (l->td[FILECAPS].data)
		detail_word(b, "caps", list_string(l, FILECAPS, n));
	if (l->td[FILEFLAGS].data &&
	    ((const uint32_t *)l->td[FILEFLAGS].data)[n] & RPMFILE_MISSINGOK)
		wd_buf_str(b, " missing=ok");
	if (l->td[FILEVERIFYFLAGS].data)
		detail_verify(b, ((const uint32_t *)l->td[FILEVERIFYFLAGS].data)[n]);
	return wd_blob_trim(wd_buf_view(b));
}

static int push_claims(struct reader *rd, const struct file_list *l)
{
	const uint16_t *modes = l->td[FILEMODES].data;
	uint8_t digest[WD_DIGEST_MAX];
	int r = 0;

	for (uint32_t n = 0; n < l->count && r == 0; n++) {
		struct wd_claim c = {.size = claim_size(l, n), .flags = claim_flags(l, n)};

		claim_path(rd, l, n, &c);
		c.mode = modes ? modes[n] : 0;
		if (l->td[FILELINKTOS].data)
			c.target = wd_blob_str(list_string(l, FILELINKTOS, n));
		if (rd->src->req->want & WD_WANT_ATTRIBUTES)
			c.detail = claim_detail(rd, l, n);
		r = claim_digest(rd, l, n, &c, digest);
		if (r == 0)
			r = rd->detail.status;
		if (r == 0)
			r = wd_sink_claim(rd->src->sink, &c);
	}
	return r;
}

static int push_files(struct reader *rd, const struct wd_package *pkg)
{
	__attribute__((cleanup(file_list_done))) struct file_list list;
	struct wd_package p = *pkg;
	char why[128];
	int r;

	if (file_list_init(&list, rd->header, rd->src->req->want, why, sizeof(why))) {
		r = wd_sink_package(rd->src->sink, &p);
		return r < 0 ? r : push_claims(rd, &list);
	}
	p.flags |= WD_PACKAGE_NO_FILES;
	r = wd_sink_package(rd->src->sink, &p);
	return r < 0 ? r : bad_files(rd, why);
}

static int set_version(struct wd_package *pkg, Header h, struct wd_buf *buf)
{
	struct wd_blob version = header_string(h, RPMTAG_VERSION);
	struct wd_blob release = pkg->field[WD_PACKAGE_RELEASE];
	uint32_t epoch;

	if (header_u32(h, RPMTAG_EPOCH, &epoch)) {
		pkg->epoch = epoch;
		wd_buf_printf(buf, "%" PRIu32 ":", epoch);
	}
	wd_buf_blob(buf, version);
	if (release.len) {
		wd_buf_byte(buf, '-');
		wd_buf_blob(buf, release);
	}
	pkg->field[WD_PACKAGE_VERSION] = wd_buf_view(buf);
	return buf->status;
}

static void set_fields(struct wd_package *pkg, Header h)
{
	static const struct {
		enum wd_package_field field;
		rpmTagVal tag;
	} fields[] = {
		{WD_PACKAGE_NAME, RPMTAG_NAME},
		{WD_PACKAGE_ARCH, RPMTAG_ARCH},
		{WD_PACKAGE_VENDOR, RPMTAG_VENDOR},
		{WD_PACKAGE_PACKAGER, RPMTAG_PACKAGER},
		{WD_PACKAGE_RELEASE, RPMTAG_RELEASE},
		{WD_PACKAGE_DISTRIBUTION, RPMTAG_DISTRIBUTION},
		{WD_PACKAGE_DISTTAG, RPMTAG_DISTTAG},
		{WD_PACKAGE_SECTION, RPMTAG_GROUP},
		{WD_PACKAGE_BUILDHOST, RPMTAG_BUILDHOST},
		{WD_PACKAGE_DISTURL, RPMTAG_DISTURL},
		{WD_PACKAGE_PLATFORM, RPMTAG_PLATFORM},
		{WD_PACKAGE_URL, RPMTAG_URL},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(fields); i++)
		pkg->field[fields[i].field] = header_string(h, fields[i].tag);
	wd_rpm_set_source(pkg, header_string(h, RPMTAG_SOURCERPM));
	pkg->size = header_size(h);
}

static int push_package(struct reader *rd)
{
	WD_CLEANUP_BUF struct wd_buf version = WD_BUF_INIT;
	struct wd_package pkg = {0};
	int r;

	set_fields(&pkg, rd->header);
	if (!pkg.field[WD_PACKAGE_NAME].len)
		return wd_rpm_bad(rd->src, WD_ECORRUPT, "package record %" PRIu32 ": no NAME",
				  rd->hnum);
	/* rpm keeps imported keys as packages of this name. */
	if (wd_blob_is(pkg.field[WD_PACKAGE_NAME], "gpg-pubkey"))
		return 0;
	rd->name = pkg.field[WD_PACKAGE_NAME].ptr;
	r = set_version(&pkg, rd->header, &version);
	return r < 0 ? r : push_files(rd, &pkg);
}

/*
 * The intro of a header blob: number of index entries, bytes of data, both big-endian; 16 bytes
 * an entry (rpm's lib/header.c). headerImport() multiplies before it checks.
 */
static bool intro_valid(struct wd_blob blob)
{
	struct wd_cursor c = wd_cursor(blob);
	uint64_t entries = wd_cursor_be32(&c);
	uint64_t data = wd_cursor_be32(&c);

	return !c.failed && entries > 0 && entries <= HEADER_TAGS_MAX &&
	       HEADER_INTRO_SIZE + entries * HEADER_ENTRY_SIZE + data == blob.len;
}

/*
 * FAST takes the length of a string array from where the next entry starts; that entries follow
 * each other and that their strings end inside has been checked by then.
 */
int wd_rpm_header_push(struct wd_rpm_source *src, struct wd_rpm_record *rec)
{
	__attribute__((cleanup(header_done))) Header header = NULL;
	struct reader rd = {.src = src, .hnum = rec->hnum, .detail = WD_BUF_INIT};
	int r;

	if (intro_valid(wd_buf_view(&rec->blob)))
		header = headerImport(rec->blob.ptr, (unsigned)rec->blob.len, HEADERIMPORT_FAST);
	if (!header)
		return wd_rpm_bad(src, WD_ECORRUPT,
				  "package record %" PRIu32 ": not a valid rpm header (%zu bytes)",
				  rec->hnum, rec->blob.len);
	/* Without HEADERIMPORT_COPY the header owns the blob. */
	rec->blob = WD_BUF_INIT;
	rd.header = header;
	r = push_package(&rd);
	wd_buf_done(&rd.detail);
	return r;
}
