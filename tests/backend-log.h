/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For unit tests of one backend, linked in directly: a scratch directory that plays the root
 * filesystem, and a sink that writes down what it gets, a line each.
 *
 *	F format
 *	P name version arch source packager url size flags
 *	C path mode flags size digest target
 *	E code path message
 *	R code			what load() returned
 *
 * "-" stands for what is not recorded.
 */
#ifndef WD_TESTS_BACKEND_LOG_H
#define WD_TESTS_BACKEND_LOG_H

#include "base/buf.h"
#include "request-dir.h"

extern const struct wd_backend wd_backend_v2;

struct backend_log {
	char root[32];
	int fd; /* of root */
	struct wd_buf text;
	struct wd_sink sink;
	struct request_dir from;
};

/* cmocka's setup and teardown; *state is a struct backend_log. */
int backend_log_setup(void **state);
int backend_log_teardown(void **state);

/* Makes directories where needed. */
void backend_log_put(struct backend_log *log, const char *path, const void *bytes, size_t len);
void backend_log_puts(struct backend_log *log, const char *path, const char *text);

/* Loads the file or directory, and returns the text, without a newline behind the last line. */
const char *backend_log_load(struct backend_log *log, const char *path, uint32_t want);

#endif
