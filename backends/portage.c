/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Portage's database of installed packages, var/db/pkg/CATEGORY/PF/, a directory for each package
 * with a file for each value (Portage's lib/portage/dbapi/vartree.py). Of these:
 *
 *	CONTENTS	a line for each path, as dblink._contents_re reads them:
 *				obj PATH MD5 MTIME
 *				sym PATH -> TARGET MTIME
 *				dir PATH, fif PATH (a FIFO), dev PATH (a device)
 *			PATH and TARGET may hold blanks; the last " -> " is the separator.
 *	repository	name of the ebuild repository that it was built from
 *	CHOST		the triplet that it was built for: MACHINE-VENDOR-SYSTEM
 *	SLOT		SLOT or SLOT/SUBSLOT (PMS 7.2)
 *	SIZE		bytes
 *	HOMEPAGE	addresses, separated by blanks
 *
 * PMS is Gentoo's Package Manager Specification, https://projects.gentoo.org/pms/8/pms.html.
 */
#include "common.h"
#include "base/purl.h"

#include <inttypes.h>
#include <sys/stat.h>

#define NAMES_MAX (1u << 17) /* of one directory */
#define CONTENTS_MAX (64u << 20)
#define VALUE_MAX (64u << 10)

enum value { REPOSITORY, CHOST, SLOT, SIZE, HOMEPAGE, VALUES };

struct portage {
	const struct wd_request *req;
	struct wd_sink *sink;
	struct wd_buf value[VALUES];
	struct wd_buf contents, name, path, file, purl;
	char detail[32]; /* "mtime=" and the digits of 64 bits */
};

/* As vardbapi._excluded_dirs: a merge that is under way, and what is no category or package. */
static bool is_excluded(const char *name)
{
	return strncmp(name, "-MERGING-", 9) == 0 || strcmp(name, "CVS") == 0 ||
	       strcmp(name, "lost+found") == 0;
}

static size_t span(struct wd_blob b, size_t at, const char *set)
{
	size_t n = 0;

	while (at + n < b.len && b.ptr[at + n] && strchr(set, b.ptr[at + n]))
		n++;
	return n;
}

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define NAME_CHARS DIGITS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ+_-"

/* The length of "_alpha", "_beta3" and so on at an offset, 0 for anything else. */
static size_t suffix_length(struct wd_blob v, size_t at)
{
	static const char *const suffixes[] = {"_alpha", "_beta", "_pre", "_rc", "_p"};
	struct wd_blob rest = wd_blob_skip(v, at);

	for (size_t i = 0; i < WD_ARRAY_SIZE(suffixes); i++) {
		struct wd_blob suffix = wd_blob_str(suffixes[i]);

		if (wd_blob_starts(rest, suffix))
			return suffix.len + span(rest, suffix.len, DIGITS);
	}
	return 0;
}

/* PMS 3.2, without the revision: numbers, perhaps a letter, then suffixes. */
static bool is_version(struct wd_blob v)
{
	size_t at = span(v, 0, DIGITS), n;

	if (at == 0)
		return false;
	while (at < v.len && v.ptr[at] == '.') {
		n = span(v, at + 1, DIGITS);
		if (n == 0)
			return false;
		at += n + 1;
	}
	if (at < v.len && v.ptr[at] >= 'a' && v.ptr[at] <= 'z')
		at++;
	while ((n = suffix_length(v, at)) > 0)
		at += n;
	return at == v.len;
}

static bool is_revision(struct wd_blob r)
{
	return r.len > 1 && r.ptr[0] == 'r' && span(r, 1, DIGITS) == r.len - 1;
}

/* Where the version with its revision begins, behind a hyphen; 0 where there is none. */
static size_t version_start(struct wd_blob pf)
{
	ptrdiff_t hyphen = wd_blob_rchr(pf, '-');
	struct wd_blob head = pf;

	if (hyphen > 0 && is_revision(wd_blob_skip(pf, (size_t)hyphen + 1))) {
		head = wd_blob_head(pf, (size_t)hyphen);
		hyphen = wd_blob_rchr(head, '-');
	}
	if (hyphen <= 0 || !is_version(wd_blob_skip(head, (size_t)hyphen + 1)))
		return 0;
	return (size_t)hyphen + 1;
}

/* PMS 3.1.1 and 3.1.2 */
static bool is_name(struct wd_blob name, const char *set)
{
	return name.len && !strchr("-+.", name.ptr[0]) && span(name, 0, set) == name.len;
}

/*
 * PF is PN-PV or PN-PV-rN (PMS 11.1). PN never ends in what looks like a version (PMS 3.1.2), so
 * that there is one way to cut.
 */
static const char *split_pf(struct wd_blob pf, struct wd_blob *ret_name, struct wd_blob *ret_pvr)
{
	size_t start = version_start(pf);

	if (start == 0)
		return "no version at the end of the name";
	*ret_name = wd_blob_head(pf, start - 1);
	*ret_pvr = wd_blob_skip(pf, start);
	if (!is_name(*ret_name, NAME_CHARS) || version_start(*ret_name))
		return "not a package name";
	return NULL;
}

static struct wd_blob value(const struct portage *db, enum value v)
{
	return wd_blob_trim(wd_buf_view(&db->value[v]));
}

/* 1, or 0 where there is no such file, or one that cannot be read and was reported. */
static int read_value(struct portage *db, const char *name, size_t max, struct wd_buf *buf,
		      struct wd_faults *faults)
{
	size_t root = strlen(db->req->path) + 1;
	int r;

	db->file.len = 0;
	wd_buf_printf(&db->file, "%s/%s", db->path.ptr + root, name);
	wd_buf_byte(&db->file, '\0');
	if (db->file.status < 0)
		return db->file.status;
	r = wd_file_read(db->req, db->file.ptr, max, buf);
	if (r == 0)
		return 1;
	buf->len = 0;
	if (r == WD_EABSENT || r == -ENOMEM)
		return r == WD_EABSENT ? 0 : r;
	return wd_fault(faults, r, "%s: %s", name, wd_status_text(r));
}

static int read_values(struct portage *db, struct wd_faults *faults)
{
	static const char *const names[] = {"repository", "CHOST", "SLOT", "SIZE", "HOMEPAGE"};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < VALUES; i++)
		r = read_value(db, names[i], VALUE_MAX, &db->value[i], faults);
	return r;
}

