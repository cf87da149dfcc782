/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The records of opkg, as OpenWrt's and Yocto's versions of it write them (libopkg/pkg.c,
 * pkg_parse.c, pkg_extract.c):
 *
 *	status			a stanza for each package: Package, Version, Status, Architecture,
 *				Essential, Conffiles (lines of path and MD5; OpenWrt since 21.02:
 *				SHA-256)
 *	info/NAME.control	what the package said of itself: Maintainer, Source, Section, …
 *	info/NAME.list		its files, a path a line, absolute; Yocto's opkg (0.3.1 on) adds,
 *				separated by tabs, st_mode in octal and the target of a link
 *	info/NAME.conffiles	paths of configuration files
 *
 * Names of fields are compared without case. Installed-Size is in bytes (opkg_install.c rounds it
 * up to kilobytes). The words of Status are dpkg's, and two more, with marks joined by commas.
 * OpenWrt's Source is a directory of its tree and SourceName the name (include/package-pack.mk);
 * Yocto's is NAME_VERSION.bb or a list of URLs, and OE the name (package_ipk.bbclass).
 */
#include "base/array.h"
#include "base/buf.h"
#include "pkgdb/backend.h"

#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>

#define STATUS_MAX (64u << 20)
#define INFO_MAX (64u << 20) /* one file of info/ */
/* Errors reported for one file; a last one says that there were more. */
#define ERRORS_MAX 20
#define MD5_SIZE 16
#define SHA256_SIZE 32

struct conffile {
	struct wd_blob path; /* without leading slashes */
	uint8_t digest[SHA256_SIZE];
	uint8_t digest_algo;
	bool listed;
};

struct stanza {
	size_t line; /* of its first field */
	struct wd_package pkg;
	struct wd_blob status;
	struct wd_blob source_name;
	struct wd_blob conffiles;  /* the lines below the field */
	size_t conffiles_line;	   /* of the first of them */
	struct wd_blob *continued; /* what a line that begins with a blank belongs to */
};

struct opkg {
	const struct wd_request *req;
	struct wd_sink *sink;
	struct wd_buf path;  /* of the file in question, below the rootfs: for errors */
	const char *file;    /* path's bytes, or NULL for the status file itself */
	unsigned int errors; /* in this file */
	unsigned int status_errors;
	struct wd_buf control; /* read files; blobs borrow from them */
	struct wd_buf list;
	struct wd_buf conf;
	WD_ARRAY(struct conffile) conffiles; /* of the current package, in order of path */
};

static int opkg_error(struct opkg *o, size_t line, const char *fault)
{
	unsigned int *errors = o->file ? &o->errors : &o->status_errors;

	if (*errors > ERRORS_MAX)
		return 0;
	return wd_sink_error(o->sink, WD_ECORRUPT, o->file, "line %zu: %s", line,
			     (*errors)++ < ERRORS_MAX ? fault : "further errors are not shown");
}

/* ---- Stanzas */

static bool blob_is_nocase(struct wd_blob b, const char *s)
{
	return b.len == strlen(s) && strncasecmp(b.ptr, s, b.len) == 0;
}

static void take_text(struct stanza *s, struct wd_blob field, struct wd_blob value)
{
	static const struct {
		const char *name;
		enum wd_package_field field;
	} fields[] = {
		{"Package", WD_PACKAGE_NAME},	   {"Version", WD_PACKAGE_VERSION},
		{"Architecture", WD_PACKAGE_ARCH}, {"Maintainer", WD_PACKAGE_PACKAGER},
		{"Section", WD_PACKAGE_SECTION},   {"Priority", WD_PACKAGE_PRIORITY},
		{"Source", WD_PACKAGE_SOURCE},	   {"URL", WD_PACKAGE_URL},
		{"Homepage", WD_PACKAGE_URL},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(fields); i++) {
		struct wd_blob *to = &s->pkg.field[fields[i].field];

		if (blob_is_nocase(field, fields[i].name) && value.len && !to->len)
			*to = value;
	}
}

static void take_field(struct stanza *s, struct wd_blob field, struct wd_blob value)
{
	s->continued = NULL;
	if (blob_is_nocase(field, "Status"))
		s->status = value;
	else if (blob_is_nocase(field, "SourceName") || blob_is_nocase(field, "OE"))
		s->source_name = value;
	else if (blob_is_nocase(field, "Conffiles"))
		s->continued = s->conffiles.len ? NULL : &s->conffiles;
	else if (blob_is_nocase(field, "Essential") && blob_is_nocase(value, "yes"))
		s->pkg.flags |= WD_PACKAGE_ESSENTIAL;
	else if (blob_is_nocase(field, "Installed-Size") && s->pkg.size == WD_SIZE_UNKNOWN)
		(void)wd_blob_u64(value, &s->pkg.size);
	else
		take_text(s, field, value);
}

