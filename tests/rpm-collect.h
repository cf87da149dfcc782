/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the rpm backend share: a sink that writes down what it gets. */
#ifndef WD_TESTS_RPM_COLLECT_H
#define WD_TESTS_RPM_COLLECT_H

#include "rpmdb-write.h"

extern const struct wd_backend wd_backend_v2;

struct collect {
	struct wd_sink sink;
	/* As lines: "P name version flags", "C path flags mode size digest target" */
	struct wd_buf out;
	struct wd_buf errors; /* "code: message" */
};

void collect_init(struct collect *c);
void collect_done(struct collect *c);

/* The text so far as a C string. */
const char *collect_text(struct wd_buf *b);

/* Runs the whole backend on a file. */
int collect_load(struct collect *c, const char *path);

/* Runs only its storage: "hnum:blob" lines go to c->out. */
int collect_storage(struct collect *c, const char *path);

/* A directory of the test's own, without a slash at the end; made once a process. */
const char *scratch_dir(void);
/* scratch_dir()/name, in a static buffer that the fourth call from here overwrites. */
const char *scratch(const char *name);
void scratch_write(const char *name, struct wd_blob bytes);
void scratch_remove(void);

#endif
