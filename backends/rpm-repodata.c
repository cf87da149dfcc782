/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The repodata backend: filelists.xml, every path of every package of an RPM repository; and
 * primary.xml, what the packages are, and those of their paths that others may ask for (below bin
 * and etc). As createrepo_c writes them:
 *
 *	<filelists><package name= arch=><version epoch= ver= rel=/><file type=>PATH</file>...
 *	<metadata><package><name/><arch/><version .../><packager/><url/><size installed=/>
 *		<format><rpm:vendor/><rpm:group/><rpm:buildhost/><rpm:sourcerpm/><file/>...
 *
 * An epoch of 0 stands for none, too. Source packages, whose files are on no system, are left out.
 */
#include "common.h"
#include "rpm-origin.h"
#include "unpack.h"
#include "xml.h"

#include <archive.h>
#include <inttypes.h>
#include <sys/stat.h>

#define UNPACKED_MAX (8ull << 30) /* all of Fedora is below one */
#define FILES_AT_ONCE (1u << 20)  /* bytes of paths that are held back while a package is read */
#define TEXT_MAX (64u << 10)	  /* of one element */

enum kind { UNKNOWN, FILELISTS, PRIMARY };

/* What is kept of a package: the text of an element, or one of its attributes. */
enum {
	NAME,
	ARCH,
	PACKAGER,
	URL,
	VENDOR,
	GROUP,
	BUILDHOST,
	SOURCERPM,
	EPOCH,
	VER,
	REL,
	INSTALLED,
	KEPT,
	FILE_PATH = KEPT,
	NOTHING,
};

struct repo {
	struct wd_faults faults;
	struct wd_unpack unpack;
	int unpacked; /* what wd_unpack_next() returned last */
	enum kind kind;
	unsigned depth;
	uint64_t number; /* of the package */
	bool pushed;	 /* the package at hand; its claims go on */
	bool dropped;	 /* it is not to be pushed */
	int element;	 /* what the text is, at text_depth */
	unsigned text_depth;
	char file_type;
	struct wd_buf text;
	struct wd_buf kept[KEPT];
	struct wd_buf files; /* a byte of type, path, NUL */
	struct wd_buf version;
};

static const char *local_name(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon ? colon + 1 : name;
}

static const char *attribute(const char **attrs, const char *name)
{
	for (size_t i = 0; attrs[i]; i += 2)
		if (strcmp(attrs[i], name) == 0)
			return attrs[i + 1];
	return NULL;
}

static void keep(struct repo *p, int what, const char *value)
{
	p->kept[what].len = 0;
	wd_buf_blob(&p->kept[what], wd_blob_head(wd_blob_str(value), TEXT_MAX));
}

static struct wd_blob kept(const struct repo *p, int what)
{
	return wd_blob_trim(wd_buf_view(&p->kept[what]));
}

/* ---- A package */

static void begin_package(struct repo *p, const char **attrs)
{
	for (size_t i = 0; i < KEPT; i++)
		p->kept[i].len = 0;
	p->files.len = 0;
	p->pushed = p->dropped = false;
	p->number++;
	if (p->kind == FILELISTS) {
		keep(p, NAME, attribute(attrs, "name"));
		keep(p, ARCH, attribute(attrs, "arch"));
	}
}

static int set_version(struct repo *p, struct wd_package *pkg)
{
	p->version.len = 0;
	if (wd_blob_u64(kept(p, EPOCH), &pkg->epoch) && pkg->epoch)
		wd_buf_printf(&p->version, "%" PRIu64 ":", pkg->epoch);
	wd_buf_blob(&p->version, kept(p, VER));
	if (kept(p, REL).len)
		wd_buf_printf(&p->version, "-%.*s", WD_BLOB_PRINTF(kept(p, REL)));
	pkg->field[WD_PACKAGE_VERSION] = wd_buf_view(&p->version);
	return p->version.status;
}

static bool is_source(const struct repo *p)
{
	return wd_blob_is(kept(p, ARCH), "src") || wd_blob_is(kept(p, ARCH), "nosrc");
}

