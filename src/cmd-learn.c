/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "base/status.h"
#include "provenance/learn.h"
#include "report/index.h"

#include <inttypes.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

/* The index under construction: the old one's copy, which takes its place when all is learnt. */
struct lessons {
	struct wd_cli *cli;
	const struct wd_index_ops *ops;
	struct wd_index *ix;
	struct wd_out file;
	char *path; /* of the index, without symbolic links where it exists */
	struct stat before;
	bool existed;
	struct wd_os_release given; /* --distro */
	unsigned learnt, failed;
};

/* ---- --distro ID[:VERSION] */

static int parse_distro(const char *text, struct wd_os_release *ret)
{
	const char *colon = text ? strchr(text, ':') : NULL;

	ret->present = text != NULL;
	ret->path = "--distro";
	ret->id = text ? strndup(text, colon ? (size_t)(colon - text) : strlen(text)) : strdup("");
	ret->version_id = strdup(colon ? colon + 1 : "");
	ret->id_like = strdup("");
	ret->codename = strdup("");
	ret->name = strdup("");
	ret->pretty_name = strdup("");
	if (!ret->id || !ret->version_id || !ret->id_like || !ret->codename || !ret->name ||
	    !ret->pretty_name)
		return -ENOMEM;
	return text && !*ret->id ? -EINVAL : 0;
}

/*
 * What the packages themselves do not say is what the user says: all of them, or, where it is the
 * same distribution, its release.
 */
static int apply_given(const struct lessons *l, struct wd_catalog *cat, struct wd_distros *distros)
{
	int given;

	if (!l->given.present)
		return 0;
	given = wd_distros_intern(distros, wd_blob_str(l->given.id),
				  wd_blob_str(l->given.version_id), NULL);
	for (size_t i = 0; given >= 0 && i < cat->packages.n; i++) {
		const struct wd_distro *d = &distros->list.v[cat->packages.v[i].distro];

		if (cat->packages.v[i].distro == 0 ||
		    (strcmp(d->id, l->given.id) == 0 && !*d->version_id))
			cat->packages.v[i].distro = (uint32_t)given;
	}
	return given < 0 ? given : 0;
}

/* ---- Sources */

static void complain_data(const struct lessons *l, int r, unsigned line)
{
	wd_complain("%s/distros.tsv:%u: %s", l->cli->places->data, line, wd_status_text(r));
}

static int write_lesson(struct lessons *l, const char *source, struct wd_lesson *lesson)
{
	WD_CLEANUP_FREE char *real = realpath(source, NULL);
	int r;

	lesson->source.path = wd_blob_str(real ? real : source);
	lesson->source.given = wd_blob_str(l->cli->distro);
	r = wd_learn(l->ops, l->ix, lesson);
	if (r < 0) {
		wd_complain("%s: %s", l->file.temp,
			    r == WD_ECORRUPT ? l->ops->why(l->ix) : wd_status_text(r));
		return r;
	}
	if (lesson->unknown)
		wd_complain("%s: %" PRIu64 " package%s not learnt: which distribution's they are "
			    "is not known (--distro says it)",
			    source, lesson->unknown, lesson->unknown == 1 ? "" : "s");
	if (lesson->source.files == 0 && !lesson->unknown)
		wd_complain("%s: no package with a list of files", source);
	l->learnt += lesson->source.files > 0;
	l->failed += lesson->source.files == 0 || lesson->unknown;
	return 0;
}

static int tick(void *ctx, struct wd_load *load)
{
	const struct wd_cli *cli = ctx;
	size_t claims = 0;
	struct wd_db *db;

	for (size_t i = 0; (db = wd_load_db(load, i)); i++)
		claims += db->claims.n;
	if (isatty(STDERR_FILENO) == 1 && !cli->quiet)
		wd_progress(NULL, "learning", (unsigned)claims);
	return 0;
}

static void report_errors(const struct lessons *l, const char *source, const struct wd_catalog *cat)
{
	for (size_t i = 0; !l->cli->quiet && i < cat->errors.n; i++) {
		const struct wd_cat_error *e = &cat->errors.v[i];

		if (strcmp(e->path, source) == 0)
			wd_complain("%s: %s", source, e->message);
		else
			wd_complain("%s: %s: %s", source, e->path, e->message);
	}
}

