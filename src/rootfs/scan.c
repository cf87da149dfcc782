/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The full scan. A few threads take directories from a stack; system calls and sorting happen
 * outside the lock, a whole directory is then added under it. A directory is opened by its name
 * in its parent, whose descriptor lives until its last subdirectory has been opened: no path is
 * ever walked twice, and no symlink swapped in meanwhile is followed.
 */
#include "rootfs/tree.h"

#include "base/cleanup.h"
#include "base/status.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_THREADS 4
#define DENTS_SIZE (64 * 1024)

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

void wd_entries_done(struct wd_entries *e)
{
	wd_array_done(&e->list);
	wd_pool_done(&e->bytes);
}

static int cmp_entries(const void *a, const void *b)
{
	return wd_blob_cmp(((const struct wd_entry *)a)->name, ((const struct wd_entry *)b)->name);
}

static int read_target(struct wd_entries *e, int dir_fd, const char *name, struct wd_blob *ret)
{
	char target[4096];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target));
	uint32_t ref;
	int r;

	/* gone, or replaced: a link to nowhere */
	if (n < 0)
		return errno == ENOENT || errno == EINVAL ? 0 : -errno;
	r = wd_pool_add(&e->bytes, wd_blob(target, (size_t)n), &ref);
	if (r == 0)
		*ret = wd_blob(wd_pool_at(&e->bytes, ref), (size_t)n);
	return r;
}

