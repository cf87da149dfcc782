/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the administrator says about packages' files, read once per database.
 *
 * diversions (dpkg-divert(1), dpkg's db-fsys-divert.c): three lines each: the contested path, the
 * path that it is diverted to, and the package whose file stays at the contested path, or ":" for
 * a local diversion, which moves every package's.
 *
 * statoverride (dpkg-statoverride(1), db-fsys-override.c): lines of "user group mode path".
 */
#include "dpkg-internal.h"

static struct wd_dpkg_source diversions_file(void)
{
	return (struct wd_dpkg_source){"", WD_BLOB("diversions"), "", 0};
}

static int keep_package(struct wd_dpkg_diversions *d, struct wd_blob package)
{
	size_t pair = d->paths.count / 2;

	if (pair >= d->cap) {
		size_t cap = d->cap ? d->cap * 2 : 64;
		struct wd_blob *grown = reallocarray(d->package, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		d->package = grown;
		d->cap = cap;
	}
	d->package[pair] = package;
	return 0;
}

/* Adds a pair of paths of which neither may take part in another diversion, as dpkg has it. */
static int add_diversion(struct wd_dpkg *db, struct wd_dpkg_source *source, size_t line,
			 const struct wd_blob part[3])
{
	struct wd_dpkg_diversions *d = &db->diversions;
	struct wd_blob from = wd_dpkg_path_clean(part[0]), to = wd_dpkg_path_clean(part[1]);
	const char *fault = wd_dpkg_path_fault(from);
	ptrdiff_t i;

	if (!fault)
		fault = wd_dpkg_path_fault(to);
	if (!fault && (!from.len || !to.len || !part[2].len))
		fault = "diversion with an empty line";
	if (!fault && (wd_dpkg_paths_find(&d->paths, from) >= 0 ||
		       wd_dpkg_paths_find(&d->paths, to) >= 0 || wd_blob_equal(from, to)))
		fault = "conflicting diversions";
	if (fault)
		return wd_dpkg_error(db, source, WD_ECORRUPT, line, "%s", fault);
	i = keep_package(d, part[2]);
	if (i == 0)
		i = wd_dpkg_paths_add(&d->paths, from);
	if (i >= 0)
		i = wd_dpkg_paths_add(&d->paths, to);
	return i < 0 ? (int)i : 0;
}

static int read_diversions(struct wd_dpkg *db)
{
	struct wd_dpkg_source source = diversions_file();
	struct wd_blob rest, part[3];
	size_t line = 1;
	int r = wd_dpkg_read(db, "diversions", WD_DPKG_SMALL_MAX, &db->diversions.text, NULL);

	if (r == WD_EABSENT)
		return 0;
	if (r < 0)
		return wd_dpkg_error(db, &source, r, 0, "%s", wd_status_text(r));
	rest = wd_buf_view(&db->diversions.text);
	r = wd_dpkg_paths_reset(&db->diversions.paths, 0);
	while (r == 0 && rest.len) {
		int n = 0;

		while (n < 3 && wd_blob_token(&rest, '\n', &part[n]))
			n++;
		if (n < 3)
			return wd_dpkg_error(db, &source, WD_ECORRUPT, line,
					     "diversion of %d lines instead of 3", n);
		r = add_diversion(db, &source, line, part);
		line += 3;
	}
	return r;
}

static bool parse_mode(struct wd_blob word, uint16_t *ret)
{
	uint32_t mode = 0;

	if (word.len == 0 || word.len > 5)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] < '0' || word.ptr[i] > '7')
			return false;
		mode = mode * 8 + (uint32_t)(word.ptr[i] - '0');
	}
	*ret = (uint16_t)mode;
	return mode <= 07777;
}

static int add_override(struct wd_dpkg *db, struct wd_dpkg_source *source, size_t line,
			struct wd_blob text)
{
	struct wd_blob word, path;
	const char *fault = NULL;
	uint16_t mode = 0;
	ptrdiff_t i;

	if (!wd_blob_token(&text, ' ', &word) || !wd_blob_token(&text, ' ', &word) ||
	    !wd_blob_token(&text, ' ', &word) || !parse_mode(word, &mode) || !text.len)
		fault = "not \"user group mode path\"";
	path = wd_dpkg_path_clean(text);
	if (!fault)
		fault = wd_dpkg_path_fault(path);
	if (!fault && wd_dpkg_paths_find(&db->overrides, path) >= 0)
		fault = "second override of one path";
	if (fault)
		return wd_dpkg_error(db, source, WD_ECORRUPT, line, "%s", fault);
	i = wd_dpkg_paths_add(&db->overrides, path);
	if (i >= 0)
		db->overrides.entry[i].mode = mode;
	return i < 0 ? (int)i : 0;
}

static int read_overrides(struct wd_dpkg *db)
{
	struct wd_dpkg_source source = {"", WD_BLOB("statoverride"), "", 0};
	struct wd_blob rest, text;
	int r = wd_dpkg_read(db, "statoverride", WD_DPKG_SMALL_MAX, &db->override_text, NULL);

	if (r == WD_EABSENT)
		return 0;
	if (r < 0)
		return wd_dpkg_error(db, &source, r, 0, "%s", wd_status_text(r));
	rest = wd_buf_view(&db->override_text);
	r = wd_dpkg_paths_reset(&db->overrides, 0);
	for (size_t line = 1; r == 0 && wd_blob_token(&rest, '\n', &text); line++)
		r = add_override(db, &source, line, text);
	return r;
}

int wd_dpkg_overrides_read(struct wd_dpkg *db)
{
	int r = read_diversions(db);

	return r < 0 ? r : read_overrides(db);
}

void wd_dpkg_overrides_done(struct wd_dpkg *db)
{
	wd_buf_done(&db->diversions.text);
	wd_dpkg_paths_done(&db->diversions.paths);
	free(db->diversions.package);
	wd_buf_done(&db->override_text);
	wd_dpkg_paths_done(&db->overrides);
}
