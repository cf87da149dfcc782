/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "elf-facts.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static const char *const kinds[] = {
#define X(id, name) name,
	WD_FACTS(X)
#undef X
};

static void add_fact(struct elf_facts *f, const char *kind, struct wd_blob value)
{
	char *line;

	assert_true(asprintf(&line, "%s %.*s", kind, WD_BLOB_PRINTF(value)) > 0);
	assert_int_equal(wd_array_push(&f->lines, line), 0);
}

static int on_fact(struct wd_sink *sink, enum wd_fact_kind kind, struct wd_blob value)
{
	assert_true(kind < WD_FACT_KIND_COUNT && value.len > 0 && value.len <= WD_FACT_MAX);
	for (size_t i = 0; i < value.len; i++)
		assert_true((unsigned char)value.ptr[i] >= ' ' || value.ptr[i] == '\t');
	add_fact((struct elf_facts *)sink, kinds[kind], value);
	return 0;
}

static int cmp_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_facts(struct elf_facts *f)
{
	if (f->lines.n)
		qsort(f->lines.v, f->lines.n, sizeof(*f->lines.v), cmp_lines);
}

void elf_facts_done(struct elf_facts *f)
{
	for (size_t i = 0; i < f->lines.n; i++)
		free(f->lines.v[i]);
	wd_array_done(&f->lines);
}

struct elf_facts elf_examine(const struct wd_file *file)
{
	static const struct wd_sink_ops ops = {.fact = on_fact};
	struct elf_facts f = {.sink.ops = &ops};

	f.status = wd_backend_v2.examine(file, &f.sink);
	sort_facts(&f);
	return f;
}

static bool same_facts(const struct elf_facts *a, const struct elf_facts *b)
{
	if (a->status != b->status || a->lines.n != b->lines.n)
		return false;
	for (size_t i = 0; i < a->lines.n; i++)
		if (strcmp(a->lines.v[i], b->lines.v[i]) != 0)
			return false;
	return true;
}

/* By descriptor and in memory, which must be the same. */
struct elf_facts elf_examine_both(const char *path, int fd)
{
	WD_CLEANUP_BUF struct wd_buf bytes = WD_BUF_INIT;
	struct elf_facts by_fd, in_memory;
	struct stat st;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	assert_int_equal(wd_buf_read_fd(&bytes, fd, 1 << 28), 0);
	by_fd = elf_examine(
		&(struct wd_file){.path = path, .fd = fd, .size = (uint64_t)st.st_size});
	in_memory = elf_examine(
		&(struct wd_file){.path = path, .fd = -1, .data = bytes.ptr, .size = bytes.len});
	if (!same_facts(&by_fd, &in_memory))
		fail_msg("%s: not the same in memory", path);
	elf_facts_done(&in_memory);
	return by_fd;
}

struct elf_facts elf_examine_image(struct backend_log *log, const char *path,
				   const struct elf_image *im)
{
	struct elf_facts f;
	int fd;

	backend_log_put(log, path, im->bytes.ptr, im->bytes.len);
	fd = openat(log->fd, path, O_RDONLY | O_CLOEXEC);
	f = elf_examine_both(path, fd);
	close(fd);
	return f;
}

bool elf_states(const struct elf_facts *f, const char *line)
{
	for (size_t i = 0; i < f->lines.n; i++)
		if (strcmp(f->lines.v[i], line) == 0)
			return true;
	return false;
}

void elf_expect(const struct elf_facts *f, const char *line)
{
	if (elf_states(f, line))
		return;
	for (size_t i = 0; i < f->lines.n; i++)
		print_message("# %s\n", f->lines.v[i]);
	fail_msg("not stated: %s", line);
}

bool elf_states_any(const struct elf_facts *f, const char *kind)
{
	for (size_t i = 0; i < f->lines.n; i++)
		if (strncmp(f->lines.v[i], kind, strlen(kind)) == 0 &&
		    f->lines.v[i][strlen(kind)] == ' ')
			return true;
	return false;
}

/* ---- readelf */

/* The rest of the line behind a text that it holds, up to `end` (a byte) from its last on. */
static struct wd_blob behind(const char *line, const char *text, char end)
{
	const char *at = strstr(line, text), *last;

	if (!at)
		return WD_BLOB_NULL;
	at += strlen(text);
	last = strrchr(at, end);
	return wd_blob(at, last ? (size_t)(last - at) : strlen(at));
}

