/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How distributions are related: parents, what os-release lets one expect, releases that agree. */
#include "provenance/distro.h"

#include "provenance/distro-rules.h"

#include <string.h>

bool wd_distros_is_vendor(const struct wd_distros *d, const char *id)
{
	const struct wd_rule *row = wd_distro_rules_find(d->rules, wd_blob_str(id));

	return row && row->vendor;
}

/* Parents of parents, where the table has a loop. */
#define PARENTS_MAX 8

bool wd_distros_descends(const struct wd_distros *d, const char *child, const char *parent)
{
	const struct wd_rule *row = wd_distro_rules_find(d->rules, wd_blob_str(child));

	for (int up = 0; row && row->parent.len && up < PARENTS_MAX; up++) {
		if (wd_blob_is(row->parent, parent))
			return true;
		row = wd_distro_rules_find(d->rules, row->parent);
	}
	return false;
}

bool wd_versions_agree(const char *a, const char *b)
{
	size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return n == 0 || (strncmp(a, b, n) == 0 && (a[n] == '\0' || a[n] == '.') &&
			  (b[n] == '\0' || b[n] == '.'));
}

/* Whether a word of ID_LIKE means a distribution: "suse" is no ID, yet SLES' namespace in purls. */
static bool is_like(const struct wd_distros *d, struct wd_blob word, const char *id)
{
	const struct wd_rule *row = wd_distro_rules_find(d->rules, wd_blob_str(id));

	return wd_blob_is(word, id) || (row && wd_blob_equal(row->purl, word));
}

static bool is_kit(const struct wd_distros *d, const char *id)
{
	const struct wd_rule *row = wd_distro_rules_find(d->rules, wd_blob_str(id));

	return row && row->kit;
}

bool wd_distros_expected(const struct wd_distros *d, const struct wd_os_release *os, const char *id)
{
	const struct wd_rule *row = wd_distro_rules_find(d->rules, wd_blob_str(os->id));
	struct wd_blob like = wd_blob_str(os->id_like), one;

	if (strcmp(os->id, id) == 0)
		return true;
	/* one that ships nobody's packages but its own names its relatives all the same */
	if (row && row->parent.len == 0)
		return false;
	if (row && wd_blob_is(row->parent, id))
		return true;
	/* whoever builds with a kit names the result as he likes */
	if (!row && is_kit(d, id))
		return true;
	/* a derivative says itself what it is like, the nearest first: Linux Mint has two editions */
	while (wd_blob_word(&like, &one)) {
		if (is_like(d, one, id))
			return true;
		if (row)
			break;
	}
	return false;
}
