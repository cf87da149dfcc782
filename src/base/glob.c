/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/glob.h"

bool wd_glob_is_literal(struct wd_blob component)
{
	for (size_t i = 0; i < component.len; i++)
		if (component.ptr[i] == '*' || component.ptr[i] == '?' || component.ptr[i] == '[')
			return false;
	return true;
}

/*
 * Matches one byte against the set at the front of *p and moves *p behind it. A '[' without its
 * ']' stands for itself.
 */
static bool match_set(struct wd_blob *p, char byte)
{
	ptrdiff_t end = wd_blob_chr(wd_blob_skip(*p, 2), ']');
	struct wd_blob set;
	bool invert, hit = false;

	if (end < 0) {
		*p = wd_blob_skip(*p, 1);
		return byte == '[';
	}
	set = wd_blob_head(wd_blob_skip(*p, 1), (size_t)end + 1);
	*p = wd_blob_skip(*p, (size_t)end + 3);
	invert = set.ptr[0] == '!';
	if (invert)
		set = wd_blob_skip(set, 1);
	for (size_t i = 0; i < set.len; i++) {
		if (i + 2 < set.len && set.ptr[i + 1] == '-') {
			hit |= (uint8_t)byte >= (uint8_t)set.ptr[i] &&
			       (uint8_t)byte <= (uint8_t)set.ptr[i + 2];
			i += 2;
		} else {
			hit |= byte == set.ptr[i];
		}
	}
	return hit != invert;
}

/* Matches the front of the pattern, which is no star, against one byte. */
static bool match_one(struct wd_blob *pattern, char byte)
{
	char c = pattern->ptr[0];

	if (c == '[')
		return match_set(pattern, byte);
	*pattern = wd_blob_skip(*pattern, 1);
	return c == '?' || c == byte;
}

static void push_capture(struct wd_captures *caps, struct wd_blob b)
{
	if (caps && caps->n < WD_GLOB_CAPTURES)
		caps->at[caps->n] = b;
	if (caps)
		caps->n++;
}

/*
 * A star first tries to match nothing, then more. Only the last star met is ever taken back: what
 * an earlier star took is as short as it can be and need not grow. That keeps it from being
 * exponential; it is at worst the product of the lengths.
 */
static bool match_component(struct wd_blob pattern, struct wd_blob name, struct wd_captures *caps)
{
	struct wd_blob star_pattern = WD_BLOB_NULL, star_name = name;
	size_t base = caps ? caps->n : 0;
	size_t taken = 0;
	bool starred = false;

	while (name.len || pattern.len) {
		struct wd_blob p = pattern;

		if (pattern.len && pattern.ptr[0] == '*') {
			if (starred)
				push_capture(caps, wd_blob_head(star_name, taken));
			pattern = star_pattern = wd_blob_skip(pattern, 1);
			star_name = name;
			taken = 0;
			starred = true;
		} else if (pattern.len && name.len && match_one(&p, name.ptr[0])) {
			pattern = p;
			name = wd_blob_skip(name, 1);
		} else if (starred && taken < star_name.len) {
			taken++;
			pattern = star_pattern;
			name = wd_blob_skip(star_name, taken);
		} else {
			if (caps)
				caps->n = base;
			return false;
		}
	}
	if (starred)
		push_capture(caps, wd_blob_head(star_name, taken));
	return true;
}

/* Most names fail at their last byte, where the pattern has a plain one there. */
static bool may_match(struct wd_blob pattern, struct wd_blob name)
{
	char last = pattern.len ? pattern.ptr[pattern.len - 1] : '\0';

	return pattern.len == 0 || last == '*' || last == '?' || last == ']' ||
	       (name.len && name.ptr[name.len - 1] == last);
}

bool wd_glob_name(struct wd_blob pattern, struct wd_blob name)
{
	return may_match(pattern, name) && match_component(pattern, name, NULL);
}

static struct wd_blob take_component(struct wd_blob *rest)
{
	struct wd_blob c = WD_BLOB("");

	wd_blob_token(rest, '/', &c);
	return c;
}

/*
 * NEVER: what is behind a `**` cannot be matched, so that it does not help if an earlier one takes
 * more. As with the stars of a component, only the last one is ever taken back.
 */
enum match { NO, YES, NEVER };

static enum match match_path(struct wd_blob pattern, struct wd_blob path, struct wd_captures *caps);

/* `**` has taken the first `taken` bytes of the path, the slash behind them too. */
static enum match match_behind(struct wd_blob pattern, struct wd_blob path, size_t taken,
			       struct wd_captures *caps)
{
	push_capture(caps, wd_blob_head(path, taken ? taken - 1 : 0));
	return match_path(pattern, wd_blob_skip(path, taken), caps);
}

/* How many components a pattern has, or 0 where that is not fixed. */
static size_t fixed_components(struct wd_blob pattern)
{
	size_t n = 0;

	for (; pattern.len; n++)
		if (wd_blob_is(take_component(&pattern), "**"))
			return 0;
	return n;
}

/* The offset of the last n components of a path; false where it has fewer. */
static bool find_last(struct wd_blob path, size_t n, size_t *ret)
{
	size_t at = path.len;

	while (at > 0 && (path.ptr[at - 1] != '/' || --n > 0))
		at--;
	*ret = at;
	return at > 0 || n <= 1;
}

/* `**` followed by `pattern`: where that has a fixed length, only the end can match it. */
static enum match match_deep(struct wd_blob pattern, struct wd_blob path, struct wd_captures *caps)
{
	size_t n = fixed_components(pattern);
	struct wd_blob rest = path;
	size_t base = caps->n;
	size_t taken = 0;
	enum match m;

	if (pattern.len == 0) {
		push_capture(caps, path);
		return YES;
	}
	if (n)
		return find_last(path, n, &taken) && match_behind(pattern, path, taken, caps) == YES
			       ? YES
			       : NEVER;
	do { /* once where the path is through, too: a `**` that follows matches that */
		caps->n = base;
		m = match_behind(pattern, path, taken, caps);
		if (m != NO)
			return m;
		take_component(&rest);
		taken = path.len - rest.len;
	} while (rest.len);
	return NEVER;
}

static enum match match_path(struct wd_blob pattern, struct wd_blob path, struct wd_captures *caps)
{
	while (pattern.len) {
		struct wd_blob p = take_component(&pattern);

		if (wd_blob_is(p, "**"))
			return match_deep(pattern, path, caps);
		if (path.len == 0 || !match_component(p, take_component(&path), caps))
			return NO;
	}
	return path.len == 0 ? YES : NO;
}

bool wd_glob_path(struct wd_blob pattern, struct wd_blob path, struct wd_captures *ret)
{
	struct wd_captures caps = {.n = 0};

	if (match_path(pattern, path, &caps) != YES)
		return false;
	if (caps.n > WD_GLOB_CAPTURES)
		caps.n = WD_GLOB_CAPTURES;
	if (ret)
		*ret = caps;
	return true;
}

void wd_glob_expand(struct wd_blob template, const struct wd_captures *captures, struct wd_buf *out)
{
	for (size_t i = 0; i < template.len; i++) {
		char c = template.ptr[i];
		size_t n;

		if (c != '$' || i + 1 == template.len || template.ptr[i + 1] < '1' ||
		    template.ptr[i + 1] > '9') {
			wd_buf_byte(out, c);
			continue;
		}
		n = (size_t)(template.ptr[++i] - '1');
		if (n < captures->n)
			wd_buf_blob(out, captures->at[n]);
	}
}
