/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/distro-rules.h"

#include "base/status.h"

#include <stdio.h>
#include <string.h>

/* Looks at strings before it is worth remembering what came of it. */
#define LOOKS_MAX 16

static bool parse_field(struct wd_blob name, enum wd_package_field *ret)
{
	static const char *const names[] = {
#define X(id, word) word,
		WD_PACKAGE_FIELDS(X)
#undef X
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(names); i++) {
		if (wd_blob_is(name, names[i])) {
			*ret = (enum wd_package_field)i;
			return true;
		}
	}
	return false;
}

/* field=ERE && field=ERE … */
static int parse_conditions(struct wd_rule *rule, struct wd_blob text)
{
	while (text.len) {
		const char *and = memmem(text.ptr, text.len, " && ", 4);
		struct wd_blob one = wd_blob_head(text, and? (size_t)(and-text.ptr) : text.len);
		ptrdiff_t eq = wd_blob_chr(one, '=');
		struct wd_condition *c = &rule->conditions[rule->nconditions];

		if (rule->nconditions == WD_RULE_CONDITIONS || eq <= 0 ||
		    !parse_field(wd_blob_trim(wd_blob_head(one, (size_t)eq)), &c->field))
			return WD_ECORRUPT;
		c->pattern.text = wd_blob_skip(one, (size_t)eq + 1);
		rule->nconditions++;
		text = wd_blob_skip(text, one.len + (and? 4 : 0));
	}
	if (rule->nconditions == 0)
		return WD_ECORRUPT;
	rule->conditions[rule->nconditions - 1].pattern.groups =
		wd_blob_chr(rule->template, '$') >= 0;
	return 0;
}

static struct wd_blob dash(struct wd_blob b)
{
	return wd_blob_is(b, "-") ? WD_BLOB_NULL : b;
}

static int parse_distro(struct wd_rule *rule, const struct wd_blob *col)
{
	rule->kind = WD_RULE_DISTRO;
	rule->id = col[1];
	rule->name = dash(col[2]);
	rule->vendor = wd_blob_is(col[3], "vendor");
	rule->guest = wd_blob_is(col[3], "guest");
	rule->kit = wd_blob_is(col[3], "kit");
	rule->purl = dash(col[4]);
	rule->parent = dash(col[5]);
	return rule->vendor || rule->guest || rule->kit || wd_blob_is(col[3], "distro")
		       ? 0
		       : WD_ECORRUPT;
}

static int parse_version(struct wd_rule *rule, const struct wd_blob *col)
{
	rule->kind = WD_RULE_VERSION;
	rule->id = col[1];
	rule->template = col[2];
	rule->floor = wd_blob_is(col[3], "floor");
	if (!rule->floor && !wd_blob_is(col[3], "exact"))
		return WD_ECORRUPT;
	return parse_conditions(rule, col[4]);
}

static int parse_rule(struct wd_rule *rule, const struct wd_blob *col)
{
	*rule = (struct wd_rule){.id = col[1]};
	if (wd_blob_is(col[0], "distro"))
		return parse_distro(rule, col);
	if (wd_blob_is(col[0], "version"))
		return parse_version(rule, col);
	if (wd_blob_is(col[0], "family")) {
		rule->kind = WD_RULE_FAMILY;
		rule->name = col[2];
		rule->scope = col[3];
		return 0;
	}
	if (wd_blob_is(col[0], "id")) {
		rule->kind = WD_RULE_ID;
		rule->scope = col[1];
		rule->id = col[2];
		return parse_conditions(rule, col[3]);
	}
	if (wd_blob_is(col[0], "release")) {
		rule->kind = WD_RULE_RELEASE;
		rule->template = col[2];
		return parse_conditions(rule, col[3]);
	}
	if (wd_blob_is(col[0], "codename")) {
		rule->kind = WD_RULE_CODENAME;
		rule->version = col[2];
		rule->name = col[3];
		return 0;
	}
	return WD_ECORRUPT;
}

int wd_distro_rules_read(struct wd_distro_rules *rules, const char *data_dir, unsigned *ret_line)
{
	struct wd_blob col[WD_TSV_COLUMNS];
	int r = wd_tsv_open(&rules->table, data_dir, "distros.tsv");

	while (r == 0 && wd_tsv_next(&rules->table, col) > 0) {
		*ret_line = rules->table.line;
		r = wd_array_reserve(&rules->list, 1);
		if (r == 0)
			r = parse_rule(&rules->list.v[rules->list.n], col);
		if (r == 0)
			rules->list.n++;
	}
	return r;
}

void wd_distro_rules_done(struct wd_distro_rules *rules)
{
	for (size_t i = 0; i < rules->list.n; i++) {
		for (size_t k = 0; k < rules->list.v[i].nconditions; k++) {
			struct wd_condition *c = &rules->list.v[i].conditions[k];

			wd_pattern_done(&c->pattern);
			free(c->answers);
		}
	}
	wd_array_done(&rules->list);
	wd_tsv_done(&rules->table);
}