static int push_package(struct repo *p)
{
	static const struct {
		uint8_t to, from;
	} copied[] = {
		{WD_PACKAGE_NAME, NAME},	   {WD_PACKAGE_ARCH, ARCH},
		{WD_PACKAGE_PACKAGER, PACKAGER},   {WD_PACKAGE_URL, URL},
		{WD_PACKAGE_VENDOR, VENDOR},	   {WD_PACKAGE_SECTION, GROUP},
		{WD_PACKAGE_BUILDHOST, BUILDHOST}, {WD_PACKAGE_RELEASE, REL},
	};
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN};
	int r = set_version(p, &pkg);

	p->pushed = true;
	p->dropped = is_source(p) || kept(p, NAME).len == 0;
	if (r < 0 || is_source(p))
		return r;
	if (p->dropped)
		return wd_fault(&p->faults, WD_ECORRUPT, "package %" PRIu64 ": no name", p->number);
	for (size_t i = 0; i < WD_ARRAY_SIZE(copied); i++) {
		struct wd_blob value = kept(p, copied[i].from);

		pkg.field[copied[i].to] = value.len ? value : WD_BLOB_NULL;
	}
	wd_rpm_set_source(&pkg, kept(p, SOURCERPM));
	wd_blob_u64(kept(p, INSTALLED), &pkg.size);
	return wd_sink_package(p->faults.sink, &pkg);
}

static int push_claim(struct repo *p, char type, struct wd_blob path)
{
	struct wd_claim claim = {.size = WD_SIZE_UNKNOWN,
				 .mode = type == 'd' ? S_IFDIR : 0,
				 .flags = type == 'g' ? WD_CLAIM_GHOST : 0};

	wd_claim_path(&claim, path);
	return wd_sink_claim(p->faults.sink, &claim);
}

/* What came of the package so far. */
static int flush(struct repo *p)
{
	struct wd_blob rest = wd_buf_view(&p->files), file;
	int r = p->pushed ? 0 : push_package(p);

	while (r == 0 && !p->dropped && wd_blob_token(&rest, '\0', &file))
		r = push_claim(p, file.ptr[0], wd_blob_skip(file, 1));
	p->files.len = 0;
	return r < 0 ? r : p->files.status;
}

static int add_file(struct repo *p)
{
	if (p->text.len == 0)
		return wd_fault(&p->faults, WD_ECORRUPT, "package %" PRIu64 ": an empty path",
				p->number);
	wd_buf_byte(&p->files, p->file_type);
	wd_buf_blob(&p->files, wd_buf_view(&p->text));
	wd_buf_byte(&p->files, '\0');
	return p->files.status;
}

/* ---- The document */

/* What an element below a package is, by its local name and its depth. */
static int find_element(const struct repo *p, const char *name)
{
	static const struct {
		const char *name;
		enum kind kind;
		unsigned depth;
		int what;
	} elements[] = {
		{"file", FILELISTS, 3, FILE_PATH},    {"file", PRIMARY, 4, FILE_PATH},
		{"name", PRIMARY, 3, NAME},	      {"arch", PRIMARY, 3, ARCH},
		{"packager", PRIMARY, 3, PACKAGER},   {"url", PRIMARY, 3, URL},
		{"vendor", PRIMARY, 4, VENDOR},	      {"group", PRIMARY, 4, GROUP},
		{"buildhost", PRIMARY, 4, BUILDHOST}, {"sourcerpm", PRIMARY, 4, SOURCERPM},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(elements); i++)
		if (elements[i].kind == p->kind && elements[i].depth == p->depth &&
		    strcmp(elements[i].name, name) == 0)
			return elements[i].what;
	return NOTHING;
}

static int begin_document(struct repo *p, const char *name)
{
	p->kind = strcmp(name, "filelists") == 0  ? FILELISTS
		  : strcmp(name, "metadata") == 0 ? PRIMARY
						  : UNKNOWN;
	if (p->kind == UNKNOWN)
		return WD_ENOTMINE;
	return wd_sink_format(p->faults.sink, p->kind == FILELISTS ? "filelists" : "primary");
}

