/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The worker that reads an index. Nothing here runs in the parent beyond wd_reference_fork(). */
#include "provenance/reference-wire.h"

#include "base/status.h"
#include "pkgdb/fence.h"
#include "pkgdb/process.h"
#include "provenance/index.h"

#include <sys/mman.h>

#define WRITE_AT (64 * 1024)
#define OWNERS_MAX 64 /* of one file that are sent */

/* Where the descriptors stand; 0, 1 and 2 are /dev/null. */
enum { FD_INDEX = 3, FD_PIPE = 4 };

struct asked {
	const struct wd_reference_task *task;
	const struct wd_index_ops *ops;
	struct wd_index *ix;
	struct wd_buf out;
	struct wd_buf why;
	struct wd_strpool packages; /* source and id: number of a package that was sent, + 1 */
	struct wd_strpool sizes;    /* of files that were asked for; */
	WD_ARRAY(uint32_t) algos;   /* the answers, by id */
	struct wd_unpacker unpack;
	struct wd_buf path, dir;
	/* the directory that is being merged, and the file whose owners are sought */
	uint32_t node, last;
	WD_ARRAY(struct owner {
		uint32_t node;
		uint32_t package; /* 2 * number + has a digest */
	}) owners;
	unsigned found;
	enum wd_reference_record record;
};

static int flush(struct asked *a)
{
	size_t at = 0;

	if (a->out.status < 0)
		return a->out.status;
	while (at < a->out.len) {
		ssize_t n = TEMP_FAILURE_RETRY(write(FD_PIPE, a->out.ptr + at, a->out.len - at));

		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	a->out.len = 0;
	return 0;
}

static size_t begin(struct asked *a, enum wd_reference_record type)
{
	return wd_wire_begin(&a->out, (enum wd_wire_type)type);
}

static int end(struct asked *a, size_t at)
{
	wd_wire_end(&a->out, at);
	return a->out.len >= WRITE_AT ? flush(a) : a->out.status;
}

static int send_source(void *ctx, const struct wd_index_source *s)
{
	struct asked *a = ctx;
	size_t at = begin(a, WD_REFERENCE_SOURCE);

	wd_wire_u32(&a->out, s->id);
	wd_wire_u32(&a->out, s->distro);
	wd_wire_u64(&a->out, s->packages);
	wd_wire_u64(&a->out, s->files);
	wd_wire_u64(&a->out, s->digests);
	wd_wire_u64(&a->out, s->builds);
	wd_wire_string(&a->out, s->path);
	wd_wire_string(&a->out, s->given);
	wd_wire_string(&a->out, s->kind);
	return end(a, at);
}

static int send_distro(void *ctx, const struct wd_index_distro *d)
{
	struct asked *a = ctx;
	size_t at = begin(a, WD_REFERENCE_DISTRO);

	wd_wire_u32(&a->out, d->id);
	wd_wire_string(&a->out, d->os);
	wd_wire_string(&a->out, d->version);
	wd_wire_string(&a->out, d->purl);
	return end(a, at);
}

/* The number of a package, which is sent when it is first needed. */
static int package_number(struct asked *a, uint32_t source, uint32_t package, uint32_t *ret)
{
	struct wd_index_package p = {.source = source, .id = package};
	const uint32_t key[] = {source, package};
	size_t known = a->packages.entries.n, at;
	int r = wd_strpool_intern(&a->packages, wd_blob(key, sizeof(key)), ret);

	*ret -= r == 0;
	if (r < 0 || a->packages.entries.n == known)
		return r;
	r = a->ops->package(a->ix, &p);
	if (r < 0)
		return r;
	at = begin(a, WD_REFERENCE_PACKAGE);
	wd_wire_u32(&a->out, p.source);
	wd_wire_u32(&a->out, p.id);
	wd_wire_u32(&a->out, p.distro);
	wd_wire_u32(&a->out, p.files);
	wd_wire_u32(&a->out, p.core);
	wd_wire_string(&a->out, p.name);
	wd_wire_string(&a->out, p.version);
	wd_wire_string(&a->out, p.arch);
	wd_wire_string(&a->out, p.origin);
	return end(a, at);
}

/* ---- Paths */

static int add_owners(struct asked *a, uint32_t node, uint32_t source)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->unpack.nowners; i++) {
		struct owner o = {.node = node};

		r = package_number(a, source, a->unpack.owners[i].package, &o.package);
		o.package = o.package << 1 | a->unpack.owners[i].digest;
		if (r == 0)
			r = wd_array_push(&a->owners, o);
	}
	return r;
}

