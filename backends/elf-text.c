/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What some programs and libraries tell of their own build, in constant strings. Few files are
 * searched: by their names.
 */
#include "base/buf.h"
#include "base/glob.h"
#include "elf-file.h"

#define LINE_MAX_BYTES 1024

/* A needle and what a line that holds it is. */
struct text_rule {
	enum wd_fact_kind kind;
	unsigned max;	       /* lines that are told */
	struct wd_blob needle; /* where it begins with NUL, the line begins behind that */
};

/* GCC's, binutils' and glibc's --with-pkgversion, as programs print it: "(Debian 12.2.0-14) " */
#define PKGVERSION WD_BLOB(") \0")

static const struct text_rule glibc_rules[] = {
	{WD_FACT_BANNER, 1, WD_BLOB("GNU C Library (")},
	{WD_FACT_COMMENT, 1, WD_BLOB("Compiled by ")},
	{0, 0, WD_BLOB_NULL},
};
static const struct text_rule musl_rules[] = {
	{WD_FACT_BANNER, 1, WD_BLOB("musl libc (")},
	{WD_FACT_STRING, 1, WD_BLOB("\0001.")}, /* its version stands by itself */
	{0, 0, WD_BLOB_NULL},
};
static const struct text_rule loader_rules[] = {
	{WD_FACT_BANNER, 1, WD_BLOB("ld.so (")},
	{0, 0, WD_BLOB_NULL},
};
static const struct text_rule glibc_tool_rules[] = {
	{WD_FACT_BANNER, 1, PKGVERSION},
	{0, 0, WD_BLOB_NULL},
};
static const struct text_rule toolchain_rules[] = {
	{WD_FACT_STRING, 2, PKGVERSION},
	{0, 0, WD_BLOB_NULL},
};
static const struct text_rule openssl_rules[] = {
	{WD_FACT_STRING, 1, WD_BLOB("OPENSSLDIR: ")}, {WD_FACT_STRING, 1, WD_BLOB("\0platform: ")},
	{WD_FACT_STRING, 1, WD_BLOB("\0compiler: ")}, {WD_FACT_STRING, 1, WD_BLOB("\0OpenSSL 1.")},
	{WD_FACT_STRING, 1, WD_BLOB("\0OpenSSL 3.")}, {0, 0, WD_BLOB_NULL},
};
static const struct text_rule perl_rules[] = {
	{WD_FACT_STRING, 4, WD_BLOB("DEBPKG:")},
	{0, 0, WD_BLOB_NULL},
};
static const struct text_rule run_parts_rules[] = {
	{WD_FACT_STRING, 1, WD_BLOB("Debian run-parts program")},
	{0, 0, WD_BLOB_NULL},
};
static const struct text_rule busybox_rules[] = {
	{WD_FACT_STRING, 1, WD_BLOB("\0BusyBox v")},
	{0, 0, WD_BLOB_NULL},
};
static const struct text_rule openssh_rules[] = {
	{WD_FACT_STRING, 4, WD_BLOB("\0OpenSSH_")},
	{0, 0, WD_BLOB_NULL},
};
/* The triplet that it was configured for: x86_64-suse-linux-gnu */
static const struct text_rule host_rules[] = {
	{WD_FACT_STRING, 2, WD_BLOB("-linux-")},
	{0, 0, WD_BLOB_NULL},
};
static const struct text_rule postgres_rules[] = {
	{WD_FACT_STRING, 1, WD_BLOB(", compiled by ")},
	{0, 0, WD_BLOB_NULL},
};
static const struct text_rule systemd_rules[] = {
	{WD_FACT_STRING, 1, WD_BLOB("\0systemd 2")},
	{0, 0, WD_BLOB_NULL},
};

