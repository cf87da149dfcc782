/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Canonical's images tell of the Debian packages that they were made of. Base snaps, in
 * usr/share/snappy/ (written by the hooks of snapcore/core18, core20 and core-base; their Makefiles
 * call the second one a manifest):
 *
 *	dpkg.yaml	a mapping: package-repositories, and packages, a sequence of
 *			"NAME=VERSION" or "NAME:ARCH=VERSION"
 *	dpkg.list	what dpkg -l printed
 *
 * The second is not read where the first stands beside it. And rocks, in usr/share/rocks/:
 *
 *	dpkg.query	"# os-release" and that file, "# dpkg-query" and for each package a line
 *			"STATUS,NAME[:ARCH],VERSION,SOURCE,SOURCE-VERSION" (canonical/oci-factory,
 *			IMAGE_MAINTAINER_AGREEMENT.md). STATUS is empty where there was no dpkg
 *			(canonical/rocks-toolbox, security-manifest).
 *
 * None has file lists.
 */
#include "common.h"

#include <stdio.h>
#include <yaml.h>

#define LISTING_MAX (4u << 20)
/* Mappings and sequences nested deeper are a fault; the listing has two. */
#define DEPTH_MAX 16
/* Bytes of a value of os-release's, which goes into the record of every package. */
#define VALUE_MAX 64

struct snap {
	struct wd_sink *sink;
	struct wd_faults faults;
	/* dpkg.query: what os-release says */
	struct wd_blob id, version_id;
	struct wd_buf distribution;
};

static struct wd_blob cut_arch(struct wd_blob *name)
{
	ptrdiff_t colon = wd_blob_chr(*name, ':');
	struct wd_blob arch = WD_BLOB_NULL;

	if (colon >= 0) {
		arch = wd_blob_skip(*name, (size_t)colon + 1);
		*name = wd_blob_head(*name, (size_t)colon);
	}
	return arch;
}

/* deb-version(5): what follows the last hyphen is the revision */
static int push(struct snap *snap, struct wd_package *pkg, struct wd_blob name,
		struct wd_blob version, struct wd_blob arch)
{
	ptrdiff_t hyphen = wd_blob_rchr(version, '-');

	pkg->size = WD_SIZE_UNKNOWN;
	pkg->flags |= WD_PACKAGE_NO_FILES;
	pkg->field[WD_PACKAGE_NAME] = name;
	pkg->field[WD_PACKAGE_VERSION] = version;
	pkg->field[WD_PACKAGE_ARCH] = arch;
	if (hyphen >= 0)
		pkg->field[WD_PACKAGE_RELEASE] = wd_blob_skip(version, (size_t)hyphen + 1);
	return wd_sink_package(snap->sink, pkg);
}

/* ---- dpkg.yaml */

enum place {
	OUTSIDE,  /* before the document */
	TOP,	  /* in the mapping, before a key */
	VALUE,	  /* behind a key that does not matter */
	PACKAGES, /* behind the key packages */
	LIST,	  /* in its sequence */
};

struct reader {
	struct snap *snap;
	yaml_parser_t parser;
	enum place place;
	unsigned int depth; /* of mappings and sequences that are open */
	bool any;	    /* the key packages was there */
};

static int take_entry(struct reader *r, const yaml_event_t *event)
{
	struct wd_blob version = wd_blob(event->data.scalar.value, event->data.scalar.length);
	struct wd_blob name = WD_BLOB_NULL, arch;
	struct wd_package pkg = {0};
	bool fits = wd_blob_token(&version, '=', &name);

	arch = cut_arch(&name);
	if (!fits || !name.len || !version.len || memchr(name.ptr, '\0', name.len))
		return wd_fault(&r->snap->faults, WD_ECORRUPT, "line %zu: not NAME=VERSION",
				event->start_mark.line + 1);
	return push(r->snap, &pkg, name, version, arch);
}

static int take_scalar(struct reader *r, const yaml_event_t *event)
{
	if (r->place == LIST && r->depth == 2)
		return take_entry(r, event);
	if (r->depth != 1)
		return r->depth ? 0 : WD_ENOTMINE;
	if (r->place == TOP)
		r->place = strcmp((const char *)event->data.scalar.value, "packages") == 0
				   ? PACKAGES
				   : VALUE;
	else
		r->place = TOP;
	return 0;
}

static int take_start(struct reader *r, bool sequence)
{
	if (r->depth == 0 && sequence)
		return WD_ENOTMINE;
	if (r->depth == DEPTH_MAX)
		return WD_ELIMIT;
	if (r->depth == 0)
		r->place = TOP;
	else if (r->depth == 1 && r->place == PACKAGES && sequence)
		r->place = LIST;
	r->any |= r->place == LIST;
	r->depth++;
	return 0;
}

static void take_end(struct reader *r)
{
	r->depth--;
	if (r->depth == 1)
		r->place = TOP;
}

