/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the ELF backend states of a file, and what readelf(1) shows of it. */
#ifndef WD_TESTS_ELF_FACTS_H
#define WD_TESTS_ELF_FACTS_H

#include "backend-log.h"
#include "base/array.h"
#include "elf-make.h"

/* Lines "kind value", sorted. */
struct elf_facts {
	struct wd_sink sink;
	WD_ARRAY(char *) lines;
	int status; /* of examine() */
};

/* Every fact must be one that can be shown. Release with elf_facts_done(). */
struct elf_facts elf_examine(const struct wd_file *file);
void elf_facts_done(struct elf_facts *f);

/* By descriptor and in memory, which must state the same. `path` is what the backend is told. */
struct elf_facts elf_examine_both(const char *path, int fd);

/* Writes the file below log->root and examines it. */
struct elf_facts elf_examine_image(struct backend_log *log, const char *path,
				   const struct elf_image *im);

bool elf_states(const struct elf_facts *f, const char *line);
bool elf_states_any(const struct elf_facts *f, const char *kind);
/* Fails where the line is not stated. */
void elf_expect(const struct elf_facts *f, const char *line);

bool elf_have_readelf(void);
/* Fails where readelf shows what was not stated, or the other way round. */
void elf_hold_against_readelf(const char *path, const struct elf_facts *f);

#endif