/* pkg:ebuild/CATEGORY/PN@PVR, as others write it, and what else tells two packages apart. */
static struct wd_blob make_purl(struct portage *db, struct wd_blob category, struct wd_blob pn,
				const struct wd_package *pkg)
{
	struct wd_blob slot = value(db, SLOT);
	char sep = '?';

	db->purl.len = 0;
	wd_buf_str(&db->purl, "pkg:ebuild/");
	wd_purl_encode(&db->purl, category);
	wd_buf_byte(&db->purl, '/');
	wd_purl_encode(&db->purl, pn);
	wd_buf_byte(&db->purl, '@');
	wd_purl_encode(&db->purl, pkg->field[WD_PACKAGE_VERSION]);
	wd_purl_qualifier(&db->purl, &sep, "arch", pkg->field[WD_PACKAGE_ARCH]);
	wd_purl_qualifier(&db->purl, &sep, "repository", pkg->field[WD_PACKAGE_ORIGIN]);
	if (!wd_blob_is(slot, "0"))
		wd_purl_qualifier(&db->purl, &sep, "slot", slot);
	return wd_buf_view(&db->purl);
}

static int push_package(struct portage *db, struct wd_blob category, struct wd_blob pn,
			struct wd_blob pvr, uint32_t flags)
{
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN, .flags = flags};
	struct wd_blob homepage = value(db, HOMEPAGE), chost = value(db, CHOST);
	ptrdiff_t hyphen = wd_blob_rchr(pvr, '-');

	db->name.len = 0;
	wd_buf_printf(&db->name, "%.*s/%.*s", WD_BLOB_PRINTF(category), WD_BLOB_PRINTF(pn));
	pkg.field[WD_PACKAGE_NAME] = wd_buf_view(&db->name);
	pkg.field[WD_PACKAGE_VERSION] = pvr;
	if (hyphen >= 0)
		pkg.field[WD_PACKAGE_RELEASE] = wd_blob_skip(pvr, (size_t)hyphen + 1);
	pkg.field[WD_PACKAGE_SECTION] = category;
	pkg.field[WD_PACKAGE_ORIGIN] = value(db, REPOSITORY);
	pkg.field[WD_PACKAGE_PLATFORM] = chost;
	wd_blob_token(&chost, '-', &pkg.field[WD_PACKAGE_ARCH]);
	wd_blob_word(&homepage, &pkg.field[WD_PACKAGE_URL]);
	wd_blob_u64(value(db, SIZE), &pkg.size);
	pkg.field[WD_PACKAGE_PURL] = make_purl(db, category, pn, &pkg);
	if (db->name.status < 0 || db->purl.status < 0)
		return -ENOMEM;
	return wd_sink_package(db->sink, &pkg);
}