/*
 * 1 at the end, 0 to go on, or a negative status. Aliases make small documents large, and the
 * listing has none.
 */
static int take_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return take_scalar(r, event);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return take_start(r, event->type == YAML_SEQUENCE_START_EVENT);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		take_end(r);
		return 0;
	case YAML_ALIAS_EVENT:
		return WD_EUNSUPPORTED;
	default:
		return event->type == YAML_STREAM_END_EVENT;
	}
}

static int fail(struct reader *r, int status, size_t line, const char *message)
{
	int e = wd_fault(&r->snap->faults, status, "line %zu: %s", line + 1, message);

	return e < 0 ? e : status;
}

static int next_event(struct reader *r)
{
	yaml_event_t event;
	int status;

	if (!yaml_parser_parse(&r->parser, &event))
		return r->parser.error == YAML_MEMORY_ERROR
			       ? -ENOMEM
			       : fail(r, WD_ECORRUPT, r->parser.problem_mark.line,
				      r->parser.problem ? r->parser.problem : "not YAML");
	status = take_event(r, &event);
	if (status == WD_EUNSUPPORTED)
		status = fail(r, status, event.start_mark.line, "an alias");
	else if (status == WD_ELIMIT && r->depth == DEPTH_MAX)
		status = fail(r, status, event.start_mark.line, "nested too deep");
	yaml_event_delete(&event);
	return status;
}

