/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libdpkg is an archive of position-independent *executable* code: it addresses libc's variables
 * relative to itself, which a module cannot. There are three of them, so the module is linked with
 * --wrap for each, and the __wrap_ variables below stand in. They also keep libdpkg, whose last
 * resort is to print, off the standard streams. In a program (tests) they have no effect.
 */
#ifndef LIBDPKG_VOLATILE_API
#define LIBDPKG_VOLATILE_API /* the headers insist on this word of consent */
#endif
#include "dpkg-stanza.h"
#include "pkgdb/backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* clang-format off: libdpkg's headers depend on this order */
#include <dpkg/dpkg.h>
#include <dpkg/dpkg-db.h>
#include <dpkg/parsedump.h>
#include <dpkg/ehandle.h>
#include <dpkg/report.h>
/* clang-format on */

#define STANZA_MAX (16u << 20) /* libdpkg counts in int */

extern FILE *__wrap_stderr, *__wrap_stdout;
extern const char *__wrap_program_invocation_short_name;
FILE *__wrap_stderr, *__wrap_stdout;
const char *__wrap_program_invocation_short_name = "whodistro";

struct parse {
	struct wd_dpkg_stanza *stanza;
	struct wd_dpkg_fault *fault;
	struct parsedb_state ps;
	struct field_state fs;
	jmp_buf jump;
};

static void discard_warning(const char *msg, void *data)
{
	(void)msg;
	(void)data;
}

void wd_dpkg_library_begin(void)
{
	static const cookie_io_functions_t nowhere; /* without a write function: discarded */

	if (!__wrap_stderr)
		__wrap_stderr = fopencookie(NULL, "w", nowhere);
	__wrap_stdout = __wrap_stderr;
	dpkg_set_warning_printer(discard_warning, NULL);
}

void wd_dpkg_library_end(void)
{
	nffreeall();
	dpkg_set_warning_printer(dpkg_warning_printer, NULL);
}

