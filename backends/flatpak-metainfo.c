/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *	<component>
 *		<id>ID</id>				its legacy form ends with ".desktop"
 *		<developer_name>NAME</developer_name>	or <developer><name>NAME</name></developer>
 *		<url type="homepage">URL</url>
 *		<releases><release version="VERSION"/>	the latest one first
 *
 * Translations carry xml:lang.
 */
#include "flatpak-metainfo.h"

#include "base/status.h"

#include <stdio.h>

enum { COMPONENT = 1, PROPERTY, INNER };

struct reader {
	struct wd_metainfo *m;
	unsigned int depth;
	char property[16];    /* the element at depth PROPERTY */
	struct wd_buf *taken; /* what the text at hand goes to, or NULL */
	const char *fault;
};

void wd_metainfo_done(struct wd_metainfo *m)
{
	wd_buf_done(&m->id);
	wd_buf_done(&m->version);
	wd_buf_done(&m->developer);
	wd_buf_done(&m->homepage);
}

static const char *attribute(const char **attrs, const char *name)
{
	for (; *attrs; attrs += 2)
		if (strcmp(attrs[0], name) == 0)
			return attrs[1];
	return NULL;
}

static struct wd_buf *property_buf(struct reader *r, const char *name, const char **attrs)
{
	const char *type = attribute(attrs, "type");

	if (strcmp(name, "id") == 0)
		return &r->m->id;
	if (strcmp(name, "developer_name") == 0)
		return &r->m->developer;
	if (strcmp(name, "url") == 0 && type && strcmp(type, "homepage") == 0)
		return &r->m->homepage;
	return NULL;
}

static int take_release(struct reader *r, const char **attrs)
{
	const char *version = attribute(attrs, "version");

	if (version && r->m->version.len == 0)
		wd_buf_str(&r->m->version, version);
	return r->m->version.status;
}

static int on_start(void *ctx, const char *name, const char **attrs)
{
	struct reader *r = ctx;

	r->depth++;
	r->taken = NULL;
	if (r->depth == COMPONENT && strcmp(name, "component") != 0 &&
	    strcmp(name, "application") != 0) {
		r->fault = "not an AppStream component";
		return WD_ECORRUPT;
	}
	if (r->depth == PROPERTY) {
		snprintf(r->property, sizeof(r->property), "%s", name);
		r->taken = property_buf(r, name, attrs);
	}
	if (r->depth == INNER && strcmp(r->property, "developer") == 0 && strcmp(name, "name") == 0)
		r->taken = &r->m->developer;
	/* the first one counts */
	if (r->taken && (r->taken->len || attribute(attrs, "xml:lang")))
		r->taken = NULL;
	if (r->depth == INNER && strcmp(r->property, "releases") == 0 &&
	    strcmp(name, "release") == 0)
		return take_release(r, attrs);
	return 0;
}

static int on_end(void *ctx, const char *name)
{
	struct reader *r = ctx;

	(void)name;
	r->depth--;
	r->taken = NULL;
	return 0;
}

static int on_text(void *ctx, struct wd_blob text)
{
	struct reader *r = ctx;

	if (!r->taken)
		return 0;
	wd_buf_blob(r->taken, text);
	return r->taken->status;
}

int wd_metainfo_parse(struct wd_blob document, struct wd_metainfo *m, struct wd_xml_fault *fault)
{
	static const struct wd_xml_ops ops = {on_start, on_end, on_text};
	struct reader r = {.m = m};
	int status;

	m->id.len = m->version.len = m->developer.len = m->homepage.len = 0;
	status = wd_xml_parse(document, &ops, &r, fault);
	if (r.fault)
		fault->message = r.fault;
	return status;
}