/* Patterns of names, of base/glob.h. */
static const struct {
	const char *name;
	const struct text_rule *rules;
} table[] = {
	{"libc.so", musl_rules},
	{"libc.so.6", glibc_rules},
	{"libc.so.6.1", glibc_rules},
	{"libc-2.*.so", glibc_rules},
	{"libc.musl-*", musl_rules},
	{"ld-musl-*", musl_rules},
	{"ld-*.so*", loader_rules},
	{"ld.so*", loader_rules},
	{"ld64.so*", loader_rules},
	{"iconv", glibc_tool_rules},
	{"iconvconfig", glibc_tool_rules},
	{"getconf", glibc_tool_rules},
	{"getent", glibc_tool_rules},
	{"ldconfig", glibc_tool_rules},
	{"ldconfig.real", glibc_tool_rules},
	{"locale", glibc_tool_rules},
	{"localedef", glibc_tool_rules},
	{"nscd", glibc_tool_rules},
	{"zdump", glibc_tool_rules},
	{"zic", glibc_tool_rules},
	{"gcc", toolchain_rules},
	{"*-gcc-[0-9]*", toolchain_rules},
	{"*-ld.bfd", toolchain_rules},
	{"ld.bfd", toolchain_rules},
	{"libcrypto.so*", openssl_rules},
	{"openssl", openssl_rules},
	{"perl", perl_rules},
	{"perl5*", perl_rules},
	{"libperl.so*", perl_rules},
	{"run-parts", run_parts_rules},
	{"busybox*", busybox_rules},
	{"ssh", openssh_rules},
	{"sshd", openssh_rules},
	{"bash", host_rules},
	{"libcurl*.so*", host_rules},
	{"postgres", postgres_rules},
	{"libsystemd-shared-*", systemd_rules},
	{"systemd", systemd_rules},
};

static const struct text_rule *rules_of(struct wd_blob name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (wd_glob_name(wd_blob_str(table[i].name), name))
			return table[i].rules;
	return NULL;
}

bool wd_elf_has_text(struct wd_blob name)
{
	return rules_of(name) != NULL;
}

/* The line around a byte: between NULs, newlines, or the limit. */
static struct wd_blob line_around(struct wd_blob text, size_t at)
{
	size_t from = at, to = at;

	while (from > 0 && at - from < LINE_MAX_BYTES && text.ptr[from - 1] != '\0' &&
	       text.ptr[from - 1] != '\n')
		from--;
	while (to < text.len && to - at < LINE_MAX_BYTES && text.ptr[to] != '\0' &&
	       text.ptr[to] != '\n')
		to++;
	return wd_blob(text.ptr + from, to - from);
}

static bool is_pkgversion(const struct text_rule *rule)
{
	return rule->needle.len == 3 && memcmp(rule->needle.ptr, ") ", 3) == 0;
}

static void search(struct wd_elf_file *f, const struct text_rule *rule, struct wd_blob text)
{
	struct wd_blob rest = text;
	unsigned told = 0;
	const char *hit;

	while (told < rule->max && f->status == 0 &&
	       (hit = memmem(rest.ptr, rest.len, rule->needle.ptr, rule->needle.len))) {
		struct wd_blob line = wd_blob_trim(
			line_around(text, (size_t)(hit - text.ptr) + (*rule->needle.ptr == '\0')));

		rest = wd_blob_skip(rest, (size_t)(hit - rest.ptr) + 1);
		if (!wd_elf_is_line(line) || (is_pkgversion(rule) && line.ptr[0] != '('))
			continue;
		/* a line may hold the needle more than once */
		rest = wd_blob_skip(text, (size_t)(line.ptr + line.len - text.ptr));
		wd_elf_fact(f, rule->kind, line);
		told++;
	}
}

void wd_elf_text(struct wd_elf_file *f, struct wd_elf_part part)
{
	struct wd_blob text = wd_elf_bytes(f, part, f->text_left);

	f->text_left -= text.len;
	for (const struct text_rule *r = rules_of(f->name); r && text.len && r->max; r++)
		search(f, r, text);
}
