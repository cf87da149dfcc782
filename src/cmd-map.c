/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "report/rows.h"

struct map_run {
	const struct wd_cli *cli;
	const struct wd_subject *s;
	struct wd_rows *rows;
};

/* Files and links by default; what a database records and the rootfs lacks, where asked. */
static bool wanted(const struct map_run *m, wd_node_id id)
{
	const struct wd_node *n = wd_tree_node(m->s->tree, id);
	bool ghost = n->flags & WD_NODE_GHOST;
	bool dir = n->type == WD_TYPE_DIR || (ghost && n->ghost != WD_NODE_NONE);

	if (dir && !m->cli->dirs)
		return false;
	if (!ghost)
		return true;
	/* a ghost that nobody claims is only on the way to one that somebody does */
	return m->cli->missing && id < m->s->owners.nnodes &&
	       m->s->owners.start[id] != m->s->owners.start[id + 1] && !(n->flags & WD_NODE_HIDDEN);
}

static int visit(void *ctx, wd_node_id id, struct wd_blob path)
{
	struct map_run *m = ctx;

	return wanted(m, id) ? wd_rows_write(m->rows, id, path) : 0;
}

static int read_contents(const struct wd_cli *cli, struct wd_subject *s, struct wd_verify *ret)
{
	const struct wd_hash_ops *ops = wd_cli_load_hash(cli);
	int r = ops ? 0 : WD_EMODULE;

	if (r == 0)
		r = wd_verify_read(s, ops, cli->quiet ? NULL : wd_progress_bytes, NULL, ret);
	wd_progress_erase();
	if (r == 0)
		wd_verify_errors(ret, s);
	return r;
}

static int write_rows(struct wd_cli *cli, struct wd_subject *s, const struct wd_verify *v,
		      struct wd_writer *w)
{
	struct wd_rows rows;
	struct map_run m = {cli, s, &rows};
	int r;

	wd_rows_init(&rows, s, w, false);
	rows.one = cli->one;
	if (cli->verify)
		wd_rows_verify(&rows, v);
	r = w->format->begin(w);
	/* the root itself has no name to be visited by */
	wd_tree_stat(s->tree, WD_NODE_ROOT);
	if (r == 0 && cli->dirs)
		r = wd_rows_write(&rows, WD_NODE_ROOT, WD_BLOB(""));
	if (r == 0)
		r = wd_tree_each(s->tree, visit, &m);
	if (r == 0)
		r = w->format->end(w, &s->cat);
	wd_rows_done(&rows);
	return r;
}

static int write_map(struct wd_cli *cli, struct wd_subject *s, struct wd_writer *w)
{
	struct wd_verify v = {0};
	int r = cli->verify ? read_contents(cli, s, &v) : 0;

	if (r == 0)
		r = write_rows(cli, s, &v, w);
	wd_verify_done(&v);
	return r;
}

static bool wants_digests(const struct wd_cli *cli)
{
	return cli->verify || (strcmp(cli->format, "text") != 0 &&
			       strcmp(cli->format, "csv") != 0 && strcmp(cli->format, "nul") != 0);
}

static int run(struct wd_cli *cli)
{
	struct wd_subject_options options = {.scan = true,
					     .stat = true,
					     .owners = true,
					     .attribute = true,
					     .evidence = WD_EVIDENCE_UNOWNED,
					     .digests = wants_digests(cli),
					     .contents = cli->verify ? WD_HASH_RECORDED : 0};

	return wd_cli_run_table(cli, cli->operands[0], &options, write_map);
}

const struct wd_command wd_cmd_map = {
	.name = "map",
	.operands = "ROOTFS",
	.summary = "one row for each file: package, distribution, basis",
	.min_operands = 1,
	.max_operands = 1,
	.read_end = 1,
	.options = "1DMZRXIPYW",
	.formats = "text, csv, nul, json, ndjson, sqlite",
	.run = run,
};