static const char *take_line(struct stanza *s, struct wd_blob line, size_t number)
{
	ptrdiff_t colon;

	if (wd_blob_chr(line, '\0') >= 0)
		return "NUL byte";
	if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
		if (!s->continued)
			return NULL;
		if (!s->continued->len) {
			*s->continued = line;
			s->conffiles_line = number;
		}
		/* lines of one field follow each other in the text */
		s->continued->len = (size_t)(line.ptr + line.len - s->continued->ptr);
		return NULL;
	}
	colon = wd_blob_chr(line, ':');
	if (colon <= 0) {
		s->continued = NULL;
		return "not \"Field: value\"";
	}
	take_field(s, wd_blob_head(line, (size_t)colon),
		   wd_blob_trim(wd_blob_skip(line, (size_t)colon + 1)));
	return NULL;
}

/* Adds the fields up to the next empty line; those that are there already stay. */
static int read_stanza(struct opkg *o, struct wd_blob *rest, size_t *number, struct stanza *s)
{
	struct wd_blob line;

	while (wd_blob_token(rest, '\n', &line)) {
		const char *fault;
		int r;

		++*number;
		if (wd_blob_trim(line).len == 0) {
			if (s->line)
				return 0;
			continue;
		}
		if (!s->line)
			s->line = *number;
		fault = take_line(s, line, *number);
		r = fault ? opkg_error(o, *number, fault) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- Files of info/ */

/*
 * Reads info/NAME.SUFFIX into an emptied buffer: 1, 0 where it cannot be read (said, unless it is
 * absent), or a negative status that ends the load. Errors name this file from here on.
 */
static int read_info(struct opkg *o, struct wd_blob name, const char *suffix, struct wd_buf *buf)
{
	const char *slash = strrchr(o->req->path, '/');
	size_t dir = slash ? (size_t)(slash - o->req->path) + 1 : 0;
	WD_CLEANUP_FD int fd = -1;
	int r;

	buf->len = o->path.len = 0;
	wd_buf_append(&o->path, o->req->path, dir);
	wd_buf_printf(&o->path, "info/%.*s.%s", WD_BLOB_PRINTF(name), suffix);
	wd_buf_byte(&o->path, '\0');
	if (o->path.status < 0)
		return o->path.status;
	o->file = o->path.ptr;
	o->errors = 0;
	fd = wd_request_open(o->req, o->path.ptr + dir);
	r = fd < 0 ? fd : wd_buf_read_fd(buf, fd, INFO_MAX);
	if (r == 0)
		return 1;
	if (r == WD_EABSENT || r == -ENOMEM)
		return r == -ENOMEM ? r : 0;
	return wd_sink_error(o->sink, r, o->file, "%s", wd_status_text(r));
}

static struct wd_blob strip_slashes(struct wd_blob path)
{
	while (path.len && path.ptr[0] == '/')
		path = wd_blob_skip(path, 1);
	return path;
}

static int by_path(const void *pa, const void *pb)
{
	return wd_blob_cmp(((const struct conffile *)pa)->path,
			   ((const struct conffile *)pb)->path);
}

static int add_conffile(struct opkg *o, size_t number, struct wd_blob line)
{
	struct conffile c = {0};
	struct wd_blob path, sum = WD_BLOB_NULL;
	int len;

	line = wd_blob_trim(line);
	if (line.len == 0)
		return 0;
	wd_blob_word(&line, &path);
	wd_blob_word(&line, &sum);
	c.path = strip_slashes(path);
	len = wd_blob_unhex(sum, c.digest, sizeof(c.digest));
	if (path.ptr[0] != '/' || wd_blob_trim(line).len)
		return opkg_error(o, number, "not a conffile: absolute path and digest");
	if (len == MD5_SIZE)
		c.digest_algo = WD_DIGEST_MD5;
	else if (len == SHA256_SIZE)
		c.digest_algo = WD_DIGEST_SHA256;
	else if (sum.len)
		return opkg_error(o, number, "digest of a conffile is neither MD5 nor SHA-256");
	return wd_array_push(&o->conffiles, c);
}

/* The status file has digests; info/NAME.conffiles serves where it names none. */
static int read_conffiles(struct opkg *o, const struct stanza *s)
{
	struct wd_blob text = s->conffiles, line;
	size_t number = s->conffiles_line;
	int r;

	o->conffiles.n = 0;
	o->file = NULL;
	if (!text.len) {
		r = read_info(o, s->pkg.field[WD_PACKAGE_NAME], "conffiles", &o->conf);
		if (r <= 0)
			return r;
		text = wd_buf_view(&o->conf);
		number = 1;
	}
	for (r = 0; r == 0 && wd_blob_token(&text, '\n', &line); number++)
		r = add_conffile(o, number, line);
	if (r == 0 && o->conffiles.n)
		qsort(o->conffiles.v, o->conffiles.n, sizeof(*o->conffiles.v), by_path);
	return r;
}

static void fill_conffile(struct wd_claim *claim, struct conffile *c)
{
	c->listed = true;
	claim->flags |= WD_CLAIM_CONFIG | WD_CLAIM_CONFFILE;
	claim->digest_algo = c->digest_algo;
	if (c->digest_algo)
		claim->digest = wd_blob(c->digest,
					c->digest_algo == WD_DIGEST_MD5 ? MD5_SIZE : SHA256_SIZE);
}

static int push_path(struct opkg *o, struct wd_blob path, uint16_t mode, struct wd_blob target)
{
	struct conffile key = {.path = strip_slashes(path)}, *c = NULL;
	ptrdiff_t slash = wd_blob_rchr(key.path, '/');
	struct wd_claim claim = {
		.dir = wd_blob_head(key.path, slash < 0 ? 0 : (size_t)slash),
		.name = wd_blob_skip(key.path, (size_t)(slash + 1)),
		.target = target,
		.mode = mode,
		.size = WD_SIZE_UNKNOWN,
	};

	if (o->conffiles.n)
		c = bsearch(&key, o->conffiles.v, o->conffiles.n, sizeof(*c), by_path);
	if (c)
		fill_conffile(&claim, c);
	return wd_sink_claim(o->sink, &claim);
}

/* "0100644", as printf("%#03o") writes it */
static bool parse_mode(struct wd_blob b, uint16_t *ret)
{
	uint32_t v = 0;

	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] < '0' || b.ptr[i] > '7' || v > UINT16_MAX >> 3)
			return false;
		v = v << 3 | (uint32_t)(b.ptr[i] - '0');
	}
	*ret = (uint16_t)v;
	return b.len && v & S_IFMT;
}

