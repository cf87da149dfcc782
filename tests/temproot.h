/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A temporary directory that a test fills, and that goes with it. Every failure fails the test. */
#ifndef WD_TESTS_TEMPROOT_H
#define WD_TESTS_TEMPROOT_H

#include "base/buf.h"

struct temproot {
	char path[64];
	int fd;
};

/* For cmocka's setup and teardown: *state is the struct temproot. */
int temproot_setup(void **state);
int temproot_teardown(void **state);

/* Removes everything in it. */
void temproot_clear(struct temproot *t);

/* Each makes the parent directories that are not there. */
void temproot_mkdir(struct temproot *t, const char *path);
void temproot_bytes(struct temproot *t, const char *path, const void *bytes, size_t len);
void temproot_file(struct temproot *t, const char *path, const char *text);
void temproot_link(struct temproot *t, const char *target, const char *path);

/* What a descriptor's file holds, NUL-terminated; the caller's. Closes it. */
char *slurp(int fd);

#endif