/* A file of packages. WD_ENOTMINE, with nothing said, where no backend takes it. */
static int learn_file(struct lessons *l, const char *source)
{
	struct wd_catalog cat = {0};
	struct wd_distros distros = {0};
	struct wd_lesson lesson = {.cat = &cat, .distros = &distros};
	unsigned line = 0;
	int r = wd_load_source(&l->cli->backends, source, WD_WANT_DIGESTS, &cat, tick, l->cli);

	wd_progress_erase();
	if (r == 0)
		r = cat.errors_lost ? -ENOMEM : wd_catalog_finish(&cat);
	if (r == 0) {
		r = wd_distros_read(&distros, l->cli->places->data, &line);
		if (r == 0)
			r = wd_distros_assign(&distros, &cat, &l->given);
		if (r < 0)
			complain_data(l, r, line);
		else
			r = apply_given(l, &cat, &distros);
	} else if (r != WD_ENOTMINE) {
		wd_complain("%s: %s", source, wd_status_text(r));
		l->failed++;
		r = r == -ENOMEM ? r : 0;
	}
	report_errors(l, source, &cat);
	l->failed += cat.errors.n > 0;
	if (r == 0 && cat.dbs.n) {
		lesson.source.kind = wd_blob_str(cat.dbs.v[0]->backend->name);
		r = write_lesson(l, source, &lesson);
	}
	wd_distros_done(&distros);
	wd_catalog_done(&cat);
	return r;
}

static int learn_rootfs(struct lessons *l, const char *source)
{
	struct wd_subject_options options = {.scan = true,
					     .stat = true,
					     .owners = true,
					     .digests = true,
					     .evidence = WD_EVIDENCE_ALL};
	struct wd_subject s;
	int status = wd_cli_open_subject(l->cli, source, &options, &s);
	struct wd_lesson lesson = {.cat = &s.cat, .distros = &s.distros, .tree = s.tree};
	int r = 0;

	if (status < 0) {
		lesson.source.kind = WD_BLOB("rootfs");
		wd_cli_report_errors(l->cli, &s);
		l->failed += s.cat.errors.n > 0;
		r = apply_given(l, &s.cat, &s.distros);
		if (r == 0)
			r = write_lesson(l, source, &lesson);
	} else {
		l->failed++;
	}
	wd_subject_done(&s);
	return r;
}

/* What no backend takes by its name may be an image. */
static int learn_all(struct lessons *l)
{
	int r = 0;

	for (int i = 1; r == 0 && i < l->cli->noperands; i++) {
		const char *source = l->cli->operands[i];
		struct stat st;

		if (stat(source, &st) == 0 && S_ISDIR(st.st_mode))
			r = WD_ENOTMINE;
		else
			r = learn_file(l, source);
		if (r == WD_ENOTMINE)
			r = learn_rootfs(l, source);
	}
	return r;
}

/* ---- The index */

static int complain_index(const struct wd_reference *ref, int r)
{
	wd_complain("%s: %s", ref->path, ref->why ? ref->why : wd_status_text(r));
	return WD_EXIT_NO_RESULT;
}

/* The new index begins as a copy of the old one, which a worker has found to be whole. */
static int copy_old(struct lessons *l)
{
	struct wd_reference old;
	int r = wd_reference_open(&old, l->cli->operands[0], l->cli->places->modules, true);
	int status = -1;
	off_t at = 0;

	if (r < 0) {
		status = complain_index(&old, r);
	} else if (fstat(old.fd, &l->before) == 0) {
		l->existed = true;
		while (r == 0 && at < l->before.st_size) {
			ssize_t n = sendfile(l->file.fd, old.fd, &at, 1 << 30);

			r = n < 0 ? -errno : n == 0 ? -EIO : 0;
		}
		if (r < 0)
			status = complain_index(&old, r);
	}
	wd_reference_done(&old);
	return status;
}

