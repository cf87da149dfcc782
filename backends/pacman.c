/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The local database of pacman: a directory NAME-VERSION-RELEASE for each package (libalpm's
 * be_local.c), and ALPM_DB_VERSION, the version of the layout, 9 since pacman 4.2. In a package's:
 *
 *	desc	%KEY% lines, each followed by its values up to an empty line
 *	files	%FILES%: paths, those of directories with a slash at the end;
 *		%BACKUP%: paths of configuration files, tab, MD5 as packaged
 *	mtree	see pacman-mtree.h
 *
 * The directory's name is what counts: `pacman -Q` prints that, whatever desc says.
 */
#include "common.h"
#include "pacman-mtree.h"
#include "version.h"

#include <archive.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#define LOCAL_VERSION 9
#define PACKAGES_MAX (1u << 20)
#define DESC_MAX (1u << 20)
#define FILES_MAX (256u << 20)
#define MTREE_PACKED_MAX (64u << 20)
#define MD5_SIZE 16

struct backup {
	struct wd_blob path;
	uint8_t md5[MD5_SIZE];
};

struct pacman {
	const struct wd_request *req;
	struct wd_sink *sink;
	struct wd_buf desc, files, packed, path;
	struct wd_pacman_mtree mtree;
	WD_ARRAY(struct backup) backups; /* in order of path */
	char detail[96];
};

/* A package at work on. */
struct entry {
	struct wd_blob name; /* of the directory */
	struct wd_package pkg;
};

/* Reads a file of a package; errors name it from here on. 1, 0 where it is not there, negative. */
static int read_part(struct pacman *p, const struct entry *e, const char *name, size_t max,
		     struct wd_buf *buf, struct wd_faults *faults)
{
	int r;

	p->path.len = 0;
	wd_buf_printf(&p->path, "%s%s%.*s/%s", p->req->path,
		      wd_blob_ends(wd_blob_str(p->req->path), WD_BLOB("/")) ? "" : "/",
		      WD_BLOB_PRINTF(e->name), name);
	wd_buf_byte(&p->path, '\0');
	if (p->path.status < 0)
		return p->path.status;
	*faults = (struct wd_faults){.sink = p->sink, .path = p->path.ptr};
	buf->len = 0;
	/* below the database, which is the directory */
	r = wd_file_read(p->req, p->path.ptr + p->path.len - 2 - e->name.len - strlen(name), max,
			 buf);
	if (r == 0)
		return 1;
	if (r == WD_EABSENT || r == -ENOMEM)
		return r == WD_EABSENT ? 0 : r;
	return wd_fault(faults, r, "%s", wd_status_text(r));
}

/* The next line of either file; a section ends at an empty one. */
static bool next_line(struct wd_blob *rest, size_t *number, struct wd_blob *ret)
{
	++*number;
	return wd_blob_token(rest, '\n', ret);
}

static bool is_key(struct wd_blob line)
{
	return line.len > 2 && line.ptr[0] == '%' && line.ptr[line.len - 1] == '%';
}

/* ---- desc */

static int take_value(struct entry *e, struct wd_blob key, struct wd_blob value, size_t number,
		      struct wd_faults *faults)
{
	static const struct {
		const char *key;
		enum wd_package_field field;
	} fields[] = {
		{"%BASE%", WD_PACKAGE_SOURCE},	     {"%ARCH%", WD_PACKAGE_ARCH},
		{"%PACKAGER%", WD_PACKAGE_PACKAGER}, {"%URL%", WD_PACKAGE_URL},
		{"%GROUPS%", WD_PACKAGE_SECTION},
	};
	const struct wd_blob *own = e->pkg.field;

	for (size_t i = 0; i < WD_ARRAY_SIZE(fields); i++) {
		struct wd_blob *to = &e->pkg.field[fields[i].field];

		if (wd_blob_is(key, fields[i].key) && !to->len)
			*to = value;
	}
	if (wd_blob_is(key, "%SIZE%") && !wd_blob_u64(value, &e->pkg.size))
		return wd_fault(faults, WD_ECORRUPT, "line %zu: size is no number", number);
	if ((wd_blob_is(key, "%NAME%") && !wd_blob_equal(value, own[WD_PACKAGE_NAME])) ||
	    (wd_blob_is(key, "%VERSION%") && !wd_blob_equal(value, own[WD_PACKAGE_VERSION])))
		return wd_fault(faults, WD_ECORRUPT, "line %zu: not what the directory is named",
				number);
	return 0;
}

