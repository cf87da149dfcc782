/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/distro.h"

#include "base/status.h"
#include "pkgdb/descriptor.h"
#include "provenance/distro-rules.h"

#include <string.h>

/* The row id that stands for whatever os-release says. */
#define OS_RELEASE_ID "@os-release"
/* That of packages whose vendor the table does not have. */
#define THIRD_PARTY_ID "third-party"

struct assigner {
	struct wd_catalog *cat;
	const struct wd_os_release *os;
	struct wd_distros *d;
	struct wd_buf version;
	struct wd_buf release_buf;
	WD_ARRAY(struct wd_rule *) id_rows; /* for the backend of the database at hand */
	/* of the database at hand; there are no more ids than the rules know */
	WD_ARRAY(struct release {
		struct wd_blob id;
		char *version;
	}) releases;
};

static char *dup_blob(struct wd_blob b)
{
	return b.len ? strndup(b.ptr, b.len) : strdup("");
}

static struct wd_blob find_codename(const struct wd_distro_rules *rules, struct wd_blob id,
				    struct wd_blob version)
{
	for (size_t i = 0; rules && i < rules->list.n; i++) {
		const struct wd_rule *rule = &rules->list.v[i];

		if (rule->kind == WD_RULE_CODENAME && wd_blob_equal(rule->id, id) &&
		    wd_blob_equal(rule->version, version))
			return rule->name;
	}
	return WD_BLOB("");
}

/* "NAME VERSION (codename)", as os-release's PRETTY_NAME usually has it. */
static char *make_name(struct wd_blob name, const char *version, const char *codename)
{
	struct wd_buf b = WD_BUF_INIT;

	wd_buf_blob(&b, name);
	if (*version)
		wd_buf_printf(&b, " %s", version);
	if (*codename)
		wd_buf_printf(&b, " (%s)", codename);
	wd_buf_byte(&b, '\0');
	if (b.status < 0)
		wd_buf_done(&b);
	return b.ptr;
}

static struct wd_blob distro_name(const struct wd_rule *row, const struct wd_os_release *os,
				  struct wd_blob id)
{
	if (os && *os->name)
		return wd_blob_str(os->name);
	return row && row->name.len ? row->name : id;
}

static char *make_label(const char *id, const char *version)
{
	char *label;

	return asprintf(&label, *version ? "%s:%s" : "%s", id, version) < 0 ? NULL : label;
}

static void distro_done(struct wd_distro *e)
{
	free(e->id);
	free(e->family);
	free(e->several);
	free(e->version_id);
	free(e->codename);
	free(e->name);
	free(e->purl);
	free(e->label);
}

static int fill_distro(struct wd_distro *e, const struct wd_distro_rules *rules, struct wd_blob id,
		       struct wd_blob version, const struct wd_os_release *os)
{
	const struct wd_rule *row = rules ? wd_distro_rules_find(rules, id) : NULL;
	bool declared =
		os && os->present && wd_blob_is(id, os->id) && wd_blob_is(version, os->version_id);

	e->vendor = row && row->vendor;
	e->guest = row && row->guest;
	e->id = dup_blob(id);
	e->family = dup_blob(rules ? wd_distro_rules_family(rules, id) : WD_BLOB(""));
	e->several = strdup("");
	e->version_id = dup_blob(version);
	e->purl = dup_blob(row ? row->purl : WD_BLOB(""));
	e->codename = declared && *os->codename ? strdup(os->codename)
						: dup_blob(find_codename(rules, id, version));
	if (!e->id || !e->family || !e->several || !e->version_id || !e->purl || !e->codename)
		return -ENOMEM;
	/* a PRETTY_NAME that hides the NAME ("Distroless") is not the distribution's */
	if (declared && *os->pretty_name &&
	    wd_blob_starts(wd_blob_str(os->pretty_name), wd_blob_str(os->name)))
		e->name = strdup(os->pretty_name);
	else
		e->name = make_name(distro_name(row, declared ? os : NULL, id), e->version_id,
				    e->codename);
	e->label = make_label(e->id, e->version_id);
	return e->name && e->label ? 0 : -ENOMEM;
}

/*
 * Finds the key of an entry, its parts separated by NULs, which stand in none of them; *ret_new
 * where there is no such entry yet. The index, or a negative status.
 */
