/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The package database of xbps, in var/db/xbps/ (lib/pkgdb.c, lib/package_register.c and
 * bin/xbps-create/main.c of xbps):
 *
 * pkgdb-0.38.plist is a dict of packages by name, each a dict: pkgver (NAME-VERSION_REVISION),
 * state, architecture, maintainer, homepage, repository, installed_size, hold, source-revisions
 * ("SOURCE:COMMIT", by xbps-src of void-packages), alternatives (GROUP: array of "LINK:TARGET").
 * Its _XBPS_ALTERNATIVES_ is a dict of the groups: array of packages, the one in effect first.
 *
 * .NAME-files.plist is a dict of the arrays files, conf_files, links and dirs, of dicts: file,
 * sha256, size, and mtime by older versions. The target of a link is there, too, but made absolute:
 * not what the link holds.
 */
#include "common.h"
#include "xbps-plist.h"

#include "base/array.h"

#include <inttypes.h>
#include <sys/stat.h>

#define PKGDB_MAX (256u << 20)
#define FILES_MAX (64u << 20)
#define SHA256_SIZE 32

enum field {
	PKGVER,
	STATE,
	ARCHITECTURE,
	MAINTAINER,
	HOMEPAGE,
	REPOSITORY,
	SIZE,
	HOLD,
	SOURCE,
	FIELDS
};

/* An alternative: what a package offers, or, without entry, the package in effect. */
struct alternative {
	struct wd_blob group, package, entry; /* in xbps.pool */
};

struct xbps {
	const struct wd_request *req;
	struct wd_sink *sink;
	struct wd_faults faults; /* of the pkgdb */
	struct wd_buf field[FIELDS];
	struct wd_buf files, path, link;
	WD_ARRAY(struct wd_buf) pool;
	WD_ARRAY(struct alternative) offers, chosen;
};

static const char alternatives_key[] = "_XBPS_ALTERNATIVES_";

/* ---- Files of one package */

struct files {
	struct xbps *db;
	struct wd_faults faults;
	struct wd_buf file, sha256, size, mtime;
	char detail[32]; /* "mtime=" and the digits of 64 bits */
	size_t entry;	 /* number in its array */
};

static int files_enter(void *ctx, const struct wd_plist *p)
{
	struct files *f = ctx;

	if (p->depth == 2)
		f->entry = 0;
	if (p->depth == 3) {
		f->entry++;
		f->file.len = f->sha256.len = f->size.len = f->mtime.len = 0;
	}
	return 0;
}

static int files_value(void *ctx, const struct wd_plist *p, struct wd_blob value)
{
	struct files *f = ctx;
	struct wd_blob key = wd_plist_key(p, p->depth);
	struct wd_buf *buf = wd_blob_is(key, "file")	 ? &f->file
			     : wd_blob_is(key, "sha256") ? &f->sha256
			     : wd_blob_is(key, "size")	 ? &f->size
			     : wd_blob_is(key, "mtime")	 ? &f->mtime
							 : NULL;

	if (p->depth != 3 || !buf)
		return 0;
	buf->len = 0;
	wd_buf_blob(buf, value);
	return buf->status;
}

/* The file type and flags of an array; false where it is none of files. */
static bool kind_of(struct wd_blob array, struct wd_claim *c)
{
	if (wd_blob_is(array, "links"))
		c->mode = S_IFLNK;
	else if (wd_blob_is(array, "dirs"))
		c->mode = S_IFDIR;
	else if (wd_blob_is(array, "files") || wd_blob_is(array, "conf_files"))
		c->mode = S_IFREG;
	if (wd_blob_is(array, "conf_files"))
		c->flags = WD_CLAIM_CONFIG;
	return c->mode != 0;
}

static void take_time(struct files *f, struct wd_claim *c)
{
	uint64_t seconds;
	int n;

	if (!(f->db->req->want & WD_WANT_ATTRIBUTES) ||
	    !wd_blob_u64(wd_buf_view(&f->mtime), &seconds))
		return;
	n = snprintf(f->detail, sizeof(f->detail), "mtime=%" PRIu64, seconds);
	c->detail = wd_blob(f->detail, (size_t)n);
}

