/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which distribution made a package: the rules of data/distros.tsv over what the package records
 * about itself, with os-release as the tie-breaker.
 */
#ifndef WD_PROVENANCE_DISTRO_H
#define WD_PROVENANCE_DISTRO_H

#include "pkgdb/catalog.h"
#include "provenance/osrelease.h"

struct wd_distro {
	char *id;	   /* os-release's ID; "" for entry 0, unknown, and where only the family or
			  several are known */
	char *family;	   /* "dpkg", "rpm", …; or "" */
	char *several;	   /* one of several ids, not known which: "rhel|centos"; or "" */
	char *version_id;  /* os-release's VERSION_ID, or "" */
	char *codename;	   /* or "" */
	char *name;	   /* for people: "Debian GNU/Linux 12 (bookworm)" */
	char *purl;	   /* package-url namespace, or "" */
	char *label;	   /* "id:version_id", "id" without version, "" for unknown */
	bool vendor;	   /* a third party: never a lineage */
	bool guest;	   /* lives on other systems too: a lineage where it is the only one */
	uint32_t packages; /* how many packages are its own, per catalog */
};

struct wd_distros {
	WD_ARRAY(struct wd_distro) list; /* entry 0 is the unknown one */
	struct wd_strpool keys; /* id, NUL, version_id: id of the string - 1 is the index */
	struct wd_distro_rules *rules;
};

/*
 * Reads the rules. 0, -ENOMEM, a negated errno where the table cannot be read, WD_ECORRUPT with the
 * line of a row that is not understood in *ret_line. Release with wd_distros_done() in every case.
 */
int wd_distros_read(struct wd_distros *ret, const char *data_dir, unsigned *ret_line);
/*
 * Sets the distro of every package of the catalog (an index into d->list). Call it once. 0 or
 * -ENOMEM.
 */
int wd_distros_assign(struct wd_distros *d, struct wd_catalog *cat, const struct wd_os_release *os);
void wd_distros_done(struct wd_distros *d);

/* The index of a distro, added where it is new; a negative status out of memory. */
int wd_distros_intern(struct wd_distros *d, struct wd_blob id, struct wd_blob version_id,
		      const struct wd_os_release *os);

/*
 * The entry of an unknown distribution: of a family, or one of several ("rhel|centos") in a release
 * or "". Added where it is new; a negative status out of memory.
 */
int wd_distros_intern_group(struct wd_distros *d, struct wd_blob family, struct wd_blob several,
			    struct wd_blob version_id);

/* Whether the table calls this id a third party. */
bool wd_distros_is_vendor(const struct wd_distros *d, const char *id);

/* Whether the one ships the packages of the other as they are, directly or through others. */
bool wd_distros_descends(const struct wd_distros *d, const char *child, const char *parent);

/* Orders dotted numbers: 8 < 8.10 < 9. */
int wd_version_cmp(struct wd_blob a, struct wd_blob b);

/* Equal, or the one is the other with more dots ("8" and "8.4"), or one is not known. */
bool wd_versions_agree(const char *a, const char *b);

/*
 * Whether packages of `id` are what an os-release of this kind should have: the same ID, or the
 * parent whose packages the distribution ships as they are. That is of a distribution with a parent
 * also the first word of ID_LIKE, and of one that the table does not know any, and every kit.
 */
bool wd_distros_expected(const struct wd_distros *d, const struct wd_os_release *os,
			 const char *id);

#endif