/* What one source has in a directory meets the directory's children: both are in byte order. */
static int merge(void *ctx, uint32_t source, struct wd_blob entries)
{
	struct asked *a = ctx;
	uint32_t node = a->node;
	int r = 0;

	a->unpack.in = wd_cursor(entries);
	a->unpack.name.len = 0;
	a->unpack.package = 0;
	while (node < a->last && (r = wd_unpack(&a->unpack)) > 0) {
		struct wd_blob name = wd_buf_view(&a->unpack.name);
		int c = 1;

		while (node < a->last &&
		       (c = wd_blob_cmp(wd_tree_name(a->task->tree, node), name)) < 0)
			node++;
		if (node == a->last || c != 0)
			continue;
		if (wd_tree_node(a->task->tree, node)->type != WD_TYPE_DIR)
			r = add_owners(a, node, source);
		if (r < 0)
			break;
		node++;
	}
	return r < 0 ? r : 0;
}

static int cmp_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->package < y->package ? -1 : x->package > y->package;
}

static int send_owners(struct asked *a)
{
	int r = 0;

	if (a->owners.n)
		qsort(a->owners.v, a->owners.n, sizeof(*a->owners.v), cmp_owners);
	for (size_t i = 0; r == 0 && i < a->owners.n;) {
		uint32_t node = a->owners.v[i].node;
		size_t at = begin(a, WD_REFERENCE_PATH);
		unsigned sent = 0;

		wd_wire_u32(&a->out, node);
		for (; i < a->owners.n && a->owners.v[i].node == node; i++)
			if (sent++ < OWNERS_MAX)
				wd_wire_u32(&a->out, a->owners.v[i].package);
		r = end(a, at);
	}
	a->owners.n = 0;
	return r;
}

static int ask_dir(struct asked *a, wd_node_id dir)
{
	const struct wd_node *n = wd_tree_node(a->task->tree, dir);
	int r;

	if (n->type != WD_TYPE_DIR || !(n->flags & WD_NODE_LOADED) || n->count == 0)
		return 0;
	a->path.len = a->dir.len = 0;
	wd_tree_path(a->task->tree, dir, &a->path);
	wd_index_dir(wd_buf_view(&a->path), &a->dir);
	if (a->path.status < 0 || a->dir.status < 0)
		return -ENOMEM;
	a->node = n->first;
	a->last = n->first + n->count;
	r = a->ops->dir(a->ix, wd_buf_view(&a->dir), merge, a);
	return r < 0 ? r : send_owners(a);
}

/* ---- Digests and build-ids */

static int size_known(struct asked *a, uint64_t size, uint32_t *ret)
{
	size_t known = a->sizes.entries.n;
	uint32_t id, algos = 0;
	int r = wd_strpool_intern(&a->sizes, wd_blob(&size, sizeof(size)), &id);

	if (r == 0 && a->sizes.entries.n > known) {
		r = a->ops->sized(a->ix, size, &algos);
		if (r == 0)
			r = wd_array_push(&a->algos, algos);
	}
	if (r == 0)
		*ret = a->algos.v[id - 1];
	return r;
}

static int ask_size(struct asked *a, wd_node_id node)
{
	const struct wd_node *n = wd_tree_node(a->task->tree, node);
	uint32_t algos = 0;
	size_t at;
	int r;

	if (!a->task->wanted || !a->task->wanted[node] || n->type != WD_TYPE_FILE ||
	    !(n->flags & WD_NODE_STAT) || n->flags & WD_NODE_GHOST || n->size == 0)
		return 0;
	r = size_known(a, n->size, &algos);
	if (r < 0 || algos == 0)
		return r;
	at = begin(a, WD_REFERENCE_SIZED);
	wd_wire_u32(&a->out, node);
	wd_wire_u32(&a->out, algos);
	return end(a, at);
}

static int send_found(void *ctx, uint32_t source, uint32_t package)
{
	struct asked *a = ctx;
	uint32_t number = 0;
	size_t at;
	int r;

	if (a->found++ == OWNERS_MAX)
		return 1;
	r = package_number(a, source, package, &number);
	if (r < 0)
		return r;
	at = begin(a, a->record);
	wd_wire_u32(&a->out, a->node);
	wd_wire_u32(&a->out, number);
	return end(a, at);
}

