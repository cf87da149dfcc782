/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pkg:TYPE/NAMESPACE/NAME@VERSION?KEY=VALUE&…#SUBPATH, taken apart from its end as purl-spec
 * ("How to parse a purl string in its components") says.
 */
#include "sbom.h"

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Decodes %XX into text, which has room, so that what stands there already does not move. */
static struct wd_blob decode(struct wd_buf *text, struct wd_blob s)
{
	size_t start = text->len;

	for (size_t i = 0; i < s.len; i++) {
		int high = s.ptr[i] == '%' && i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(s.ptr[i + 2]) : -1;

		if (low >= 0)
			i += 2;
		wd_buf_byte(text, low >= 0 ? (char)(high << 4 | low) : s.ptr[i]);
	}
	return wd_blob(text->ptr + start, text->len - start);
}

/* Cuts off what follows the last `sep`, and returns it. */
static struct wd_blob cut_last(struct wd_blob *s, char sep)
{
	ptrdiff_t at = wd_blob_rchr(*s, sep);
	struct wd_blob tail = at < 0 ? WD_BLOB_NULL : wd_blob_skip(*s, (size_t)at + 1);

	if (at >= 0)
		*s = wd_blob_head(*s, (size_t)at);
	return tail;
}

static void parse_qualifiers(struct wd_blob list, struct wd_sbom_purl *p)
{
	const struct {
		const char *key;
		struct wd_blob *value;
	} known[] = {{"arch", &p->arch},
		     {"distro", &p->distro},
		     {"epoch", &p->epoch},
		     {"os_name", &p->os_name},
		     {"os_version", &p->os_version}};
	struct wd_blob one, key;

	while (wd_blob_token(&list, '&', &one)) {
		if (!wd_blob_token(&one, '=', &key))
			continue;
		for (size_t i = 0; i < WD_ARRAY_SIZE(known); i++) {
			if (wd_blob_is(key, known[i].key) && !known[i].value->ptr)
				*known[i].value = decode(&p->text, one);
		}
	}
}

bool wd_sbom_purl_parse(struct wd_blob purl, struct wd_sbom_purl *p)
{
	struct wd_blob rest = purl, qualifiers, name;

	*p = (struct wd_sbom_purl){.text = WD_BUF_INIT};
	if (!wd_blob_starts(purl, WD_BLOB("pkg:")) || wd_buf_reserve(&p->text, purl.len) < 0)
		return false;
	cut_last(&rest, '#');
	qualifiers = cut_last(&rest, '?');
	rest = wd_blob_skip(rest, 4);
	while (rest.len && *rest.ptr == '/')
		rest = wd_blob_skip(rest, 1);
	if (wd_blob_chr(rest, '/') <= 0 || !wd_blob_token(&rest, '/', &p->type))
		return false;
	/* an "@" further to the front is the namespace's: pkg:npm/@types/node */
	if (wd_blob_rchr(rest, '@') > wd_blob_rchr(rest, '/') + 1)
		p->version = decode(&p->text, cut_last(&rest, '@'));
	name = wd_blob_chr(rest, '/') < 0 ? rest : cut_last(&rest, '/');
	if (name.ptr != rest.ptr)
		p->namespace = decode(&p->text, rest);
	p->name = decode(&p->text, name);
	parse_qualifiers(qualifiers, p);
	return p->name.len > 0;
}
