/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/reference.h"

#include "base/status.h"
#include "pkgdb/fence.h"
#include "pkgdb/limits.h"
#include "provenance/reference-wire.h"
#include "rootfs/image.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define DISTROS_MAX 4096
#define SOURCES_MAX 1000000
#define MATCHES_MAX 64 /* of a file and an index, on average */

/* The parent's side of one worker. */
struct run {
	const struct wd_question *q; /* NULL: only sources and distros */
	struct wd_answer *answer;
	struct wd_reference *ref;
	uint32_t index;		    /* of ref in the question */
	WD_ARRAY(uint32_t) numbers; /* packages in the answer, by the worker's numbers */
	uint32_t *candidates;	    /* by distro of ref: 1 + its candidate, 0: not yet known */
	uint32_t *algos;	    /* by node: digests that are worth computing */
	struct wd_buf in;
	uint64_t records;
	int status;
	bool greeted;
	bool done;
	char *why;
};

static int intern(struct wd_strpool *strings, struct wd_cursor *c, uint32_t *ret)
{
	struct wd_blob s = wd_blob_head(wd_wire_get(c), WD_LIMIT_STRING);

	return wd_strpool_intern(strings, s, ret);
}

static uint32_t get_u32(struct wd_cursor *c)
{
	struct wd_blob b = wd_cursor_bytes(c, sizeof(uint32_t));
	uint32_t n = 0;

	if (b.len)
		memcpy(&n, b.ptr, sizeof(n));
	return n;
}

static uint64_t get_u64(struct wd_cursor *c)
{
	struct wd_blob b = wd_cursor_bytes(c, sizeof(uint64_t));
	uint64_t n = 0;

	if (b.len)
		memcpy(&n, b.ptr, sizeof(n));
	return n;
}