static int ask_builds(struct asked *a)
{
	const struct wd_catalog *cat = a->task->cat;
	uint8_t build[WD_DIGEST_MAX];
	int r = 0;

	a->record = WD_REFERENCE_BUILD;
	for (size_t i = 0; r == 0 && i < cat->examined.n; i++) {
		const struct wd_examined *e = &cat->examined.v[i];

		for (uint32_t f = 0; r == 0 && f < e->nfacts; f++) {
			const struct wd_fact *fact = &cat->facts.v[e->fact + f];
			int n = fact->kind == WD_FACT_BUILD_ID
					? wd_blob_unhex(wd_strpool_get(&cat->strings, fact->value),
							build, sizeof(build))
					: 0;

			a->node = e->node;
			a->found = 0;
			if (n > 0)
				r = a->ops->build(a->ix, wd_blob(build, (size_t)n), send_found, a);
		}
	}
	return r;
}

static int ask_digests(struct asked *a)
{
	const struct wd_contents *c = a->task->contents;
	int r = 0;

	a->record = WD_REFERENCE_DIGEST;
	for (size_t i = 0; r == 0 && i < c->list.n; i++) {
		const struct wd_content *f = &c->list.v[i];

		a->node = f->node;
		a->found = 0;
		for (unsigned algo = 0; r == 0 && algo < WD_HASH_ALGOS; algo++) {
			struct wd_blob digest = wd_content_digest(c, f, algo);

			if (digest.len)
				r = a->ops->digest(a->ix, f->size, digest, send_found, a);
		}
	}
	return r;
}

/* ---- The process */

static int ask_tree(struct asked *a)
{
	int r = 0;

	for (wd_node_id n = 0; r == 0 && n < a->task->tree->nodes.n; n++) {
		r = ask_dir(a, n);
		if (r == 0)
			r = ask_size(a, n);
	}
	if (r == 0 && a->task->cat)
		r = ask_builds(a);
	return r;
}

static int ask(struct asked *a)
{
	int r = 0;

	if (a->task->contents)
		return ask_digests(a);
	if (a->task->check)
		r = a->ops->check(a->ix);
	if (r == 0)
		r = a->ops->distros(a->ix, send_distro, a);
	if (r == 0)
		r = a->ops->sources(a->ix, send_source, a);
	return r == 0 && a->task->tree ? ask_tree(a) : r;
}

static int send_hello(struct asked *a, uint32_t held)
{
	size_t at = begin(a, WD_REFERENCE_HELLO);
	int r;

	wd_wire_u32(&a->out, held);
	wd_wire_end(&a->out, at);
	r = flush(a);
	return r < 0 ? r : wd_fence_check(held);
}

static int run(struct asked *a)
{
	off_t size = lseek(FD_INDEX, 0, SEEK_END);
	uint32_t held;
	void *bytes;
	int r;

	held = wd_fence_raise_outer(WD_WORK_ASK);
	a->ops = wd_index_load(a->task->module_dir);
	held |= wd_fence_raise_inner(WD_WORK_ASK, FD_INDEX);
	r = send_hello(a, held);
	if (r < 0)
		return r;
	if (!a->ops) {
		wd_buf_printf(&a->why, "its module is not installed in %s", a->task->module_dir);
		return WD_EMODULE;
	}
	bytes = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, FD_INDEX, 0)
			 : MAP_FAILED;
	if (size > 0 && bytes == MAP_FAILED)
		return -errno;
	r = a->ops->open(bytes, size > 0 ? (size_t)size : 0, &a->ix, &a->why);
	if (r < 0)
		return r;
	r = ask(a);
	if (r == WD_ECORRUPT && a->why.len == 0)
		wd_buf_printf(&a->why, "corrupt: %s", a->ops->why(a->ix));
	return r;
}

static void worker_main(const void *arg, int status)
{
	struct asked a = {.task = arg, .out = WD_BUF_INIT, .why = WD_BUF_INIT};
	size_t at;

	if (status == 0)
		status = run(&a);
	at = begin(&a, WD_REFERENCE_DONE);
	wd_wire_u32(&a.out, (uint32_t)status);
	wd_wire_string(&a.out, wd_buf_view(&a.why));
	wd_wire_end(&a.out, at);
	flush(&a);
}

int wd_reference_fork(const struct wd_reference_task *task, pid_t *ret_pid, int *ret_pipe)
{
	return wd_process_start(&task->fd, 1, worker_main, task, ret_pid, ret_pipe);
}
