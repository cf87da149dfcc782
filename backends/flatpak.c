/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What flatpak deployed: {app,runtime}/ID/ARCH/BRANCH/COMMIT/ below var/lib/flatpak/, each with
 *
 *	metadata	a key file (flatpak-metadata(5)): group Application or Runtime, keys name and
 *			runtime
 *	deploy		a GVariant (ssasta{sv}) that begins with the remote's name and the commit, each
 *			with its NUL (common/flatpak-dir-private.h)
 *	files/		which an application sees as /app, a runtime as /usr; in it perhaps
 *			share/metainfo/ID.metainfo.xml (AppStream), whose latest release is what
 *			flatpak list calls the version
 *
 * A deployed directory owns what is in it. The branch is the version of a runtime.
 *
 * And app/NAME/metadata.xml: an AppStream component alone, which owns the directory it stands in.
 */
#include "common.h"
#include "base/purl.h"
#include "flatpak-metainfo.h"

#define NAMES_MAX (1u << 16)
#define FILE_MAX (4u << 20)

enum level { KIND, ID, ARCH, BRANCH, COMMIT, LEVELS };

struct flatpak {
	const struct wd_request *req;
	struct wd_sink *sink;
	const char *component[LEVELS]; /* of the directory at hand */
	struct wd_faults faults;       /* of the directory at hand */
	struct wd_metainfo info;
	struct wd_buf path, text, name, runtime, origin, purl;
};

static int report(struct flatpak *f, int status, const char *file)
{
	return wd_fault(&f->faults, status, "%s: %s", file, wd_status_text(status));
}

/* Puts the value of a key into buf, where the line is that of the key; false where it is not. */
static bool take_key(struct wd_blob line, const char *key, struct wd_buf *buf)
{
	ptrdiff_t equals = wd_blob_chr(line, '=');

	if (equals < 0 || !wd_blob_is(wd_blob_trim(wd_blob_head(line, (size_t)equals)), key))
		return false;
	buf->len = 0;
	wd_buf_blob(buf, wd_blob_trim(wd_blob_skip(line, (size_t)equals + 1)));
	return true;
}

static void parse_metadata(struct flatpak *f)
{
	struct wd_blob rest = wd_buf_view(&f->text), line;
	bool inside = false;

	f->name.len = f->runtime.len = 0;
	while (wd_blob_token(&rest, '\n', &line)) {
		line = wd_blob_trim(line);
		if (line.len && line.ptr[0] == '[')
			inside = wd_blob_is(line, "[Application]") || wd_blob_is(line, "[Runtime]");
		else if (inside && !take_key(line, "name", &f->name))
			take_key(line, "runtime", &f->runtime);
	}
}

/* Reads a file of the directory at hand; as wd_file_read(). */
static int read_part(struct flatpak *f, const char *name)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;

	wd_buf_printf(&path, "%s/%s", f->path.ptr + strlen(f->req->path) + 1, name);
	wd_buf_byte(&path, '\0');
	return path.status < 0 ? path.status : wd_file_read(f->req, path.ptr, FILE_MAX, &f->text);
}

/* 1, or 0 where there is no name, which was reported. */
static int read_metadata(struct flatpak *f)
{
	int r = read_part(f, "metadata");

	if (r < 0)
		return r == -ENOMEM ? r : report(f, r, "metadata");
	parse_metadata(f);
	if (f->name.status < 0 || f->runtime.status < 0)
		return -ENOMEM;
	if (f->name.len == 0 || memchr(f->name.ptr, '\0', f->name.len))
		return wd_fault(&f->faults, WD_ECORRUPT, "metadata: no name");
	return 1;
}

/* The remote; none is no fault, since bundles and old versions of flatpak lack it. */
static int read_origin(struct flatpak *f)
{
	int r = read_part(f, "deploy");
	ptrdiff_t nul;

	f->origin.len = 0;
	if (r < 0)
		return r == WD_EABSENT ? 0 : r == -ENOMEM ? r : report(f, r, "deploy");
	nul = wd_blob_chr(wd_buf_view(&f->text), '\0');
	if (nul < 0)
		return wd_fault(&f->faults, WD_ECORRUPT, "deploy: no remote");
	wd_buf_append(&f->origin, f->text.ptr, (size_t)nul);
	return f->origin.status;
}

