/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * XML property lists as proplib writes them (portableproplib in xbps; plist(5)): dict, array, and
 * the values string, integer, true, false. Read as events: nothing is kept but the keys that lead
 * to where the reader is.
 */
#ifndef WD_XBPS_PLIST_H
#define WD_XBPS_PLIST_H

#include "base/buf.h"
#include "xml.h"

/* Of dictionaries and arrays. xbps nests four. */
#define WD_PLIST_DEPTH_MAX 16

struct wd_plist;

/* Each returns 0 to go on, or a negative status that wd_plist_parse() returns. */
struct wd_plist_ops {
	/* A value other than a dict or array; true and false are "true" and "false". */
	int (*value)(void *ctx, const struct wd_plist *p, struct wd_blob value);
	/* A dict or array begins; p->depth counts it already. */
	int (*enter)(void *ctx, const struct wd_plist *p);
	/* A dict or array ends; p->depth counts it still. */
	int (*leave)(void *ctx, const struct wd_plist *p);
};

struct wd_plist {
	const struct wd_plist_ops *ops;
	void *ctx;
	unsigned int depth; /* of the dicts and arrays that are open; the outermost is 1 */
	struct {
		struct wd_buf key; /* of the value at hand, in a dict; empty in an array */
		bool is_dict;
	} level[WD_PLIST_DEPTH_MAX + 1];
	struct wd_buf text; /* of the element at hand */
	bool in_text;
	const char *fault;
};

/* The key, in the dict that is open at that depth, that leads to where the reader is. */
static inline struct wd_blob wd_plist_key(const struct wd_plist *p, unsigned int depth)
{
	return wd_buf_view(&p->level[depth].key);
}

/* As wd_xml_parse(). The outermost element must be <plist>, with one dict in it. */
int wd_plist_parse(struct wd_blob document, const struct wd_plist_ops *ops, void *ctx,
		   struct wd_xml_fault *fault);

#endif
