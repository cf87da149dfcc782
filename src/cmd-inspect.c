/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "base/status.h"
#include "report/inspect.h"

#include <string.h>

struct inspect_run {
	struct wd_cli *cli;
	struct wd_out out;
	size_t name_width;
	int shown;
	bool failed; /* a --fail-on condition holds */
	bool incomplete;
	bool no_result;
};

static const char *const lineage_words[] = {
#define X(id, word) word,
	WD_LINEAGES(X)
#undef X
};
static const char *const style_words[] = {
#define X(id, word) word,
	WD_STYLES(X)
#undef X
};

static bool is_one_of(struct wd_blob word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (wd_blob_is(word, words[i]))
			return true;
	return false;
}

/* -1, or an exit status where --fail-on has a word that is none. */
static int check_fail_on(const struct wd_cli *cli)
{
	struct wd_blob rest = wd_blob_str(cli->fail_on), word;

	if (rest.len == 0) {
		wd_complain("--fail-on: no condition");
		return WD_EXIT_USAGE;
	}
	while (wd_blob_token(&rest, ',', &word)) {
		if (is_one_of(word, lineage_words, WD_ARRAY_SIZE(lineage_words)) ||
		    is_one_of(word, style_words, WD_ARRAY_SIZE(style_words)) ||
		    wd_blob_is(word, "unowned") || wd_blob_is(word, "missing"))
			continue;
		wd_complain("--fail-on: '%.*s' is no lineage, no style, and neither unowned nor "
			    "missing",
			    WD_BLOB_PRINTF(word));
		return WD_EXIT_USAGE;
	}
	return -1;
}

static bool condition_holds(const struct wd_cli *cli, const struct wd_verdict *v)
{
	struct wd_blob rest = wd_blob_str(cli->fail_on), word;

	while (wd_blob_token(&rest, ',', &word)) {
		if (wd_blob_is(word, wd_lineage_name(v->lineage)) ||
		    wd_blob_is(word, wd_style_name(v->style)) ||
		    (wd_blob_is(word, "unowned") && v->files.unowned) ||
		    (wd_blob_is(word, "missing") && v->files.missing))
			return true;
	}
	return false;
}

static unsigned flags_of(const struct wd_cli *cli)
{
	return cli->evidence ? WD_INSPECT_EVIDENCE : 0;
}

static int show_json(struct inspect_run *run, const struct wd_subject *s,
		     const struct wd_verdict *v)
{
	bool lines = strcmp(run->cli->format, "ndjson") == 0;
	bool array = !lines && run->cli->noperands > 1;
	int r;

	if (array)
		wd_buf_str(&run->out.buf, run->shown ? ",\n" : "[\n");
	r = wd_inspect_json(s, v, flags_of(run->cli) | (lines ? 0 : WD_INSPECT_INDENT),
			    &run->out.buf);
	if (!array)
		wd_buf_byte(&run->out.buf, '\n');
	return r < 0 ? r : wd_out_check(&run->out);
}

static int show(struct inspect_run *run, const struct wd_subject *s, const struct wd_verdict *v)
{
	int r = 0;

	if (strcmp(run->cli->format, "text") != 0) {
		r = show_json(run, s, v);
	} else if (run->cli->noperands > 1) {
		if (run->shown == 0)
			wd_inspect_table_head(&run->out, run->name_width);
		wd_inspect_table_row(s, v, run->name_width, &run->out);
		r = wd_out_check(&run->out);
	} else {
		wd_inspect_text(s, v, flags_of(run->cli), &run->out);
		r = wd_out_check(&run->out);
	}
	run->shown++;
	return r;
}

static int judge_and_show(struct inspect_run *run, struct wd_subject *s)
{
	struct wd_verdict v;
	int r = wd_subject_judge(s, &v);

	if (r == 0)
		r = show(run, s, &v);
	if (r == 0)
		run->failed |= run->cli->fail_on && condition_holds(run->cli, &v);
	wd_verdict_done(&v);
	return r;
}

/* -1 to go on with the next one, or an exit status. */
static int inspect_one(struct inspect_run *run, const char *rootfs)
{
	struct wd_subject_options options = {.scan = true,
					     .stat = strcmp(run->cli->format, "text") != 0,
					     .owners = true,
					     .attribute = true,
					     .evidence = WD_EVIDENCE_ALL};
	struct wd_subject s;
	int status = wd_cli_open_subject(run->cli, rootfs, &options, &s);
	int r;

	if (status == WD_EXIT_USAGE) {
		/* several images, and none was chosen */
	} else if (status >= 0) {
		run->no_result = true;
		status = -1;
	} else {
		r = judge_and_show(run, &s);
		if (r < 0)
			status = s.data_error ? (wd_complain("%s", s.data_error), WD_EXIT_NO_RESULT)
					      : wd_cli_write_failed(run->cli, r);
		else
			wd_cli_report_errors(run->cli, &s);
		run->incomplete |= s.cat.errors.n > 0;
	}
	wd_subject_done(&s);
	return status;
}

/* A condition that holds is said even of half a result: it would hold of the whole. */
static int final_status(const struct inspect_run *run)
{
	if (run->no_result)
		return run->shown ? WD_EXIT_INCOMPLETE : WD_EXIT_NO_RESULT;
	if (run->failed)
		return WD_EXIT_CONDITION;
	return run->incomplete ? WD_EXIT_INCOMPLETE : WD_EXIT_COMPLETE;
}

static int run_inspect(struct wd_cli *cli)
{
	struct inspect_run run = {.cli = cli, .name_width = strlen("ROOTFS")};
	const struct wd_format *format;
	int status = cli->fail_on ? check_fail_on(cli) : -1;

	if (status < 0)
		status = wd_cli_open_output(cli, &run.out, &format);
	if (status >= 0)
		return status;
	for (int i = 0; i < cli->noperands; i++)
		if (strlen(cli->operands[i]) > run.name_width)
			run.name_width = strlen(cli->operands[i]);
	for (int i = 0; status < 0 && i < cli->noperands; i++)
		status = inspect_one(&run, cli->operands[i]);
	if (status >= 0 || run.shown == 0) {
		wd_out_done(&run.out);
		return status >= 0 ? status : final_status(&run);
	}
	if (strcmp(cli->format, "json") == 0 && cli->noperands > 1)
		wd_buf_str(&run.out.buf, "\n]\n");
	return wd_cli_close_output(cli, &run.out, final_status(&run));
}

const struct wd_command wd_cmd_inspect = {
	.name = "inspect",
	.operands = "ROOTFS...",
	.summary = "whose distro is this? verdict, evidence, totals",
	.min_operands = 1,
	.max_operands = -1,
	.read_end = -1,
	.options = "EFRXIPY",
	.formats = "text, json, ndjson",
	.run = run_inspect,
};