/* {"a":"b","c":"d"}, without escapes, to a=b<TAB>c=d */
static void add_note(struct elf_facts *f, struct wd_blob json)
{
	WD_CLEANUP_BUF struct wd_buf words = WD_BUF_INIT;

	for (size_t i = 2; i + 1 < json.len; i++) {
		if (strncmp(json.ptr + i, "\":\"", 3) == 0) {
			wd_buf_byte(&words, '=');
			i += 2;
		} else if (strncmp(json.ptr + i, "\",\"", 3) == 0) {
			wd_buf_byte(&words, '\t');
			i += 2;
		} else if (json.ptr[i] != '"') {
			wd_buf_byte(&words, json.ptr[i]);
		}
	}
	add_fact(f, "note", wd_buf_view(&words));
}

static void add_paths(struct elf_facts *f, struct wd_blob paths)
{
	struct wd_blob path;

	while (wd_blob_token(&paths, ':', &path))
		if (path.len)
			add_fact(f, "runpath", path);
}

/* One line of readelf's; `section` is the one whose strings are being shown. */
static void read_line(struct elf_facts *f, const char *line, char *section)
{
	static const struct {
		const char *text;
		char end;
		const char *kind;
	} table[] = {
		{"    Build ID: ", '\n', "build-id"},
		{"[Requesting program interpreter: ", ']', "interp"},
		{"Library soname: [", ']', "soname"},
	};
	struct wd_blob value, shown = behind(line, "String dump of section '.", '\'');
	const char *string = strstr(line, "]  ");

	for (size_t i = 0; i < WD_ARRAY_SIZE(table); i++)
		if ((value = behind(line, table[i].text, table[i].end)).len)
			add_fact(f, table[i].kind, value);
	if ((value = behind(line, "Library runpath: [", ']')).len)
		add_paths(f, value);
	if ((value = behind(line, "Library rpath: [", ']')).len)
		add_paths(f, value);
	if ((value = behind(line, "Packaging Metadata: ", '\n')).len)
		add_note(f, value);
	if (shown.ptr) {
		snprintf(section, 32, "%.*s", WD_BLOB_PRINTF(shown));
	} else if (*section && strncmp(line, "  [", 3) == 0 && string) {
		value = behind(string, "]  ", '\n');
		if (strcmp(section, "comment") == 0)
			add_fact(f, "comment", value);
		else if (strncmp(line, "  [     0]", 10) == 0)
			add_fact(f, section + strlen("gnu_"), value);
	}
}

static struct elf_facts ask_readelf(const char *path)
{
	char command[600], line[8192], section[32] = "";
	struct elf_facts f = {0};
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "LC_ALL=C readelf -W -n -d -l -p .comment -p .gnu_debuglink -p .gnu_debugaltlink "
		 "'%s' 2>/dev/null",
		 path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		if (line[0] == '\n')
			*section = '\0';
		read_line(&f, line, section);
	}
	pclose(pipe);
	sort_facts(&f);
	return f;
}

/* What readelf can tell; .comment, where the C library's own line is not. */
static bool is_known_to_readelf(const char *line)
{
	static const char *const known[] = {"note",    "build-id", "debuglink", "debugaltlink",
					    "comment", "interp",   "runpath",	"soname"};

	if (strncmp(line, "comment Compiled by", 19) == 0)
		return false;
	for (size_t i = 0; i < WD_ARRAY_SIZE(known); i++)
		if (strncmp(line, known[i], strlen(known[i])) == 0 && line[strlen(known[i])] == ' ')
			return true;
	return false;
}

void elf_hold_against_readelf(const char *path, const struct elf_facts *f)
{
	struct elf_facts truth = ask_readelf(path);
	size_t n = 0;

	for (size_t i = 0; i < f->lines.n; i++) {
		if (!is_known_to_readelf(f->lines.v[i]))
			continue;
		n++;
		if (!elf_states(&truth, f->lines.v[i]))
			fail_msg("%s: readelf does not show: %s", path, f->lines.v[i]);
	}
	for (size_t i = 0; i < truth.lines.n; i++)
		if (!elf_states(f, truth.lines.v[i]))
			fail_msg("%s: not stated: %s", path, truth.lines.v[i]);
	assert_int_equal(n, truth.lines.n);
	elf_facts_done(&truth);
}

bool elf_have_readelf(void)
{
	return system("readelf --version >/dev/null 2>&1") == 0;
}
