/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rootfs/layerdir.h"

#include "base/cleanup.h"
#include "base/status.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A directory that is still to be walked. */
struct pending {
	char *path;
	bool below; /* the other root has one there, too */
	bool said;  /* it is as there, and needs no entry */
	struct stat st;
};

/* The first name that a file with several was met by. */
struct first_name {
	dev_t dev;
	ino_t ino;
	uint32_t path; /* in w->bytes */
	uint32_t len;
};

/* One of the two directories that are walked together. */
struct side {
	int fd;
	struct wd_entries entries;
};

struct walk {
	const struct wd_layerdir_events *events;
	void *ctx;
	int dir_fd;
	const char *top, *below;
	WD_ARRAY(struct pending) stack;
	struct wd_pool bytes;
	WD_ARRAY(struct first_name) firsts;
	uint32_t *slots; /* of firsts, plus 1; 0: free */
	uint32_t nslots;
	/* of the directory at hand */
	struct side up, low;
	bool xwhiteouts;
	struct wd_buf dir, path;
	/* of the entry at hand */
	struct wd_layerdir_detail detail;
	char caps[WD_CAPS_MAX];
};

/* ---- Files with several names */

static uint32_t slot_of(const struct walk *w, dev_t dev, ino_t ino)
{
	const uint64_t key[] = {dev, ino};
	uint32_t i = wd_hash(wd_blob((const char *)key, sizeof(key)), 0) & (w->nslots - 1);

	for (; w->slots[i]; i = (i + 1) & (w->nslots - 1)) {
		const struct first_name *f = &w->firsts.v[w->slots[i] - 1];

		if (f->dev == dev && f->ino == ino)
			break;
	}
	return i;
}

static int grow(struct walk *w)
{
	uint32_t *old = w->slots, n = w->nslots ? w->nslots * 2 : 256;

	if (w->firsts.n * 2 < w->nslots)
		return 0;
	w->slots = calloc(n, sizeof(*w->slots));
	if (!w->slots) {
		w->slots = old;
		return -ENOMEM;
	}
	free(old);
	w->nslots = n;
	for (uint32_t i = 0; i < w->firsts.n; i++)
		w->slots[slot_of(w, w->firsts.v[i].dev, w->firsts.v[i].ino)] = i + 1;
	return 0;
}

/* The name that a file was met by before; empty where this one is the first, which is kept. */
static int first_name(struct walk *w, const struct stat *st, struct wd_blob *ret)
{
	struct first_name f = {st->st_dev, st->st_ino, 0, (uint32_t)w->path.len};
	uint32_t slot;
	int r;

	*ret = WD_BLOB_NULL;
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return 0;
	r = grow(w);
	if (r < 0)
		return r;
	slot = slot_of(w, st->st_dev, st->st_ino);
	if (w->slots[slot]) {
		const struct first_name *known = &w->firsts.v[w->slots[slot] - 1];

		*ret = wd_blob(wd_pool_at(&w->bytes, known->path), known->len);
		return 0;
	}
	r = wd_pool_add(&w->bytes, wd_buf_view(&w->path), &f.path);
	if (r == 0)
		r = wd_array_push(&w->firsts, f);
	if (r == 0)
		w->slots[slot] = (uint32_t)w->firsts.n;
	return r;
}

/* ---- Attributes */

static struct wd_blob attribute(int fd, const char *name, char *buf, size_t size)
{
	ssize_t n = fgetxattr(fd, name, buf, size);

	return wd_blob(buf, n > 0 ? (size_t)n : 0);
}

static bool overlay_attribute(int fd, const char *const *names, size_t n, const char *value)
{
	char buf[16];

	for (size_t i = 0; i < n; i++)
		if (wd_blob_is(attribute(fd, names[i], buf, sizeof(buf)), value))
			return true;
	return false;
}

static const char *const opaque_names[] = {"trusted.overlay.opaque", "user.overlay.opaque",
					   "user.fuseoverlayfs.opaque"};

static bool has_whiteout_attribute(int fd)
{
	return fgetxattr(fd, "trusted.overlay.whiteout", NULL, 0) >= 0 ||
	       fgetxattr(fd, "user.overlay.whiteout", NULL, 0) >= 0;
}