static char type_of(const char **attrs)
{
	const char *type = attribute(attrs, "type");

	return !type ? 'f' : type[0] == 'd' ? 'd' : type[0] == 'g' ? 'g' : 'f';
}

static void begin_element(struct repo *p, const char *name, const char **attrs)
{
	p->element = find_element(p, name);
	p->text_depth = p->depth;
	p->text.len = 0;
	p->file_type = type_of(attrs);
	if (p->depth == 3 && strcmp(name, "version") == 0) {
		keep(p, EPOCH, attribute(attrs, "epoch"));
		keep(p, VER, attribute(attrs, "ver"));
		keep(p, REL, attribute(attrs, "rel"));
	} else if (p->depth == 3 && strcmp(name, "size") == 0) {
		keep(p, INSTALLED, attribute(attrs, "installed"));
	}
}

static int on_start(void *ctx, const char *qualified, const char **attrs)
{
	struct repo *p = ctx;
	const char *name = local_name(qualified);

	p->element = NOTHING;
	if (++p->depth == 1)
		return begin_document(p, name);
	if (p->depth == 2 && strcmp(name, "package") == 0)
		begin_package(p, attrs);
	else if (p->depth > 2)
		begin_element(p, name, attrs);
	return 0;
}

static int on_text(void *ctx, struct wd_blob text)
{
	struct repo *p = ctx;

	if (p->element == NOTHING || p->depth != p->text_depth)
		return 0;
	if (p->text.len + text.len > TEXT_MAX) {
		p->element = NOTHING;
		return wd_fault(&p->faults, WD_ELIMIT, "package %" PRIu64 ": text too long",
				p->number);
	}
	wd_buf_blob(&p->text, text);
	return p->text.status;
}

static int on_end(void *ctx, const char *qualified)
{
	struct repo *p = ctx;
	int element = p->element;
	int r = 0;

	p->element = NOTHING;
	if (p->depth-- == 2)
		return strcmp(local_name(qualified), "package") == 0 ? flush(p) : 0;
	if (element < KEPT) {
		p->kept[element].len = 0;
		wd_buf_blob(&p->kept[element], wd_buf_view(&p->text));
	} else if (element == FILE_PATH) {
		r = add_file(p);
	}
	return r == 0 && p->files.len > FILES_AT_ONCE ? flush(p) : r;
}

static int next_piece(void *from, struct wd_blob *ret)
{
	struct repo *p = from;

	return p->unpacked = wd_unpack_next(&p->unpack, ret);
}

static int read_document(struct repo *p)
{
	static const struct wd_xml_ops ops = {on_start, on_end, on_text};
	struct wd_xml_fault fault;
	const char *what;
	int sent, r = wd_xml_read(next_piece, p, &ops, p, &fault);

	what = p->unpacked == WD_ELIMIT ? "too much text"
	       : p->unpacked < 0	? wd_unpack_fault(&p->unpack)
					: fault.message;
	if (r == 0 || r == -ENOMEM || !what)
		return r; /* without a word of its own: another root element, or the sink's */
	sent = wd_fault(&p->faults, r, "line %lu: %s", fault.line, what);
	return sent < 0 ? sent : r;
}

static int repodata_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct repo p = {.faults.sink = sink, .element = NOTHING};
	int r = wd_unpack_open(&p.unpack, req->fd, UNPACKED_MAX);

	if (r == 0)
		r = read_document(&p);
	else
		wd_fault(&p.faults, r, "%s", wd_unpack_fault(&p.unpack));
	wd_unpack_done(&p.unpack);
	for (size_t i = 0; i < KEPT; i++)
		wd_buf_done(&p.kept[i]);
	wd_buf_done(&p.text);
	wd_buf_done(&p.files);
	wd_buf_done(&p.version);
	return r;
}

static void repodata_libraries(char *buf, size_t size)
{
	char xml[64];

	wd_xml_libraries(xml, sizeof(xml));
	snprintf(buf, size, "%s, %s", archive_version_string(), xml);
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "repodata",
	.version = "1",
	.load = repodata_load,
	.libraries = repodata_libraries,
};
