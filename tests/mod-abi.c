/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A backend for another version of the contract: it must not be called. */
#include "pkgdb/backend.h"

static int load(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return 0;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI + 1, .name = "abi", .version = "1", .load = load};
