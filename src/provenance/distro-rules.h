/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rows of data/distros.tsv and their conditions on a package. A condition is compiled when it
 * is first asked of a string that it may match, and one that is asked often remembers its answer
 * for each string, since packages share their vendors and maintainers. A field that is not recorded
 * matches nothing.
 */
#ifndef WD_PROVENANCE_DISTRO_RULES_H
#define WD_PROVENANCE_DISTRO_RULES_H

#include "base/tsv.h"
#include "pkgdb/catalog.h"
#include "provenance/pattern.h"

#define WD_RULE_CONDITIONS 4

struct wd_condition {
	enum wd_package_field field;
	struct wd_pattern pattern;
	unsigned looks;	  /* before answers are kept */
	uint8_t *answers; /* 2 bits a string: 0 unknown, 1 no, 2 yes */
};

enum wd_rule_kind {
	WD_RULE_FAMILY,
	WD_RULE_DISTRO,
	WD_RULE_ID,
	WD_RULE_VERSION,
	WD_RULE_RELEASE,
	WD_RULE_CODENAME
};

/* One row; all blobs borrow the table. Which columns are set depends on the kind. */
struct wd_rule {
	enum wd_rule_kind kind;
	struct wd_blob id;
	struct wd_blob scope;	 /* ID: backends; FAMILY: members */
	struct wd_blob template; /* VERSION, RELEASE: $1 is the last condition's capture */
	bool floor;		 /* VERSION: os-release's stands where it is not lower */
	struct wd_blob name;	 /* DISTRO, FAMILY; CODENAME: the codename */
	bool vendor;		 /* DISTRO */
	bool guest;		 /* DISTRO */
	bool kit;		 /* DISTRO */
	struct wd_blob purl;	 /* DISTRO */
	struct wd_blob parent;	 /* DISTRO */
	struct wd_blob version;	 /* CODENAME */
	struct wd_condition conditions[WD_RULE_CONDITIONS];
	size_t nconditions;
};

struct wd_distro_rules {
	struct wd_tsv table;
	WD_ARRAY(struct wd_rule) list;
};

/* 0, -ENOMEM, a negated errno, or WD_ECORRUPT with the line in *ret_line. */
int wd_distro_rules_read(struct wd_distro_rules *rules, const char *data_dir, unsigned *ret_line);
void wd_distro_rules_done(struct wd_distro_rules *rules);
/* -ENOMEM where a match may have been missed for want of memory, or 0. */
int wd_distro_rules_status(const struct wd_distro_rules *rules);

/*
 * Whether every condition of the rule holds for the package. Where `out` is not NULL, the
 * template with the captures of the last condition is appended to it on a match. The rule keeps
 * its answers by the catalog's strings: for its life, there is one catalog, which has all its packages.
 */
bool wd_rule_match(struct wd_rule *rule, const struct wd_catalog *cat,
		   const struct wd_cat_package *pkg, struct wd_buf *out);

/* Whether a comma-separated scope names the backend; "*" names every one. */
bool wd_rule_in_scope(const struct wd_rule *rule, const char *backend);

/* The DISTRO row of an id, or NULL. */
const struct wd_rule *wd_distro_rules_find(const struct wd_distro_rules *rules, struct wd_blob id);

/*
 * The family of a distribution: which it is a member of, else which has the backends as members
 * that its ID rows name, else its parent's. "" where nothing says.
 */
struct wd_blob wd_distro_rules_family(const struct wd_distro_rules *rules, struct wd_blob id);

/* The FAMILY row of an id, or NULL. */
const struct wd_rule *wd_distro_rules_find_family(const struct wd_distro_rules *rules,
						  struct wd_blob id);

#endif