static int parse_metainfo(struct flatpak *f, const char *name)
{
	struct wd_xml_fault fault;
	int r = wd_metainfo_parse(wd_buf_view(&f->text), &f->info, &fault);

	if (fault.message)
		return wd_fault(&f->faults, WD_ECORRUPT, "%s: line %lu: %s", name, fault.line,
				fault.message);
	return r;
}

static int read_metainfo(struct flatpak *f)
{
	static const char *const places[] = {
		"files/share/metainfo/%s.metainfo.xml", "files/share/metainfo/%s.appdata.xml",
		"files/share/appdata/%s.metainfo.xml", "files/share/appdata/%s.appdata.xml"};
	WD_CLEANUP_BUF struct wd_buf name = WD_BUF_INIT;
	const char *file;
	int r = WD_EABSENT;

	wd_metainfo_done(&f->info);
	if (memchr(f->name.ptr, '/', f->name.len))
		return 0;
	for (size_t i = 0; r == WD_EABSENT && i < WD_ARRAY_SIZE(places); i++) {
		struct wd_blob place = wd_blob_str(places[i]);
		size_t at = (size_t)wd_blob_chr(place, '%');

		name.len = 0;
		wd_buf_blob(&name, wd_blob_head(place, at));
		wd_buf_blob(&name, wd_buf_view(&f->name));
		wd_buf_append(&name, place.ptr + at + 2, place.len - at - 1);
		if (name.status < 0)
			return name.status;
		r = read_part(f, name.ptr);
	}
	file = strrchr(name.ptr, '/') + 1;
	if (r < 0)
		return r == WD_EABSENT ? 0 : r == -ENOMEM ? r : report(f, r, file);
	return parse_metainfo(f, file);
}

static struct wd_blob make_purl(struct flatpak *f, const struct wd_package *pkg)
{
	char sep = '?';

	f->purl.len = 0;
	wd_buf_str(&f->purl, "pkg:flatpak/");
	wd_purl_encode(&f->purl, pkg->field[WD_PACKAGE_NAME]);
	if (pkg->field[WD_PACKAGE_VERSION].len) {
		wd_buf_byte(&f->purl, '@');
		wd_purl_encode(&f->purl, pkg->field[WD_PACKAGE_VERSION]);
	}
	wd_purl_qualifier(&f->purl, &sep, "arch", pkg->field[WD_PACKAGE_ARCH]);
	wd_purl_qualifier(&f->purl, &sep, "branch", wd_blob_str(f->component[BRANCH]));
	wd_purl_qualifier(&f->purl, &sep, "origin", pkg->field[WD_PACKAGE_ORIGIN]);
	return wd_buf_view(&f->purl);
}

/* Package and tree: the directory `path`. */
static int push(struct flatpak *f, struct wd_blob name, struct wd_blob path)
{
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN};
	struct wd_claim claim = {.size = WD_SIZE_UNKNOWN, .flags = WD_CLAIM_TREE};
	bool is_runtime = f->component[KIND] && strcmp(f->component[KIND], "runtime") == 0;
	int r;

	pkg.field[WD_PACKAGE_NAME] = name;
	pkg.field[WD_PACKAGE_VERSION] =
		is_runtime ? wd_blob_str(f->component[BRANCH]) : wd_buf_view(&f->info.version);
	pkg.field[WD_PACKAGE_ARCH] = wd_blob_str(f->component[ARCH]);
	pkg.field[WD_PACKAGE_VENDOR] = wd_blob_trim(wd_buf_view(&f->info.developer));
	pkg.field[WD_PACKAGE_URL] = wd_blob_trim(wd_buf_view(&f->info.homepage));
	pkg.field[WD_PACKAGE_ORIGIN] = wd_buf_view(&f->origin);
	pkg.field[WD_PACKAGE_PLATFORM] = wd_buf_view(&f->runtime);
	pkg.field[WD_PACKAGE_PURL] = make_purl(f, &pkg);
	if (f->purl.status < 0)
		return f->purl.status;
	wd_claim_path(&claim, path);
	r = wd_sink_package(f->sink, &pkg);
	return r < 0 ? r : wd_sink_claim(f->sink, &claim);
}