static int push_line(struct opkg *o, size_t number, struct wd_blob line)
{
	struct wd_blob path = WD_BLOB_NULL, mode_text = WD_BLOB_NULL;
	uint16_t mode = 0;
	int r = 0;

	if (wd_blob_chr(line, '\0') >= 0 || !wd_blob_token(&line, '\t', &path) ||
	    (path.len ? path.ptr[0] : 0) != '/')
		return opkg_error(o, number, "not an absolute path");
	if (wd_blob_ends(path, WD_BLOB("/")))
		mode = S_IFDIR;
	if (wd_blob_token(&line, '\t', &mode_text) && !parse_mode(mode_text, &mode)) {
		mode = 0;
		r = opkg_error(o, number, "mode is not octal");
	}
	return r < 0 ? r : push_path(o, path, mode, line.len ? line : WD_BLOB_NULL);
}

static int push_list(struct opkg *o)
{
	struct wd_blob rest = wd_buf_view(&o->list), line;
	int r = 0;

	for (size_t number = 1; r == 0 && wd_blob_token(&rest, '\n', &line); number++)
		if (line.len)
			r = push_line(o, number, line);
	return r;
}

/* Conffiles that the list lacks. */
static int push_conffiles(struct opkg *o)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->conffiles.n; i++)
		if (!o->conffiles.v[i].listed)
			r = push_path(o, o->conffiles.v[i].path, S_IFREG, WD_BLOB_NULL);
	return r;
}

/* ---- Packages */

/* False for a package that is not there at all. */
static bool fill_state(struct stanza *s, struct wd_blob flags, struct wd_blob state)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} states[] = {
		{"installed", 0},
		{"config-files", WD_PACKAGE_CONFIG_FILES},
		{"half-installed", WD_PACKAGE_HALF_INSTALLED},
		{"unpacked", WD_PACKAGE_UNPACKED},
		{"half-configured", WD_PACKAGE_HALF_CONFIGURED},
		{"post-inst-failed", WD_PACKAGE_HALF_CONFIGURED},
		{"removal-failed", WD_PACKAGE_HALF_INSTALLED},
	};
	struct wd_blob flag;

	while (wd_blob_token(&flags, ',', &flag))
		if (wd_blob_is(flag, "hold"))
			s->pkg.flags |= WD_PACKAGE_HOLD;
	for (size_t i = 0; i < WD_ARRAY_SIZE(states); i++) {
		if (wd_blob_is(state, states[i].word)) {
			s->pkg.flags |= states[i].flag;
			return true;
		}
	}
	return false;
}