static int find_key(struct wd_distros *d, const struct wd_blob *parts, size_t n, bool *ret_new)
{
	WD_CLEANUP_BUF struct wd_buf key = WD_BUF_INIT;
	size_t known = d->keys.entries.n;
	uint32_t index;
	int r;

	for (size_t i = 0; i < n; i++) {
		wd_buf_blob(&key, parts[i]);
		wd_buf_byte(&key, '\0');
	}
	r = key.status < 0 ? key.status : wd_strpool_intern(&d->keys, wd_buf_view(&key), &index);
	if (r < 0)
		return r;
	*ret_new = index > known;
	return (int)index - 1;
}

static int add_entry(struct wd_distros *d, struct wd_distro e, int r)
{
	if (r == 0)
		r = wd_array_push(&d->list, e);
	if (r < 0) {
		distro_done(&e);
		return r;
	}
	return (int)d->list.n - 1;
}

int wd_distros_intern(struct wd_distros *d, struct wd_blob id, struct wd_blob version_id,
		      const struct wd_os_release *os)
{
	struct wd_distro e = {0};
	bool is_new = false;
	int r = find_key(d, (struct wd_blob[]){id, version_id}, 2, &is_new);

	if (!is_new)
		return r;
	r = fill_distro(&e, d->rules, id, version_id, os);
	return add_entry(d, e, r);
}

/* "Debian family (dpkg)"; "rhel, centos or rocky 8 (RPM family)" */
static char *group_name(const struct wd_rule *row, struct wd_blob family, struct wd_blob several,
			struct wd_blob version)
{
	struct wd_blob id, name = row ? row->name : family;
	struct wd_buf b = WD_BUF_INIT;

	if (several.len == 0)
		wd_buf_printf(&b, "%.*s (%.*s)", WD_BLOB_PRINTF(name), WD_BLOB_PRINTF(family));
	while (wd_blob_token(&several, '|', &id))
		wd_buf_printf(&b, "%s%.*s",
			      b.len == 0    ? ""
			      : several.len ? ", "
					    : " or ",
			      WD_BLOB_PRINTF(id));
	if (version.len)
		wd_buf_printf(&b, " %.*s", WD_BLOB_PRINTF(version));
	wd_buf_byte(&b, '\0');
	if (b.status < 0)
		wd_buf_done(&b);
	return b.ptr;
}

int wd_distros_intern_group(struct wd_distros *d, struct wd_blob family, struct wd_blob several,
			    struct wd_blob version_id)
{
	const struct wd_rule *row = wd_distro_rules_find_family(d->rules, family);
	bool is_new = false;
	int r = find_key(d, (struct wd_blob[]){WD_BLOB(""), version_id, family, several}, 4,
			 &is_new);
	struct wd_distro e;

	if (!is_new)
		return r;
	e = (struct wd_distro){.id = strdup(""),
			       .family = dup_blob(family),
			       .several = dup_blob(several),
			       .version_id = dup_blob(version_id),
			       .codename = strdup(""),
			       .name = group_name(row, family, several, version_id),
			       .purl = strdup(""),
			       .label = strdup("")};
	return add_entry(d, e,
			 e.id && e.family && e.several && e.version_id && e.codename && e.name &&
					 e.purl && e.label
				 ? 0
				 : -ENOMEM);
}

/* Whether the rules can give packages of this backend os-release's ID at all. */
static bool os_release_decides(const struct assigner *a, const char *backend)
{
	const struct wd_distro_rules *rules = a->d->rules;

	for (size_t i = 0; a->os->present && i < rules->list.n; i++) {
		const struct wd_rule *rule = &rules->list.v[i];

		if (rule->kind == WD_RULE_ID && wd_blob_is(rule->id, a->os->id) &&
		    wd_rule_in_scope(rule, backend))
			return true;
	}
	return false;
}

/* The rows that can give packages of this backend an id, in order. 0 or -ENOMEM. */
static int collect_id_rows(struct assigner *a, const char *backend)
{
	struct wd_distro_rules *rules = a->d->rules;
	int r = wd_array_reserve(&a->id_rows, rules->list.n);

	a->id_rows.n = 0;
	for (size_t i = 0; r == 0 && i < rules->list.n; i++)
		if (rules->list.v[i].kind == WD_RULE_ID &&
		    wd_rule_in_scope(&rules->list.v[i], backend))
			a->id_rows.v[a->id_rows.n++] = &rules->list.v[i];
	return r;
}

