/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The backend contract: how whodistro reads one format of package database.
 *
 * A backend is a shared object, NAME.so, that exports one symbol, WD_BACKEND_SYMBOL, a
 * `const struct wd_backend`; and a text descriptor, NAME.backend, that says which paths of a root
 * filesystem to probe. whodistro reads the descriptors, and loads a module only in a worker: a
 * forked process of its own for each database, which has given up files, network and exec and is
 * limited in memory and time. load() may therefore crash, exit or hang without harm to anything
 * but its own database; it must still check its input, because wrong claims do harm.
 *
 * load() reads the database through the functions of the request, never by a path or a directory
 * of its own, since the database may stand in an archive; and pushes what it finds into
 * the sink, package by package: wd_sink_package(), then wd_sink_claim() for each path that this
 * package records, then the next package. It keeps nothing afterwards.
 *
 * Everything passed to the sink is borrowed for the duration of the call and copied by it.
 * Everything in the request is borrowed for the duration of load().
 *
 * Paths are bytes, relative to the root of the root filesystem. Leading, doubled and trailing
 * slashes and "." components are dropped by the sink; a claim with ".." or NUL is refused.
 *
 * Layer: this header includes src/base/blob.h and src/base/status.h; a backend may use
 * src/base/ and nothing else of whodistro.
 */
#ifndef WD_PKGDB_BACKEND_H
#define WD_PKGDB_BACKEND_H

#include "base/blob.h"
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

/* Raised whenever a structure or the meaning of a field below changes. */
#define WD_BACKEND_ABI 2
#define WD_BACKEND_SYMBOL "wd_backend_v2"
/* Precedes the definition of the exported symbol: WD_BACKEND_EXPORT wd_backend_v2 = { … }; */
#define WD_BACKEND_EXPORT                                                                          \
	extern const struct wd_backend wd_backend_v2;                                              \
	__attribute__((visibility("default"))) const struct wd_backend

/*
 * What a package records about itself: enumerator suffix, name of the column in data/distros.tsv
 * rules and, for the first eight, of the field in reports. A field that the database does not
 * record is the null blob.
 *
 *	NAME		without architecture qualifier
 *	VERSION		full version as the native tool prints it ([epoch:]version[-release])
 *	ARCH		architecture as recorded
 *	SOURCE		name of the source package (no version)
 *	SOURCE_VERSION	its version, where it is recorded or follows from SOURCEPKG
 *	VENDOR		rpm VENDOR, dpkg "Vendor" (written by some third-party packagers)
 *	PACKAGER	rpm PACKAGER, dpkg Maintainer, apk m:
 *	RELEASE		rpm RELEASE, the part of a dpkg version behind the last "-"
 *	DISTRIBUTION	rpm DISTRIBUTION
 *	DISTTAG		rpm DISTTAG
 *	ORIGIN, BUGS	dpkg fields of that name
 *	SECTION		dpkg Section, rpm GROUP
 *	PRIORITY	dpkg Priority
 *	BUILDHOST, DISTURL, PLATFORM	rpm tags of that name
 *	URL		the package's own home or packaging page
 *	PURL		its package URL, where the database itself has one (SBOMs); otherwise it is
 *			made from the other fields and the descriptor's purl type
 */
#define WD_PACKAGE_FIELDS(X)                                                                       \
	X(NAME, "name")                                                                            \
	X(VERSION, "version")                                                                      \
	X(ARCH, "arch")                                                                            \
	X(SOURCE, "source")                                                                        \
	X(SOURCE_VERSION, "source_version")                                                        \
	X(VENDOR, "vendor")                                                                        \
	X(PACKAGER, "packager")                                                                    \
	X(RELEASE, "release")                                                                      \
	X(DISTRIBUTION, "distribution")                                                            \
	X(DISTTAG, "disttag")                                                                      \
	X(ORIGIN, "origin")                                                                        \
	X(BUGS, "bugs")                                                                            \
	X(SECTION, "section")                                                                      \
	X(PRIORITY, "priority")                                                                    \
	X(BUILDHOST, "buildhost")                                                                  \
	X(DISTURL, "disturl")                                                                      \
	X(PLATFORM, "platform")                                                                    \
	X(URL, "url")                                                                              \
	X(PURL, "purl")

enum wd_package_field {
#define X(id, name) WD_PACKAGE_##id,
	WD_PACKAGE_FIELDS(X)
#undef X
		WD_PACKAGE_FIELD_COUNT
};

/*
 * How a package stands, where it is not simply installed; and marks. flag, word in reports.
 * CONFIG_FILES: removed, its configuration files left behind (dpkg).
 */