/* "file", "dir", "pipe", "socket", "block-MAJOR-MINOR" or "char-MAJOR-MINOR"; 0: none of these. */
static uint32_t type_called(struct wd_blob text)
{
	static const struct {
		struct wd_blob word;
		uint32_t type;
	} words[] = {
		{{"pipe", sizeof("pipe") - 1}, S_IFIFO},
		{{"socket", sizeof("socket") - 1}, S_IFSOCK},
		{{"block-", sizeof("block-") - 1}, S_IFBLK},
		{{"char-", sizeof("char-") - 1}, S_IFCHR},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(words); i++)
		if (wd_blob_starts(text, words[i].word))
			return words[i].type;
	return 0;
}

/* The numbers behind "block-" or "char-". */
static dev_t device_called(struct wd_blob text)
{
	struct wd_blob word;
	uint64_t major = 0, minor = 0;

	wd_blob_token(&text, '-', &word);
	if (!wd_blob_token(&text, '-', &word) || !wd_blob_u64(word, &major) ||
	    !wd_blob_u64(text, &minor))
		return 0;
	return makedev((unsigned)major, (unsigned)minor);
}

static void override_detail(struct wd_layerdir_detail *d, struct wd_blob uid, struct wd_blob gid,
			    struct wd_blob type)
{
	uint64_t user, group;

	if (!wd_blob_u64(uid, &user) || !wd_blob_u64(gid, &group))
		return;
	d->uid = (uint32_t)user;
	d->gid = (uint32_t)group;
	d->rdev = device_called(type);
}

/* "UID:GID:MODE[:TYPE]", the mode in octal. Only a regular file stands for one of another type. */
static uint32_t override_mode(int fd, uint32_t mode, struct wd_layerdir_detail *d)
{
	char buf[64];
	struct wd_blob text = attribute(fd, "user.containers.override_stat", buf, sizeof(buf));
	struct wd_blob uid, gid, octal;
	uint32_t bits = 0, type;

	if (!wd_blob_token(&text, ':', &uid) || !wd_blob_token(&text, ':', &gid) ||
	    !wd_blob_token(&text, ':', &octal) || octal.len == 0 || octal.len > 7)
		return mode;
	override_detail(d, uid, gid, text);
	for (size_t i = 0; i < octal.len; i++) {
		if (octal.ptr[i] < '0' || octal.ptr[i] > '7')
			return mode;
		bits = bits << 3 | (uint32_t)(octal.ptr[i] - '0');
	}
	type = S_ISREG(mode) ? type_called(text) : 0;
	return (type ? type : mode & S_IFMT) | (bits & 07777);
}

/* ---- Entries */

static void set_path(struct walk *w, struct wd_blob name)
{
	w->path.len = 0;
	wd_buf_blob(&w->path, wd_buf_view(&w->dir));
	if (w->dir.len && name.len)
		wd_buf_byte(&w->path, '/');
	wd_buf_blob(&w->path, name);
}

static void set_detail(struct walk *w, const struct stat *st)
{
	w->detail = (struct wd_layerdir_detail){.mtime = st->st_mtim.tv_sec,
						.uid = st->st_uid,
						.gid = st->st_gid,
						.rdev = st->st_rdev};
}

static int fault(struct walk *w, int status)
{
	return w->events->fault(w->ctx, wd_buf_view(&w->path), status);
}

static int send(struct walk *w, uint32_t mode, uint64_t size, struct wd_blob target, int fd)
{
	struct wd_layer_entry e = {.path = wd_buf_view(&w->path),
				   .target = target,
				   .size = S_ISREG(mode) ? size : 0,
				   .mode = mode,
				   .tag = WD_TAG_NONE,
				   .detail = WD_DETAIL_NONE};

	return w->path.status < 0 ? -ENOMEM : w->events->entry(w->ctx, &e, &w->detail, fd);
}