static int files_leave(void *ctx, const struct wd_plist *p)
{
	struct files *f = ctx;
	struct wd_claim c = {.size = WD_SIZE_UNKNOWN};
	struct wd_blob array = wd_plist_key(p, 1);
	uint8_t digest[SHA256_SIZE];
	const char *fault = NULL;

	if (p->depth != 3 || !kind_of(array, &c))
		return 0;
	if (f->file.len == 0)
		fault = "no file";
	else if (f->size.len && !wd_blob_u64(wd_buf_view(&f->size), &c.size))
		fault = "size is not a number";
	else if (f->sha256.len &&
		 wd_blob_unhex(wd_buf_view(&f->sha256), digest, SHA256_SIZE) != SHA256_SIZE)
		fault = "sha256 is not one";
	if (fault)
		return wd_fault(&f->faults, WD_ECORRUPT, "%.*s: entry %zu: %s",
				WD_BLOB_PRINTF(array), f->entry, fault);
	wd_claim_path(&c, wd_buf_view(&f->file));
	take_time(f, &c);
	if (f->sha256.len) {
		c.digest = wd_blob(digest, SHA256_SIZE);
		c.digest_algo = WD_DIGEST_SHA256;
	}
	return wd_sink_claim(f->db->sink, &c);
}

static int push_files(struct xbps *db)
{
	static const struct wd_plist_ops ops = {files_value, files_enter, files_leave};
	struct files f = {.db = db, .faults = {.sink = db->sink, .path = db->path.ptr}};
	struct wd_xml_fault fault;
	int r = wd_plist_parse(wd_buf_view(&db->files), &ops, &f, &fault);

	if (fault.message)
		r = wd_fault(&f.faults, WD_ECORRUPT, "line %lu: %s", fault.line, fault.message);
	wd_buf_done(&f.file);
	wd_buf_done(&f.sha256);
	wd_buf_done(&f.size);
	wd_buf_done(&f.mtime);
	return r;
}

/* Puts the directory of the database, a slash and .NAME-files.plist into db->path. */
static const char *files_name(struct xbps *db, struct wd_blob name)
{
	struct wd_blob path = wd_blob_str(db->req->path);
	size_t dir = (size_t)(wd_blob_rchr(path, '/') + 1);

	db->path.len = 0;
	wd_buf_printf(&db->path, "%.*s.%.*s-files.plist", (int)dir, path.ptr, WD_BLOB_PRINTF(name));
	wd_buf_byte(&db->path, '\0');
	return db->path.status < 0 ? NULL : db->path.ptr + dir;
}

/* 1, or 0 where there are none, or none that can be read, which was reported. */
static int read_files(struct xbps *db, struct wd_blob name)
{
	const char *beside = files_name(db, name);
	struct wd_faults faults = {.sink = db->sink, .path = db->path.ptr};
	int r = beside ? wd_file_read(db->req, beside, FILES_MAX, &db->files) : -ENOMEM;

	if (r == 0)
		return 1;
	if (r == WD_EABSENT || r == -ENOMEM)
		return r == WD_EABSENT ? 0 : r;
	return wd_fault(&faults, r, "%s", wd_status_text(r));
}

/* ---- Packages */

static struct wd_blob field(const struct xbps *db, enum field f)
{
	return wd_buf_view(&db->field[f]);
}

/*
 * As xbps_pkg_name() and xbps_pkg_version() (lib/util.c): the version is what follows the last
 * hyphen; it has a digit before its first underscore, and a number behind that.
 */
static bool split_pkgver(struct wd_blob pkgver, struct wd_package *pkg)
{
	ptrdiff_t hyphen = wd_blob_rchr(pkgver, '-'), underscore;
	struct wd_blob version = wd_blob_skip(pkgver, (size_t)(hyphen + 1));
	bool digit = false;
	uint64_t revision;

	underscore = wd_blob_chr(version, '_');
	if (hyphen <= 0 || underscore < 0)
		return false;
	for (ptrdiff_t i = 0; i < underscore; i++)
		digit |= version.ptr[i] >= '0' && version.ptr[i] <= '9';
	pkg->field[WD_PACKAGE_NAME] = wd_blob_head(pkgver, (size_t)hyphen);
	pkg->field[WD_PACKAGE_VERSION] = version;
	pkg->field[WD_PACKAGE_RELEASE] = wd_blob_skip(version, (size_t)underscore + 1);
	return digit && wd_blob_u64(pkg->field[WD_PACKAGE_RELEASE], &revision) &&
	       !memchr(pkgver.ptr, '/', (size_t)hyphen);
}

