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

/* An absolute path without ".", "//" and trailing slashes, made from the working directory. */
static char *absolute(const char *path)
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

/* The operand without the rootfs in front, as the user typed it or as it is called: or NULL. */
static char *without_rootfs(const char *rootfs, const char *operand)
{
	WD_CLEANUP_FREE char *path = absolute(operand);
	WD_CLEANUP_FREE char *prefix = absolute(rootfs);
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
	return on_disk(s, node) || (node < s->owners.nnodes &&
				    s->owners.start[node] != s->owners.start[node + 1]);
}

static int write_one(struct wd_subject *s, struct wd_rows *rows, const struct query *q)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	int r = 0;

	wd_tree_path(s->tree, q->node, &path);
	wd_tree_stat(s->tree, q->node);
	rows->query = wd_blob_str(q->operand);
	if (on_disk(s, q->node) && !wd_owners_claimed(&s->owners, q->node))
		r = wd_subject_attribute(s, q->node);
	return r < 0 ? r : wd_rows_write(rows, q->node, wd_buf_view(&path));
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

static int find_all(struct wd_cli *cli, struct wd_subject *s, struct query *queries)
{
	int found = 0;

	for (int i = 0; i < cli->noperands; i++) {
		queries[i].operand = cli->operands[i];
		queries[i].node = find(s, cli->operands[i]);
		if (!known(s, queries[i].node))
			queries[i].node = WD_NODE_NONE;
		if (queries[i].node == WD_NODE_NONE)
			wd_complain("%s: %s: no such file, and no database records it", s->name,
				    cli->operands[i]);
		else
			found++;
	}
	return found;
}

static int answer(struct wd_cli *cli, struct wd_subject *s, struct wd_writer *w)
{
	WD_CLEANUP_FREE struct query *queries = calloc((size_t)cli->noperands, sizeof(*queries));
	int r = queries ? own_operands(cli, s) : -ENOMEM;

	if (r < 0)
		return r;
	cli->found = find_all(cli, s, queries);
	return write_owners(cli, s, w, queries);
}

static int run(struct wd_cli *cli)
{
	struct wd_subject_options options = {.digests = strcmp(cli->format, "json") == 0 ||
							strcmp(cli->format, "ndjson") == 0};
	const char *rootfs = cli->operands[0];
	int status;

	cli->operands++;
	cli->noperands--;
	status = wd_cli_run_table(cli, rootfs, &options, answer);
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
	.options = "1X",
	.formats = "text, csv, nul, json, ndjson",
	.run = run,
};
