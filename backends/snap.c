/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What base snaps tell of the Debian packages that they were made of, in usr/share/snappy/ (written
 * by the hooks of snapcore/core18, core20 and core-base; their Makefiles call the second one a
 * manifest):
 *
 *	dpkg.yaml	a mapping: package-repositories, and packages, a sequence of
 *			"NAME=VERSION" or "NAME:ARCH=VERSION"
 *	dpkg.list	what dpkg -l printed
 *
 * The second is not read where the first stands beside it. Neither has file lists.
 */
#include "common.h"

#include <stdio.h>
#include <yaml.h>

#define LISTING_MAX (4u << 20)
/* Mappings and sequences nested deeper are a fault; the listing has two. */
#define DEPTH_MAX 16

struct snap {
	struct wd_sink *sink;
	struct wd_faults faults;
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
static int push(struct snap *snap, struct wd_blob name, struct wd_blob version, struct wd_blob arch,
		uint32_t flags)
{
	struct wd_package pkg = {.size = WD_SIZE_UNKNOWN, .flags = WD_PACKAGE_NO_FILES | flags};
	ptrdiff_t hyphen = wd_blob_rchr(version, '-');

	pkg.field[WD_PACKAGE_NAME] = name;
	pkg.field[WD_PACKAGE_VERSION] = version;
	pkg.field[WD_PACKAGE_ARCH] = arch;
	if (hyphen >= 0)
		pkg.field[WD_PACKAGE_RELEASE] = wd_blob_skip(version, (size_t)hyphen + 1);
	return wd_sink_package(snap->sink, &pkg);
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
	bool fits = wd_blob_token(&version, '=', &name);

	arch = cut_arch(&name);
	if (!fits || !name.len || !version.len || memchr(name.ptr, '\0', name.len))
		return wd_fault(&r->snap->faults, WD_ECORRUPT, "line %zu: not NAME=VERSION",
				event->start_mark.line + 1);
	return push(r->snap, name, version, arch, 0);
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

/* ---- dpkg.list */

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
static int take_line(struct snap *snap, struct wd_blob line, size_t number)
{
	struct wd_blob status, name, version, arch;
	uint32_t flags = 0;
	int state = -1;

	if (wd_blob_word(&line, &status) && wd_blob_word(&line, &name) &&
	    wd_blob_word(&line, &version) && wd_blob_word(&line, &arch))
		state = status_flags(status, &flags);
	if (state < 0)
		return wd_fault(&snap->faults, WD_ECORRUPT,
				"line %zu: not \"ii NAME VERSION ARCHITECTURE\"", number);
	cut_arch(&name);
	return state && name.len ? push(snap, name, version, arch, flags) : 0;
}

/* Behind a heading, which ends with a line of "+++-====-====-...". */
static int load_list(struct snap *snap, struct wd_blob rest)
{
	bool body = false;
	struct wd_blob line;
	int r = 0;

	for (size_t number = 1; r == 0 && wd_blob_token(&rest, '\n', &line); number++) {
		if (body && line.len)
			r = take_line(snap, line, number);
		body |= wd_blob_starts(line, WD_BLOB("+++-"));
	}
	return r == 0 && !body ? WD_ENOTMINE : r;
}

static bool is_superseded(const struct wd_request *req)
{
	int fd = wd_request_open(req, "dpkg.yaml");

	wd_cleanup_fd(&fd);
	return fd >= 0;
}

static int snap_load(const struct wd_request *req, struct wd_sink *sink)
{
	bool list = wd_blob_ends(wd_blob_str(req->path), WD_BLOB(".list"));
	struct snap snap = {.sink = sink, .faults.sink = sink};
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	int r;

	if (req->is_dir)
		return WD_ENOTMINE;
	if (list && is_superseded(req))
		return WD_EABSENT;
	r = wd_sink_format(sink, list ? "dpkg.list" : "dpkg.yaml");
	if (r == 0)
		r = wd_buf_read_fd(&text, req->fd, LISTING_MAX);
	if (r < 0)
		return r;
	return list ? load_list(&snap, wd_buf_view(&text)) : load_yaml(&snap, wd_buf_view(&text));
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