/* The states of lib/package_state.c. 1 with *flags set, 0: not installed, or WD_ECORRUPT. */
static int state_flags(struct wd_blob state, uint32_t *flags)
{
	if (wd_blob_is(state, "not-installed"))
		return 0;
	if (wd_blob_is(state, "unpacked"))
		*flags |= WD_PACKAGE_UNPACKED;
	else if (wd_blob_is(state, "broken") || wd_blob_is(state, "half-removed"))
		*flags |= WD_PACKAGE_HALF_INSTALLED;
	else if (!wd_blob_is(state, "installed"))
		return WD_ECORRUPT;
	return 1;
}

static void fill_package(struct xbps *db, struct wd_package *pkg)
{
	struct wd_blob source = field(db, SOURCE);

	pkg->field[WD_PACKAGE_ARCH] = field(db, ARCHITECTURE);
	pkg->field[WD_PACKAGE_PACKAGER] = field(db, MAINTAINER);
	pkg->field[WD_PACKAGE_URL] = field(db, HOMEPAGE);
	pkg->field[WD_PACKAGE_ORIGIN] = field(db, REPOSITORY);
	wd_blob_token(&source, ':', &pkg->field[WD_PACKAGE_SOURCE]);
	wd_blob_u64(field(db, SIZE), &pkg->size);
	if (wd_blob_is(field(db, HOLD), "true"))
		pkg->flags |= WD_PACKAGE_HOLD;
}

static int load_package(struct xbps *db, struct wd_blob key)
{
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN};
	bool named = split_pkgver(field(db, PKGVER), &pkg), has_files;
	int r = named ? state_flags(field(db, STATE), &pkg.flags) : WD_ECORRUPT;

	if (r < 0)
		return wd_fault(&db->faults, r, "package \"%.*s\": %s", WD_BLOB_PRINTF(key),
				named ? "unknown state" : "pkgver is not NAME-VERSION_REVISION");
	if (r == 0)
		return 0;
	fill_package(db, &pkg);
	r = read_files(db, pkg.field[WD_PACKAGE_NAME]);
	if (r == 0)
		pkg.flags |= WD_PACKAGE_NO_FILES;
	if (r < 0)
		return r;
	has_files = r > 0;
	r = wd_sink_package(db->sink, &pkg);
	return r < 0 || !has_files ? r : push_files(db);
}

/* ---- Alternatives */

/* Copies bytes to where they stay; the null blob where memory is short. */
static struct wd_blob keep(struct xbps *db, struct wd_blob bytes)
{
	struct wd_buf copy = WD_BUF_INIT;

	wd_buf_blob(&copy, bytes);
	wd_buf_byte(&copy, '\0');
	if (copy.status < 0 || wd_array_push(&db->pool, copy) < 0) {
		wd_buf_done(&copy);
		return WD_BLOB_NULL;
	}
	return wd_blob(copy.ptr, bytes.len);
}

static int add_alternative(struct xbps *db, struct wd_blob group, struct wd_blob package,
			   struct wd_blob entry)
{
	struct alternative a = {keep(db, group), keep(db, package), entry};

	if (entry.len)
		a.entry = keep(db, entry);
	if (!a.group.ptr || !a.package.ptr || (entry.len && !a.entry.ptr))
		return -ENOMEM;
	return entry.len ? wd_array_push(&db->offers, a) : wd_array_push(&db->chosen, a);
}

static int compare_groups(const void *a, const void *b)
{
	return wd_blob_cmp(((const struct alternative *)a)->group,
			   ((const struct alternative *)b)->group);
}

/*
 * "LINK:TARGET": a LINK that is not absolute stands beside TARGET (create_symlinks() in
 * lib/package_alternatives.c).
 */
static int push_alternative(struct xbps *db, struct wd_blob entry)
{
	struct wd_blob link = WD_BLOB_NULL, target = entry;

	if (!wd_blob_token(&target, ':', &link) || !link.len || !target.len)
		return wd_fault(&db->faults, WD_ECORRUPT, "alternative \"%.*s\": not LINK:TARGET",
				WD_BLOB_PRINTF(wd_blob_head(entry, 200)));
	db->link.len = 0;
	if (link.ptr[0] != '/')
		wd_buf_blob(&db->link,
			    wd_blob_head(target, (size_t)(wd_blob_rchr(target, '/') + 1)));
	wd_buf_blob(&db->link, link);
	return db->link.status < 0 ? db->link.status
				   : wd_sink_alias(db->sink, wd_buf_view(&db->link), target);
}

