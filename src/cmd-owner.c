/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "base/status.h"
#include "report/rows.h"

#include <limits.h>
#include <string.h>

struct query {
	const char *operand;
	wd_node_id node;
};

/*
 * Where `path` begins with the directory `prefix`, what follows it; else NULL. Doubled slashes
 * and "./" were removed from both.
 */
static const char *below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (n == 0 || strncmp(path, prefix, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path + n;
}

/* The operand without the rootfs in front, as the user typed it or as it is called: or NULL. */
static char *without_rootfs(const char *rootfs, const char *operand)
{
	WD_CLEANUP_FREE char *path = wd_cli_absolute(operand);
	WD_CLEANUP_FREE char *prefix = wd_cli_absolute(rootfs);
	WD_CLEANUP_FREE char *real = realpath(rootfs, NULL);
	const char *rest = NULL;

	if (path && prefix)
		rest = below(path, prefix);
	if (!rest && path && real)
		rest = below(path, real);
	return rest ? strdup(rest) : NULL;
}

static bool on_disk(const struct wd_subject *s, wd_node_id node)
{
	return node != WD_NODE_NONE && !(wd_tree_node(s->tree, node)->flags & WD_NODE_GHOST);
}

/*
 * A path is one of the rootfs unless it names the rootfs in front and is there that way. What is
 * nowhere on disk is looked for among the ghosts, which are what databases claim.
 */
static wd_node_id find(struct wd_subject *s, const char *operand)
{
	WD_CLEANUP_FREE char *rest = without_rootfs(s->name, operand);
	wd_node_id stripped = rest ? wd_tree_find(s->tree, wd_blob_str(rest), false) : WD_NODE_NONE;
	wd_node_id plain;

	if (*operand == '\0')
		return WD_NODE_NONE;
	if (on_disk(s, stripped))
		return stripped;
	plain = wd_tree_find(s->tree, wd_blob_str(operand), false);
	return plain != WD_NODE_NONE ? plain : stripped;
}

/* A ghost that no database claims is only a directory on the way to others. */
static bool known(const struct wd_subject *s, wd_node_id node)
{
	return on_disk(s, node) ||
	       (node < s->owners.nnodes && s->owners.start[node] != s->owners.start[node + 1]);
}

static int write_one(struct wd_subject *s, struct wd_rows *rows, const struct query *q)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;

	wd_tree_path(s->tree, q->node, &path);
	wd_tree_stat(s->tree, q->node);
	rows->query = wd_blob_str(q->operand);
	return wd_rows_write(rows, q->node, wd_buf_view(&path));
}

static int write_owners(struct wd_cli *cli, struct wd_subject *s, struct wd_writer *w,
			const struct query *queries)
{
	struct wd_rows rows;
	int r;

	wd_rows_init(&rows, s, w, true);
	rows.one = cli->one;
	r = w->format->begin(w);
	for (int i = 0; r == 0 && i < cli->noperands; i++)
		if (queries[i].node != WD_NODE_NONE)
			r = write_one(s, &rows, &queries[i]);
	if (r == 0)
		r = w->format->end(w, &s->cat);
	wd_rows_done(&rows);
	return r;
}

static struct wd_blob last_component(struct wd_blob path)
{
	ptrdiff_t slash;