/* Whether an empty line stands at p, before end. */
static bool is_empty_line(const char *p, const char *end)
{
	return p < end && (*p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n'));
}

static void skip_line(struct wd_dpkg_text *rest)
{
	ptrdiff_t n = wd_blob_chr(rest->bytes, '\n');

	rest->bytes = wd_blob_skip(rest->bytes, n < 0 ? rest->bytes.len : (size_t)n + 1);
	rest->line++;
}

bool wd_dpkg_stanza_next(struct wd_dpkg_text *rest, struct wd_dpkg_text *ret)
{
	const char *end = rest->bytes.ptr + rest->bytes.len;
	struct wd_dpkg_text text;

	while (is_empty_line(rest->bytes.ptr, end))
		skip_line(rest);
	text = *rest;
	while (rest->bytes.len && !is_empty_line(rest->bytes.ptr, end))
		skip_line(rest);
	if (rest->bytes.ptr == text.bytes.ptr)
		return false;
	/* parse_stanza() takes an empty last field only where something follows its newline */
	text.bytes.len = (size_t)(rest->bytes.ptr - text.bytes.ptr);
	if (rest->bytes.len) {
		*(char *)(uintptr_t)rest->bytes.ptr = '\n';
		text.bytes.len++;
	}
	*ret = text;
	return true;
}

size_t wd_dpkg_stanza_line(const struct wd_dpkg_text *text, const char *at)
{
	size_t line = text->line;

	for (const char *p = text->bytes.ptr; p < at; p++)
		line += *p == '\n';
	return line;
}

/* libdpkg's message is "parsing file 'F' near line N…:\n what is wrong". */
static void note_fault(const char *message, const void *data)
{
	const struct parse *p = data;
	const char *text = strstr(message, ":\n ");

	snprintf(p->fault->message, sizeof(p->fault->message), "%s", text ? text + 3 : message);
	p->fault->line = (size_t)p->ps.lno;
}

static int find_field(struct wd_blob name)
{
	static const struct wd_blob names[] = {
#define X(id, name) {name, sizeof(name) - 1},
		WD_DPKG_FIELDS(X)
#undef X
	};

	for (size_t i = 0; i < WD_DPKG_FIELD_COUNT; i++) {
		if (names[i].len == name.len &&
		    (names[i].ptr[0] ^ name.ptr[0]) % 32 == 0 && /* without case */
		    strncasecmp(names[i].ptr, name.ptr, name.len) == 0)
			return (int)i;
	}
	return -1;
}

static void take_field(struct parsedb_state *ps, struct field_state *fs, void *data)
{
	struct parse *p = data;
	struct wd_blob name = {fs->fieldstart, (size_t)fs->fieldlen};
	int i = find_field(name);

	if (i < 0)
		return;
	if (p->stanza->field[i].ptr) {
		ps->lno = (int)wd_dpkg_stanza_line(&p->stanza->text, name.ptr);
		parse_error(ps, "duplicate value for '%.*s' field", WD_BLOB_PRINTF(name));
	}
	p->stanza->field[i] = wd_blob(fs->valuestart, (size_t)fs->valuelen);
}

/*
 * The value of a field as a string in libdpkg's memory; "" where absent. Errors that the caller
 * raises next are on the field's line.
 */
static const char *field_string(struct parse *p, enum wd_dpkg_field field)
{
	struct wd_blob value = p->stanza->field[field];

	if (value.ptr)
		p->ps.lno = (int)wd_dpkg_stanza_line(&p->stanza->text, value.ptr);
	return value.len ? nfstrnsave(value.ptr, value.len) : "";
}

/* Takes the next word of *rest, which must be one of the names. */
static int status_word(struct parse *p, struct wd_blob *rest, const struct namevalue *names)
{
	struct wd_blob word = WD_BLOB_NULL;

	wd_blob_word(rest, &word);
	for (; names->name; names++) {
		if ((size_t)names->length == word.len &&
		    strncasecmp(names->name, word.ptr, word.len) == 0)
			return names->value;
	}
	parse_error(&p->ps, "'%.*s' is not a known word in 'Status' field",
		    word.len < 64 ? (int)word.len : 64, word.ptr ? word.ptr : "");
}

static uint32_t status_flags(enum pkgstatus status)
{
	switch (status) {
	case PKG_STAT_CONFIGFILES:
		return WD_PACKAGE_CONFIG_FILES;
	case PKG_STAT_HALFINSTALLED:
		return WD_PACKAGE_HALF_INSTALLED;
	case PKG_STAT_UNPACKED:
		return WD_PACKAGE_UNPACKED;
	case PKG_STAT_HALFCONFIGURED:
		return WD_PACKAGE_HALF_CONFIGURED;
	case PKG_STAT_TRIGGERSAWAITED:
	case PKG_STAT_TRIGGERSPENDING:
		return WD_PACKAGE_TRIGGERS;
	case PKG_STAT_NOTINSTALLED:
	case PKG_STAT_INSTALLED:
		break;
	}
	return 0;
}

/*
 * Status: want, error flag, state (dpkg's f_status()). A control file has none, and files of these
 * are written by others than dpkg for what they have unpacked: status.d/, and the status file of
 * Canonical's chisel-wrapper, which chiselled images of .NET have. dpkg would take the package for
 * not installed.
 */
static enum pkgstatus check_status(struct parse *p)
{
	struct wd_blob rest = p->stanza->field[WD_DPKG_STATUS];
	enum pkgstatus status;

	if (!rest.ptr)
		return PKG_STAT_INSTALLED;
	p->ps.lno = (int)wd_dpkg_stanza_line(&p->stanza->text, rest.ptr);
	if (status_word(p, &rest, wantinfos) == PKG_WANT_HOLD)
		p->stanza->flags |= WD_PACKAGE_HOLD;
	status_word(p, &rest, eflaginfos);
	status = (enum pkgstatus)status_word(p, &rest, statusinfos);
	if (wd_blob_trim(rest).len)
		parse_error(&p->ps, "junk after the third word in 'Status' field");
	p->stanza->flags |= status_flags(status);
	return status;
}

static void check_name(struct parse *p)
{
	const char *name, *reason;

	p->ps.lno = (int)p->stanza->text.line;
	name = field_string(p, WD_DPKG_PACKAGE);
	if (!*name)
		parse_error(&p->ps, "stanza without 'Package' field");
	reason = pkg_name_is_illegal(name);
	if (reason)
		parse_error(&p->ps, "invalid package name: %s", reason);
}

/*
 * libdpkg takes some versions with a warning when it reads a database ("does not start with
 * digit"), and so do we. A line break is beyond that.
 */
static void check_version(struct parse *p, enum pkgstatus status)
{
	struct dpkg_version version = {0};
	const char *value;

	p->ps.lno = (int)p->stanza->text.line;
	value = field_string(p, WD_DPKG_VERSION);
	if (!*value && status != PKG_STAT_HALFINSTALLED)
		parse_error(&p->ps, "stanza without 'Version' field");
	if (!*value)
		return;
	if (parse_db_version(&p->ps, &version, value) < 0)
		parse_problem(&p->ps, "'%s' field value '%.250s'", "Version", value);
	if (strchr(value, '\n'))
		parse_error(&p->ps, "'Version' field has more than one line");
}

static void check_stanza(struct parse *p)
{
	struct wd_dpkg_stanza *st = p->stanza;
	enum pkgstatus status;
	const char *arch;

	check_name(p);
	status = check_status(p);
	st->installed = status != PKG_STAT_NOTINSTALLED;
	if (!st->installed)
		return;
	check_version(p, status);
	arch = field_string(p, WD_DPKG_ARCHITECTURE);
	st->arch_is_safe = *arch && !dpkg_arch_name_is_illegal(arch);
	st->multiarch_same = wd_blob_is(st->field[WD_DPKG_MULTI_ARCH], "same");
	st->configured = (status == PKG_STAT_INSTALLED && st->field[WD_DPKG_STATUS].ptr) ||
			 status == PKG_STAT_TRIGGERSPENDING ||
			 st->field[WD_DPKG_CONFIG_VERSION].len;
	if (wd_blob_is(st->field[WD_DPKG_ESSENTIAL], "yes"))
		st->flags |= WD_PACKAGE_ESSENTIAL;
}

/* Runs libdpkg, which leaves by longjmp() upon an error. */
static int parse_guarded(struct parse *p)
{
	if (setjmp(p->jump)) {
		pop_error_context(ehflag_bombout);
		return WD_ECORRUPT;
	}
	push_error_context_jump(&p->jump, note_fault, p);
	if (!parse_stanza(&p->ps, &p->fs, take_field, p))
		parse_error(&p->ps, "stanza without fields");
	check_stanza(p);
	pop_error_context(ehflag_normaltidy);
	return 0;
}

static int refuse(struct wd_dpkg_fault *fault, int status, size_t line, const char *message)
{
	fault->line = line;
	snprintf(fault->message, sizeof(fault->message), "%s", message);
	return status;
}

int wd_dpkg_stanza_parse(const struct wd_dpkg_text *text, struct wd_dpkg_stanza *ret,
			 struct wd_dpkg_fault *fault)
{
	struct parse p = {.stanza = ret, .fault = fault};
	const char *nul = memchr(text->bytes.ptr, '\0', text->bytes.len);
	int r;

	*ret = (struct wd_dpkg_stanza){.text = *text};
	if (text->bytes.len > STANZA_MAX || text->line > INT32_MAX / 2)
		return refuse(fault, WD_ELIMIT, text->line, "stanza is too long");
	/* libdpkg would take a value up to the NUL and drop the rest in silence */
	if (nul)
		return refuse(fault, WD_ECORRUPT, wd_dpkg_stanza_line(text, nul), "NUL byte");
	p.ps.type = pdb_file_status;
	p.ps.flags = pdb_parse_status;
	p.ps.filename = "status";
	p.ps.fd = -1;
	p.ps.lno = (int)text->line;
	p.ps.data = p.ps.dataptr = (char *)(uintptr_t)text->bytes.ptr;
	p.ps.endptr = p.ps.data + text->bytes.len;
	r = parse_guarded(&p);
	varbuf_destroy(&p.ps.errmsg);
	dpkg_error_destroy(&p.ps.err);
	return r;
}

/* What is no version to libdpkg is compared as a text. */
int wd_dpkg_compare(const char *a, const char *b)
{
	struct dpkg_version x = DPKG_VERSION_INIT, y = DPKG_VERSION_INIT;
	struct dpkg_error error = DPKG_ERROR_INIT;
	bool versions = parseversion(&x, a, &error) == 0;

	dpkg_error_destroy(&error);
	versions = versions && parseversion(&y, b, &error) == 0;
	dpkg_error_destroy(&error);
	return versions ? dpkg_version_compare(&x, &y) : strcmp(a, b);
}