static int read_desc(struct pacman *p, struct entry *e)
{
	struct wd_faults faults;
	struct wd_blob rest, line, key = WD_BLOB_NULL;
	size_t number = 0;
	int r = read_part(p, e, "desc", DESC_MAX, &p->desc, &faults);

	if (r == 0 && !faults.n)
		return wd_fault(&faults, WD_EABSENT, "package without description");
	if (r <= 0)
		return r;
	rest = wd_buf_view(&p->desc);
	for (r = 0; r == 0 && next_line(&rest, &number, &line);) {
		if (wd_blob_chr(line, '\0') >= 0)
			r = wd_fault(&faults, WD_ECORRUPT, "line %zu: NUL byte", number);
		else if (line.len == 0)
			key = WD_BLOB_NULL;
		else if (key.len)
			r = take_value(e, key, line, number, &faults);
		else if (is_key(line))
			key = line;
		else
			r = wd_fault(&faults, WD_ECORRUPT, "line %zu: not \"%%KEY%%\"", number);
	}
	return r;
}

/* ---- files */

static int by_path(const void *pa, const void *pb)
{
	return wd_blob_cmp(((const struct backup *)pa)->path, ((const struct backup *)pb)->path);
}

static int add_backup(struct pacman *p, struct wd_blob line, size_t number,
		      struct wd_faults *faults)
{
	ptrdiff_t tab = wd_blob_rchr(line, '\t');
	struct backup b;

	/* _alpm_split_backup(): the first tab; no digest has one */
	if (tab <= 0 ||
	    wd_blob_unhex(wd_blob_skip(line, (size_t)tab + 1), b.md5, MD5_SIZE) != MD5_SIZE)
		return wd_fault(faults, WD_ECORRUPT, "line %zu: not a path and its MD5", number);
	b.path = wd_blob_head(line, (size_t)tab);
	return wd_array_push(&p->backups, b);
}

/* Calls f for each line below "%KEY%". */
static int each_line(struct pacman *p, const char *wanted, struct wd_faults *faults,
		     int (*f)(struct pacman *, struct wd_blob, size_t, struct wd_faults *))
{
	struct wd_blob rest = wd_buf_view(&p->files), line, key = WD_BLOB_NULL;
	size_t number = 0;
	int r = 0;

	while (r == 0 && next_line(&rest, &number, &line)) {
		if (line.len == 0)
			key = WD_BLOB_NULL;
		else if (!key.len)
			key = line;
		else if (wd_blob_is(key, wanted))
			r = f(p, line, number, faults);
	}
	return r;
}

/* Owner and group where mtree has none are root's, for pacman too (check.c). */
static void fill_detail(struct pacman *p, struct wd_claim *c, const struct wd_pacman_entry *e)
{
	int n = snprintf(p->detail, sizeof(p->detail), "uid=%" PRIu32 " gid=%" PRIu32, e->uid,
			 e->gid);

	if (e->mtime >= 0)
		n += snprintf(p->detail + n, sizeof(p->detail) - (size_t)n, " %s=%" PRId64,
			      S_ISLNK(e->mode) ? "linkmtime" : "mtime", e->mtime);
	c->detail = wd_blob(p->detail, (size_t)n);
}

static void fill_from_mtree(struct pacman *p, struct wd_claim *c, const struct wd_pacman_entry *e)
{
	if (p->req->want & WD_WANT_ATTRIBUTES)
		fill_detail(p, c, e);
	c->mode = e->mode;
	c->size = e->size;
	if (e->target_len)
		c->target = wd_blob(p->mtree.text.ptr + e->target, e->target_len);
	if (e->has_digest) {
		c->digest = wd_blob(e->sha256, sizeof(e->sha256));
		c->digest_algo = WD_DIGEST_SHA256;
	}
}

static void fill_from_backup(const struct pacman *p, struct wd_claim *c, struct wd_blob path)
{
	struct backup key = {.path = path}, *b;

	b = p->backups.n ? bsearch(&key, p->backups.v, p->backups.n, sizeof(key), by_path) : NULL;
	if (!b)
		return;
	c->flags |= WD_CLAIM_CONFIG;
	if (!c->digest_algo) {
		c->digest = wd_blob(b->md5, MD5_SIZE);
		c->digest_algo = WD_DIGEST_MD5;
	}
}

static int push_path(struct pacman *p, struct wd_blob path, size_t number, struct wd_faults *faults)
{
	bool is_dir = wd_blob_ends(path, WD_BLOB("/"));
	struct wd_claim c = {.mode = is_dir ? S_IFDIR : 0, .size = WD_SIZE_UNKNOWN};
	const struct wd_pacman_entry *e;

	if (is_dir)
		path.len--;
	if (path.len == 0 || path.ptr[0] == '/' || wd_blob_chr(path, '\0') >= 0)
		return wd_fault(faults, WD_ECORRUPT, "line %zu: not a relative path", number);
	wd_claim_path(&c, path);
	e = wd_pacman_mtree_find(&p->mtree, path);
	if (e)
		fill_from_mtree(p, &c, e);
	fill_from_backup(p, &c, path);
	return wd_sink_claim(p->sink, &c);
}