#define WD_PACKAGE_FLAGS(X)                                                                        \
	X(CONFIG_FILES, "config-files")                                                            \
	X(HALF_INSTALLED, "half-installed")                                                        \
	X(UNPACKED, "unpacked")                                                                    \
	X(HALF_CONFIGURED, "half-configured")                                                      \
	X(TRIGGERS, "triggers")                                                                    \
	X(HOLD, "hold")                                                                            \
	X(ESSENTIAL, "essential")                                                                  \
	X(NO_FILES, "no-file-list")

enum wd_package_flag_bit {
#define X(id, name) WD_PACKAGE_BIT_##id,
	WD_PACKAGE_FLAGS(X)
#undef X
		WD_PACKAGE_FLAG_COUNT
};
enum wd_package_flag {
#define X(id, name) WD_PACKAGE_##id = 1 << WD_PACKAGE_BIT_##id,
	WD_PACKAGE_FLAGS(X)
#undef X
};

#define WD_SIZE_UNKNOWN UINT64_MAX

struct wd_package {
	struct wd_blob field[WD_PACKAGE_FIELD_COUNT];
	uint64_t size;	/* installed size in bytes as recorded, or WD_SIZE_UNKNOWN */
	uint64_t epoch; /* for purl's epoch qualifier (rpm); 0 otherwise */
	uint32_t flags; /* WD_PACKAGE_* flags */
};

/*
 * What the database says of one path. flag, word in reports.
 *	CONFIG		rpm %config; dpkg conffiles have CONFIG and CONFFILE
 *	GHOST		rpm %ghost: owned, perhaps not there
 *	DIVERTED	dpkg-divert moved it: dir/name is where it is, `recorded` where the package
 *			has it
 *	NOTINSTALLED, REPLACED, WRONGCOLOR	rpm file states: recorded, and not on disk from
 *			this package (excluded docs or languages, another package's file won,
 *			another architecture's file won). Such a claim never makes an owner.
 *	OBSOLETE	a dpkg conffile that the installed version no longer ships
 *	TREE		the claim is for a directory and everything below it that no other claim
 *			names (a Nix store path, a Homebrew keg)
 */
#define WD_CLAIM_FLAGS(X)                                                                          \
	X(CONFIG, "config")                                                                        \
	X(DOC, "doc")                                                                              \
	X(LICENSE, "license")                                                                      \
	X(GHOST, "ghost")                                                                          \
	X(CONFFILE, "conffile")                                                                    \
	X(DIVERTED, "diverted")                                                                    \
	X(NOTINSTALLED, "not-installed")                                                           \
	X(REPLACED, "replaced")                                                                    \
	X(WRONGCOLOR, "wrong-color")                                                               \
	X(OBSOLETE, "obsolete")                                                                    \
	X(TREE, "tree")

enum wd_claim_flag_bit {
#define X(id, name) WD_CLAIM_BIT_##id,
	WD_CLAIM_FLAGS(X)
#undef X
		WD_CLAIM_FLAG_COUNT
};
enum wd_claim_flag {
#define X(id, name) WD_CLAIM_##id = 1 << WD_CLAIM_BIT_##id,
	WD_CLAIM_FLAGS(X)
#undef X
};

/*
 * Digest algorithms, numbered as in OpenPGP (RFC 4880, 9.4) and in rpm's FILEDIGESTALGO; but SM3,
 * of which OpenPGP knows nothing.
 */
enum wd_digest_algo {
	WD_DIGEST_NONE = 0,
	WD_DIGEST_MD5 = 1,
	WD_DIGEST_SHA1 = 2,
	WD_DIGEST_SHA256 = 8,
	WD_DIGEST_SHA384 = 9,
	WD_DIGEST_SHA512 = 10,
	WD_DIGEST_SHA224 = 11,
	WD_DIGEST_SM3 = 15,
};
#define WD_DIGEST_MAX 64

struct wd_claim {
	struct wd_blob dir;	 /* directory part: "usr/bin", "/usr/bin/" and "" (the root) do */
	struct wd_blob name;	 /* last component; empty: the claim is for `dir` itself */
	struct wd_blob recorded; /* DIVERTED: the whole path as the package records it */
	struct wd_blob target;	 /* symlink target, where recorded */
	struct wd_blob digest;	 /* raw bytes of digest_algo, where recorded */
	/*
	 * What else the database records of the path: words "key=value", separated by spaces, for
	 * the data formats ("slice=libc6_libs inode=2").
	 */
	struct wd_blob detail;
	uint64_t size;	/* bytes, or WD_SIZE_UNKNOWN */
	uint32_t flags; /* WD_CLAIM_* flags */
	/*
	 * st_mode with its file type, or 0 where not recorded. Where a database tells the type and
	 * no permissions (dpkg), the type alone, with the size unknown.
	 */
	uint16_t mode;
	uint8_t digest_algo;
};

