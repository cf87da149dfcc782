/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rpm-storage.h"

static const struct wd_rpm_storage *const storages[] = {
#if WD_WITH_LIBDB
	&wd_rpm_bdb,
#endif
	&wd_rpm_bdb_pages, &wd_rpm_bdb_btree, &wd_rpm_ndb, &wd_rpm_sqlite, NULL,
};

const struct wd_rpm_storage *wd_rpm_storage_find(const struct wd_rpm_source *src)
{
	char head[WD_RPM_HEAD_SIZE] = {0};
	size_t size = src->size < sizeof(head) ? (size_t)src->size : sizeof(head);

	if (size < WD_RPM_HEAD_MIN || wd_rpm_pread(src->req->fd, head, size, 0) < 0)
		return NULL;
	for (size_t i = 0; storages[i]; i++)
		if (storages[i]->probe(wd_blob(head, sizeof(head))))
			return storages[i];
	return NULL;
}