int wd_distro_rules_status(const struct wd_distro_rules *rules)
{
	for (size_t i = 0; i < rules->list.n; i++)
		for (size_t k = 0; k < rules->list.v[i].nconditions; k++)
			if (rules->list.v[i].conditions[k].pattern.starved)
				return -ENOMEM;
	return 0;
}

static bool may_match(struct wd_condition *c, struct wd_blob s)
{
	return wd_pattern_may_match(&c->pattern, s);
}

static bool make_room(struct wd_condition *c, size_t nstrings)
{
	if (!c->answers)
		c->answers = calloc(nstrings / 4 + 1, 1);
	c->pattern.starved |= !c->answers;
	return c->answers != NULL;
}

static bool holds(struct wd_condition *c, const struct wd_catalog *cat, uint32_t string)
{
	struct wd_blob s = wd_strpool_get(&cat->strings, string);
	unsigned shift = string % 4 * 2;
	unsigned answer;

	/* what is not recorded matches nothing, not even ".*" */
	if (string == 0)
		return false;
	if (!c->answers && c->looks++ < LOOKS_MAX && !may_match(c, s))
		return false;
	if (!make_room(c, cat->strings.entries.n))
		return false;
	answer = c->answers[string / 4] >> shift & 3;
	if (answer == 0) {
		answer = may_match(c, s) && wd_pattern_match(&c->pattern, s, NULL) ? 2 : 1;
		c->answers[string / 4] |= (uint8_t)(answer << shift);
	}
	return answer == 2;
}

static void expand(const struct wd_rule *rule, struct wd_condition *c, struct wd_blob s,
		   struct wd_buf *out)
{
	struct wd_captures caps = {.n = 0};

	if (wd_pattern_match(&c->pattern, s, &caps))
		wd_glob_expand(rule->template, &caps, out);
}

bool wd_rule_match(struct wd_rule *rule, const struct wd_catalog *cat,
		   const struct wd_cat_package *pkg, struct wd_buf *out)
{
	for (size_t i = 0; i < rule->nconditions; i++)
		if (!holds(&rule->conditions[i], cat, pkg->field[rule->conditions[i].field]))
			return false;
	if (out && rule->nconditions) {
		struct wd_condition *last = &rule->conditions[rule->nconditions - 1];

		expand(rule, last, wd_package_field(cat, pkg, last->field), out);
	}
	return true;
}

bool wd_rule_in_scope(const struct wd_rule *rule, const char *backend)
{
	struct wd_blob rest = rule->scope, one;

	while (wd_blob_token(&rest, ',', &one))
		if (wd_blob_is(one, "*") || wd_blob_is(one, backend))
			return true;
	return false;
}

static const struct wd_rule *find_row(const struct wd_distro_rules *rules, enum wd_rule_kind kind,
				      struct wd_blob id)
{
	for (size_t i = 0; i < rules->list.n; i++)
		if (rules->list.v[i].kind == kind && wd_blob_equal(rules->list.v[i].id, id))
			return &rules->list.v[i];
	return NULL;
}

const struct wd_rule *wd_distro_rules_find(const struct wd_distro_rules *rules, struct wd_blob id)
{
	return find_row(rules, WD_RULE_DISTRO, id);
}

const struct wd_rule *wd_distro_rules_find_family(const struct wd_distro_rules *rules,
						  struct wd_blob id)
{
	return find_row(rules, WD_RULE_FAMILY, id);
}

/* The family that has one of these members, or NULL. */
static const struct wd_rule *family_of(const struct wd_distro_rules *rules, struct wd_blob members)
{
	char member[64];
	struct wd_blob one;

	while (wd_blob_token(&members, ',', &one)) {
		snprintf(member, sizeof(member), "%.*s", WD_BLOB_PRINTF(one));
		for (size_t i = 0; i < rules->list.n; i++)
			if (rules->list.v[i].kind == WD_RULE_FAMILY &&
			    wd_rule_in_scope(&rules->list.v[i], member))
				return &rules->list.v[i];
	}
	return NULL;
}

/* A chain of parents is no longer than this. */
#define PARENTS_MAX 4

struct wd_blob wd_distro_rules_family(const struct wd_distro_rules *rules, struct wd_blob id)
{
	for (int up = 0; up < PARENTS_MAX && id.len; up++) {
		const struct wd_rule *row = wd_distro_rules_find(rules, id);
		const struct wd_rule *family = family_of(rules, id);

		for (size_t i = 0; !family && i < rules->list.n; i++)
			if (rules->list.v[i].kind == WD_RULE_ID &&
			    wd_blob_equal(rules->list.v[i].id, id))
				family = family_of(rules, rules->list.v[i].scope);
		if (family)
			return family->id;
		id = row ? row->parent : WD_BLOB_NULL;
	}
	return WD_BLOB("");
}