/* What the caller needs beyond packages. Claims not wanted may be sent; they are ignored. */
enum wd_want {
	WD_WANT_DIGESTS = 1, /* digests that cost extra reading (dpkg's md5sums) */
	/*
	 * What else can be compared with the file, as words of a claim's `detail`, numbers in
	 * decimal: user=NAME group=NAME uid= gid= mtime=SECONDS (of regular files)
	 * linkmtime=SECONDS (of symbolic links, where the native tool compares it) rdev=NUMBER (16
	 * bits) caps=TEXT (as cap_to_text(3) writes them, empty for none) unverified=LETTERS (of
	 * `rpm -V`, what the package asks not to be compared) missing=ok (need not be there)
	 * digest=target (of a symbolic link, the digest is that of its target)
	 */
	WD_WANT_ATTRIBUTES = 2,
};

struct wd_request {
	const char *path; /* of the probed file or directory, relative to the rootfs */
	/* The probed file (regular, read-only, at offset 0); -1 for a directory. The caller's. */
	int fd;
	bool is_dir;
	uint32_t want; /* WD_WANT_* flags */
	int (*open)(const struct wd_request *req, const char *path);
	int (*list)(const struct wd_request *req, const char *path,
		    int (*name)(void *ctx, const char *name, unsigned char type), void *ctx);
};

/*
 * Opens a regular file for reading, by a path relative to the directory that holds the database
 * (to the database itself where it is a directory), and never outside that directory. A symbolic
 * link as the last component is not followed. In an image, only what the descriptor names in
 * `reads` can be opened. Returns a descriptor at offset 0 that the caller closes, or a negative
 * status: WD_EABSENT where nothing is there, WD_ENOTREG where no regular file is, a negated errno.
 */
static inline int wd_request_open(const struct wd_request *req, const char *path)
{
	return req->open(req, path);
}

/*
 * Calls `name` for each entry of a directory but "." and "..", in no particular order, with its
 * type (DT_REG, DT_DIR, DT_LNK, ... of dirent.h). The path is as in wd_request_open(); "" is the
 * directory itself. What `name` returns other than 0 ends the list and is returned. Otherwise 0,
 * WD_EABSENT where no directory is, WD_ENOTREG for a symbolic link, or a negated errno.
 */
static inline int wd_request_list(const struct wd_request *req, const char *path,
				  int (*name)(void *ctx, const char *name, unsigned char type),
				  void *ctx)
{
	return req->list(req, path, name, ctx);
}

/*
 * What a file says of its own origin; enumerator suffix, word in reports and in the column `fact`
 * of data/signals.tsv. A fact is a text of at most WD_FACT_MAX bytes, as it stands in the file
 * unless said otherwise.
 *
 *	NOTE		.note.package (FDO, JSON): words "key=value" separated by tabs, keys as in
 *			the note, in its order: "type=deb\tos=debian\tname=systemd\tversion=252.39"
 *	BUILD_ID	.note.gnu.build-id in lower-case hex
 *	DEBUGLINK	.gnu_debuglink's file name
 *	DEBUGALTLINK	.gnu_debugaltlink's path
 *	BANNER		"GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.", "ld.so
 *			(...) ...", "musl libc (x86_64)"; of the C library's programs "(Debian GLIBC
 *			2.36-9)": one line each
 *	COMMENT		each string of .comment, and the C library's "Compiled by" line
 *	ANNOBIN		each string of .gnu.build.attributes that names a tool: "annobin gcc 11.3.1"
 *	SECTION		the name of a section that only some distributions leave in
 *	INTERP		PT_INTERP
 *	RUNPATH		DT_RUNPATH or DT_RPATH, each element
 *	SONAME		DT_SONAME
 *	STRING		a line of .rodata that names a build or a version, of files of some names:
 *			OPENSSLDIR, DEBPKG:, platform:, musl's "1.2.5", bash's "x86_64-pc-linux-gnu"
 *	SHAPE		a word on the file as a whole: "executable", "library", "static" (executable
 *			with neither interpreter nor needed libraries), "no-sections", "go", "rust",
 *			"debuglink=build-id" (the name is the rest of the build-id), "debuglink=file"
 *			(the name is the file's own, without .debug)
 */
#define WD_FACTS(X)                                                                                \
	X(NOTE, "note")                                                                            \
	X(BUILD_ID, "build-id")                                                                    \
	X(DEBUGLINK, "debuglink")                                                                  \
	X(DEBUGALTLINK, "debugaltlink")                                                            \
	X(BANNER, "banner")                                                                        \
	X(COMMENT, "comment")                                                                      \
	X(ANNOBIN, "annobin")                                                                      \
	X(SECTION, "section")                                                                      \
	X(INTERP, "interp")                                                                        \
	X(RUNPATH, "runpath")                                                                      \
	X(SONAME, "soname")                                                                        \
	X(STRING, "string")                                                                        \
	X(SHAPE, "shape")