/* Makes the path of the first n components, and errors be reported for it. */
static int set_path(struct flatpak *f, unsigned int n)
{
	f->path.len = 0;
	wd_buf_str(&f->path, f->req->path);
	for (unsigned int i = 0; i < n; i++)
		wd_buf_printf(&f->path, "/%s", f->component[i]);
	wd_buf_byte(&f->path, '\0');
	if (f->path.status < 0)
		return f->path.status;
	f->faults = (struct wd_faults){.sink = f->sink, .path = f->path.ptr};
	return 0;
}

static int load_deployed(struct flatpak *f)
{
	int r = read_metadata(f);

	if (r <= 0)
		return r;
	r = read_origin(f);
	if (r == 0)
		r = read_metainfo(f);
	return r < 0 ? r : push(f, wd_buf_view(&f->name), wd_blob_str(f->path.ptr));
}

/* What is below the directory of the first `level` components. */
static int load_level(struct flatpak *f, unsigned int level)
{
	struct wd_names names;
	int r = set_path(f, level);

	if (r == 0)
		r = wd_names_read(f->req, f->path.ptr + strlen(f->req->path) + 1, NAMES_MAX,
				  &names);
	if (r < 0)
		return r == -ENOMEM ? r : wd_fault(&f->faults, r, "%s", wd_status_text(r));
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		/* links (active, current) lead to others of the level */
		if (wd_name_type(&names, i) != DT_DIR)
			continue;
		f->component[level] = names.name[i];
		r = level < COMMIT ? load_level(f, level + 1) : set_path(f, LEVELS);
		if (r == 0 && level == COMMIT)
			r = load_deployed(f);
	}
	wd_names_done(&names);
	return r;
}

static int load_installation(struct flatpak *f)
{
	static const char *const kinds[] = {"app", "runtime"};
	struct wd_names names;
	bool any = false;
	int r = wd_names_read(f->req, "", NAMES_MAX, &names);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (wd_name_type(&names, i) != DT_DIR ||
		    (strcmp(names.name[i], kinds[0]) != 0 && strcmp(names.name[i], kinds[1]) != 0))
			continue;
		r = any ? 0 : wd_sink_format(f->sink, "deploy");
		any = true;
		f->component[KIND] = names.name[i];
		if (r == 0)
			r = load_level(f, ID);
	}
	wd_names_done(&names);
	return r < 0 ? r : any ? 0 : WD_EABSENT;
}

/* app/NAME/metadata.xml */
static int load_component(struct flatpak *f)
{
	struct wd_blob dir = wd_blob_str(f->req->path), id;
	int r = wd_sink_format(f->sink, "metainfo");

	f->faults.sink = f->sink;
	if (r == 0)
		r = wd_buf_read_fd(&f->text, f->req->fd, FILE_MAX);
	if (r == 0)
		r = parse_metainfo(f, "AppStream");
	if (r < 0)
		return r;
	id = wd_blob_trim(wd_buf_view(&f->info.id));
	if (!id.len)
		return f->faults.n ? WD_ECORRUPT : WD_ENOTMINE;
	return push(f, id, wd_blob_head(dir, (size_t)wd_blob_rchr(dir, '/')));
}

static int flatpak_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct flatpak f = {.req = req, .sink = sink};
	int r = req->is_dir ? load_installation(&f) : load_component(&f);

	wd_metainfo_done(&f.info);
	wd_buf_done(&f.path);
	wd_buf_done(&f.text);
	wd_buf_done(&f.name);
	wd_buf_done(&f.runtime);
	wd_buf_done(&f.origin);
	wd_buf_done(&f.purl);
	return r;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "flatpak",
	.version = "1",
	.load = flatpak_load,
	.libraries = wd_xml_libraries,
};