/* By id, ascending as they came; UINT32_MAX where there is none. */
static uint32_t find_distro(const struct wd_reference *ref, uint32_t id)
{
	size_t low = 0, high = ref->distros.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (ref->distros.v[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < ref->distros.n && ref->distros.v[low].id == id ? (uint32_t)low : UINT32_MAX;
}

static int take_source(struct run *run, struct wd_cursor *c)
{
	struct wd_reference *ref = run->ref;
	struct wd_reference_source s = {.id = get_u32(c)};
	int r;

	s.distro = find_distro(ref, get_u32(c));
	s.packages = get_u64(c);
	s.files = get_u64(c);
	s.digests = get_u64(c);
	s.builds = get_u64(c);
	r = intern(&ref->strings, c, &s.path);
	if (r == 0)
		r = intern(&ref->strings, c, &s.given);
	if (r == 0)
		r = intern(&ref->strings, c, &s.kind);
	if (r < 0 || ref->sources.n >= SOURCES_MAX)
		return r < 0 ? r : WD_ELIMIT;
	ref->digests |= s.digests > 0;
	ref->builds |= s.builds > 0;
	return wd_array_push(&ref->sources, s);
}

static int take_distro(struct run *run, struct wd_cursor *c)
{
	struct wd_reference *ref = run->ref;
	struct wd_reference_distro d = {.id = get_u32(c)};
	int r = intern(&ref->strings, c, &d.os);

	if (r == 0)
		r = intern(&ref->strings, c, &d.version);
	if (r == 0)
		r = intern(&ref->strings, c, &d.purl);
	if (r < 0 || ref->distros.n >= DISTROS_MAX)
		return r < 0 ? r : WD_ELIMIT;
	if (ref->distros.n && ref->distros.v[ref->distros.n - 1].id >= d.id)
		return WD_EPROTOCOL;
	return wd_array_push(&ref->distros, d);
}

/* The candidate of a distro of this index; distros of two indexes are one. */
static int find_candidate(struct run *run, uint32_t distro, uint32_t *ret)
{
	struct wd_answer *a = run->answer;
	const struct wd_reference_distro *d = &run->ref->distros.v[distro];
	struct wd_candidate new = {0};
	int r = 0;

	if (run->candidates[distro]) {
		*ret = run->candidates[distro] - 1;
		return 0;
	}
	r = wd_strpool_intern(&a->strings, wd_strpool_get(&run->ref->strings, d->os), &new.os);

	if (r == 0)
		r = wd_strpool_intern(&a->strings, wd_strpool_get(&run->ref->strings, d->version),
				      &new.version);
	if (r == 0)
		r = wd_strpool_intern(&a->strings, wd_strpool_get(&run->ref->strings, d->purl),
				      &new.purl);
	for (size_t i = 0; r == 0 && i < a->candidates.n; i++) {
		const struct wd_candidate *known = &a->candidates.v[i];

		if (known->os == new.os && known->version == new.version && known->purl == new.purl)
			run->candidates[distro] = (uint32_t)i + 1;
	}
	if (r == 0 && !run->candidates[distro]) {
		r = wd_array_push(&a->candidates, new);
		run->candidates[distro] = (uint32_t)a->candidates.n;
	}
	*ret = run->candidates[distro] - 1;
	return r;
}

static int read_package(struct run *run, struct wd_cursor *c, struct wd_ref_package *p)
{
	struct wd_strpool *strings = &run->answer->strings;
	uint32_t distro = find_distro(run->ref, get_u32(c));
	int r;

	if (distro == UINT32_MAX)
		return WD_ECORRUPT;
	p->files = get_u32(c);
	p->core = get_u32(c);
	r = find_candidate(run, distro, &p->candidate);
	if (r == 0)
		r = intern(strings, c, &p->name);
	if (r == 0)
		r = intern(strings, c, &p->version);
	if (r == 0)
		r = intern(strings, c, &p->arch);
	return r < 0 ? r : intern(strings, c, &p->origin);
}

/* A package that another worker of the same index sent before is the same. */
static int take_package(struct run *run, struct wd_cursor *c)
{
	struct wd_answer *a = run->answer;
	struct wd_ref_package p = {.ref = run->index};
	size_t known = a->keys.entries.n;
	uint32_t key[3] = {run->index};
	uint32_t id;
	int r = run->numbers.n >= WD_LIMIT_PACKAGES ? WD_ELIMIT : 0;

	p.source = key[1] = get_u32(c);
	p.id = key[2] = get_u32(c);
	if (r == 0)
		r = read_package(run, c, &p);
	if (r == 0)
		r = wd_strpool_intern(&a->keys, wd_blob(key, sizeof(key)), &id);
	if (r == 0 && a->keys.entries.n > known)
		r = wd_array_push(&a->packages, p);
	return r < 0 ? r : wd_array_push(&run->numbers, id - 1);
}

/* A node of the tree that is there and no directory, or WD_NODE_NONE. */
static wd_node_id get_node(const struct run *run, struct wd_cursor *c)
{
	wd_node_id node = get_u32(c);
	const struct wd_node *n;

	if (node >= run->q->tree->nodes.n)
		return WD_NODE_NONE;
	n = wd_tree_node(run->q->tree, node);
	return n->flags & WD_NODE_GHOST || n->type == WD_TYPE_DIR ? WD_NODE_NONE : node;
}

static int add_match(struct run *run, wd_node_id node, uint32_t number, uint8_t flags)
{
	struct wd_match m = {.node = node, .flags = flags};

	if (node == WD_NODE_NONE || number >= run->numbers.n)
		return WD_EPROTOCOL;
	if (run->answer->matches.n / MATCHES_MAX > run->q->tree->nodes.n * run->q->nrefs)
		return WD_ELIMIT;
	m.package = run->numbers.v[number];
	return wd_array_push(&run->answer->matches, m);
}

static int take_path(struct run *run, struct wd_cursor *c)
{
	wd_node_id node = get_node(run, c);
	int r = 0;

	while (r == 0 && !c->failed && c->pos < c->len) {
		uint32_t owner = get_u32(c);

		r = add_match(run, node, owner >> 1,
			      WD_MATCH_PATH | (owner & 1 ? WD_MATCH_KNOWN : 0));
	}
	return r;
}

static int take_match(struct run *run, struct wd_cursor *c, uint8_t flags)
{
	wd_node_id node = get_node(run, c);
	uint32_t number = get_u32(c);

	return add_match(run, node, number, flags);
}

static int take_sized(struct run *run, struct wd_cursor *c)
{
	wd_node_id node = get_node(run, c);
	uint32_t algos = get_u32(c);

	if (node == WD_NODE_NONE || !run->algos || !run->q->wanted || !run->q->wanted[node])
		return WD_EPROTOCOL;
	run->algos[node] |= algos & ((1u << WD_HASH_ALGOS) - 1);
	return 0;
}

static int take_done(struct run *run, struct wd_cursor *c)
{
	int32_t status = (int32_t)get_u32(c);
	struct wd_blob why = wd_blob_head(wd_wire_get(c), 1024);

	run->done = true;
	run->status = status;
	run->why = why.len ? strndup(why.ptr, why.len) : NULL;
	return 0;
}

/* Nothing of the index may have been read when it says so. */
static int take_hello(struct run *run, struct wd_cursor *c)
{
	uint32_t fences = get_u32(c);

	if (run->greeted || run->records || fences & ~WD_FENCE_ALL)
		return WD_EPROTOCOL;
	run->greeted = true;
	run->ref->unfenced |= WD_FENCE_ALL & ~fences;
	return 0;
}

static int take_record(struct run *run, uint8_t type, struct wd_cursor *c)
{
	if (type == WD_REFERENCE_HELLO)
		return take_hello(run, c);
	if (type == WD_REFERENCE_DONE)
		return take_done(run, c);
	if (run->records++ >= wd_limit_records()) {
		if (asprintf(&run->why, "has more than %" PRIu64 " records (--limit-records)",
			     wd_limit_records()) < 0)
			run->why = NULL;
		return WD_ELIMIT;
	}
	run->ref->unfenced |= run->greeted ? 0 : WD_FENCE_ALL;
	if (!run->q)
		return type == WD_REFERENCE_SOURCE   ? take_source(run, c)
		       : type == WD_REFERENCE_DISTRO ? take_distro(run, c)
						     : WD_EPROTOCOL;
	switch (type) {
	case WD_REFERENCE_SOURCE:
	case WD_REFERENCE_DISTRO:
		c->pos = c->len; /* they are known */
		return 0;
	case WD_REFERENCE_PACKAGE:
		return take_package(run, c);
	case WD_REFERENCE_PATH:
		return take_path(run, c);
	case WD_REFERENCE_SIZED:
		return take_sized(run, c);
	case WD_REFERENCE_DIGEST:
		return take_match(run, c, WD_MATCH_DIGEST);
	case WD_REFERENCE_BUILD:
		return take_match(run, c, WD_MATCH_BUILD);
	default:
		return WD_EPROTOCOL;
	}
}

/* Takes the whole records that are in the buffer. 0, or why the worker cannot go on. */
static int take_records(struct run *run)
{
	size_t at = 0;
	int r = 0;

	while (r == 0 && !run->done && run->in.len - at >= WD_WIRE_HEAD) {
		struct wd_cursor c;
		uint32_t len;

		memcpy(&len, run->in.ptr + at, sizeof(len));
		if (len > WD_WIRE_MAX)
			return WD_EPROTOCOL;
		if (run->in.len - at - WD_WIRE_HEAD < len)
			break;
		c = wd_cursor(wd_blob(run->in.ptr + at + WD_WIRE_HEAD, len));
		r = take_record(run, (uint8_t)run->in.ptr[at + 4], &c);
		if (r == 0 && (c.failed || c.pos < c.len))
			r = WD_EPROTOCOL;
		at += WD_WIRE_HEAD + len;
	}
	memmove(run->in.ptr, run->in.ptr + at, run->in.len - at);
	run->in.len -= at;
	return r;
}

static time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Reads until the worker is through. 0, or why it is killed. */
static int read_all(struct run *run, int fd)
{
	time_t deadline = seconds_now() + (time_t)wd_limit_wall(WD_WORK_ASK);
	uint64_t received = 0;
	int r = 0;

	while (r == 0 && !run->done) {
		struct pollfd p = {fd, POLLIN, 0};
		ssize_t n;

		if (wd_buf_reserve(&run->in, 1 << 18) < 0)
			return -ENOMEM;
		if (seconds_now() > deadline)
			return WD_ETIMEOUT;
		if (poll(&p, 1, 1000) <= 0)
			continue;
		n = TEMP_FAILURE_RETRY(read(fd, run->in.ptr + run->in.len, 1 << 18));
		if (n <= 0)
			return n < 0 ? -errno : WD_ECRASHED;
		run->in.len += (size_t)n;
		received += (uint64_t)n;
		r = received > WD_LIMIT_BYTES ? WD_ELIMIT : take_records(run);
	}
	return r;
}

/*
 * One worker from beginning to end. 0, with its status in *run and run->why where that is more than
 * a word; -ENOMEM where it is this process that has no memory.
 */
static int converse(struct run *run, struct wd_reference_task *task)
{
	WD_CLEANUP_FD int fd = -1;
	int wstatus = 0;
	pid_t pid;
	int r;

	wd_fence_prepare(WD_WORK_ASK);
	task->fd = run->ref->fd;
	run->status = wd_reference_fork(task, &pid, &fd);
	if (run->status < 0)
		return run->status == -ENOMEM ? -ENOMEM : 0;
	r = read_all(run, fd);
	kill(pid, SIGKILL);
	TEMP_FAILURE_RETRY(waitpid(pid, &wstatus, 0));
	if (r == WD_ECRASHED && WIFSIGNALED(wstatus))
		r = WTERMSIG(wstatus) == SIGSYS	   ? WD_EFORBIDDEN
		    : WTERMSIG(wstatus) == SIGXCPU ? WD_ETIMEOUT
						   : r;
	if (r < 0)
		run->status = r;
	else if (run->status > 0 || run->status <= -4096)
		run->status = WD_EPROTOCOL;
	wd_buf_done(&run->in);
	wd_array_done(&run->numbers);
	return r == -ENOMEM ? r : 0;
}

int wd_reference_open(struct wd_reference *ref, const char *path, const char *module_dir,
		      bool check)
{
	struct run run = {.ref = ref, .in = WD_BUF_INIT};
	struct wd_reference_task task = {.module_dir = module_dir, .check = check};
	struct stat st;
	int r;

	*ref = (struct wd_reference){.path = path};
	/* O_NONBLOCK: a FIFO would block here */
	ref->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (ref->fd < 0 || fstat(ref->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return WD_ENOTREG;
	r = converse(&run, &task);
	ref->why = run.why;
	return r < 0 ? r : run.status;
}

void wd_reference_done(struct wd_reference *ref)
{
	wd_cleanup_fd(&ref->fd);
	ref->fd = -1;
	wd_strpool_done(&ref->strings);
	wd_array_done(&ref->sources);
	wd_array_done(&ref->distros);
	free(ref->why);
	ref->why = NULL;
}

/* ---- Questions */

static void report(const struct wd_question *q, const struct run *run)
{
	wd_catalog_error(q->cat, run->ref->path, run->status, "reference index: %s",
			 run->why ? run->why : wd_status_text(run->status));
}

/* Only being out of memory ends it: an index that fails costs what it would have said. */
static int ask_one(const struct wd_question *q, struct wd_answer *a, uint32_t i, uint32_t *algos,
		   struct wd_reference_task *task)
{
	struct run run = {.q = q,
			  .answer = a,
			  .ref = &q->refs[i],
			  .index = i,
			  .algos = algos,
			  .in = WD_BUF_INIT};
	int r = 0;

	run.candidates = calloc(run.ref->distros.n + 1, sizeof(*run.candidates));
	r = run.candidates ? converse(&run, task) : -ENOMEM;
	free(run.candidates);
	if (r == 0 && run.status < 0)
		report(q, &run);
	free(run.why);
	return r;
}

static int ask_paths(const struct wd_question *q, struct wd_answer *a, uint32_t *algos)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < q->nrefs; i++) {
		struct wd_reference_task task = {
			.module_dir = q->module_dir,
			.tree = q->tree,
			.wanted = q->refs[i].digests ? q->wanted : NULL,
			.cat = q->refs[i].builds ? q->cat : NULL,
		};

		r = ask_one(q, a, i, algos, &task);
	}
	return r;
}

/* Reads the files whose sizes an index knows. */
static int read_files(const struct wd_question *q, struct wd_answer *a, const uint32_t *algos)
{
	const struct wd_hash_ops *ops;
	uint32_t can;
	int r = 0;

	for (wd_node_id n = 0; r == 0 && n < q->tree->nodes.n; n++) {
		struct wd_content c = {.node = n, .algos = algos[n]};

		if (algos[n])
			r = wd_array_push(&a->contents.list, c);
	}
	if (r < 0 || a->contents.list.n == 0)
		return r;
	ops = wd_hash_load(q->module_dir);
	if (!ops) {
		wd_catalog_error(
			q->cat, q->refs[0].path, WD_EMODULE,
			"reference index: contents are not compared: no module " WD_HASH_MODULE
			" in %s",
			q->module_dir);
		a->contents.list.n = 0;
		return 0;
	}
	can = ops->supported();
	for (size_t i = 0; i < a->contents.list.n; i++)
		a->contents.list.v[i].algos &= can;
	return wd_contents_read(q->tree, &a->contents, ops, NULL, NULL);
}

static int ask_contents(const struct wd_question *q, struct wd_answer *a)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && a->contents.list.n && i < q->nrefs; i++) {
		struct wd_reference_task task = {.module_dir = q->module_dir,
						 .contents = &a->contents};

		if (q->refs[i].digests)
			r = ask_one(q, a, i, NULL, &task);
	}
	return r;
}

int wd_reference_ask(const struct wd_question *question, struct wd_answer *ret)
{
	struct wd_question own = *question;
	const struct wd_question *q = &own;
	WD_CLEANUP_FREE uint32_t *algos = calloc(q->tree->nodes.n + 1, sizeof(*algos));
	int r = algos ? 0 : -ENOMEM;

	/* what an image's files hold has gone by when its tree is known, unless it was noted */
	if (q->tree->root->image && !q->tree->root->image->details)
		own.wanted = NULL;
	*ret = (struct wd_answer){0};
	if (r == 0)
		r = ask_paths(q, ret, algos);
	if (r == 0)
		r = read_files(q, ret, algos);
	if (r == 0)
		r = ask_contents(q, ret);
	return r < 0 ? r : wd_answer_score(q, ret);
}

void wd_answer_done(struct wd_answer *a)
{
	wd_strpool_done(&a->strings);
	wd_strpool_done(&a->keys);
	wd_array_done(&a->packages);
	wd_array_done(&a->matches);
	wd_array_done(&a->candidates);
	wd_contents_done(&a->contents);
}
