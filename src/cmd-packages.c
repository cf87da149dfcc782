/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "report/rows.h"

static int run(struct wd_cli *cli)
{
	struct wd_subject_options options = {0};
	const struct wd_format *format;
	struct wd_subject s;
	struct wd_out out;
	int status = wd_cli_open_output(cli, &out, &format);

	if (status >= 0)
		return status;
	status = wd_cli_open_subject(cli, cli->operands[0], &options, &s);
	if (status < 0) {
		struct wd_writer w = {.format = format, .out = &out};

		status = wd_cli_finish(cli, &s, &out, wd_rows_packages(&s, &w));
	} else {
		wd_out_done(&out);
	}
	wd_subject_done(&s);
	return status;
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
