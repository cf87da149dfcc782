/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files of a package in a status file: info/NAME.list, what the Conffiles field and
 * info/NAME.md5sums know of them, and what diversions and statoverride change.
 */
#include "dpkg-internal.h"

#include <sys/stat.h>

/* A file of info/ for a package, by its name there: "NAME" or "NAME:ARCH". */
static struct wd_dpkg_source info_file(struct wd_blob stem, const char *suffix)
{
	return (struct wd_dpkg_source){"info/", stem, suffix, 0};
}

/* ---- info/ */

/* An emptied info/ (images are stripped so) is as good as none. */
static bool holds_lists(const struct wd_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (wd_blob_ends(wd_blob_str(names->name[i]), WD_BLOB(".list")))
			return true;
	return false;
}

/*
 * Looks at info/ for the first package that needs it, and reports what is wrong with it, once. A
 * status file without any list is no error: chiselled images of .NET have theirs for scanners, as
 * distroless ones have status.d.
 */
static int open_info(struct wd_dpkg *db)
{
	struct wd_dpkg_source source = {"", WD_BLOB("info"), "", 0};
	struct wd_names names = {0};
	int r;

	if (db->info_tried)
		return 0;
	db->info_tried = true;
	r = wd_names_read(db->req, "info", WD_DPKG_NAMES_MAX, &names);
	db->info_usable = r == 0 || r == WD_ELIMIT;
	if (r == 0 && !holds_lists(&names))
		r = WD_EABSENT;
	wd_names_done(&names);
	if (r == 0 || r == WD_ELIMIT)
		return 0;
	db->info_reported = true;
	return r == WD_EABSENT ? 0 : wd_dpkg_error(db, &source, r, 0, "%s", wd_status_text(r));
}

/* Reads one of the package's files in info/. */
static int read_info(struct wd_dpkg *db, const struct wd_dpkg_source *source, struct wd_buf *buf,
		     bool *ret_complete)
{
	const char *path = wd_dpkg_file_name(db, source);

	if (!path)
		return -ENOMEM;
	if (!db->info_usable)
		return WD_EABSENT;
	return wd_dpkg_read(db, path, WD_DPKG_LIST_MAX, buf, ret_complete);
}

/* ---- The list */

/* As wd_dpkg_path_fault(); *dir is a directory that passed, which most lines share. */
static const char *line_fault(struct wd_blob text, struct wd_blob *dir)
{
	size_t dirlen = (size_t)(wd_blob_rchr(text, '/') + 1);
	struct wd_blob name = wd_blob_skip(text, dirlen);
	const char *fault;

	if (text.len == 0)
		return "empty file name";
	if (wd_blob_equal(wd_blob_head(text, dirlen), *dir) && !wd_blob_is(name, "..") &&
	    wd_blob_chr(name, '\0') < 0)
		return NULL;
	fault = wd_dpkg_path_fault(text);
	if (!fault)
		*dir = wd_blob_head(text, dirlen);
	return fault;
}

static int add_list(struct wd_dpkg *db, struct wd_dpkg_source *source, bool complete)
{
	struct wd_blob rest = wd_buf_view(&db->list), text, dir = WD_BLOB_NULL;
	/* 40 bytes a line are common; the table grows where they are fewer */
	int r = wd_dpkg_paths_reset(&db->files, rest.len / 40);
	size_t line = 1;

	for (; r == 0 && wd_blob_token(&rest, '\n', &text); line++) {
		const char *fault = line_fault(text, &dir);
		ptrdiff_t i = fault ? 0 : wd_dpkg_paths_add(&db->files, wd_dpkg_path_clean(text));

		r = i < 0 ? (int)i : 0;
		if (fault)
			r = wd_dpkg_error(db, source, WD_ECORRUPT, line, "%s", fault);
	}
	if (r == 0 && !complete)
		r = wd_dpkg_error(db, source, WD_ECORRUPT, line - 1, "missing final newline");
	return r;
}

/*
 * dpkg takes a package without list for one without files. It says so only of packages that were
 * configured once: the others may have got no further than that.
 */
