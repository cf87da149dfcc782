/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the commands share: messages, progress, opening and closing. */
#include "cmd.h"

#include "base/hash.h"
#include "base/status.h"
#include "pkgdb/fence.h"
#include "report/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool progress_shown;

void wd_complain(const char *fmt, ...)
{
	WD_CLEANUP_BUF struct wd_buf raw = WD_BUF_INIT;
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	wd_buf_vprintf(&raw, fmt, ap);
	va_end(ap);
	wd_text_escape(&text, wd_buf_view(&raw));
	wd_progress_erase();
	fprintf(stderr, "whodistro: %.*s\n", WD_BLOB_PRINTF(wd_buf_view(&text)));
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void wd_progress(void *ctx, const char *phase, unsigned entries)
{
	static double start, shown;
	double now = seconds();

	(void)ctx;
	if (start == 0.0)
		start = now;
	/* short work shows nothing */
	if (now - start < 0.5 || now - shown < 0.1)
		return;
	shown = now;
	progress_shown = true;
	fprintf(stderr, "\r\033[K%s: %u files, %.0f a second", phase, entries,
		(double)entries / (now - start));
	fflush(stderr);
}

void wd_progress_bytes(void *ctx, uint64_t done, uint64_t total)
{
	static double start, shown;
	double now = seconds(), rate;

	(void)ctx;
	if (start == 0.0)
		start = now;
	rate = (double)done / (now - start + 1e-9);
	if (isatty(STDERR_FILENO) != 1 || now - start < 0.5 || now - shown < 0.1 || rate < 1.0)
		return;
	shown = now;
	progress_shown = true;
	fprintf(stderr, "\r\033[Kverifying: %.0f of %.0f MB, %.0f MB a second, %.0f s left",
		(double)done / 1e6, (double)total / 1e6, rate / 1e6, (double)(total - done) / rate);
	fflush(stderr);
}

void wd_progress_erase(void)
{
	if (!progress_shown)
		return;
	progress_shown = false;
	fputs("\r\033[K", stderr);
	fflush(stderr);
}

/* The words of the fences that are held, or of those that are not. */
static void name_fences(struct wd_buf *out, uint32_t fences)
{
	for (int bit = 0; bit < WD_FENCE_COUNT; bit++)
		if (fences >> bit & 1)
			wd_buf_printf(out, " %s", wd_fence_name((enum wd_fence_bit)bit));
}

static int refuse_unfenced(uint32_t missing)
{
	WD_CLEANUP_BUF struct wd_buf words = WD_BUF_INIT;

	name_fences(&words, missing);
	wd_complain("--require-sandbox: nothing was read, since workers would be without:%.*s",
		    WD_BLOB_PRINTF(wd_buf_view(&words)));
	return WD_EXIT_NO_RESULT;
}

int wd_cli_set_limits(const struct wd_cli *cli)
{
	uint32_t held = 0;
	int r;

	wd_limits_set(&cli->limits);
	if (!cli->limits.required)
		return -1;
	r = wd_fence_try(&held);
	if (r < 0) {
		wd_complain("--require-sandbox: %s", wd_status_text(r));
		return WD_EXIT_NO_RESULT;
	}
	return cli->limits.required & ~held ? refuse_unfenced(cli->limits.required & ~held) : -1;
}

int wd_cli_read_backends(struct wd_cli *cli)
{
	int r;

	for (size_t i = 0; i < cli->backend_paths.n; i++) {
		r = wd_descriptors_read(&cli->backends, cli->backend_paths.v[i]);
		if (r < 0) {
			wd_complain("%s: %s", cli->backend_paths.v[i], wd_status_text(r));
			return WD_EXIT_USAGE;
		}
	}
	r = wd_descriptors_read(&cli->backends, cli->places->backends);
	if (r == -ENOENT && cli->backend_paths.n)
		return -1;
	if (r < 0) {
		wd_complain("%s: %s: no backends", cli->places->backends, wd_status_text(r));
		return WD_EXIT_NO_RESULT;
	}
	return -1;
}

int wd_cli_open_subject(struct wd_cli *cli, const char *rootfs, struct wd_subject_options *options,
			struct wd_subject *s)
{
	int r;

	if (strchr(cli->command->options, 'R') && options->evidence && options->attribute) {
		r = wd_cli_open_references(cli);
		if (r >= 0) {
			*s = (struct wd_subject){.root.fd = -1};
			return r;
		}
		options->references = cli->opened.v;
		options->nreferences = cli->opened.n;
		if (cli->opened.n)
			options->contents = WD_HASH_RECORDED;
	}
	options->backends = &cli->backends;
	options->data_dir = cli->places->data;
	options->module_dir = cli->places->modules;
	options->cross = cli->cross;
	options->choice = cli->choice;
	options->max_bytes = cli->max_bytes;
	options->deleted = cli->deleted;
	if (isatty(STDERR_FILENO) == 1 && !cli->quiet)
		options->progress = wd_progress;
	r = wd_subject_open(s, rootfs, options);
	wd_progress_erase();
	/* workers refuse by themselves what the trial did not foresee */
	if (s->cat.unfenced & cli->limits.required)
		return refuse_unfenced(s->cat.unfenced & cli->limits.required);
	if (r >= 0)
		return -1;
	/* images to choose from stand on lines of their own */
	for (struct wd_blob rest = wd_blob_str(s->data_error), line;
	     wd_blob_token(&rest, '\n', &line);)
		wd_complain("%.*s", WD_BLOB_PRINTF(line));
	/* other tools take "debian:12" for an image somewhere else */
	if (!s->data_error)
		wd_complain("%s: %s%s", rootfs, wd_status_text(r),
			    r == -ENOENT && strchr(rootfs, ':')
				    ? "; no registry or daemon is asked: see IMAGES in whodistro(1)"
				    : "");
	return r == WD_EAMBIGUOUS ? WD_EXIT_USAGE : WD_EXIT_NO_RESULT;
}

static void describe_db(const struct wd_subject *s, const struct wd_db *db)
{
	WD_CLEANUP_BUF struct wd_buf fences = WD_BUF_INIT;

	for (int bit = 0; bit < WD_FENCE_COUNT; bit++)
		wd_buf_printf(&fences, " %s%s", db->fences >> bit & 1 ? "" : "no-",
			      wd_fence_name((enum wd_fence_bit)bit));
	wd_complain("%s/%s: %s %.*s, %u packages, %zu paths%s; fences:%.*s", s->name, db->path,
		    db->backend->name, WD_BLOB_PRINTF(wd_strpool_get(&s->cat.strings, db->format)),
		    db->npackages, db->claims.n, db->complete ? "" : ", incomplete",
		    WD_BLOB_PRINTF(wd_buf_view(&fences)));
}

static void describe_sandbox(const struct wd_subject *s)
{
	WD_CLEANUP_BUF struct wd_buf held = WD_BUF_INIT, missing = WD_BUF_INIT;
	uint32_t fences = wd_subject_fences(s);

	name_fences(&held, fences);
	name_fences(&missing, WD_FENCE_ALL & ~fences);
	wd_complain("%s: sandbox of all workers:%.*s; missing:%.*s", s->name,
		    WD_BLOB_PRINTF(wd_buf_view(&held)),
		    WD_BLOB_PRINTF(missing.len ? wd_buf_view(&missing) : WD_BLOB(" none")));
}

void wd_cli_report_errors(const struct wd_cli *cli, const struct wd_subject *s)
{
	if (cli->verbose)
		describe_sandbox(s);
	for (size_t i = 0; cli->verbose && i < s->cat.ndatabases; i++)
		describe_db(s, s->cat.dbs.v[i]);
	for (size_t i = 0; !cli->quiet && i < s->cat.errors.n; i++) {
		const struct wd_cat_error *e = &s->cat.errors.v[i];

		wd_complain("%s: %s: %s", s->name, e->path, e->message);
	}
}

int wd_cli_status(const struct wd_subject *s)
{
	return s->cat.errors.n ? WD_EXIT_INCOMPLETE : WD_EXIT_COMPLETE;
}

static size_t find_word(struct wd_blob word, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && !wd_blob_is(word, words[i]))
		i++;
	return i;
}