/* Cuts the last field off, which blanks separate; false where there is none. */
static bool cut_field(struct wd_blob *rest, struct wd_blob *ret)
{
	ptrdiff_t blank = wd_blob_rchr(*rest, ' ');

	if (blank <= 0)
		return false;
	*ret = wd_blob_skip(*rest, (size_t)blank + 1);
	*rest = wd_blob_head(*rest, (size_t)blank);
	return ret->len > 0;
}

static const char *parse_obj(struct wd_blob rest, struct wd_claim *c, uint8_t digest[16])
{
	struct wd_blob mtime, md5;
	uint64_t seconds;

	if (!cut_field(&rest, &mtime) || !wd_blob_u64(mtime, &seconds))
		return "obj without time";
	c->detail = mtime;
	if (!cut_field(&rest, &md5) || wd_blob_unhex(md5, digest, 16) != 16)
		return "obj without MD5";
	c->mode = S_IFREG;
	c->digest = wd_blob(digest, 16);
	c->digest_algo = WD_DIGEST_MD5;
	wd_claim_path(c, rest);
	return NULL;
}

/* Very old lines have the whole stat tuple, in parentheses, as the time (Gentoo bug 351814). */
static bool cut_sym_time(struct wd_blob *rest)
{
	struct wd_blob field;
	uint64_t seconds;

	if (!wd_blob_ends(*rest, WD_BLOB(")")))
		return cut_field(rest, &field) && wd_blob_u64(field, &seconds);
	do {
		if (!cut_field(rest, &field))
			return false;
	} while (field.ptr[0] != '(');
	return true;
}

static const char *parse_sym(struct wd_blob rest, struct wd_claim *c)
{
	size_t at;

	if (!cut_sym_time(&rest))
		return "sym without time";
	for (at = rest.len; at > 0; at--)
		if (wd_blob_starts(wd_blob_skip(rest, at - 1), WD_BLOB(" -> ")))
			break;
	if (at < 2 || at + 3 == rest.len)
		return "sym without target";
	c->mode = S_IFLNK;
	c->target = wd_blob_skip(rest, at + 3);
	wd_claim_path(c, wd_blob_head(rest, at - 1));
	return NULL;
}

static const char *parse_line(struct wd_blob line, struct wd_claim *c, uint8_t digest[16])
{
	struct wd_blob rest = wd_blob_skip(line, 4), kind = wd_blob_head(line, 4);
	const char *fault = NULL;

	*c = (struct wd_claim){.size = WD_SIZE_UNKNOWN};
	if (wd_blob_is(kind, "obj "))
		fault = parse_obj(rest, c, digest);
	else if (wd_blob_is(kind, "sym "))
		fault = parse_sym(rest, c);
	else if (wd_blob_is(kind, "dir "))
		c->mode = S_IFDIR;
	else if (wd_blob_is(kind, "fif "))
		c->mode = S_IFIFO;
	else if (!wd_blob_is(kind, "dev "))
		return "neither obj, sym, dir, fif nor dev";
	if (c->mode != S_IFREG && c->mode != S_IFLNK)
		wd_claim_path(c, rest);
	if (!fault && rest.len == 0)
		fault = "no path";
	return fault;
}

/* Leaves the time, which parse_obj() found, as the word that it is recorded by, where wanted. */
static void take_time(struct portage *db, struct wd_claim *c)
{
	uint64_t seconds;
	bool known = db->req->want & WD_WANT_ATTRIBUTES && wd_blob_u64(c->detail, &seconds);
	int n = known ? snprintf(db->detail, sizeof(db->detail), "mtime=%" PRIu64, seconds) : 0;

	c->detail = wd_blob(db->detail, (size_t)n);
}