/* The row that gives a package its id, or NULL. */
static const struct wd_rule *identify(struct assigner *a, const struct wd_cat_package *pkg)
{
	for (size_t i = 0; i < a->id_rows.n; i++)
		if (wd_rule_match(a->id_rows.v[i], a->cat, pkg, NULL))
			return a->id_rows.v[i];
	return NULL;
}

int wd_version_cmp(struct wd_blob a, struct wd_blob b)
{
	while (a.len || b.len) {
		struct wd_blob x = WD_BLOB_NULL, y = WD_BLOB_NULL;
		uint64_t m = 0, n = 0;

		wd_blob_token(&a, '.', &x);
		wd_blob_token(&b, '.', &y);
		wd_blob_u64(x, &m);
		wd_blob_u64(y, &n);
		if (m != n)
			return m < n ? -1 : 1;
	}
	return 0;
}

/* The version that the package's own records give, and whether it is only a lower bound. */
static bool own_version(struct assigner *a, const struct wd_cat_package *pkg, struct wd_blob id,
			bool *ret_floor)
{
	struct wd_distro_rules *rules = a->d->rules;

	a->version.len = 0;
	for (size_t i = 0; i < rules->list.n; i++) {
		struct wd_rule *rule = &rules->list.v[i];

		if (rule->kind == WD_RULE_VERSION && wd_blob_equal(rule->id, id) &&
		    wd_rule_match(rule, a->cat, pkg, &a->version)) {
			*ret_floor = rule->floor;
			return a->version.len > 0;
		}
	}
	return false;
}

/*
 * Whether a package may tell a release of `id`: not where it is another's, as the base-files of a
 * derivative beside packages of its parent.
 */
static bool may_tell(struct assigner *a, const struct wd_cat_package *pkg, struct wd_blob id)
{
	const struct wd_rule *rule = identify(a, pkg);

	return !rule || wd_blob_equal(rule->id, id) || wd_blob_is(rule->id, OS_RELEASE_ID);
}

/* The release that the first row with a package in this database gives. */
static void release_by_row(struct assigner *a, const struct wd_db *db, struct wd_blob id)
{
	struct wd_distro_rules *rules = a->d->rules;

	for (size_t i = 0; i < rules->list.n; i++) {
		struct wd_rule *rule = &rules->list.v[i];

		if (rule->kind != WD_RULE_RELEASE || !wd_blob_equal(rule->id, id))
			continue;
		for (uint32_t p = 0; p < db->npackages && a->release_buf.len == 0; p++) {
			const struct wd_cat_package *pkg = &a->cat->packages.v[db->package + p];

			if (wd_rule_match(rule, a->cat, pkg, NULL) && may_tell(a, pkg, id))
				wd_rule_match(rule, a->cat, pkg, &a->release_buf);
		}
	}
}

/* The highest lower bound: a system is at least what any of its packages was built for. */
static void release_by_floor(struct assigner *a, const struct wd_db *db, struct wd_blob id)
{
	bool floor;

	for (uint32_t p = 0; p < db->npackages; p++) {
		const struct wd_cat_package *pkg = &a->cat->packages.v[db->package + p];

		if (!own_version(a, pkg, id, &floor) || !floor ||
		    wd_version_cmp(wd_buf_view(&a->release_buf), wd_buf_view(&a->version)) >= 0 ||
		    !may_tell(a, pkg, id))
			continue;
		a->release_buf.len = 0;
		wd_buf_blob(&a->release_buf, wd_buf_view(&a->version));
	}
}

/* What the packages of this database say of the release of `id`, found once for each id. */
static struct wd_blob find_release(struct assigner *a, const struct wd_db *db, struct wd_blob id)
{
	struct release found = {.id = id};

	for (size_t i = 0; i < a->releases.n; i++)
		if (wd_blob_equal(a->releases.v[i].id, id))
			return wd_blob_str(a->releases.v[i].version);
	a->release_buf.len = 0;
	release_by_row(a, db, id);
	if (a->release_buf.len == 0)
		release_by_floor(a, db, id);
	wd_buf_byte(&a->release_buf, '\0');
	found.version = a->release_buf.ptr ? strdup(a->release_buf.ptr) : NULL;
	if (!found.version || wd_array_push(&a->releases, found) < 0) {
		free(found.version);
		a->release_buf.status = -ENOMEM;
		return WD_BLOB_NULL;
	}
	return wd_blob_str(found.version);
}

static void forget_releases(struct assigner *a)
{
	for (size_t i = 0; i < a->releases.n; i++)
		free(a->releases.v[i].version);
	wd_array_done(&a->releases);
}

