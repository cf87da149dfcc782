/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stanzas of dpkg's status files: cut here, parsed by libdpkg.
 *
 * libdpkg gives up a whole database at its first malformed stanza. So the file is cut at its empty
 * lines and libdpkg's parse_stanza() sees one stanza at a time: a malformed one costs itself.
 *
 * Layer: no libdpkg header is included here; only dpkg-stanza.c knows libdpkg.
 */
#ifndef WD_BACKENDS_DPKG_STANZA_H
#define WD_BACKENDS_DPKG_STANZA_H

#include "pkgdb/backend.h"

/* Fields that are kept: enumerator suffix, name in the file (deb-control(5), dpkg's fields.c). */
#define WD_DPKG_FIELDS(X)                                                                          \
	X(PACKAGE, "Package")                                                                      \
	X(STATUS, "Status")                                                                        \
	X(VERSION, "Version")                                                                      \
	X(ARCHITECTURE, "Architecture")                                                            \
	X(MULTI_ARCH, "Multi-Arch")                                                                \
	X(SOURCE, "Source")                                                                        \
	X(MAINTAINER, "Maintainer")                                                                \
	X(VENDOR, "Vendor")                                                                        \
	X(ORIGIN, "Origin")                                                                        \
	X(BUGS, "Bugs")                                                                            \
	X(SECTION, "Section")                                                                      \
	X(PRIORITY, "Priority")                                                                    \
	X(HOMEPAGE, "Homepage")                                                                    \
	X(INSTALLED_SIZE, "Installed-Size")                                                        \
	X(ESSENTIAL, "Essential")                                                                  \
	X(CONFIG_VERSION, "Config-Version")                                                        \
	X(CONFFILES, "Conffiles")

enum wd_dpkg_field {
#define X(id, name) WD_DPKG_##id,
	WD_DPKG_FIELDS(X)
#undef X
		WD_DPKG_FIELD_COUNT
};

/* A stanza as bytes, with the line of the file on which it begins. */
struct wd_dpkg_text {
	struct wd_blob bytes;
	size_t line;
};

/*
 * Cuts stanzas off *rest, which must end in two newlines (the caller appends them) and whose first
 * byte stands on line rest->line. Writes one byte: the CR of an empty CRLF line becomes a newline.
 * Returns false once no stanza is left.
 */
bool wd_dpkg_stanza_next(struct wd_dpkg_text *rest, struct wd_dpkg_text *ret);

struct wd_dpkg_stanza {
	/* Borrowed from the text, without blanks at both ends; the null blob where absent. */
	struct wd_blob field[WD_DPKG_FIELD_COUNT];
	struct wd_dpkg_text text;
	uint32_t flags;	     /* WD_PACKAGE_* that Status and Essential say */
	bool installed;	     /* in any state but not-installed: the only one of no interest */
	bool configured;     /* dpkg has configured it once, in this or an earlier version */
	bool multiarch_same; /* its files in info/ are named NAME:ARCH.* */
	bool arch_is_safe;   /* the architecture may stand in a file name */
};

struct wd_dpkg_fault {
	size_t line;
	char message[256];
};

/* Silences libdpkg, which would else write to the standard error. Call it before anything else. */
void wd_dpkg_library_begin(void);
/* Frees what libdpkg allocated. */
void wd_dpkg_library_end(void);

/*
 * Parses one stanza. One without Status is of an installed package. A package that is not installed
 * is not checked further. Returns 0, or WD_ECORRUPT or WD_ELIMIT with *fault filled and *ret of no
 * use.
 */
int wd_dpkg_stanza_parse(const struct wd_dpkg_text *text, struct wd_dpkg_stanza *ret,
			 struct wd_dpkg_fault *fault);

/* The package of a stanza, borrowed from its text. */
void wd_dpkg_stanza_package(const struct wd_dpkg_stanza *st, struct wd_package *ret);

/* The line of the file on which `at`, a byte of the stanza, stands. */
size_t wd_dpkg_stanza_line(const struct wd_dpkg_text *text, const char *at);

/* The backend's compare(). What it allocates is freed by wd_dpkg_library_end(). */
int wd_dpkg_compare(const char *a, const char *b);

#endif
