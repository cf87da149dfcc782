/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "report/rows.h"

static int write_packages(struct wd_cli *cli, struct wd_subject *s, struct wd_writer *w)
{
	(void)cli;
	return wd_rows_packages(s, w);
}

static int run(struct wd_cli *cli)
{
	struct wd_subject_options options = {0};

	return wd_cli_run_table(cli, cli->operands[0], &options, write_packages);
}

const struct wd_command wd_cmd_packages = {
	.name = "packages",
	.operands = "ROOTFS",
	.summary = "every package of every database",
	.min_operands = 1,
	.max_operands = 1,
	.options = "",
	.formats = "text, csv, nul, json, ndjson, sqlite",
	.run = run,
};