static int push_alternatives(struct xbps *db)
{
	int r = 0;

	if (db->chosen.n)
		qsort(db->chosen.v, db->chosen.n, sizeof(*db->chosen.v), compare_groups);
	for (size_t i = 0; r == 0 && db->chosen.n && i < db->offers.n; i++) {
		const struct alternative *offer = &db->offers.v[i];
		const struct alternative *chosen =
			bsearch(offer, db->chosen.v, db->chosen.n, sizeof(*offer), compare_groups);

		if (chosen && wd_blob_equal(chosen->package, offer->package))
			r = push_alternative(db, offer->entry);
	}
	return r;
}

/* ---- The pkgdb */

static int pkgdb_enter(void *ctx, const struct wd_plist *p)
{
	struct xbps *db = ctx;

	if (p->depth == 2)
		for (size_t i = 0; i < FIELDS; i++)
			db->field[i].len = 0;
	return 0;
}

static int keep_field(struct xbps *db, struct wd_blob key, struct wd_blob value)
{
	static const char *const keys[] = {"pkgver",	     "state",	 "architecture",
					   "maintainer",     "homepage", "repository",
					   "installed_size", "hold",	 "source-revisions"};

	for (size_t i = 0; i < FIELDS; i++)
		if (wd_blob_is(key, keys[i])) {
			db->field[i].len = 0;
			wd_buf_blob(&db->field[i], value);
			return db->field[i].status;
		}
	return 0;
}

static int pkgdb_value(void *ctx, const struct wd_plist *p, struct wd_blob value)
{
	struct xbps *db = ctx;
	struct wd_blob package = wd_plist_key(p, 1);
	bool groups = wd_blob_is(package, alternatives_key);

	if (p->depth == 2 && !groups)
		return keep_field(db, wd_plist_key(p, 2), value);
	/* _XBPS_ALTERNATIVES_, GROUP, array: the first one counts */
	if (p->depth == 3 && groups && !p->level[3].key.len) {
		const struct alternative *last =
			db->chosen.n ? &db->chosen.v[db->chosen.n - 1] : NULL;

		if (last && wd_blob_equal(last->group, wd_plist_key(p, 2)))
			return 0;
		return add_alternative(db, wd_plist_key(p, 2), value, WD_BLOB_NULL);
	}
	/* PACKAGE, alternatives, GROUP, array */
	if (p->depth == 4 && wd_blob_is(wd_plist_key(p, 2), "alternatives") && value.len)
		return add_alternative(db, wd_plist_key(p, 3), package, value);
	return 0;
}

static int pkgdb_leave(void *ctx, const struct wd_plist *p)
{
	struct wd_blob key = wd_plist_key(p, 1);

	if (p->depth != 2 || !p->level[2].is_dict || wd_blob_is(key, alternatives_key))
		return 0;
	return load_package(ctx, key);
}

static int load_pkgdb(struct xbps *db, struct wd_blob text)
{
	static const struct wd_plist_ops ops = {pkgdb_value, pkgdb_enter, pkgdb_leave};
	struct wd_xml_fault fault;
	int r = wd_plist_parse(text, &ops, db, &fault);

	if (fault.message) {
		r = wd_sink_error(db->sink, WD_ECORRUPT, NULL, "line %lu: %s", fault.line,
				  fault.message);
		return r < 0 ? r : WD_ECORRUPT;
	}
	return r < 0 ? r : push_alternatives(db);
}

static void done(struct xbps *db)
{
	for (size_t i = 0; i < FIELDS; i++)
		wd_buf_done(&db->field[i]);
	for (size_t i = 0; i < db->pool.n; i++)
		wd_buf_done(&db->pool.v[i]);
	wd_array_done(&db->pool);
	wd_array_done(&db->offers);
	wd_array_done(&db->chosen);
	wd_buf_done(&db->files);
	wd_buf_done(&db->path);
	wd_buf_done(&db->link);
}

static int xbps_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct xbps db = {.req = req, .sink = sink, .faults.sink = sink};
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	int r;

	if (req->is_dir)
		return WD_ENOTMINE;
	r = wd_sink_format(sink, "plist");
	if (r == 0)
		r = wd_buf_read_fd(&text, req->fd, PKGDB_MAX);
	if (r == 0 && wd_blob_starts(wd_buf_view(&text), WD_BLOB("\x1f\x8b")))
		return WD_EUNSUPPORTED; /* as before xbps 0.38 */
	if (r == 0)
		r = load_pkgdb(&db, wd_buf_view(&text));
	done(&db);
	return r;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "xbps",
	.version = "1",
	.load = xbps_load,
	.libraries = wd_xml_libraries,
};
