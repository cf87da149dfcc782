/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/pattern.h"

#include "base/cleanup.h"

#include <string.h>

void wd_pattern_done(struct wd_pattern *p)
{
	if (p->compiled)
		regfree(p->compiled);
	free(p->compiled);
	p->compiled = NULL;
}

/* What begins a piece that is no plain byte. A backslash makes the next one plain. */
static bool is_special(char c)
{
	switch (c) {
	case '^':
	case '$':
	case '.':
	case '[':
	case '(':
	case '*':
	case '+':
	case '?':
	case '{':
		return true;
	default:
		return false;
	}
}

/* Whether the piece before p may be missing. */
static bool is_optional(const char *p, const char *end)
{
	return p < end && (*p == '*' || *p == '?' || *p == '{');
}

static const char *behind(const char *p, const char *end);

/* Behind a group, a set or a count, which are passed over whole. */
static const char *behind_all(const char *p, const char *end)
{
	int depth = 0;

	if (*p == '[') {
		p += p + 1 < end && p[1] == '^' ? 2 : 1;
		p = p < end ? memchr(p + 1, ']', (size_t)(end - p - 1)) : NULL;
		return p ? p + 1 : end;
	}
	if (*p == '{') {
		p = memchr(p, '}', (size_t)(end - p));
		return p ? p + 1 : end;
	}
	do {
		depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
		p = *p == '(' || *p == ')' ? p + 1 : behind(p, end);
	} while (p < end && depth > 0);
	return p;
}

/* Behind the piece of an expression that begins at p. */
static const char *behind(const char *p, const char *end)
{
	if (*p == '(' || *p == '[' || *p == '{')
		return behind_all(p, end);
	return *p == '\\' && p + 1 < end ? p + 2 : p + 1;
}

/* Plain text that stands in one piece. */
struct run {
	size_t n;
	char text[32];
};

static bool holds(struct wd_blob s, const struct run *run)
{
	return run->n == 0 || memmem(s.ptr, s.len, run->text, run->n);
}

static bool can_match(struct wd_blob pattern, struct wd_blob s, struct run before);

/*
 * Whether s holds all plain text that one alternative cannot do without, the first of it right
 * behind `run`.
 */
static bool can_match_all(const char *p, const char *end, struct wd_blob s, struct run run)
{
	while (p < end) {
		const char *next = behind(p, end);
		bool optional = is_optional(next, end);

		if (!optional && run.n < sizeof(run.text) && !is_special(*p)) {
			run.text[run.n++] = next[-1];
			p = next;
			continue;
		}
		if (*p == '(' && !optional) {
			if (!can_match(wd_blob(p + 1, (size_t)(next - p) - 2), s, run))
				return false;
		} else if (!holds(s, &run)) {
			return false;
		}
		run.n = 0;
		p = next;
	}
	return holds(s, &run);
}

static bool can_match(struct wd_blob pattern, struct wd_blob s, struct run before)
{
	const char *p = pattern.ptr, *end = p + pattern.len, *start = p;

	for (; p < end; p = behind(p, end)) {
		if (*p != '|')
			continue;
		if (can_match_all(start, p, s, before))
			return true;
		start = p + 1;
	}
	return can_match_all(start, end, s, before);
}

/* Plain text outside of groups, of an expression that is one alternative. */
static void find_needles(struct wd_pattern *p)
{
	const char *end = p->text.ptr + p->text.len, *next;
	struct wd_needle needle = {0};

	p->looked = true;
	for (const char *at = p->text.ptr; at < end; at = next) {
		bool plain = !is_special(*at);

		if (*at == '|') {
			p->nneedles = 0;
			return;
		}
		next = behind(at, end);
		if (plain && !is_optional(next, end)) {
			if (needle.len < WD_PATTERN_NEEDLE)
				needle.text[needle.len++] = next[-1];
			if (next < end)
				continue;
		}
		if (needle.len && p->nneedles < WD_PATTERN_NEEDLES)
			p->needles[p->nneedles++] = needle;
		needle.len = 0;
	}
}

bool wd_pattern_may_match(struct wd_pattern *p, struct wd_blob s)
{
	if (!p->looked)
		find_needles(p);
	for (size_t i = 0; i < p->nneedles; i++)
		if (!memmem(s.ptr, s.len, p->needles[i].text, p->needles[i].len))
			return false;
	return can_match(p->text, s, (struct run){0});
}

bool wd_pattern_compile(struct wd_pattern *p)
{
	WD_CLEANUP_FREE char *text = NULL;
	int r = REG_ESPACE;

	if (p->compiled || p->broken)
		return !p->broken;
	text = strndup(p->text.ptr ? p->text.ptr : "", p->text.len);
	p->compiled = malloc(sizeof(*p->compiled));
	if (text && p->compiled)
		r = regcomp(p->compiled, text, REG_EXTENDED | (p->groups ? 0 : REG_NOSUB));
	p->starved |= r == REG_ESPACE;
	if (r != 0) {
		free(p->compiled);
		p->compiled = NULL;
		p->broken = true;
	}
	return !p->broken;
}

bool wd_pattern_match(struct wd_pattern *p, struct wd_blob s, struct wd_captures *ret)
{
	WD_CLEANUP_FREE char *text = malloc(s.len + 1);
	regmatch_t m[WD_GLOB_CAPTURES + 1];
	int r;

	p->starved |= !text;
	if (!text || !wd_pattern_compile(p))
		return false;
	/* a NUL behind it is what POSIX asks for, REG_STARTEND is for those inside */
	if (s.len)
		memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	m[0].rm_so = 0;
	m[0].rm_eo = (regoff_t)s.len;
	errno = 0;
	ret = p->groups ? ret : NULL;
	r = regexec(p->compiled, text, ret ? WD_ARRAY_SIZE(m) : 0, m, REG_STARTEND);
	/* glibc says REG_NOMATCH also where memory ended */
	p->starved |= r != 0 && errno == ENOMEM;
	if (r != 0)
		return false;
	for (size_t i = 1; ret && i < WD_ARRAY_SIZE(m); i++) {
		ret->at[i - 1] = m[i].rm_so < 0 ? WD_BLOB_NULL
						: wd_blob(s.ptr + m[i].rm_so,
							  (size_t)(m[i].rm_eo - m[i].rm_so));
		ret->n = i;
	}
	return true;
}