static int report_missing(struct wd_dpkg *db, const struct wd_dpkg_stanza *st,
			  struct wd_dpkg_source *source)
{
	if (db->info_reported || !st->configured || (st->flags & WD_PACKAGE_CONFIG_FILES))
		return 0;
	return wd_dpkg_error(db, source, WD_EABSENT, 0,
			     "the file list of package '%.*s' is missing",
			     WD_BLOB_PRINTF(st->field[WD_DPKG_PACKAGE]));
}

/*
 * Fills db->files from the list. With the multi-arch layout (info/format says 1) the files of a
 * "Multi-Arch: same" package are NAME:ARCH.*, in older databases all are NAME.*: *ret_stem is
 * whichever has a list.
 */
static int load_list(struct wd_dpkg *db, const struct wd_dpkg_stanza *st, struct wd_blob qualified,
		     struct wd_blob *ret_stem, uint32_t *ret_flags)
{
	struct wd_dpkg_source source = info_file(st->field[WD_DPKG_PACKAGE], ".list");
	bool complete = true;
	int r = open_info(db);

	if (r < 0)
		return r;
	r = WD_EABSENT;
	db->list.len = 0;
	if (qualified.len) {
		source.name = qualified;
		r = read_info(db, &source, &db->list, &complete);
	}
	if (r == WD_EABSENT) {
		source.name = st->field[WD_DPKG_PACKAGE];
		r = read_info(db, &source, &db->list, &complete);
	}
	*ret_stem = source.name;
	if (r == 0)
		return add_list(db, &source, complete);
	db->list.len = 0;
	if (!(st->flags & WD_PACKAGE_CONFIG_FILES))
		*ret_flags |= WD_PACKAGE_NO_FILES;
	if (r == WD_EABSENT) {
		if (qualified.len)
			source.name = qualified;
		r = report_missing(db, st, &source);
	} else {
		r = wd_dpkg_error(db, &source, r, 0, "%s", wd_status_text(r));
	}
	return r < 0 ? r : wd_dpkg_paths_reset(&db->files, 0);
}

/* What the list has entries below of is a directory. */
static void mark_directories(struct wd_dpkg_paths *files)
{
	struct wd_blob last = WD_BLOB_NULL;

	for (size_t i = 0; i < files->count; i++) {
		const struct wd_dpkg_path *e = &files->entry[i];
		struct wd_blob dir = wd_blob_head(e->path, e->dirlen);
		ptrdiff_t parent;

		if (e->path.len == 0 || (last.ptr && wd_blob_equal(dir, last)))
			continue;
		last = dir;
		parent = wd_dpkg_paths_find(files, dir);
		if (parent >= 0)
			files->entry[parent].mode = S_IFDIR;
	}
}

/* ---- Conffiles */

static struct wd_blob take_last_word(struct wd_blob *line)
{
	ptrdiff_t space = wd_blob_rchr(*line, ' ');
	struct wd_blob word = wd_blob_skip(*line, (size_t)(space + 1));

	*line = space < 0 ? WD_BLOB_NULL : wd_blob_head(*line, (size_t)space);
	return word;
}

/* The words that stand for a digest that dpkg does not have (its conffile handling, dpkg.h). */
static bool is_no_digest(struct wd_blob word)
{
	return wd_blob_is(word, "newconffile") || wd_blob_is(word, "nonexistent") ||
	       wd_blob_is(word, "-");
}

/*
 * " PATH DIGEST[ obsolete][ remove-on-upgrade]"; PATH may hold blanks (dpkg's f_conffiles()).
 *
 * A conffile that the list lacks is claimed all the same, because purging the package removes it,
 * unless it is obsolete or to be removed: then another package may have taken it over, and dpkg
 * has struck it off this package's list for that reason.
 */