static int push_files(struct pacman *p, struct wd_faults *faults)
{
	int r;

	p->backups.n = 0;
	r = each_line(p, "%BACKUP%", faults, add_backup);
	if (r == 0 && p->backups.n)
		qsort(p->backups.v, p->backups.n, sizeof(*p->backups.v), by_path);
	return r < 0 ? r : each_line(p, "%FILES%", faults, push_path);
}

/* ---- Packages */

/* The entries before the damage stay, and so does everything that files lists. */
static int read_mtree(struct pacman *p, const struct entry *e)
{
	struct wd_faults faults;
	char fault[128];
	int r;

	p->mtree.entries.n = 0;
	r = read_part(p, e, "mtree", MTREE_PACKED_MAX, &p->packed, &faults);
	if (r <= 0)
		return r;
	r = wd_pacman_mtree_parse(&p->mtree, wd_buf_view(&p->packed), fault, sizeof(fault));
	if (r == 0 || r == -ENOMEM)
		return r;
	return wd_fault(&faults, r, "%s", r == WD_ECORRUPT ? fault : wd_status_text(r));
}

static int push_package(struct pacman *p, struct entry *e)
{
	struct wd_faults faults;
	int r, listed;

	r = read_desc(p, e);
	if (r == 0)
		r = read_mtree(p, e);
	if (r < 0)
		return r;
	listed = read_part(p, e, "files", FILES_MAX, &p->files, &faults);
	if (listed < 0)
		return listed;
	if (!listed)
		e->pkg.flags |= WD_PACKAGE_NO_FILES;
	r = wd_sink_package(p->sink, &e->pkg);
	return r == 0 && listed ? push_files(p, &faults) : r;
}

/* At the last two hyphens (_alpm_splitname()). */
static bool split_name(struct entry *e)
{
	ptrdiff_t release = wd_blob_rchr(e->name, '-'), version;

	if (release <= 0)
		return false;
	version = wd_blob_rchr(wd_blob_head(e->name, (size_t)release), '-');
	if (version <= 0)
		return false;
	e->pkg.field[WD_PACKAGE_NAME] = wd_blob_head(e->name, (size_t)version);
	e->pkg.field[WD_PACKAGE_VERSION] = wd_blob_skip(e->name, (size_t)version + 1);
	e->pkg.field[WD_PACKAGE_RELEASE] = wd_blob_skip(e->name, (size_t)release + 1);
	return true;
}

static int load_entry(struct pacman *p, const char *name, unsigned char type,
		      struct wd_faults *faults)
{
	struct entry e = {.name = wd_blob_str(name)};

	e.pkg.size = WD_SIZE_UNKNOWN;
	if (type == DT_LNK)
		return wd_fault(faults, WD_ENOTREG, "%s: %s", name, wd_status_text(WD_ENOTREG));
	if (type != DT_DIR)
		return 0;
	if (!split_name(&e))
		return wd_fault(faults, WD_ECORRUPT, "%s: not \"name-version-release\"", name);
	return push_package(p, &e);
}

/* A file that is not there stands for an old version, which lacks nothing that is read here. */
static int check_version(struct pacman *p)
{
	uint64_t version;
	int r = wd_file_read(p->req, "ALPM_DB_VERSION", DESC_MAX, &p->desc);

	if (r < 0)
		return r == WD_EABSENT ? 0 : r;
	if (wd_blob_u64(wd_blob_trim(wd_buf_view(&p->desc)), &version) && version <= LOCAL_VERSION)
		return 0;
	r = wd_sink_error(p->sink, WD_EUNSUPPORTED, NULL,
			  "ALPM_DB_VERSION is not %d: a layout that is not known", LOCAL_VERSION);
	return r < 0 ? r : WD_EUNSUPPORTED;
}

static int load_local(struct pacman *p)
{
	struct wd_faults faults = {.sink = p->sink};
	struct wd_names names;
	int r = check_version(p);

	if (r == 0)
		r = wd_names_read(p->req, "", PACKAGES_MAX, &names);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = load_entry(p, names.name[i], wd_name_type(&names, i), &faults);
	wd_names_done(&names);
	return r;
}

static int pacman_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct pacman p = {.req = req, .sink = sink};
	int r;

	if (!req->is_dir)
		return WD_ENOTMINE;
	r = wd_sink_format(sink, "local");
	if (r == 0)
		r = load_local(&p);
	wd_buf_done(&p.desc);
	wd_buf_done(&p.files);
	wd_buf_done(&p.packed);
	wd_buf_done(&p.path);
	wd_pacman_mtree_done(&p.mtree);
	wd_array_done(&p.backups);
	return r;
}

static void pacman_libraries(char *buf, size_t size)
{
	snprintf(buf, size, "%s", archive_version_string());
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "pacman",
	.version = "1",
	.load = pacman_load,
	.libraries = pacman_libraries,
	.compare = wd_version_pacman,
};
