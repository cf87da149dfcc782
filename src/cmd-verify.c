/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "base/status.h"
#include "report/verify.h"

#include <inttypes.h>

/* The first, WD_FINDING_SAME, is no condition. */
static const char *const words[] = {
#define X(id, word) word,
	WD_FINDINGS(X)
#undef X
};

static void say_counts(const struct wd_subject *s, const struct wd_verify *v)
{
	wd_complain("%s: %" PRIu64 " paths verified: %" PRIu64 " modified, %" PRIu64
		    " replaced, %" PRIu64 " missing, %" PRIu64 " unreadable; %" PRIu64
		    " extra; %" PRIu64 " packages unrecorded",
		    s->name, (uint64_t)v->contents.list.n, v->counts[WD_FINDING_MODIFIED],
		    v->counts[WD_FINDING_REPLACED], v->counts[WD_FINDING_MISSING],
		    v->counts[WD_FINDING_UNREADABLE], v->counts[WD_FINDING_EXTRA],
		    v->counts[WD_FINDING_UNRECORDED]);
}

static int write_verify(struct wd_cli *cli, struct wd_subject *s, struct wd_writer *w)
{
	const struct wd_hash_ops *ops = wd_cli_load_hash(cli);
	struct wd_verify v = {0};
	int r;

	if (!ops)
		return WD_EMODULE;
	r = wd_verify_read(s, ops, cli->quiet ? NULL : wd_progress_bytes, NULL, &v);
	wd_progress_erase();
	if (r == 0) {
		wd_verify_errors(&v, s);
		r = wd_verify_rows(&v, w);
	}
	if (r == 0 && cli->verbose)
		say_counts(s, &v);
	cli->condition = r == 0 && wd_cli_condition_holds(cli, words + 1, v.counts + 1,
							  WD_ARRAY_SIZE(words) - 1);
	wd_verify_done(&v);
	return r;
}

static int run(struct wd_cli *cli)
{
	struct wd_subject_options options = {.scan = true,
					     .owners = true,
					     .attribute = true,
					     .digests = true,
					     .attributes = true,
					     .contents = WD_HASH_RECORDED};
	int status = wd_cli_check_fail_on(cli, words + 1, WD_ARRAY_SIZE(words) - 1);

	if (status >= 0)
		return status;
	status = wd_cli_run_table(cli, cli->operands[0], &options, write_verify);
	return cli->condition && status != WD_EXIT_NO_RESULT ? WD_EXIT_CONDITION : status;
}

const struct wd_command wd_cmd_verify = {
	.name = "verify",
	.operands = "ROOTFS",
	.summary = "what differs from what the databases record",
	.min_operands = 1,
	.max_operands = 1,
	.read_end = 1,
	.options = "FXIPY",
	.formats = "text, csv, nul, json, ndjson, sqlite",
	.run = run,
};
