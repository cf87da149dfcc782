/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "version.h"

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* <ctype.h> goes by the locale. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_alpha(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static int sign(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* ---- apk */

/* In the order in which an end is smaller: the one that goes on is the newer, but for suffixes. */
enum apk_kind {
	APK_FIRST_NUMBER,
	APK_NUMBER,
	APK_LETTER,
	APK_SUFFIX,
	APK_SUFFIX_NUMBER,
	APK_HASH,
	APK_REVISION,
	APK_END,
	APK_INVALID
};

struct apk_token {
	enum apk_kind kind;
	const char *at; /* its text; what follows it is the rest of the version */
	size_t len;
	int suffix; /* below 0: before the version without one */
};

static int apk_suffix(const char *s, size_t len)
{
	static const char *const before[] = {"alpha", "beta", "pre", "rc"};
	static const char *const after[] = {"cvs", "svn", "git", "hg", "p"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(before); i++)
		if (strlen(before[i]) == len && memcmp(s, before[i], len) == 0)
			return (int)i - (int)WD_ARRAY_SIZE(before);
	for (size_t i = 0; i < WD_ARRAY_SIZE(after); i++)
		if (strlen(after[i]) == len && memcmp(s, after[i], len) == 0)
			return (int)i + 1;
	return 0;
}

/* A token of this kind begins behind `skip` bytes, and is a run of these characters. */
static void apk_take(struct apk_token *t, enum apk_kind kind, size_t skip, const char *set)
{
	t->kind = kind;
	t->at += skip;
	t->len = strspn(t->at, set);
	if (t->len == 0)
		t->kind = APK_INVALID;
}

static void apk_next(struct apk_token *t)
{
	static const char digits[] = "0123456789", letters[] = "abcdefghijklmnopqrstuvwxyz";
	enum apk_kind last = t->kind;

	t->at += t->len;
	t->len = 0;
	if (*t->at == '\0') {
		t->kind = APK_END;
	} else if (is_lower(*t->at) && last <= APK_NUMBER) {
		t->kind = APK_LETTER;
		t->len = 1;
	} else if (is_digit(*t->at) && last == APK_SUFFIX) {
		apk_take(t, APK_SUFFIX_NUMBER, 0, digits);
	} else if (*t->at == '.' && last <= APK_NUMBER) {
		apk_take(t, APK_NUMBER, 1, digits);
	} else if (*t->at == '_' && last <= APK_SUFFIX_NUMBER) {
		apk_take(t, APK_SUFFIX, 1, letters);
		t->suffix = apk_suffix(t->at, t->len);
	} else if (*t->at == '~' && last < APK_HASH) {
		apk_take(t, APK_HASH, 1, "0123456789abcdef");
	} else if (t->at[0] == '-' && t->at[1] == 'r' && last < APK_REVISION) {
		apk_take(t, APK_REVISION, 2, digits);
	} else {
		t->kind = APK_INVALID;
	}
}

static struct apk_token apk_first(const char *s)
{
	struct apk_token t = {.at = s};

	apk_take(&t, APK_FIRST_NUMBER, 0, "0123456789");
	return t;
}

static int compare_texts(const struct apk_token *a, const struct apk_token *b)
{
	int c = memcmp(a->at, b->at, a->len < b->len ? a->len : b->len);

	return c ? c : sign((int64_t)a->len, (int64_t)b->len);
}

/* Without leading zeros, the longer number is the larger one. */
static int compare_numbers(const struct apk_token *a, const struct apk_token *b)
{
	struct apk_token x = *a, y = *b;

	for (; x.len && *x.at == '0'; x.at++)
		x.len--;
	for (; y.len && *y.at == '0'; y.at++)
		y.len--;
	return x.len != y.len ? sign((int64_t)x.len, (int64_t)y.len) : compare_texts(&x, &y);
}

static int apk_compare_tokens(const struct apk_token *a, const struct apk_token *b)
{
	switch (a->kind) {
	case APK_NUMBER:
		if (*a->at == '0' || *b->at == '0')
			return compare_texts(a, b);
		__attribute__((fallthrough));
	case APK_FIRST_NUMBER:
	case APK_SUFFIX_NUMBER:
	case APK_REVISION:
		return compare_numbers(a, b);
	case APK_SUFFIX:
		return sign(a->suffix, b->suffix);
	default:
		return compare_texts(a, b);
	}
}

int wd_version_apk(const char *a, const char *b)
{
	struct apk_token x = apk_first(a), y = apk_first(b);

	for (; x.kind == y.kind && x.kind < APK_END; apk_next(&x), apk_next(&y)) {
		int c = apk_compare_tokens(&x, &y);

		if (c)
			return c;
	}
	if (x.kind == y.kind)
		return 0;
	if (x.kind == APK_SUFFIX && x.suffix < 0)
		return -1;
	if (y.kind == APK_SUFFIX && y.suffix < 0)
		return 1;
	return x.kind > y.kind ? -1 : 1;
}

/* ---- pacman */

static bool is_alnum(char c)
{
	return is_digit(c) || is_alpha(c);
}

struct part {
	const char *at, *end;
};

static struct part take_run(struct part *s, bool digits)
{
	struct part run = *s;

	while (s->at < s->end && (digits ? is_digit(*s->at) : is_alpha(*s->at)))
		s->at++;
	run.end = s->at;
	return run;
}

static int compare_bytes(struct part a, struct part b)
{
	size_t la = (size_t)(a.end - a.at), lb = (size_t)(b.end - b.at);
	int c = memcmp(a.at, b.at, la < lb ? la : lb);

	return c ? c : sign((int64_t)la, (int64_t)lb);
}

static int compare_digits(struct part a, struct part b)
{
	while (a.at < a.end && *a.at == '0')
		a.at++;
	while (b.at < b.end && *b.at == '0')
		b.at++;
	if (a.end - a.at != b.end - b.at)
		return sign(a.end - a.at, b.end - b.at);
	return compare_bytes(a, b);
}

static ptrdiff_t skip_separators(struct part *s)
{
	const char *from = s->at;

	while (s->at < s->end && !is_alnum(*s->at))
		s->at++;
	return s->at - from;
}

/* Of "1.0" and "1.0.1" the longer is the newer; of "1.0" and "1.0rc" the shorter. */
static int compare_rest(struct part a, struct part b)
{
	if (a.at == a.end && b.at == b.end)
		return 0;
	if ((a.at == a.end && !is_alpha(*b.at)) || (a.at < a.end && is_alpha(*a.at)))
		return -1;
	return 1;
}

static int compare_part(struct part a, struct part b)
{
	while (a.at < a.end && b.at < b.end) {
		ptrdiff_t sa = skip_separators(&a), sb = skip_separators(&b);
		bool digits;
		struct part x, y;
		int c;

		if (a.at == a.end || b.at == b.end)
			break;
		if (sa != sb)
			return sign(sa, sb);
		digits = is_digit(*a.at);
		x = take_run(&a, digits);
		y = take_run(&b, digits);
		/* letters against digits: digits are the newer */
		if (y.at == y.end)
			return digits ? 1 : -1;
		c = digits ? compare_digits(x, y) : compare_bytes(x, y);
		if (c)
			return c;
	}
	return compare_rest(a, b);
}

struct evr {
	struct part epoch, version, release;
};

static struct evr split(const char *s)
{
	static const char zero[] = "0";
	struct evr e = {.epoch = {zero, zero + 1}};
	const char *colon = s + strspn(s, "0123456789"), *dash;

	if (*colon == ':') {
		if (colon > s)
			e.epoch = (struct part){s, colon};
		s = colon + 1;
	}
	dash = strrchr(s, '-');
	e.version = (struct part){s, dash ? dash : s + strlen(s)};
	if (dash)
		e.release = (struct part){dash + 1, dash + strlen(dash)};
	return e;
}

int wd_version_pacman(const char *a, const char *b)
{
	struct evr x = split(a), y = split(b);
	int c = compare_part(x.epoch, y.epoch);

	if (c == 0)
		c = compare_part(x.version, y.version);
	if (c == 0 && x.release.at && y.release.at)
		c = compare_part(x.release, y.release);
	return c;
}
