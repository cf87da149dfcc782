/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xml.h"

#include "base/status.h"

#include <errno.h>
#include <expat.h>
#include <limits.h>
#include <stdio.h>

struct xml {
	XML_Parser parser;
	const struct wd_xml_ops *ops;
	void *ctx;
	unsigned int depth;
	int status; /* of a callback */
	struct wd_xml_fault *fault;
};

static void stop(struct xml *x, int status, const char *message)
{
	if (x->status < 0)
		return;
	x->status = status;
	x->fault->line = XML_GetCurrentLineNumber(x->parser);
	x->fault->message = message;
	XML_StopParser(x->parser, XML_FALSE);
}

static void take(struct xml *x, int status)
{
	if (status < 0)
		stop(x, status, NULL);
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attrs)
{
	struct xml *x = ctx;

	if (x->status == 0 && ++x->depth > WD_XML_DEPTH_MAX)
		stop(x, WD_ECORRUPT, "elements nested too deep");
	if (x->status == 0 && x->ops->start)
		take(x, x->ops->start(x->ctx, name, attrs));
}

static void on_end(void *ctx, const XML_Char *name)
{
	struct xml *x = ctx;

	if (x->status < 0)
		return;
	x->depth--;
	if (x->ops->end)
		take(x, x->ops->end(x->ctx, name));
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
	struct xml *x = ctx;

	if (x->status == 0 && x->ops->text)
		take(x, x->ops->text(x->ctx, wd_blob(text, (size_t)len)));
}

static void on_entity(void *ctx, const XML_Char *name, int is_parameter, const XML_Char *value,
		      int len, const XML_Char *base, const XML_Char *system, const XML_Char *public,
		      const XML_Char *notation)
{
	(void)name;
	(void)is_parameter;
	(void)value;
	(void)len;
	(void)base;
	(void)system;
	(void)public;
	(void)notation;
	stop(ctx, WD_ECORRUPT, "declares an entity");
}

/* Where there is an external DTD, which nobody reads, an unknown entity is no error to expat. */
static void on_skipped(void *ctx, const XML_Char *name, int is_parameter)
{
	(void)name;
	(void)is_parameter;
	stop(ctx, WD_ECORRUPT, "unknown entity");
}

static void set_handlers(struct xml *x)
{
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetEntityDeclHandler(x->parser, on_entity);
	XML_SetSkippedEntityHandler(x->parser, on_skipped);
}

static int parse(struct xml *x, struct wd_blob piece, bool last)
{
	enum XML_Status r = XML_Parse(x->parser, piece.len ? piece.ptr : "", (int)piece.len, last);

	if (r == XML_STATUS_OK || x->status < 0)
		return x->status;
	if (XML_GetErrorCode(x->parser) == XML_ERROR_NO_MEMORY)
		return -ENOMEM;
	x->fault->line = XML_GetCurrentLineNumber(x->parser);
	x->fault->message = XML_ErrorString(XML_GetErrorCode(x->parser));
	return WD_ECORRUPT;
}

/*
 * expat keeps a token (a tag, a comment) until it has all of it, and begins it anew with each
 * piece: one that does not end costs memory, and time by its square.
 */
static int check_token(struct xml *x, uint64_t fed)
{
	XML_Index at = XML_GetCurrentByteIndex(x->parser);

	if (at >= 0 && fed - (uint64_t)at > WD_XML_TOKEN_MAX)
		stop(x, WD_ELIMIT, "a tag or comment that is too long");
	return x->status;
}

static int read_pieces(struct xml *x, int (*next)(void *from, struct wd_blob *ret), void *from)
{
	struct wd_blob piece;
	uint64_t fed = 0;
	int r = 0, more;

	while (r == 0 && (more = next(from, &piece)) > 0) {
		if (piece.len > INT_MAX)
			return WD_ELIMIT;
		fed += piece.len;
		r = parse(x, piece, false);
		if (r == 0)
			r = check_token(x, fed);
	}
	if (r == 0 && more == 0)
		return parse(x, WD_BLOB_NULL, true);
	if (r == 0)
		x->fault->line = XML_GetCurrentLineNumber(x->parser);
	return r < 0 ? r : more;
}

int wd_xml_read(int (*next)(void *from, struct wd_blob *ret), void *from,
		const struct wd_xml_ops *ops, void *ctx, struct wd_xml_fault *fault)
{
	struct xml x = {.ops = ops, .ctx = ctx, .fault = fault};
	int r;

	*fault = (struct wd_xml_fault){0};
	x.parser = XML_ParserCreate(NULL);
	if (!x.parser)
		return -ENOMEM;
	set_handlers(&x);
	r = read_pieces(&x, next, from);
	XML_ParserFree(x.parser);
	return r;
}

static int whole_document(void *from, struct wd_blob *ret)
{
	struct wd_blob *document = from;

	*ret = *document;
	*document = WD_BLOB_NULL;
	return ret->len > 0;
}

int wd_xml_parse(struct wd_blob document, const struct wd_xml_ops *ops, void *ctx,
		 struct wd_xml_fault *fault)
{
	return wd_xml_read(whole_document, &document, ops, ctx, fault);
}

void wd_xml_libraries(char *buf, size_t size)
{
	XML_Expat_Version v = XML_ExpatVersionInfo();

	snprintf(buf, size, "expat %d.%d.%d", v.major, v.minor, v.micro);
}
