/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/status.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	const char *text;
} codes[] = {
#define X(id, name, text) {name, text},
	WD_STATUS_CODES(X)
#undef X
};

static int is_domain(int status)
{
	return status < -WD_STATUS_BASE && status > -WD_STATUS_END;
}

const char *wd_status_text(int status)
{
	if (is_domain(status))
		return codes[-status - WD_STATUS_BASE - 1].text;
	return strerror(-status);
}

const char *wd_status_name(int status)
{
	if (is_domain(status))
		return codes[-status - WD_STATUS_BASE - 1].name;
	switch (-status) {
	case EACCES:
	case EPERM:
		return "denied";
	case ELOOP:
		return "loop";
	case EMFILE:
	case ENFILE:
	case ENAMETOOLONG:
	case EFBIG:
		return "limit";
	case ENOMEM:
		return "memory";
	case ENOENT:
	case ENOTDIR:
		return "absent";
	default:
		return "io";
	}
}