int wd_cli_check_fail_on(const struct wd_cli *cli, const char *const *words, size_t n)
{
	struct wd_blob rest = wd_blob_str(cli->fail_on), word;
	WD_CLEANUP_BUF struct wd_buf list = WD_BUF_INIT;

	for (size_t i = 0; i < n; i++)
		wd_buf_printf(&list, "%s%s", i ? ", " : "", words[i]);
	if (cli->fail_on && rest.len == 0) {
		wd_complain("--fail-on: no condition");
		return WD_EXIT_USAGE;
	}
	while (wd_blob_token(&rest, ',', &word)) {
		if (find_word(word, words, n) < n)
			continue;
		wd_complain("--fail-on: '%.*s' is none of %.*s", WD_BLOB_PRINTF(word),
			    WD_BLOB_PRINTF(wd_buf_view(&list)));
		return WD_EXIT_USAGE;
	}
	return -1;
}

bool wd_cli_condition_holds(const struct wd_cli *cli, const char *const *words,
			    const uint64_t *counts, size_t n)
{
	struct wd_blob rest = wd_blob_str(cli->fail_on), word;

	while (wd_blob_token(&rest, ',', &word)) {
		size_t i = find_word(word, words, n);

		if (i < n && counts[i])
			return true;
	}
	return false;
}