static const char *take_conffile(struct wd_dpkg *db, struct wd_blob line, int *ret_status)
{
	uint32_t flags = WD_CLAIM_CONFIG | WD_CLAIM_CONFFILE;
	uint8_t digest[WD_DPKG_MD5_SIZE];
	struct wd_blob word = take_last_word(&line);
	struct wd_dpkg_path *e;
	const char *fault;
	ptrdiff_t i;

	if (wd_blob_is(word, "remove-on-upgrade")) {
		flags |= WD_CLAIM_OBSOLETE;
		word = take_last_word(&line);
	}
	if (wd_blob_is(word, "obsolete")) {
		flags |= WD_CLAIM_OBSOLETE;
		word = take_last_word(&line);
	}
	line = wd_dpkg_path_clean(wd_blob_trim(line));
	if (!line.len || (!is_no_digest(word) && (word.len != 2 * sizeof(digest) ||
						  wd_blob_unhex(word, digest, sizeof(digest)) < 0)))
		return "malformed line in 'Conffiles' field";
	fault = wd_dpkg_path_fault(line);
	if (fault)
		return fault;
	i = flags & WD_CLAIM_OBSOLETE ? wd_dpkg_paths_find(&db->files, line)
				      : wd_dpkg_paths_add(&db->files, line);
	if (i < 0) {
		*ret_status = i == -1 ? 0 : (int)i;
		return NULL;
	}
	e = &db->files.entry[i];
	e->flags = flags;
	e->mode = S_IFREG;
	e->has_digest = !is_no_digest(word);
	if (e->has_digest)
		memcpy(e->digest, digest, sizeof(digest));
	return NULL;
}

static int take_conffiles(struct wd_dpkg *db, const struct wd_dpkg_stanza *st)
{
	struct wd_blob rest = st->field[WD_DPKG_CONFFILES], line;
	size_t number;
	int r = 0;

	if (!rest.len)
		return 0;
	number = wd_dpkg_stanza_line(&st->text, rest.ptr);
	for (; r == 0 && wd_blob_token(&rest, '\n', &line); number++) {
		const char *fault;

		if (!wd_blob_trim(line).len)
			continue;
		fault = take_conffile(db, wd_blob_trim(line), &r);
		if (fault)
			r = wd_dpkg_error(db, &db->status, WD_ECORRUPT, number, "%s", fault);
	}
	return r;
}

/* ---- md5sums */

/* Undoes md5sum(1)'s "\\", "\n" and "\r", in place: the result is shorter. */
static struct wd_blob unescape(struct wd_blob path)
{
	char *out = (char *)(uintptr_t)path.ptr;
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];

		if (c == '\\' && i + 1 < path.len) {
			c = path.ptr[++i];
			c = c == 'n' ? '\n' : c == 'r' ? '\r' : c;
		}
		out[n++] = c;
	}
	return wd_blob(out, n);
}

/* "DIGEST  PATH" (deb-md5sums(5)), with a backslash in front where PATH is escaped. */
static const char *take_sum(struct wd_dpkg *db, struct wd_blob line, bool add, int *ret_status)
{
	uint8_t digest[WD_DPKG_MD5_SIZE];
	bool escaped = line.len && line.ptr[0] == '\\';
	struct wd_blob hex, path;
	struct wd_dpkg_path *e;
	const char *fault;
	ptrdiff_t i;

	line = wd_blob_skip(line, escaped);
	hex = wd_blob_head(line, 2 * sizeof(digest));
	path = wd_blob_skip(line, hex.len);
	if (wd_blob_unhex(hex, digest, sizeof(digest)) != sizeof(digest) || path.len < 3 ||
	    path.ptr[0] != ' ' || (path.ptr[1] != ' ' && path.ptr[1] != '*'))
		return "not \"digest  path\"";
	path = wd_blob_skip(path, 2);
	path = wd_dpkg_path_clean(escaped ? unescape(path) : path);
	fault = path.len ? wd_dpkg_path_fault(path) : "empty path";
	if (fault)
		return fault;
	i = add ? wd_dpkg_paths_add(&db->files, path) : wd_dpkg_paths_find(&db->files, path);
	if (i < 0) {
		*ret_status = i == -1 ? 0 : (int)i;
		return NULL;
	}
	e = &db->files.entry[i];
	if (e->flags & WD_CLAIM_CONFFILE) /* the status file is newer */
		return NULL;
	e->mode = S_IFREG;
	e->has_digest = true;
	memcpy(e->digest, digest, sizeof(digest));
	return NULL;
}

int wd_dpkg_take_sums(struct wd_dpkg *db, struct wd_dpkg_source *source, bool add)
{
	struct wd_blob rest = wd_buf_view(&db->sums), text;
	int r = 0;

	for (size_t line = 1; r == 0 && wd_blob_token(&rest, '\n', &text); line++) {
		const char *fault = take_sum(db, text, add, &r);

		if (fault)
			r = wd_dpkg_error(db, source, WD_ECORRUPT, line, "%s", fault);
	}
	return r;
}

