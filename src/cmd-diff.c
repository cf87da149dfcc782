/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "base/status.h"
#include "report/diff.h"

static const char *const words[] = {
#define X(id, word) word,
	WD_CHANGES(X)
#undef X
};

static int write_diff(struct wd_cli *cli, struct wd_subject *a, struct wd_subject *b,
		      struct wd_writer *w)
{
	const struct wd_hash_ops *ops = wd_cli_load_hash(cli);
	struct wd_verdict va = {0}, vb = {0};
	struct wd_diff d = {0};
	int r = ops ? 0 : WD_EMODULE;

	if (r == 0)
		r = wd_subject_judge(a, &va);
	if (r == 0)
		r = wd_subject_judge(b, &vb);
	if (r == 0)
		r = wd_diff_make(a, b, ops, &d);
	if (r == 0)
		r = wd_diff_rows(&d, &va, &vb, w);
	cli->condition =
		r == 0 && wd_cli_condition_holds(cli, words, d.counts, WD_ARRAY_SIZE(words));
	wd_diff_done(&d);
	wd_verdict_done(&va);
	wd_verdict_done(&vb);
	return r;
}

/* The errors of both sides; either makes the result incomplete. */
static int finish(struct wd_cli *cli, struct wd_subject *a, struct wd_subject *b,
		  struct wd_out *out, int r)
{
	int status;

	if (r == 0)
		r = wd_subject_whole(a);
	if (r == 0)
		wd_cli_report_errors(cli, a);
	if (a->data_error && !b->data_error)
		b->data_error = WD_TAKE_PTR(a->data_error);
	status = wd_cli_finish(cli, b, out, r);
	return status == WD_EXIT_COMPLETE ? wd_cli_status(a) : status;
}

static int run_open(struct wd_cli *cli, struct wd_subject *a, struct wd_out *out,
		    struct wd_writer *w, struct wd_subject_options *options)
{
	struct wd_subject b;
	int status = wd_cli_open_subject(cli, cli->operands[1], options, &b);

	if (status < 0)
		status = finish(cli, a, &b, out, write_diff(cli, a, &b, w));
	else
		wd_out_done(out);
	wd_subject_done(&b);
	return status;
}

static int run(struct wd_cli *cli)
{
	struct wd_subject_options options = {.scan = true,
					     .stat = true,
					     .owners = true,
					     .attribute = true,
					     .digests = true,
					     .contents = WD_DIFF_ALGOS,
					     .evidence = WD_EVIDENCE_ALL};
	struct wd_subject a;
	struct wd_out out;
	struct wd_writer w = {.out = &out};
	int status = wd_cli_check_fail_on(cli, words, WD_ARRAY_SIZE(words));

	if (status < 0)
		status = wd_cli_open_output(cli, &out, &w.format);
	if (status >= 0)
		return status;
	status = wd_cli_open_subject(cli, cli->operands[0], &options, &a);
	if (status < 0)
		status = run_open(cli, &a, &out, &w, &options);
	else
		wd_out_done(&out);
	wd_subject_done(&a);
	return cli->condition && status != WD_EXIT_NO_RESULT ? WD_EXIT_CONDITION : status;
}

const struct wd_command wd_cmd_diff = {
	.name = "diff",
	.operands = "ROOTFS ROOTFS",
	.summary = "packages, owners, files and lineage that differ",
	.min_operands = 2,
	.max_operands = 2,
	.read_end = 2,
	.options = "FXIPY",
	.formats = "text, csv, nul, json, ndjson, sqlite",
	.run = run,
};