static int send_whiteout(struct walk *w)
{
	struct wd_layer_entry e = {.path = wd_buf_view(&w->path),
				   .mode = S_IFCHR,
				   .whiteout = true,
				   .tag = WD_TAG_NONE,
				   .detail = WD_DETAIL_NONE};

	return w->path.status < 0 ? -ENOMEM : w->events->entry(w->ctx, &e, &w->detail, -1);
}

static int send_link(struct walk *w, const struct stat *st, struct wd_blob first)
{
	struct wd_layer_entry e = {.path = wd_buf_view(&w->path),
				   .target = first,
				   .mode = st->st_mode,
				   .hard_link = true,
				   .tag = WD_TAG_NONE,
				   .detail = WD_DETAIL_NONE};

	return w->events->entry(w->ctx, &e, &w->detail, -1);
}

static int send_file(struct walk *w, const char *name, const struct stat *st)
{
	WD_CLEANUP_FD int fd = wd_open_child(w->up.fd, name, NULL);
	uint32_t mode;
	int r;

	if (fd < 0) {
		r = fault(w, fd);
		return r < 0 ? r : send(w, st->st_mode, (uint64_t)st->st_size, WD_BLOB_NULL, -1);
	}
	if (w->xwhiteouts && st->st_size == 0 && has_whiteout_attribute(fd))
		return send_whiteout(w);
	mode = override_mode(fd, st->st_mode, &w->detail);
	w->detail.caps = attribute(fd, "security.capability", w->caps, sizeof(w->caps));
	return send(w, mode, (uint64_t)st->st_size, WD_BLOB_NULL, S_ISREG(mode) ? fd : -1);
}

static int push_dir(struct walk *w, const struct stat *st, bool below, bool same)
{
	struct pending p = {.below = below, .said = same, .st = *st};
	int r;

	p.path = strndup(w->path.len ? w->path.ptr : "", w->path.len);
	r = p.path ? wd_array_push(&w->stack, p) : -ENOMEM;
	if (r < 0)
		free(p.path);
	return r;
}

/* Whether what has a name is what has it below, as containers/storage's drivers tell that. */
static bool is_same(const struct stat *a, const struct stat *b, const struct wd_entry *x,
		    const struct wd_entry *y)
{
	if (!S_ISDIR(a->st_mode) && (a->st_size != b->st_size || a->st_nlink != b->st_nlink))
		return false;
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_rdev == b->st_rdev && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && wd_blob_equal(x->target, y->target);
}

/* `up` is there; `low` is NULL where the other root has no such name. */
static int visit(struct walk *w, const struct wd_entry *up, const struct wd_entry *low)
{
	char name[NAME_MAX + 1] = "";
	struct stat st, other;
	struct wd_blob first;
	bool known, same;
	int r;

	memcpy(name, up->name.ptr, up->name.len < NAME_MAX ? up->name.len : NAME_MAX);
	if (fstatat(w->up.fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fault(w, -errno);
	set_detail(w, &st);
	known = low && fstatat(w->low.fd, name, &other, AT_SYMLINK_NOFOLLOW) == 0;
	same = known && is_same(&st, &other, up, low);
	if (S_ISDIR(st.st_mode))
		return push_dir(w, &st, known && S_ISDIR(other.st_mode), same);
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0)
		return send_whiteout(w);
	r = first_name(w, &st, &first);
	if (r < 0 || same)
		return r;
	if (first.len)
		return send_link(w, &st, first);
	if (S_ISREG(st.st_mode))
		return send_file(w, name, &st);
	return send(w, st.st_mode, 0, up->target, -1);
}

/* ---- Directories */

static int open_side(struct walk *w, const char *top, const char *path, struct side *s)
{
	WD_CLEANUP_BUF struct wd_buf full = WD_BUF_INIT;
	struct stat st;

	wd_buf_str(&full, top);
	wd_buf_byte(&full, '/');
	wd_buf_str(&full, path);
	wd_buf_byte(&full, '\0');
	if (full.status < 0)
		return -ENOMEM;
	s->fd = wd_open_beneath(w->dir_fd, full.ptr, &st);
	if (s->fd >= 0 && !S_ISDIR(st.st_mode))
		return WD_ENOTREG;
	return s->fd < 0 ? s->fd : wd_entries_read(&s->entries, s->fd, false);
}

static void close_side(struct side *s)
{
	wd_entries_done(&s->entries);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct side){.fd = -1};
}

