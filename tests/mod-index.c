/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The module of reference indexes as an attacker would have it who has taken over the worker: it
 * sends what its "index" consists of, as it stands, and ends.
 */
#include "provenance/index.h"

#include <unistd.h>

extern const struct wd_index_ops wd_index_module;

/* as the worker has it: reference-worker.c */
#define FD_PIPE 4

static int send_bytes(const void *bytes, size_t size, struct wd_index **ret, struct wd_buf *why)
{
	(void)ret;
	(void)why;
	_exit(write(FD_PIPE, bytes, size) != (ssize_t)size);
}

__attribute__((visibility("default"))) const struct wd_index_ops wd_index_module = {
	.open = send_bytes,
};
