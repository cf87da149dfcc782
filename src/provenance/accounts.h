/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of users and groups by number, as the root filesystem's own etc/passwd and etc/group say.
 */
#ifndef WD_PROVENANCE_ACCOUNTS_H
#define WD_PROVENANCE_ACCOUNTS_H

#include "base/array.h"
#include "rootfs/root.h"

struct wd_account {
	uint64_t id;
	struct wd_blob name; /* into text */
};

struct wd_accounts {
	struct wd_buf text;
	WD_ARRAY(struct wd_account) list; /* in order of id and name */
};

/*
 * Reads lines "NAME:PASSWORD:ID:…" of a file of the rootfs. A file that is not there or cannot be
 * read gives none. 0 or -ENOMEM. Release with wd_accounts_done().
 */
int wd_accounts_read(const struct wd_root *root, const char *path, struct wd_accounts *ret);
void wd_accounts_done(struct wd_accounts *a);

/*
 * Of several names the first in byte order; the null blob where no line has the id. 0 is root without
 * any file, as it is for rpm.
 */
struct wd_blob wd_accounts_name(const struct wd_accounts *a, uint32_t id);

/* Whether that is one of the names that the id has. */
bool wd_accounts_match(const struct wd_accounts *a, uint32_t id, struct wd_blob name);

#endif