static int load_yaml(struct snap *snap, struct wd_blob text)
{
	struct reader r = {.snap = snap};
	int status = 0;

	if (!yaml_parser_initialize(&r.parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.ptr, text.len);
	while (status == 0)
		status = next_event(&r);
	yaml_parser_delete(&r.parser);
	if (status < 0)
		return status;
	return r.any ? 0 : WD_ENOTMINE;
}

/* ---- dpkg.list and dpkg.query */

/* The second letter, as in dpkg-query(1): 1 with *flags set, 0: not installed, -1: no such. */
static int status_flags(struct wd_blob status, uint32_t *flags)
{
	static const struct {
		char letter;
		uint32_t flag;
	} states[] = {
		{'i', 0},
		{'c', WD_PACKAGE_CONFIG_FILES},
		{'H', WD_PACKAGE_HALF_INSTALLED},
		{'U', WD_PACKAGE_UNPACKED},
		{'F', WD_PACKAGE_HALF_CONFIGURED},
		{'W', WD_PACKAGE_TRIGGERS},
		{'t', WD_PACKAGE_TRIGGERS},
	};

	if (status.len < 2 || status.len > 3 || !strchr("uihrp", status.ptr[0]))
		return -1;
	if (status.ptr[0] == 'h')
		*flags |= WD_PACKAGE_HOLD;
	for (size_t i = 0; i < WD_ARRAY_SIZE(states); i++)
		if (status.ptr[1] == states[i].letter) {
			*flags |= states[i].flag;
			return 1;
		}
	return status.ptr[1] == 'n' ? 0 : -1;
}

/* "ii  NAME[:ARCH]  VERSION  ARCH  DESCRIPTION" */
static int take_columns(struct snap *snap, struct wd_blob line, size_t number)
{
	struct wd_blob status, name, version, arch;
	struct wd_package pkg = {0};
	int state = -1;

	if (wd_blob_word(&line, &status) && wd_blob_word(&line, &name) &&
	    wd_blob_word(&line, &version) && wd_blob_word(&line, &arch))
		state = status_flags(status, &pkg.flags);
	if (state < 0)
		return wd_fault(&snap->faults, WD_ECORRUPT,
				"line %zu: not \"ii NAME VERSION ARCHITECTURE\"", number);
	cut_arch(&name);
	return state && name.len ? push(snap, &pkg, name, version, arch) : 0;
}

/* ID and VERSION_ID, which have nothing to be escaped (os-release(5)). */
static int take_os(struct snap *snap, struct wd_blob line, size_t number)
{
	struct wd_blob key = WD_BLOB_NULL;

	if (!wd_blob_token(&line, '=', &key) ||
	    (!wd_blob_is(key, "ID") && !wd_blob_is(key, "VERSION_ID")))
		return 0;
	line = wd_blob_trim(line);
	if (line.len > 1 && (line.ptr[0] == '"' || line.ptr[0] == '\''))
		line = wd_blob_head(wd_blob_skip(line, 1), line.len - 2);
	if (line.len > VALUE_MAX)
		return wd_fault(&snap->faults, WD_ELIMIT, "line %zu: value is too long", number);
	*(wd_blob_is(key, "ID") ? &snap->id : &snap->version_id) = line;
	return 0;
}

/* The version of the source as the package's own has it, or in parentheses as in control files. */
static struct wd_blob source_version(struct wd_blob text, struct wd_blob version)
{
	if (text.len > 1 && text.ptr[0] == '(' && text.ptr[text.len - 1] == ')')
		text = wd_blob_head(wd_blob_skip(text, 1), text.len - 2);
	return text.len ? text : version;
}

/* "ii ,NAME[:ARCH],VERSION,SOURCE,SOURCE-VERSION" */
static int take_values(struct snap *snap, struct wd_blob line, size_t number)
{
	struct wd_blob part[5] = {WD_BLOB_NULL}, arch;
	struct wd_package pkg = {0};
	int state = 1;
	size_t n = 0;

	while (n < WD_ARRAY_SIZE(part) && wd_blob_token(&line, ',', &part[n]))
		n++;
	if (n < WD_ARRAY_SIZE(part))
		part[n++] = line;
	arch = cut_arch(&part[1]);
	part[0] = wd_blob_trim(part[0]);
	if (part[0].len)
		state = status_flags(part[0], &pkg.flags);
	if (state < 0 || n < WD_ARRAY_SIZE(part) || !part[1].len || (state && !part[2].len))
		return wd_fault(&snap->faults, WD_ECORRUPT,
				"line %zu: not \"ii ,NAME,VERSION,SOURCE,VERSION\"", number);
	pkg.field[WD_PACKAGE_SOURCE] = part[3].len ? part[3] : part[1];
	pkg.field[WD_PACKAGE_SOURCE_VERSION] = source_version(part[4], part[2]);
	pkg.field[WD_PACKAGE_ORIGIN] = snap->id;
	pkg.field[WD_PACKAGE_DISTRIBUTION] = wd_buf_view(&snap->distribution);
	return state ? push(snap, &pkg, part[1], part[2], arch) : 0;
}

/* A part of a listing, and the beginning of the line that is its heading. */
static const struct part {
	const char *heading;
	int (*take)(struct snap *snap, struct wd_blob line, size_t number);
	bool packages;
} parts[] = {
	{"+++-", take_columns, true}, /* "+++-====-====-...": of what dpkg -l prints */
	{"# os-release", take_os, false},
	{"# dpkg-query", take_values, true},
};

static const struct part *find_part(struct wd_blob line)
{
	for (size_t i = 0; i < WD_ARRAY_SIZE(parts); i++)
		if (wd_blob_starts(line, wd_blob_str(parts[i].heading)))
			return &parts[i];
	return NULL;
}

static int begin_part(struct snap *snap, const struct part *part)
{
	if (part->take != take_values || !snap->id.len)
		return 0;
	snap->distribution.len = 0;
	wd_buf_blob(&snap->distribution, snap->id);
	wd_buf_byte(&snap->distribution, ' ');
	wd_buf_blob(&snap->distribution, snap->version_id);
	return snap->distribution.status;
}

static int load_list(struct snap *snap, struct wd_blob rest)
{
	const struct part *part = NULL, *next;
	bool any = false;
	struct wd_blob line;
	int r = 0;

	for (size_t number = 1; r == 0 && wd_blob_token(&rest, '\n', &line); number++) {
		next = find_part(line);
		if (next) {
			r = begin_part(snap, next);
			part = next;
			any |= part->packages;
		} else if (part && line.len) {
			r = part->take(snap, line, number);
		}
	}
	return r == 0 && !any ? WD_ENOTMINE : r;
}

static bool is_superseded(const struct wd_request *req)
{
	int fd = wd_request_open(req, "dpkg.yaml");

	wd_cleanup_fd(&fd);
	return fd >= 0;
}

/* The format of a file, which is its name. */
static const char *format_of(const struct wd_request *req)
{
	static const char *const formats[] = {"dpkg.yaml", "dpkg.list", "dpkg.query"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(formats); i++)
		if (wd_blob_ends(wd_blob_str(req->path), wd_blob_str(formats[i])))
			return formats[i];
	return NULL;
}

static int load_format(struct snap *snap, const struct wd_request *req, const char *format)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	int r = wd_sink_format(snap->sink, format);

	if (r == 0)
		r = wd_buf_read_fd(&text, req->fd, LISTING_MAX);
	if (r < 0)
		return r;
	if (strcmp(format, "dpkg.yaml") == 0)
		return load_yaml(snap, wd_buf_view(&text));
	r = load_list(snap, wd_buf_view(&text));
	wd_buf_done(&snap->distribution);
	return r;
}

static int snap_load(const struct wd_request *req, struct wd_sink *sink)
{
	struct snap snap = {.sink = sink, .faults.sink = sink, .distribution = WD_BUF_INIT};
	const char *format = format_of(req);

	if (req->is_dir || !format)
		return WD_ENOTMINE;
	if (strcmp(format, "dpkg.list") == 0 && is_superseded(req))
		return WD_EABSENT;
	return load_format(&snap, req, format);
}

static void snap_libraries(char *buf, size_t size)
{
	snprintf(buf, size, "libyaml %s", yaml_get_version_string());
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "snap",
	.version = "1",
	.load = snap_load,
	.libraries = snap_libraries,
};