const struct wd_hash_ops *wd_cli_load_hash(const struct wd_cli *cli)
{
	const struct wd_hash_ops *ops = wd_hash_load(cli->places->modules);

	if (!ops)
		wd_complain("%s/" WD_HASH_MODULE ".so: the module for digests is not installed",
			    cli->places->modules);
	return ops;
}

char *wd_cli_absolute(const char *path)
{
	WD_CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	struct wd_buf out = WD_BUF_INIT;
	struct wd_blob rest = wd_blob_str(path), name;

	if (path[0] != '/' && cwd && strcmp(cwd, "/") != 0)
		wd_buf_str(&out, cwd);
	while (wd_blob_token(&rest, '/', &name)) {
		if (name.len == 0 || wd_blob_is(name, "."))
			continue;
		wd_buf_byte(&out, '/');
		wd_buf_blob(&out, name);
	}
	wd_buf_byte(&out, '\0');
	if (out.status < 0)
		wd_buf_done(&out);
	return out.ptr;
}

int wd_cli_check_written(const struct wd_cli *cli, const char *file)
{
	WD_CLEANUP_FREE char *path = file ? wd_cli_absolute(file) : NULL;
	int end = cli->command->read_end;

	if (!file || strcmp(file, "-") == 0)
		return -1;
	for (int i = cli->command->read_first; i < cli->noperands && (i < end || end < 0); i++) {
		if (!path || !wd_root_holds(cli->operands[i], path))
			continue;
		wd_complain("%s: nothing is written in %s, which is read", file, cli->operands[i]);
		return WD_EXIT_USAGE;
	}
	return -1;
}

int wd_cli_open_output(struct wd_cli *cli, struct wd_out *out, const struct wd_format **ret)
{
	const struct wd_format *format = wd_format_find(cli->format, cli->places->formats);
	int r;

	*out = (struct wd_out){.fd = -1};
	if (!format) {
		wd_complain("format %s: its module is not installed in %s", cli->format,
			    cli->places->formats);
		return WD_EXIT_NO_RESULT;
	}
	if (format->needs_file && (!cli->output || strcmp(cli->output, "-") == 0)) {
		wd_complain("format %s needs -o FILE", cli->format);
		return WD_EXIT_USAGE;
	}
	r = wd_cli_check_written(cli, cli->output);
	if (r >= 0)
		return r;
	r = wd_out_open(out, cli->output, cli->color);
	if (r < 0) {
		wd_complain("%s: %s", cli->output, wd_status_text(r));
		return WD_EXIT_NO_RESULT;
	}
	if (format->needs_file && !out->temp) {
		wd_complain("format %s needs a regular file, which %s is not", cli->format,
			    cli->output);
		wd_out_done(out);
		return WD_EXIT_USAGE;
	}
	*ret = format;
	return -1;
}

int wd_cli_write_failed(const struct wd_cli *cli, int r)
{
	wd_complain("%s: %s", cli->output ? cli->output : "standard output", wd_status_text(r));
	return WD_EXIT_NO_RESULT;
}

int wd_cli_close_output(struct wd_cli *cli, struct wd_out *out, int status)
{
	int r = wd_out_commit(out);

	if (r < 0)
		status = wd_cli_write_failed(cli, r);
	wd_out_done(out);
	return status;
}

int wd_cli_finish(struct wd_cli *cli, const struct wd_subject *s, struct wd_out *out, int r)
{
	if (r == 0)
		r = wd_subject_whole(s);
	if (r < 0) {
		wd_out_done(out);
		if (s->data_error)
			wd_complain("%s", s->data_error);
		return s->data_error ? WD_EXIT_NO_RESULT : wd_cli_write_failed(cli, r);
	}
	wd_cli_report_errors(cli, s);
	return wd_cli_close_output(cli, out, wd_cli_status(s));
}

int wd_cli_run_table(struct wd_cli *cli, const char *rootfs, struct wd_subject_options *options,
		     int (*write)(struct wd_cli *cli, struct wd_subject *s, struct wd_writer *w))
{
	struct wd_subject s;
	struct wd_out out;
	struct wd_writer w = {.out = &out};
	int status = wd_cli_open_output(cli, &out, &w.format);

	if (status >= 0)
		return status;
	status = wd_cli_open_subject(cli, rootfs, options, &s);
	if (status < 0)
		status = wd_cli_finish(cli, &s, &out, write(cli, &s, &w));
	else
		wd_out_done(&out);
	wd_subject_done(&s);
	return status;
}