/* Both lists are in order: one pass over both. */
static int walk_names(struct walk *w)
{
	const struct wd_entry *up = w->up.entries.list.v, *low = w->low.entries.list.v;
	size_t i = 0, k = 0, n = w->up.entries.list.n, m = w->low.entries.list.n;
	int r = 0;

	while (r == 0 && (i < n || k < m)) {
		int order = i == n ? 1 : k == m ? -1 : wd_blob_cmp(up[i].name, low[k].name);

		set_path(w, order > 0 ? low[k].name : up[i].name);
		if (w->path.status < 0)
			return -ENOMEM;
		r = order > 0 ? send_whiteout(w) : visit(w, &up[i], order ? NULL : &low[k]);
		i += order <= 0;
		k += order >= 0;
	}
	return r;
}

/* The directory itself, and that nothing below it counts where that is so. */
static int send_dir(struct walk *w, const struct pending *p)
{
	uint32_t mode;
	int r;

	set_detail(w, &p->st);
	mode = override_mode(w->up.fd, p->st.st_mode, &w->detail);
	r = p->said ? 0 : send(w, mode, 0, WD_BLOB_NULL, -1);
	w->xwhiteouts = overlay_attribute(w->up.fd, opaque_names, WD_ARRAY_SIZE(opaque_names), "x");
	if (r == 0 && overlay_attribute(w->up.fd, opaque_names, WD_ARRAY_SIZE(opaque_names), "y")) {
		set_path(w, WD_BLOB(".wh..wh..opq"));
		r = send(w, S_IFREG, 0, WD_BLOB_NULL, -1);
	}
	return r;
}

static int walk_dir(struct walk *w, const struct pending *p)
{
	int r = open_side(w, w->top, p->path, &w->up);

	w->dir.len = 0;
	wd_buf_str(&w->dir, p->path);
	set_path(w, WD_BLOB(""));
	if (w->dir.status < 0 || r == -ENOMEM)
		return -ENOMEM;
	if (r < 0) {
		r = fault(w, r);
		set_detail(w, &p->st);
		return r < 0 || p->said ? r : send(w, p->st.st_mode, 0, WD_BLOB_NULL, -1);
	}
	r = send_dir(w, p);
	if (r == 0 && p->below) {
		r = open_side(w, w->below, p->path, &w->low);
		set_path(w, WD_BLOB(""));
		r = r < 0 && r != -ENOMEM ? fault(w, r) : r;
	}
	return r < 0 ? r : walk_names(w);
}

/* The last of the stack is the next: what was put there comes in order, as in most tars. */
static void reverse(struct pending *v, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct pending p = v[i];

		v[i] = v[n - 1 - i];
		v[n - 1 - i] = p;
	}
}

int wd_layerdir_walk(int dir_fd, const char *path, const char *below,
		     const struct wd_layerdir_events *events, void *ctx)
{
	struct walk w = {.events = events,
			 .ctx = ctx,
			 .dir_fd = dir_fd,
			 .top = path,
			 .below = below,
			 .up = {.fd = -1},
			 .low = {.fd = -1}};
	/* the mode of the root is the engine's own where the layer does not say one */
	int r = push_dir(&w, &(struct stat){.st_mode = S_IFDIR}, below != NULL, true);

	while (r >= 0 && w.stack.n) {
		struct pending p = w.stack.v[--w.stack.n];
		size_t first = w.stack.n;

		r = walk_dir(&w, &p);
		reverse(w.stack.v + first, w.stack.n - first);
		close_side(&w.up);
		close_side(&w.low);
		free(p.path);
	}
	while (w.stack.n)
		free(w.stack.v[--w.stack.n].path);
	wd_array_done(&w.stack);
	wd_array_done(&w.firsts);
	wd_pool_done(&w.bytes);
	wd_buf_done(&w.dir);
	wd_buf_done(&w.path);
	free(w.slots);
	return r < 0 ? r : 0;
}
