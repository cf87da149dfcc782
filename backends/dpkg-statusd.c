/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * status.d/, what Google's distroless images have instead of dpkg's status file: the control file
 * of each package, and since 2022 its md5sums, which is all there is of a file list. Two layouts:
 *
 *	NAME and NAME.md5sums (distroless' PACKAGE_METADATA.md). Older builds cut NAME at the first
 *	byte that is no word character: "libssl1" holds libssl1.1, "base" holds base-files.
 *	NAME/control and NAME/md5sums (rules_distroless' dpkg_statusd.sh).
 *
 * conffiles are in neither, because md5sums leaves them out (dh_md5sums(1)).
 */
#include "dpkg-internal.h"

/* Siblings that are no control files, should an image carry them (deb(5)). */
static bool is_sibling(struct wd_blob name)
{
	static const char *const suffixes[] = {".md5sums",  ".list",	".conffiles", ".preinst",
					       ".postinst", ".prerm",	".postrm",    ".triggers",
					       ".shlibs",   ".symbols", ".templates"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(suffixes); i++) {
		if (wd_blob_ends(name, wd_blob_str(suffixes[i])))
			return true;
	}
	return false;
}

static int read_entry_file(struct wd_dpkg *db, const struct wd_dpkg_source *source,
			   struct wd_buf *buf)
{
	const char *name = wd_dpkg_file_name(db, source);

	return name ? wd_dpkg_read(db, name, WD_DPKG_LIST_MAX, buf, NULL) : -ENOMEM;
}

/* The md5sums of a package: beside the control file, or under the package's name. */
static int load_entry_sums(struct wd_dpkg *db, const struct wd_dpkg_source *entry,
			   struct wd_blob package, uint32_t *ret_flags)
{
	bool in_directory = *entry->suffix;
	struct wd_dpkg_source source = {"", entry->name, in_directory ? "/md5sums" : ".md5sums", 0};
	int r = read_entry_file(db, &source, &db->sums);

	if (r == WD_EABSENT && !in_directory) {
		source.name = package;
		r = read_entry_file(db, &source, &db->sums);
	}
	if (r == 0)
		return wd_dpkg_take_sums(db, &source, true);
	*ret_flags |= WD_PACKAGE_NO_FILES;
	return r == WD_EABSENT ? 0 : wd_dpkg_error(db, &source, r, 0, "%s", wd_status_text(r));
}

static int load_stanza(struct wd_dpkg *db, struct wd_dpkg_source *entry,
		       const struct wd_dpkg_text *text)
{
	struct wd_dpkg_stanza stanza;
	struct wd_dpkg_fault fault;
	uint32_t flags = 0;
	int r = wd_dpkg_stanza_parse(text, &stanza, &fault);

	if (r < 0)
		return wd_dpkg_error(db, entry, r, fault.line, "%s", fault.message);
	if (!stanza.installed)
		return 0;
	r = wd_dpkg_paths_reset(&db->files, 0);
	if (r == 0)
		r = load_entry_sums(db, entry, stanza.field[WD_DPKG_PACKAGE], &flags);
	if (r == 0)
		r = wd_dpkg_push_package(db, &stanza, flags);
	return r < 0 ? r : wd_dpkg_push_files(db, &stanza);
}

/* A control file: one stanza. */
static int load_entry(struct wd_dpkg *db, struct wd_dpkg_source *entry)
{
	struct wd_dpkg_text rest = {.line = 1}, text;
	int r = read_entry_file(db, entry, &db->list);

	if (r < 0)
		return wd_dpkg_error(db, entry, r, 0, "%s", wd_status_text(r));
	wd_buf_append(&db->list, "\n\n", 2);
	if (db->list.status < 0)
		return db->list.status;
	rest.bytes = wd_buf_view(&db->list);
	if (!wd_dpkg_stanza_next(&rest, &text))
		return wd_dpkg_error(db, entry, WD_ECORRUPT, 0, "no stanza");
	r = load_stanza(db, entry, &text);
	if (r == 0 && wd_dpkg_stanza_next(&rest, &text))
		r = wd_dpkg_error(db, entry, WD_ECORRUPT, text.line, "second stanza in one file");
	return r;
}

int wd_dpkg_statusd_load(struct wd_dpkg *db)
{
	struct wd_names names;
	int r = wd_sink_format(db->sink, "statusd");

	if (r == 0)
		r = wd_names_read(db->req, "", WD_DPKG_NAMES_MAX, &names);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		struct wd_dpkg_source entry = {"", wd_blob_str(names.name[i]), "", 0};

		if (is_sibling(entry.name))
			continue;
		if (wd_name_type(&names, i) == DT_DIR)
			entry.suffix = "/control";
		r = load_entry(db, &entry);
	}
	wd_names_done(&names);
	return r;
}