	while (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	slash = wd_blob_rchr(path, '/');
	return slash < 0 ? path : wd_blob_skip(path, (size_t)slash + 1);
}

/*
 * Claims end in the same component as the paths that they are for. An operand that ends otherwise
 * ("." or "..") is for the directory that it leads to.
 */
static int own_operands(struct wd_cli *cli, struct wd_subject *s)
{
	WD_CLEANUP_FREE struct wd_blob *names = calloc((size_t)cli->noperands, sizeof(*names));

	if (!names)
		return -ENOMEM;
	for (int i = 0; i < cli->noperands; i++) {
		wd_node_id node = find(s, cli->operands[i]);

		names[i] = node == WD_NODE_NONE ? last_component(wd_blob_str(cli->operands[i]))
						: wd_tree_name(s->tree, node);
	}
	return wd_subject_own_names(s, names, (size_t)cli->noperands);
}

/* How many of the operands are known. */
static int find_all(struct wd_cli *cli, struct wd_subject *s, struct query *queries)
{
	int found = 0;

	for (int i = 0; i < cli->noperands; i++) {
		queries[i].operand = cli->operands[i];
		queries[i].node = find(s, cli->operands[i]);
		if (!known(s, queries[i].node))
			queries[i].node = WD_NODE_NONE;
		found += queries[i].node != WD_NODE_NONE;
	}
	return found;
}

static void report_unknown(const struct wd_cli *cli, const struct wd_subject *s,
			   const struct query *queries)
{
	for (int i = 0; i < cli->noperands; i++)
		if (queries[i].node == WD_NODE_NONE)
			wd_complain("%s: %s: no such file, and no database records it", s->name,
				    cli->operands[i]);
}

/* Whether every path is known and has an owner. */
static bool all_owned(const struct wd_cli *cli, const struct wd_subject *s,
		      const struct query *queries)
{
	for (int i = 0; i < cli->noperands; i++)
		if (queries[i].node == WD_NODE_NONE ||
		    wd_owners_basis(&s->owners, queries[i].node) == WD_BASIS_NONE)
			return false;
	return true;
}

/* Whether one of the paths is a file that nobody is known to own: it may say itself whose it is. */
static bool any_stray(const struct wd_cli *cli, const struct wd_subject *s,
		      const struct query *queries)
{
	for (int i = 0; i < cli->noperands; i++)
		if (on_disk(s, queries[i].node) &&
		    wd_tree_node(s->tree, queries[i].node)->type == WD_TYPE_FILE &&
		    wd_owners_basis(&s->owners, queries[i].node) == WD_BASIS_NONE)
			return true;
	return false;
}

/* 0 or negative; whether that sufficed is in *ret. */
static int ask_plain(struct wd_cli *cli, struct wd_subject *s, struct query *queries, bool *ret)
{
	int r = own_operands(cli, s);

	if (r < 0)
		return r;
	cli->found = find_all(cli, s, queries);
	*ret = all_owned(cli, s, queries);
	return 0;
}

/*
 * Opens the subject with what the answer takes: most paths are owned in the databases at fixed
 * places; only for others is the whole tree read, and only for a file that nobody owns then are
 * files looked into. -1 to go on with *ret_failure, or an exit status.
 */
static int open_for(struct wd_cli *cli, const char *rootfs, struct query *queries,
		    struct wd_subject *s, int *ret_failure)
{
	bool digests = strcmp(cli->format, "json") == 0 || strcmp(cli->format, "ndjson") == 0;
	struct wd_subject_options plain = {.plain = true, .digests = digests};
	struct wd_subject_options full = {.scan = true,
					  .owners = true,
					  .attribute = true,
					  .evidence = WD_EVIDENCE_UNOWNED,
					  .later = true,
					  .digests = digests};
	bool enough = false;
	int status = wd_cli_open_subject(cli, rootfs, &plain, s);

	*ret_failure = status < 0 ? ask_plain(cli, s, queries, &enough) : 0;
	if (status >= 0 || *ret_failure < 0 || enough)
		return status;
	wd_subject_done(s);
	status = wd_cli_open_subject(cli, rootfs, &full, s);
	if (status >= 0)
		return status;
	cli->found = find_all(cli, s, queries);
	if (any_stray(cli, s, queries))
		*ret_failure = wd_subject_gather(s);
	return status;
}

static int run(struct wd_cli *cli)
{
	WD_CLEANUP_FREE struct query *queries = calloc((size_t)cli->noperands, sizeof(*queries));
	const char *rootfs = cli->operands[0];
	struct wd_subject s;
	struct wd_out out;
	struct wd_writer w = {.out = &out};
	int status = queries ? wd_cli_open_output(cli, &out, &w.format) : WD_EXIT_NO_RESULT;
	int r;

	cli->operands++;
	cli->noperands--;
	if (status >= 0)
		return status;
	status = open_for(cli, rootfs, queries, &s, &r);
	if (status < 0) {
		if (r == 0) {
			report_unknown(cli, &s, queries);
			r = write_owners(cli, &s, &w, queries);
		}
		status = wd_cli_finish(cli, &s, &out, r);
	} else {
		wd_out_done(&out);
	}
	wd_subject_done(&s);
	if (status == WD_EXIT_COMPLETE && cli->found < cli->noperands)
		return cli->found ? WD_EXIT_INCOMPLETE : WD_EXIT_NO_RESULT;
	return status;
}

const struct wd_command wd_cmd_owner = {
	.name = "owner",
	.operands = "ROOTFS PATH...",
	.summary = "who owns these paths, there or missing",
	.min_operands = 2,
	.max_operands = -1,
	.read_end = 1,
	.options = "1RXIPYW",
	.formats = "text, csv, nul, json, ndjson",
	.run = run,
};
