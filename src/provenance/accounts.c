/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/accounts.h"

#include <stdlib.h>

#define ACCOUNTS_MAX (4 << 20) /* bytes of one file */

static int cmp_accounts(const void *a, const void *b)
{
	const struct wd_account *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return wd_blob_cmp(x->name, y->name);
}

static int parse(struct wd_accounts *a)
{
	struct wd_blob rest = wd_buf_view(&a->text), line, password, number;
	struct wd_account account;
	int r = 0;

	while (r == 0 && wd_blob_token(&rest, '\n', &line))
		if (wd_blob_token(&line, ':', &account.name) &&
		    wd_blob_token(&line, ':', &password) && wd_blob_token(&line, ':', &number) &&
		    account.name.len && wd_blob_u64(number, &account.id))
			r = wd_array_push(&a->list, account);
	if (a->list.n)
		qsort(a->list.v, a->list.n, sizeof(*a->list.v), cmp_accounts);
	return r;
}

int wd_accounts_read(const struct wd_root *root, const char *path, struct wd_accounts *ret)
{
	int r;

	*ret = (struct wd_accounts){.text = WD_BUF_INIT};
	r = wd_root_read(root, path, ACCOUNTS_MAX, &ret->text);
	if (r < 0 && r != -ENOMEM)
		return 0;
	return r < 0 ? r : parse(ret);
}

void wd_accounts_done(struct wd_accounts *a)
{
	wd_buf_done(&a->text);
	wd_array_done(&a->list);
}

/* The first account with the id and that name, or where it would stand. */
static size_t find(const struct wd_accounts *a, uint32_t id, struct wd_blob name)
{
	struct wd_account key = {id, name};
	size_t low = 0, high = a->list.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (cmp_accounts(&a->list.v[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct wd_blob wd_accounts_name(const struct wd_accounts *a, uint32_t id)
{
	size_t i = find(a, id, WD_BLOB_NULL);

	if (i < a->list.n && a->list.v[i].id == id)
		return a->list.v[i].name;
	return id == 0 ? WD_BLOB("root") : WD_BLOB_NULL;
}

bool wd_accounts_match(const struct wd_accounts *a, uint32_t id, struct wd_blob name)
{
	size_t i = find(a, id, name);

	if (id == 0 && wd_blob_is(name, "root"))
		return true;
	return i < a->list.n && a->list.v[i].id == id && wd_blob_equal(a->list.v[i].name, name);
}