static int push_contents(struct portage *db, struct wd_faults *faults)
{
	struct wd_blob rest = wd_buf_view(&db->contents), line;
	int r = 0;

	for (size_t number = 1; r == 0 && wd_blob_token(&rest, '\n', &line); number++) {
		uint8_t digest[16];
		struct wd_claim claim;
		const char *fault;

		if (line.len == 0)
			continue;
		fault = parse_line(line, &claim, digest);
		take_time(db, &claim);
		r = fault ? wd_fault(faults, WD_ECORRUPT, "CONTENTS: line %zu: %s", number, fault)
			  : wd_sink_claim(db->sink, &claim);
	}
	return r;
}

static int load_package(struct portage *db, struct wd_blob category, struct wd_blob pf,
			struct wd_faults *faults)
{
	struct wd_blob pn, pvr;
	const char *fault = split_pf(pf, &pn, &pvr);
	int r;

	if (fault)
		return wd_fault(faults, WD_ECORRUPT, "%s", fault);
	r = read_values(db, faults);
	if (r < 0)
		return r;
	r = read_value(db, "CONTENTS", CONTENTS_MAX, &db->contents, faults);
	if (r >= 0)
		r = push_package(db, category, pn, pvr, r ? 0 : WD_PACKAGE_NO_FILES);
	return r < 0 ? r : push_contents(db, faults);
}

/* The package's directory, whose path is in db->path from here on. */
static int load_entry(struct portage *db, const char *category, const char *pf, unsigned char type)
{
	struct wd_faults faults = {.sink = db->sink};

	if (type != DT_DIR && type != DT_LNK)
		return 0;
	db->path.len = 0;
	wd_buf_printf(&db->path, "%s/%s/%s", db->req->path, category, pf);
	wd_buf_byte(&db->path, '\0');
	if (db->path.status < 0)
		return db->path.status;
	faults.path = db->path.ptr;
	if (type == DT_LNK)
		return wd_fault(&faults, WD_ENOTREG, "%s", wd_status_text(WD_ENOTREG));
	return load_package(db, wd_blob_str(category), wd_blob_str(pf), &faults);
}

static int load_category(struct portage *db, struct wd_faults *faults, const char *category,
			 unsigned char type)
{
	struct wd_names names;
	int r = type == DT_LNK ? WD_ENOTREG : 0;

	if (type != DT_DIR && type != DT_LNK)
		return 0;
	if (r == 0 && !is_name(wd_blob_str(category), NAME_CHARS "."))
		r = WD_ECORRUPT;
	if (r == 0)
		r = wd_names_read(db->req, category, NAMES_MAX, &names);
	if (r < 0)
		return wd_fault(faults, r, "%s: %s", category,
				r == WD_ECORRUPT ? "not a category" : wd_status_text(r));
	for (size_t i = 0; r == 0 && i < names.count; i++)
		if (!is_excluded(names.name[i]))
			r = load_entry(db, category, names.name[i], wd_name_type(&names, i));
	wd_names_done(&names);
	return r;
}

static int load_categories(struct portage *db)
{
	struct wd_faults faults = {.sink = db->sink};
	struct wd_names names;
	int r = wd_names_read(db->req, "", NAMES_MAX, &names);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < names.count; i++)
		if (!is_excluded(names.name[i]))
			r = load_category(db, &faults, names.name[i], wd_name_type(&names, i));
	wd_names_done(&names);
	return r;
}

static int portage_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct portage db = {.req = req, .sink = sink};
	int r;

	if (!req->is_dir)
		return WD_ENOTMINE;
	r = wd_sink_format(sink, "vdb");
	if (r == 0)
		r = load_categories(&db);
	for (size_t i = 0; i < VALUES; i++)
		wd_buf_done(&db.value[i]);
	wd_buf_done(&db.contents);
	wd_buf_done(&db.name);
	wd_buf_done(&db.path);
	wd_buf_done(&db.file);
	wd_buf_done(&db.purl);
	return r;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "portage",
	.version = "1",
	.load = portage_load,
};
