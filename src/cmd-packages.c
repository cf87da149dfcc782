/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "report/rows.h"

#include <string.h>

/* The words of --sort, by enum wd_packages_sort. */
static const char *const sorts[] = {"name", "size", "files"};

static int find_sort(const char *word, enum wd_packages_sort *ret)
{
	for (size_t i = 0; i < WD_ARRAY_SIZE(sorts); i++) {
		if (word && strcmp(sorts[i], word) != 0)
			continue;
		*ret = (enum wd_packages_sort)i;
		return -1;
	}
	wd_complain("--sort: '%s' is none of name, size and files", word);
	return WD_EXIT_USAGE;
}

/* What is on disk is asked for, or has to be known. */
static bool needs_disk(const struct wd_cli *cli)
{
	return cli->disk || cli->orphans;
}

static int write_packages(struct wd_cli *cli, struct wd_subject *s, struct wd_writer *w)
{
	struct wd_packages_choice choice = {.orphans = cli->orphans, .foreign = cli->foreign};
	WD_CLEANUP_FREE struct wd_package_size *sizes = NULL;
	int r = needs_disk(cli) ? wd_package_sizes(&s->owners, &sizes) : 0;

	if (r < 0)
		return r;
	choice.on_disk = sizes;
	find_sort(cli->sort, &choice.sort);
	return wd_rows_packages(s, &choice, w);
}

static int run(struct wd_cli *cli)
{
	struct wd_subject_options options = {0};
	enum wd_packages_sort sort;
	int status = find_sort(cli->sort, &sort);

	if (status >= 0)
		return status;
	options.scan = options.stat = options.owners = needs_disk(cli);
	return wd_cli_run_table(cli, cli->operands[0], &options, write_packages);
}

const struct wd_command wd_cmd_packages = {
	.name = "packages",
	.operands = "ROOTFS",
	.summary = "every package of every database",
	.min_operands = 1,
	.max_operands = 1,
	.read_end = 1,
	.options = "GKOSIPYW",
	.formats = "text, csv, nul, json, ndjson, sqlite",
	.run = run,
};