/* A name becomes part of the names of files. */
static bool name_valid(struct wd_blob name)
{
	return name.len && name.ptr[0] != '.' && wd_blob_chr(name, '/') < 0;
}

/* NULL and *ret_there, or what is wrong. */
static const char *check_stanza(struct stanza *s, bool *ret_there)
{
	struct wd_blob want, flags, state, rest = s->status;

	if (!name_valid(s->pkg.field[WD_PACKAGE_NAME]))
		return "stanza without the name of a package";
	if (!wd_blob_word(&rest, &want) || !wd_blob_word(&rest, &flags) ||
	    !wd_blob_word(&rest, &state))
		return "no Status of three words";
	*ret_there = fill_state(s, flags, state);
	if (!*ret_there && !wd_blob_is(state, "not-installed"))
		return "unknown Status";
	return NULL;
}

static void fill_source(struct stanza *s)
{
	struct wd_blob *source = &s->pkg.field[WD_PACKAGE_SOURCE];
	ptrdiff_t slash = wd_blob_rchr(*source, '/'), underscore = wd_blob_chr(*source, '_');

	if (s->source_name.len)
		*source = s->source_name;
	else if (wd_blob_chr(*source, ':') >= 0 || wd_blob_chr(*source, ' ') >= 0)
		*source = WD_BLOB_NULL;
	else if (wd_blob_ends(*source, WD_BLOB(".bb")) && slash < 0 && underscore > 0)
		*source = wd_blob_head(*source, (size_t)underscore);
	else
		*source = wd_blob_skip(*source, (size_t)(slash + 1));
}

static int read_control(struct opkg *o, struct stanza *s)
{
	struct stanza control = *s;
	struct wd_blob rest;
	size_t number = 0;
	int r = read_info(o, s->pkg.field[WD_PACKAGE_NAME], "control", &o->control);

	if (r <= 0)
		return r;
	rest = wd_buf_view(&o->control);
	control.line = 0;
	control.conffiles = WD_BLOB_NULL;
	control.continued = NULL;
	r = read_stanza(o, &rest, &number, &control);
	s->pkg = control.pkg;
	s->source_name = control.source_name;
	return r;
}

static int push_package(struct opkg *o, struct stanza *s)
{
	int r = read_control(o, s), listed;

	if (r < 0)
		return r;
	fill_source(s);
	r = read_conffiles(o, s);
	if (r < 0)
		return r;
	listed = read_info(o, s->pkg.field[WD_PACKAGE_NAME], "list", &o->list);
	if (listed < 0)
		return listed;
	if (!listed)
		s->pkg.flags |= WD_PACKAGE_NO_FILES;
	r = wd_sink_package(o->sink, &s->pkg);
	if (r == 0 && listed)
		r = push_list(o);
	return r < 0 ? r : push_conffiles(o);
}

static int load_status(struct opkg *o, struct wd_blob rest)
{
	size_t number = 0;
	int r = 0;

	while (r == 0 && rest.len) {
		struct stanza s = {.pkg.size = WD_SIZE_UNKNOWN};
		const char *fault;
		bool there = false;

		o->file = NULL;
		r = read_stanza(o, &rest, &number, &s);
		if (r < 0 || !s.line)
			break;
		fault = check_stanza(&s, &there);
		if (fault)
			r = opkg_error(o, s.line, fault);
		else if (there)
			r = push_package(o, &s);
	}
	return r;
}

static int opkg_load(const struct wd_request *req, struct wd_sink *sink)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	struct opkg o = {.req = req, .sink = sink};
	int r;

	if (req->is_dir)
		return WD_ENOTMINE;
	r = wd_sink_format(sink, "status");
	if (r == 0)
		r = wd_buf_read_fd(&text, req->fd, STATUS_MAX);
	if (r == 0)
		r = load_status(&o, wd_buf_view(&text));
	wd_buf_done(&o.path);
	wd_buf_done(&o.control);
	wd_buf_done(&o.list);
	wd_buf_done(&o.conf);
	wd_array_done(&o.conffiles);
	return r;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "opkg",
	.version = "1",
	.load = opkg_load,
};
