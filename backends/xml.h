/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * XML documents through expat, as events. No document of ours needs an entity of its own, and
 * entities are what makes small documents large, or read other files: one that declares or uses
 * such is refused.
 */
#ifndef WD_XML_H
#define WD_XML_H

#include "base/blob.h"

/* Elements nested deeper are a fault. */
#define WD_XML_DEPTH_MAX 64
/* Bytes of one tag or comment. */
#define WD_XML_TOKEN_MAX (1u << 20)

/* Each may be NULL; each returns 0 to go on, or a negative status that wd_xml_parse() returns. */
struct wd_xml_ops {
	/* attrs: names and values in turn, NULL behind the last */
	int (*start)(void *ctx, const char *name, const char **attrs);
	int (*end)(void *ctx, const char *name);
	/* a piece of text: one run of text may come in several */
	int (*text)(void *ctx, struct wd_blob text);
};

struct wd_xml_fault {
	unsigned long line;
	const char *message;
};

/*
 * 0; WD_ECORRUPT with *fault set where the document is at fault; -ENOMEM; or what a callback
 * returned, with fault->message NULL.
 */
int wd_xml_parse(struct wd_blob document, const struct wd_xml_ops *ops, void *ctx,
		 struct wd_xml_fault *fault);

/*
 * The same for a document in pieces: `next` returns 1 and the next one, borrowed until it is called
 * again, 0 behind the last, or a negative status that is returned, with fault->line set.
 */
int wd_xml_read(int (*next)(void *from, struct wd_blob *ret), void *from,
		const struct wd_xml_ops *ops, void *ctx, struct wd_xml_fault *fault);

/* "expat VERSION", for wd_backend.libraries */
void wd_xml_libraries(char *buf, size_t size);

#endif