/*
 * In this order: what the package says exactly; os-release's version where it is the same
 * distribution (and not below what the package asks for); what the rest of the database says.
 */
static struct wd_blob find_version(struct assigner *a, const struct wd_cat_package *pkg,
				   struct wd_blob id)
{
	const struct wd_db *db = a->cat->dbs.v[pkg->db];
	struct wd_blob os_version = wd_blob_str(a->os->version_id);
	bool declared = a->os->present && wd_blob_is(id, a->os->id);
	struct wd_blob release = declared ? os_version : find_release(a, db, id);
	bool floor = false;

	if (!own_version(a, pkg, id, &floor))
		return release;
	/* a rolling or unreleased system declares no version, and is above any */
	if (floor && ((declared && release.len == 0) ||
		      (release.len && wd_version_cmp(release, wd_buf_view(&a->version)) >= 0)))
		return release;
	return wd_buf_view(&a->version);
}

static int assign_package(struct assigner *a, struct wd_cat_package *pkg, struct wd_blob id)
{
	struct wd_blob version = id.len ? find_version(a, pkg, id) : WD_BLOB_NULL;
	int index = wd_distros_intern(a->d, id, version, a->os);

	if (index < 0)
		return index;
	pkg->distro = (uint32_t)index;
	a->d->list.v[index].packages++;
	return 0;
}

/*
 * The backend in whose scope the rules for a database's packages are: packages outside of root
 * filesystems say of themselves what they say once they are installed.
 */
static const char *scope_of(const struct wd_db *db)
{
	static const char *const installed[][2] = {{"deb", "dpkg"}, {"rpm", "rpm"}, {"apk", "apk"}};

	for (size_t i = 0; db->backend->sources.n && i < WD_ARRAY_SIZE(installed); i++)
		if (strcmp(db->backend->purl, installed[i][0]) == 0)
			return installed[i][1];
	return db->backend->name;
}

/*
 * The tie-breaker for packages that name nobody: os-release's ID, where packages of this backend
 * can have it; else the distro of most other packages of the database; where there are none,
 * os-release's ID if the table does not have it: whoever builds with OpenEmbedded chooses his own.
 */
static int tie_breaker(const struct assigner *a, const struct wd_db *db, struct wd_blob *ret_id)
{
	WD_CLEANUP_FREE uint32_t *packages = calloc(a->d->list.n, sizeof(*packages));
	uint32_t best = 0;

	if (!packages)
		return -ENOMEM;
	for (uint32_t i = 0; i < db->npackages; i++)
		packages[a->cat->packages.v[db->package + i].distro]++;
	for (uint32_t i = 1; i < a->d->list.n; i++)
		if (!a->d->list.v[i].vendor && packages[i] &&
		    (best == 0 || packages[i] > packages[best]))
			best = i;
	if (os_release_decides(a, scope_of(db)) ||
	    (!best && a->os->present && !wd_distro_rules_find(a->d->rules, wd_blob_str(a->os->id))))
		*ret_id = wd_blob_str(a->os->id);
	else
		*ret_id = wd_blob_str(a->d->list.v[best].id);
	return 0;
}

/* The vendor of more than half of the packages, or the null blob. */
static struct wd_blob find_main_vendor(const struct assigner *a, const struct wd_db *db)
{
	struct wd_blob vendor = WD_BLOB_NULL;
	uint32_t votes = 0, n = 0;

	/* if there is one, it is what is left when each package is struck out with another's */
	for (uint32_t i = 0; i < db->npackages; i++) {
		struct wd_blob v = wd_package_field(a->cat, &a->cat->packages.v[db->package + i],
						    WD_PACKAGE_VENDOR);

		if (votes == 0)
			vendor = v;
		votes += wd_blob_equal(v, vendor) ? 1 : UINT32_MAX;
	}
	for (uint32_t i = 0; i < db->npackages; i++)
		n += wd_blob_equal(vendor,
				   wd_package_field(a->cat, &a->cat->packages.v[db->package + i],
						    WD_PACKAGE_VENDOR));
	return n > db->npackages / 2 ? vendor : WD_BLOB_NULL;
}

/*
 * Where neither os-release's ID nor the vendor of most packages is in the table, they are of a
 * distribution that it does not have, and not all by a third party.
 */
