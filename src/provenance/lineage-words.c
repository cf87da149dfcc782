/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may be said of a file for the item that decides where it is from. That is less than what
 * lineage the item supports: a row of a map stands alone, and a wrong one is worse than none.
 */
#include "provenance/lineage.h"

#include <stdio.h>
#include <string.h>

enum wd_precision wd_item_precision(const struct wd_item *item)
{
	if (!*item->distro)
		return WD_NAMES_FAMILY;
	return strchr(item->distro, '|') ? WD_NAMES_SEVERAL : WD_NAMES_ONE;
}

bool wd_item_supports(const struct wd_item *item, const struct wd_distro *d)
{
	struct wd_blob rest = wd_blob_str(d->several), id;

	if (strcmp(d->family, item->family) != 0)
		return false;
	if (wd_item_precision(item) == WD_NAMES_FAMILY)
		return true;
	if (*d->version_id && !wd_versions_agree(item->version, d->version_id) &&
	    wd_version_cmp(wd_blob_str(item->version), wd_blob_str(d->version_id)) > 0)
		return false;
	if (*d->id)
		return wd_item_is_for(item, d->id);
	while (wd_blob_token(&rest, '|', &id)) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", WD_BLOB_PRINTF(id));
		if (wd_item_is_for(item, name))
			return true;
	}
	return false;
}

/* Lineages beyond these are only there where somebody means harm: any may be meant then. */
#define LINEAGES_MAX 128

struct words {
	const struct wd_lineages *l;
	struct wd_distros *distros;
	const struct wd_os_release *os;
	uint32_t *lineage_of; /* of a distro: 1 + its lineage */
};

/* Other lineages that an item may be of than the one that it is given to. */
struct others {
	bool releases; /* of the same distribution */
	bool distros;  /* of another */
};

static struct others find_others(const struct words *w, const struct wd_item *item,
				 const struct wd_lineage *lineage)
{
	bool too_many = w->l->list.n > LINEAGES_MAX;
	struct others others = {too_many, too_many};

	for (size_t i = 0; !too_many && i < w->l->list.n; i++) {
		const struct wd_distro *d = &w->distros->list.v[w->l->list.v[i].distro];
		bool same = strcmp(d->id, w->distros->list.v[lineage->distro].id) == 0;

		if (&w->l->list.v[i] == lineage || !wd_item_supports(item, d))
			continue;
		others.releases |= same;
		others.distros |= !same && wd_item_precision(item) != WD_NAMES_ONE;
	}
	return others;
}

/*
 * An item that names a release is its own word. The release of its lineage goes to another one only
 * where no other lineage may be meant, and more than an os-release says that this one is there.
 */
static int find_word(const struct words *w, const struct wd_item *item, uint32_t distro)
{
	size_t lineage = w->lineage_of[distro];
	const struct wd_lineage *l = lineage ? &w->l->list.v[lineage - 1] : NULL;
	bool one = wd_item_precision(item) == WD_NAMES_ONE, unsure;
	struct others others;

	if (!l || (one && *item->version))
		return (int)distro;
	unsure = l->declared && !l->packages && !l->confirmed && !*item->version;
	others = find_others(w, item, l);
	if (!unsure && !others.releases && !others.distros)
		return (int)distro;
	if (others.distros || (unsure && !one))
		return 0;
	return wd_distros_intern(w->distros, wd_blob_str(w->distros->list.v[distro].id),
				 WD_BLOB(""), w->os);
}

int wd_lineages_find_words(struct wd_lineages *l, struct wd_distros *distros,
			   const struct wd_os_release *os, const struct wd_evidence_list *e)
{
	WD_CLEANUP_FREE uint32_t *lineage_of = calloc(distros->list.n, sizeof(*lineage_of));
	struct words w = {l, distros, os, lineage_of};
	int r = 0;

	l->word_of_item = calloc(e->items.n + 1, sizeof(*l->word_of_item));
	if (!lineage_of || !l->word_of_item)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->list.n; i++)
		lineage_of[l->list.v[i].distro] = i + 1;
	for (size_t i = 0; r >= 0 && i < e->items.n; i++) {
		r = find_word(&w, &e->items.v[i], l->distro_of_item[i]);
		if (r >= 0)
			l->word_of_item[i] = (uint32_t)r;
	}
	return r < 0 ? r : 0;
}