static int load_sums(struct wd_dpkg *db, struct wd_blob stem)
{
	struct wd_dpkg_source source = info_file(stem, ".md5sums");
	int r = read_info(db, &source, &db->sums, NULL);

	if (r == WD_EABSENT) /* packages need not have one */
		return 0;
	if (r < 0)
		return wd_dpkg_error(db, &source, r, 0, "%s", wd_status_text(r));
	return wd_dpkg_take_sums(db, &source, false);
}

/* ---- Claims */

/* Moves the claim to where a diversion has put the file of every package but the diverting one. */
static struct wd_blob diverted_to(const struct wd_dpkg *db, const struct wd_dpkg_path *e,
				  struct wd_blob package)
{
	const struct wd_dpkg_diversions *d = &db->diversions;
	ptrdiff_t i = wd_dpkg_paths_match(&d->paths, e);

	/* odd: the path that something is diverted to */
	if (i < 0 || i % 2 || wd_blob_equal(d->package[i / 2], package))
		return WD_BLOB_NULL;
	return d->paths.entry[i + 1].path;
}

static int push_file(struct wd_dpkg *db, const struct wd_dpkg_path *e, struct wd_blob package)
{
	struct wd_claim claim = {.size = WD_SIZE_UNKNOWN, .flags = e->flags, .mode = e->mode};
	struct wd_blob path = e->path, moved = diverted_to(db, e, package);
	ptrdiff_t i = wd_dpkg_paths_match(&db->overrides, e);
	size_t dirlen = e->dirlen;

	if (moved.len) {
		ptrdiff_t slash = wd_blob_rchr(moved, '/');

		claim.recorded = path;
		claim.flags |= WD_CLAIM_DIVERTED;
		path = moved;
		dirlen = slash < 0 ? 0 : (size_t)slash;
	}
	claim.dir = wd_blob_head(path, dirlen);
	claim.name = wd_blob_skip(path, dirlen + (dirlen > 0));
	if (i >= 0 && e->mode) /* permission bits without a file type say nothing */
		claim.mode |= db->overrides.entry[i].mode;
	if (e->has_digest) {
		claim.digest = wd_blob(e->digest, sizeof(e->digest));
		claim.digest_algo = WD_DIGEST_MD5;
	}
	return wd_sink_claim(db->sink, &claim);
}

int wd_dpkg_push_files(struct wd_dpkg *db, const struct wd_dpkg_stanza *st)
{
	bool conffiles_only = st->flags & WD_PACKAGE_CONFIG_FILES;
	int r = 0;

	for (size_t i = 0; r == 0 && i < db->files.count; i++) {
		const struct wd_dpkg_path *e = &db->files.entry[i];

		if (!conffiles_only || (e->flags & WD_CLAIM_CONFFILE))
			r = push_file(db, e, st->field[WD_DPKG_PACKAGE]);
	}
	return r;
}

/* NAME:ARCH for a package whose files in info/ may be named so; else empty. */
static void qualify(const struct wd_dpkg_stanza *st, struct wd_buf *ret)
{
	if (!st->multiarch_same || !st->arch_is_safe)
		return;
	wd_buf_blob(ret, st->field[WD_DPKG_PACKAGE]);
	wd_buf_byte(ret, ':');
	wd_buf_blob(ret, st->field[WD_DPKG_ARCHITECTURE]);
}

int wd_dpkg_load_package(struct wd_dpkg *db, const struct wd_dpkg_stanza *st)
{
	WD_CLEANUP_BUF struct wd_buf qualified = WD_BUF_INIT;
	struct wd_blob stem = WD_BLOB_NULL;
	uint32_t flags = 0;
	int r;

	qualify(st, &qualified);
	if (qualified.status < 0)
		return qualified.status;
	r = load_list(db, st, wd_buf_view(&qualified), &stem, &flags);
	if (r < 0)
		return r;
	mark_directories(&db->files);
	r = take_conffiles(db, st);
	if (r == 0 && (db->req->want & WD_WANT_DIGESTS))
		r = load_sums(db, stem);
	if (r == 0)
		r = wd_dpkg_push_package(db, st, flags);
	return r < 0 ? r : wd_dpkg_push_files(db, st);
}