static struct wd_blob find_house(const struct assigner *a, const struct wd_db *db)
{
	if (!a->os->present || wd_distro_rules_find(a->d->rules, wd_blob_str(a->os->id)))
		return WD_BLOB_NULL;
	return find_main_vendor(a, db);
}

static struct wd_blob id_of(const struct assigner *a, const struct wd_cat_package *pkg,
			    const struct wd_rule *rule, struct wd_blob house)
{
	if (!rule)
		return WD_BLOB_NULL;
	if (house.len && wd_blob_is(rule->id, THIRD_PARTY_ID) &&
	    wd_blob_equal(wd_package_field(a->cat, pkg, WD_PACKAGE_VENDOR), house))
		return wd_blob_str(a->os->id);
	return rule->id;
}

static int assign_db(struct assigner *a, const struct wd_db *db)
{
	WD_CLEANUP_FREE bool *undecided = calloc(db->npackages + 1, sizeof(*undecided));
	struct wd_blob id, house = find_house(a, db);
	int r = undecided ? collect_id_rows(a, scope_of(db)) : -ENOMEM;

	forget_releases(a);
	for (uint32_t i = 0; r == 0 && i < db->npackages; i++) {
		struct wd_cat_package *pkg = &a->cat->packages.v[db->package + i];
		const struct wd_rule *rule = identify(a, pkg);

		undecided[i] = rule && wd_blob_is(rule->id, OS_RELEASE_ID);
		if (!undecided[i])
			r = assign_package(a, pkg, id_of(a, pkg, rule, house));
	}
	if (r == 0)
		r = tie_breaker(a, db, &id);
	for (uint32_t i = 0; r == 0 && i < db->npackages; i++)
		if (undecided[i])
			r = assign_package(a, &a->cat->packages.v[db->package + i], id);
	return r < 0 ? r : a->version.status < 0 ? a->version.status : a->release_buf.status;
}

/*
 * A package whose own records give no version took os-release's, which may be finer ("8.4") than
 * what the others record ("8"): it goes with the others.
 */
static void merge_finer(struct assigner *a)
{
	struct wd_distro *list = a->d->list.v;
	size_t fine = 0, coarse = 0;

	for (size_t i = 1; i < a->d->list.n; i++)
		if (a->os->present && strcmp(list[i].id, a->os->id) == 0 &&
		    strcmp(list[i].version_id, a->os->version_id) == 0)
			fine = i;
	for (size_t i = 1; fine && i < a->d->list.n; i++) {
		size_t len = strlen(list[i].version_id);

		if (i != fine && len && strcmp(list[i].id, list[fine].id) == 0 &&
		    strncmp(list[fine].version_id, list[i].version_id, len) == 0 &&
		    list[fine].version_id[len] == '.')
			coarse = i;
	}
	if (!coarse)
		return;
	for (size_t i = 0; i < a->cat->packages.n; i++)
		if (a->cat->packages.v[i].distro == fine)
			a->cat->packages.v[i].distro = (uint32_t)coarse;
	list[coarse].packages += list[fine].packages;
	list[fine].packages = 0;
}

int wd_distros_read(struct wd_distros *ret, const char *data_dir, unsigned *ret_line)
{
	*ret = (struct wd_distros){0};
	*ret_line = 0;
	ret->rules = calloc(1, sizeof(*ret->rules));
	return ret->rules ? wd_distro_rules_read(ret->rules, data_dir, ret_line) : -ENOMEM;
}

int wd_distros_assign(struct wd_distros *d, struct wd_catalog *cat, const struct wd_os_release *os)
{
	struct assigner a = {.cat = cat, .os = os, .d = d};
	int r = wd_distros_intern(d, WD_BLOB(""), WD_BLOB(""), NULL);

	for (size_t i = 0; r >= 0 && i < cat->dbs.n; i++)
		r = assign_db(&a, cat->dbs.v[i]);
	if (r >= 0)
		merge_finer(&a);
	if (r >= 0)
		r = wd_distro_rules_status(d->rules);
	wd_buf_done(&a.version);
	wd_buf_done(&a.release_buf);
	wd_array_done(&a.id_rows);
	forget_releases(&a);
	return r < 0 ? r : 0;
}

void wd_distros_done(struct wd_distros *d)
{
	for (size_t i = 0; i < d->list.n; i++)
		distro_done(&d->list.v[i]);
	wd_array_done(&d->list);
	wd_strpool_done(&d->keys);
	if (d->rules)
		wd_distro_rules_done(d->rules);
	free(d->rules);
	d->rules = NULL;
}
