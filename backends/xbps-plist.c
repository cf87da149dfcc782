/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xbps-plist.h"

#include "base/status.h"

static int fault(struct wd_plist *p, const char *message)
{
	p->fault = message;
	return WD_ECORRUPT;
}

static bool is_value(const char *name)
{
	static const char *const names[] = {"string", "integer", "true", "false", "data"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int enter(struct wd_plist *p, bool is_dict)
{
	if (p->depth == 0 && !is_dict)
		return fault(p, "the outermost value is not a dict");
	if (p->depth == WD_PLIST_DEPTH_MAX)
		return fault(p, "values nested too deep");
	p->depth++;
	p->level[p->depth].key.len = 0;
	p->level[p->depth].is_dict = is_dict;
	return p->ops->enter(p->ctx, p);
}

/* Whether a value may stand here: in a dict, behind its key. */
static bool value_fits(const struct wd_plist *p)
{
	return p->depth > 0 && (!p->level[p->depth].is_dict || p->level[p->depth].key.len > 0);
}

static int on_start(void *ctx, const char *name, const char **attrs)
{
	struct wd_plist *p = ctx;
	bool is_dict = strcmp(name, "dict") == 0;

	(void)attrs;
	if (p->in_text)
		return fault(p, "an element in a key or value");
	if (p->depth == 0 && strcmp(name, "plist") == 0)
		return 0;
	p->text.len = 0;
	p->in_text = is_value(name) || strcmp(name, "key") == 0;
	if (strcmp(name, "key") == 0)
		return p->depth && p->level[p->depth].is_dict ? 0 : fault(p, "key outside a dict");
	if (!p->in_text && !is_dict && strcmp(name, "array") != 0)
		return fault(p, "not an element of a property list");
	if (p->depth > 0 && !value_fits(p))
		return fault(p, "value without key");
	if (!p->in_text)
		return enter(p, is_dict);
	return p->depth ? 0 : fault(p, "the outermost value is not a dict");
}

static int take_key(struct wd_plist *p)
{
	struct wd_buf *key = &p->level[p->depth].key;

	if (p->text.len == 0)
		return fault(p, "empty key");
	key->len = 0;
	wd_buf_blob(key, wd_buf_view(&p->text));
	return key->status;
}

static int take_value(struct wd_plist *p, const char *name)
{
	struct wd_blob value = wd_buf_view(&p->text);

	if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0)
		value = wd_blob_str(name);
	return p->ops->value(p->ctx, p, value);
}

static int on_end(void *ctx, const char *name)
{
	struct wd_plist *p = ctx;
	int r;

	if (strcmp(name, "plist") == 0)
		return 0;
	if (p->text.status < 0)
		return p->text.status;
	p->in_text = false;
	if (strcmp(name, "key") == 0)
		return take_key(p);
	if (is_value(name)) {
		r = take_value(p, name);
	} else {
		r = p->ops->leave(p->ctx, p);
		p->depth--;
	}
	p->level[p->depth].key.len = 0;
	return r;
}

static int on_text(void *ctx, struct wd_blob text)
{
	struct wd_plist *p = ctx;

	if (p->in_text)
		wd_buf_blob(&p->text, text);
	return p->text.status;
}

int wd_plist_parse(struct wd_blob document, const struct wd_plist_ops *ops, void *ctx,
		   struct wd_xml_fault *ret)
{
	static const struct wd_xml_ops xml = {on_start, on_end, on_text};
	struct wd_plist p = {.ops = ops, .ctx = ctx};
	int r = wd_xml_parse(document, &xml, &p, ret);

	if (p.fault)
		ret->message = p.fault;
	wd_buf_done(&p.text);
	for (size_t i = 0; i < WD_ARRAY_SIZE(p.level); i++)
		wd_buf_done(&p.level[i].key);
	return r;
}
