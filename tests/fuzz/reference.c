/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a worker that reads a reference index may send: any bytes, first of what the index holds,
 * then of what it has of a tree. The input is two bytes, the length of the first, and both.
 */
#include "provenance/reference.h"
#include "fuzz.h"
#include "provenance/reference-wire.h"

#define NODES 16 /* of the tree */
#define FIRST_FILE 3
#define CANDIDATES_MAX 16 /* that are looked at */

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

/* A directory has a slash at its end. */
static void add_entries(struct wd_tree *tree, wd_node_id dir, const char *const *names, size_t n)
{
	struct wd_entries e = {0};

	for (size_t i = 0; i < n; i++) {
		struct wd_blob name = wd_blob_str(names[i]);
		bool is_dir = wd_blob_ends(name, WD_BLOB("/"));
		struct wd_entry entry = {.name = wd_blob_head(name, name.len - is_dir),
					 .size = 100,
					 .type = is_dir ? WD_TYPE_DIR : WD_TYPE_FILE,
					 .have_stat = true};

		FUZZ_CHECK(wd_array_push(&e.list, entry) == 0);
	}
	FUZZ_CHECK(wd_tree_adopt(tree, dir, &e) == 0);
	wd_entries_done(&e);
}

/* Nodes 1 and 2 are directories, the others are files: one, and the programs of the system. */
static void make_tree(const struct wd_root *root, struct wd_tree **ret)
{
	static const char *const top[] = {"bin/", "d/", "f"};
	static const char *const below[] = {"a", "b", "c", "d", "e", "f",
					    "g", "h", "i", "j", "k", "l"};

	FUZZ_CHECK(wd_tree_new(root, ret) == 0);
	add_entries(*ret, WD_NODE_ROOT, top, WD_ARRAY_SIZE(top));
	add_entries(*ret, 1, below, WD_ARRAY_SIZE(below));
	FUZZ_CHECK((*ret)->nodes.n == NODES);
}

static void add_programs(struct wd_catalog *cat)
{
	for (wd_node_id node = FIRST_FILE + 1; node < NODES; node++) {
		struct wd_examined program = {.node = node};

		FUZZ_CHECK(wd_array_push(&cat->examined, program) == 0);
	}
}

static void check_choice(const struct wd_answer *a, wd_node_id node, uint32_t candidate)
{
	const struct wd_match *m = wd_answer_choose(a, node, candidate);

	if (!m)
		return;
	FUZZ_CHECK(m->node == node && a->packages.v[m->package].candidate == candidate);
	if (wd_answer_rivals(a, m).package)
		FUZZ_CHECK(a->packages.n > 1);
}

/* What the verdict makes of it: see reference.h on what follows from what. */
static void check_verdict(const struct wd_answer *a)
{
	enum wd_answer_confidence confidence = wd_answer_confidence(a);
	bool fits = wd_answer_fits(a), near = wd_answer_is_near(a);
	const struct wd_candidate *best = a->candidates.v;

	FUZZ_CHECK(*wd_answer_confidence_name(confidence));
	FUZZ_CHECK(!near || fits);
	FUZZ_CHECK(confidence != WD_ANSWER_WEAK || fits);
	FUZZ_CHECK(a->candidates.n || (confidence == WD_ANSWER_NONE && !fits));
	FUZZ_CHECK(confidence < WD_ANSWER_STRONG || wd_answer_tells_release(a, best));
	for (uint32_t i = 0; i < a->candidates.n && i < CANDIDATES_MAX; i++)
		for (wd_node_id node = 0; node < NODES; node++)
			check_choice(a, node, i);
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
	check_verdict(a);
}

static void ask(struct wd_reference *ref)
{
	static const struct wd_root nowhere = {.fd = -1};
	static const uint8_t wanted[NODES] = {[FIRST_FILE] = 1, 1, 1, 0, 1, 1, 1, 1, 1, 1};
	struct wd_catalog cat = {0};
	struct wd_question q = {
		.refs = ref, .nrefs = 1, .module_dir = "", .wanted = wanted, .cat = &cat};
	struct wd_answer answer;

	make_tree(&nowhere, &q.tree);
	add_programs(&cat);
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
