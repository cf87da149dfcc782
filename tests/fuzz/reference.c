/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a worker that reads a reference index may send: any bytes, first of what the index holds,
 * then of what it has of a tree. The input is two bytes, the length of the first, and both.
 */
#include "provenance/reference.h"
#include "fuzz.h"
#include "provenance/reference-wire.h"

static struct wd_blob streams[2];
static unsigned forked;

/* In place of the one that reads an index: the process is over, and what it sent is there. */
int wd_reference_fork(const struct wd_reference_task *task, pid_t *ret_pid, int *ret_pipe)
{
	pid_t pid = vfork();

	(void)task;
	if (pid == 0)
		_exit(0);
	FUZZ_CHECK(pid > 0 && forked < WD_ARRAY_SIZE(streams));
	*ret_pid = pid;
	*ret_pipe = fuzz_memfd(streams[forked++]);
	return 0;
}

static void add_entries(struct wd_tree *tree, wd_node_id dir, const char *const *names, size_t n)
{
	struct wd_entries e = {0};

	for (size_t i = 0; i < n; i++) {
		struct wd_entry entry = {.name = wd_blob_str(names[i]),
					 .size = 100,
					 .type = *names[i] == 'd' ? WD_TYPE_DIR : WD_TYPE_FILE,
					 .have_stat = true};

		FUZZ_CHECK(wd_array_push(&e.list, entry) == 0);
	}
	FUZZ_CHECK(wd_tree_adopt(tree, dir, &e) == 0);
	wd_entries_done(&e);
}

/* Nodes 1 and 2 are directories, 3 to 6 are files. */
static void make_tree(const struct wd_root *root, struct wd_tree **ret)
{
	static const char *const top[] = {"d1", "d2", "f"}, *const below[] = {"a", "b", "c"};

	FUZZ_CHECK(wd_tree_new(root, ret) == 0);
	add_entries(*ret, WD_NODE_ROOT, top, WD_ARRAY_SIZE(top));
	add_entries(*ret, 1, below, WD_ARRAY_SIZE(below));
}

static void check_answer(const struct wd_answer *a, const struct wd_tree *tree)
{
	for (size_t i = 0; i < a->matches.n; i++) {
		FUZZ_CHECK(a->matches.v[i].node < tree->nodes.n);
		FUZZ_CHECK(a->matches.v[i].package < a->packages.n);
	}
	for (size_t i = 0; i < a->packages.n; i++) {
		FUZZ_CHECK(a->packages.v[i].candidate < a->candidates.n);
		FUZZ_CHECK(a->packages.v[i].share >= 0 && a->packages.v[i].share <= 1);
		fuzz_touch(wd_strpool_get(&a->strings, a->packages.v[i].name));
	}
	for (size_t i = 0; i < a->candidates.n; i++)
		FUZZ_CHECK(a->candidates.v[i].score >= 0);
	for (wd_node_id node = 0; node < tree->nodes.n; node++) {
		size_t n = 0;

		wd_answer_of(a, node, &n);
		fuzz_found += n;
	}
}

static void ask(struct wd_reference *ref)
{
	static const struct wd_root nowhere = {.fd = -1};
	static const uint8_t wanted[] = {0, 0, 0, 1, 1, 1, 0};
	struct wd_catalog cat = {0};
	struct wd_question q = {
		.refs = ref, .nrefs = 1, .module_dir = "", .wanted = wanted, .cat = &cat};
	struct wd_answer answer;

	make_tree(&nowhere, &q.tree);
	FUZZ_CHECK(wd_reference_ask(&q, &answer) == 0);
	check_answer(&answer, q.tree);
	wd_answer_done(&answer);
	wd_tree_free(q.tree);
	wd_catalog_done(&cat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wd_cursor c = wd_cursor(wd_blob(data, size));
	size_t first = wd_cursor_le16(&c);
	int before = fuzz_free_fd();
	struct wd_reference ref;

	forked = 0;
	streams[1] = wd_blob_skip(wd_blob(data, size), c.pos);
	streams[0] = wd_blob_head(streams[1], first);
	streams[1] = wd_blob_skip(streams[1], streams[0].len);
	if (wd_reference_open(&ref, "/proc/self/exe", "", false) == 0)
		ask(&ref);
	wd_reference_done(&ref);
	FUZZ_CHECK(fuzz_free_fd() == before);
	return 0;
}