static int add_entry(struct wd_entries *e, int dir_fd, const struct linux_dirent64 *d,
		     bool want_stat)
{
	struct wd_entry entry = {.type = (uint8_t)wd_type_of_mode((uint32_t)DTTOIF(d->d_type))};
	struct wd_blob name = wd_blob_str(d->d_name);
	uint32_t ref;
	int r = wd_pool_add(&e->bytes, name, &ref);

	if (r < 0)
		return r;
	entry.name = wd_blob(wd_pool_at(&e->bytes, ref), name.len);
	if (want_stat || entry.type == WD_TYPE_UNKNOWN) {
		struct stat st;

		if (fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : -errno;
		entry.type = (uint8_t)wd_type_of_mode(st.st_mode);
		entry.mode = st.st_mode & 07777;
		entry.size = (uint64_t)st.st_size;
		entry.have_stat = true;
	}
	if (entry.type == WD_TYPE_SYMLINK)
		r = read_target(e, dir_fd, d->d_name, &entry.target);
	return r < 0 ? r : wd_array_push(&e->list, entry);
}

static bool is_dot(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static int read_dents(struct wd_entries *e, int dir_fd, char *buf, bool want_stat)
{
	for (;;) {
		long n = syscall(SYS_getdents64, dir_fd, buf, DENTS_SIZE);

		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (long at = 0; at < n;) {
			const struct linux_dirent64 *d = (const void *)(buf + at);
			int r = is_dot(d->d_name) ? 0 : add_entry(e, dir_fd, d, want_stat);

			if (r < 0)
				return r;
			at += d->d_reclen;
		}
	}
}

int wd_entries_read(struct wd_entries *e, int dir_fd, bool want_stat)
{
	WD_CLEANUP_FREE char *buf = malloc(DENTS_SIZE);
	int r = buf ? read_dents(e, dir_fd, buf, want_stat) : -ENOMEM;

	if (e->list.n)
		qsort(e->list.v, e->list.n, sizeof(*e->list.v), cmp_entries);
	return r;
}

/* An open directory, shared by the work items of its subdirectories. */
struct handle {
	int fd;
	uint32_t refs;
};

struct item {
	wd_node_id node;
	struct handle *parent;
	const char *name; /* NUL-terminated copy, the item's; NULL for the root */
};

struct scan {
	struct wd_tree *tree;
	pthread_mutex_t lock;
	pthread_cond_t more;
	WD_ARRAY(struct item) stack;
	unsigned busy; /* threads that hold an item */
	int status;
};

static void handle_unref(struct handle *h)
{
	if (h && --h->refs == 0) {
		close(h->fd);
		free(h);
	}
}

/*
 * Whether the scan should enter an open directory, it stays on one filesystem unless asked; or a
 * negated errno.
 */
static int may_enter(const struct wd_tree *tree, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_dev == tree->root->dev || (tree->cross && !wd_is_made_up(fd));
}

static int push_children(struct scan *s, wd_node_id dir, struct handle *h)
{
	const struct wd_node *d = wd_tree_node(s->tree, dir);

	/* the last pushed is the first taken: depth first, in order */
	for (uint32_t i = d->count; i > 0; i--) {
		wd_node_id id = d->first + i - 1;
		struct wd_blob name = wd_tree_name(s->tree, id);
		struct item item = {.node = id, .parent = h};

		if (wd_tree_node(s->tree, id)->type != WD_TYPE_DIR)
			continue;
		item.name = strndup(name.ptr, name.len);
		if (!item.name || wd_array_push(&s->stack, item) < 0) {
			free((char *)item.name);
			return -ENOMEM;
		}
		h->refs++;
	}
	return 0;
}

/* Adds one directory to the tree and its subdirectories to the stack, with the lock held. */
static int finish_dir(struct scan *s, wd_node_id dir, int dir_fd, const struct wd_entries *entries)
{
	WD_CLEANUP_FD int fd = dir_fd;
	int r = wd_tree_adopt(s->tree, dir, entries);
	struct handle *h;

	if (r < 0 || fd < 0)
		return r;
	h = malloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	*h = (struct handle){.fd = WD_TAKE_FD(fd), .refs = 1};
	r = push_children(s, dir, h);
	handle_unref(h);
	atomic_fetch_add(&s->tree->scanned, (unsigned)entries->list.n);
	return r;
}

/* Reads a directory. A status of 0 without entries: it is gone, or not to be entered. */
static int read_dir(struct scan *s, const struct item *item, struct wd_entries *entries,
		    int *ret_fd, bool *ret_other_fs)
{
	int fd = item->name ? wd_open_subdir(item->parent->fd, item->name)
			    : wd_openat_in_root(s->tree->root->fd, ".", O_RDONLY | O_DIRECTORY);
	int enter;

	/* a directory that went away or became something else meanwhile is no error */
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? 0 : fd;
	*ret_fd = fd;
	enter = may_enter(s->tree, fd);
	*ret_other_fs = enter == 0;
	return enter <= 0 ? enter : wd_entries_read(entries, fd, s->tree->want_stat);
}

static void scan_dir(struct scan *s, const struct item *item)
{
	struct wd_entries entries = {0};
	bool other_fs = false;
	int fd = -1;
	int status = read_dir(s, item, &entries, &fd, &other_fs);
	int r;

	pthread_mutex_lock(&s->lock);
	if (status < 0)
		wd_tree_add_error(s->tree, item->node, status);
	if (status < 0 || other_fs)
		wd_tree_node(s->tree, item->node)->flags |= WD_NODE_HIDDEN;
	r = finish_dir(s, item->node, fd, &entries);
	if (r < 0)
		s->status = r;
	handle_unref(item->parent);
	pthread_mutex_unlock(&s->lock);
	wd_entries_done(&entries);
	free((char *)item->name);
}

static void *scan_thread(void *arg)
{
	struct scan *s = arg;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct item item;

		while (s->stack.n == 0 && s->busy > 0 && s->status == 0)
			pthread_cond_wait(&s->more, &s->lock);
		if (s->stack.n == 0 || s->status < 0)
			break;
		item = s->stack.v[--s->stack.n];
		s->busy++;
		pthread_mutex_unlock(&s->lock);
		scan_dir(s, &item);
		pthread_mutex_lock(&s->lock);
		s->busy--;
		pthread_cond_broadcast(&s->more);
	}
	pthread_cond_broadcast(&s->more);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Deep and wide trees keep many directories open: take what the system grants. */
static void raise_nofile(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static unsigned thread_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (unsigned)n;
}

int wd_tree_scan(struct wd_tree *tree)
{
	struct scan s = {
		.tree = tree, .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};
	struct item root = {.node = WD_NODE_ROOT};
	pthread_t threads[MAX_THREADS];
	unsigned n = 0;

	if (tree->root->image) /* it is all there */
		return 0;
	raise_nofile();
	if (wd_array_push(&s.stack, root) < 0)
		return -ENOMEM;
	while (n + 1 < thread_count() && pthread_create(&threads[n], NULL, scan_thread, &s) == 0)
		n++;
	scan_thread(&s);
	while (n > 0)
		pthread_join(threads[--n], NULL);
	while (s.stack.n) {
		struct item *left = &s.stack.v[--s.stack.n];

		handle_unref(left->parent);
		free((char *)left->name);
	}
	wd_array_done(&s.stack);
	atomic_store(&tree->settled, true);
	return s.status;
}