enum wd_fact_kind {
#define X(id, name) WD_FACT_##id,
	WD_FACTS(X)
#undef X
		WD_FACT_KIND_COUNT
};
#define WD_FACT_MAX 4096

/* One file for examine(). Either a descriptor or its whole contents. Borrowed. */
struct wd_file {
	const char *path; /* canonical, relative to the rootfs */
	int fd;		  /* regular, read-only; or -1 */
	const void *data; /* `size` bytes; or NULL */
	uint64_t size;
};

/* Where whodistro takes what a backend finds. Opaque; the functions are in the ops. */
struct wd_sink;
struct wd_sink_ops {
	int (*package)(struct wd_sink *sink, const struct wd_package *pkg);
	int (*claim)(struct wd_sink *sink, const struct wd_claim *claim);
	int (*alias)(struct wd_sink *sink, struct wd_blob path, struct wd_blob target);
	int (*format)(struct wd_sink *sink, const char *format);
	int (*error)(struct wd_sink *sink, int status, const char *path, const char *message);
	int (*fact)(struct wd_sink *sink, enum wd_fact_kind kind, struct wd_blob value);
};
struct wd_sink {
	const struct wd_sink_ops *ops;
};

/*
 * All sink functions return 0, or a negative status upon which load() stops and returns that
 * status: the sink is full (WD_ELIMIT) or gone.
 */

/* Begins a package: claims that follow are its own. A package without NAME is WD_ECORRUPT. */
static inline int wd_sink_package(struct wd_sink *sink, const struct wd_package *pkg)
{
	return sink->ops->package(sink, pkg);
}

static inline int wd_sink_claim(struct wd_sink *sink, const struct wd_claim *claim)
{
	return sink->ops->claim(sink, claim);
}

/*
 * The database made a symbolic link at `path` that leads to `target` (update-alternatives):
 * the link belongs to whoever owns what it leads to. Not bound to the current package.
 */
static inline int wd_sink_alias(struct wd_sink *sink, struct wd_blob path, struct wd_blob target)
{
	return sink->ops->alias(sink, path, target);
}

/* Names the format that was recognised, one of the descriptor's. Call it before packages. */
static inline int wd_sink_format(struct wd_sink *sink, const char *format)
{
	return sink->ops->format(sink, format);
}

/* In examine(): states one fact about the file. What is longer than WD_FACT_MAX is cut. */
static inline int wd_sink_fact(struct wd_sink *sink, enum wd_fact_kind kind, struct wd_blob value)
{
	return sink->ops->fact(sink, kind, value);
}

/*
 * Reports what could not be read; load() goes on with the rest. `path` names the file relative to
 * the rootfs, NULL for the database itself. The message says what is wrong and where (line or
 * offset), without the path: "line 12: stanza without Package field".
 */
__attribute__((format(printf, 4, 5), unused)) static int
wd_sink_error(struct wd_sink *sink, int status, const char *path, const char *fmt, ...)
{
	char message[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	return sink->ops->error(sink, status, path, message);
}

struct wd_backend {
	uint32_t abi; /* WD_BACKEND_ABI */
	const char *name;
	const char *version;
	/*
	 * Reads the whole database. Returns 0 when everything was read, also when single packages
	 * were reported through wd_sink_error(); else one negative status for the database:
	 * WD_ENOTMINE (another format: not an error if another backend reads it), WD_EABSENT
	 * (there is no database here after all: never an error), WD_ECORRUPT, WD_EUNSUPPORTED,
	 * WD_ELIMIT, or a negated errno. What was pushed before stays.
	 */
	int (*load)(const struct wd_request *req, struct wd_sink *sink);
	/*
	 * Writes "library version, library version", the libraries behind the backend as they run,
	 * into buf (size bytes, always terminated). May be NULL.
	 */
	void (*libraries)(char *buf, size_t size);
	/*
	 * Says where one file comes from, by its own contents, through wd_sink_fact(). Called for
	 * every regular file that begins with the descriptor's `magic`; reads headers and the few
	 * places that hold evidence, never the whole file. 0, also where there is nothing to say;
	 * WD_ECORRUPT for a file that is not what its magic says: it is counted, and no error; or
	 * the sink's failure. A backend has load(), examine() or both; the other is NULL.
	 */
	int (*examine)(const struct wd_file *file, struct wd_sink *sink);
	/*
	 * The order of two versions as the package manager has it: below, equal to or above 0. Any
	 * text may come, as WD_PACKAGE_VERSION had it. NULL where there is no order.
	 */
	int (*compare)(const char *a, const char *b);
};

#endif