static int open_index(struct lessons *l)
{
	struct stat st;
	int r, status = wd_cli_check_written(l->cli, l->cli->operands[0]);

	if (status < 0) /* before all is learnt, not when it is listed */
		status = wd_cli_check_written(l->cli, l->cli->output);
	if (status >= 0)
		return status;
	l->path = realpath(l->cli->operands[0], NULL);
	if (!l->path)
		l->path = strdup(l->cli->operands[0]);
	l->ops = wd_index_load(l->cli->places->modules);
	if (!l->ops || !l->path) {
		wd_complain("%s/" WD_INDEX_MODULE ".so: the module for indexes is not installed",
			    l->cli->places->modules);
		return WD_EXIT_NO_RESULT;
	}
	r = wd_out_open(&l->file, l->path, WD_COLOR_NEVER);
	if (r == 0 && !l->file.temp)
		r = WD_ENOTREG;
	if (r == 0 && stat(l->path, &st) == 0)
		status = copy_old(l);
	if (status >= 0)
		return status;
	if (r == 0)
		r = l->ops->edit(l->file.temp, &l->ix);
	if (r < 0) {
		wd_complain("%s: %s", l->path, wd_status_text(r));
		return WD_EXIT_NO_RESULT;
	}
	return -1;
}

/* Whether the index is still what the copy was made of. */
static bool unchanged(const struct lessons *l)
{
	struct stat st;

	if (stat(l->path, &st) < 0)
		return !l->existed;
	return l->existed && st.st_dev == l->before.st_dev && st.st_ino == l->before.st_ino &&
	       st.st_size == l->before.st_size && st.st_mtim.tv_sec == l->before.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == l->before.st_mtim.tv_nsec;
}

static int put_in_place(struct lessons *l)
{
	int r = l->ops->commit(l->ix);

	if (r < 0) {
		wd_complain("%s: %s", l->path, l->ops->why(l->ix));
		return WD_EXIT_NO_RESULT;
	}
	l->ops->close(l->ix);
	l->ix = NULL;
	if (!unchanged(l)) {
		wd_complain("%s: changed while this was learnt: nothing is written", l->path);
		return WD_EXIT_NO_RESULT;
	}
	r = wd_out_commit(&l->file);
	if (r < 0) {
		wd_complain("%s: %s", l->path, wd_status_text(r));
		return WD_EXIT_NO_RESULT;
	}
	return -1;
}

static int learn(struct lessons *l)
{
	int status = open_index(l);

	if (status >= 0)
		return status;
	if (learn_all(l) < 0)
		return WD_EXIT_NO_RESULT;
	if (l->learnt == 0) {
		wd_complain("nothing was learnt");
		return WD_EXIT_NO_RESULT;
	}
	status = put_in_place(l);
	if (status < 0 && l->failed)
		status = WD_EXIT_INCOMPLETE;
	return status;
}

static int list(struct wd_cli *cli)
{
	struct wd_reference ref;
	struct wd_out out;
	struct wd_writer w = {.out = &out};
	int status = wd_cli_open_output(cli, &out, &w.format);
	int r;

	if (status >= 0)
		return status;
	r = wd_reference_open(&ref, cli->operands[0], cli->places->modules, false);
	if (r < 0) {
		status = complain_index(&ref, r);
		wd_out_done(&out);
	} else {
		r = wd_rows_sources(&ref, &w);
		status = r < 0 ? wd_cli_write_failed(cli, r) : WD_EXIT_COMPLETE;
		status = wd_cli_close_output(cli, &out, status);
	}
	wd_reference_done(&ref);
	return status;
}

static int run(struct wd_cli *cli)
{
	struct lessons l = {.cli = cli, .file.fd = -1};
	int status = -1;
	int r = parse_distro(cli->distro, &l.given);

	if (r < 0) {
		wd_complain("--distro takes ID or ID:VERSION, not '%s'", cli->distro);
		status = r == -ENOMEM ? WD_EXIT_NO_RESULT : WD_EXIT_USAGE;
	} else if (cli->noperands > 1) {
		status = learn(&l);
	} else if (cli->distro) {
		wd_complain("--distro is for a SOURCE, and there is none");
		status = WD_EXIT_USAGE;
	}
	if (l.ix)
		l.ops->close(l.ix);
	wd_out_done(&l.file);
	wd_os_release_done(&l.given);
	free(l.path);
	if (status >= 0 && status != WD_EXIT_INCOMPLETE)
		return status;
	r = list(cli);
	return r == WD_EXIT_COMPLETE && status >= 0 ? status : r;
}

const struct wd_command wd_cmd_learn = {
	.name = "learn",
	.operands = "INDEX [SOURCE...]",
	.summary = "learn what packages hold, from root filesystems, packages and lists of them",
	.min_operands = 1,
	.max_operands = -1,
	.read_first = 1,
	.read_end = -1,
	.options = "TXIPY",
	.formats = "text, csv, json, ndjson",
	.run = run,
};
