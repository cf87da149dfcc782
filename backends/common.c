/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

int wd_fault(struct wd_faults *f, int status, const char *fmt, ...)
{
	char message[512];
	va_list ap;

	if (f->n > WD_FAULTS_MAX)
		return 0;
	if (f->n++ == WD_FAULTS_MAX)
		return wd_sink_error(f->sink, status, f->path, "further errors are not shown");
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	return f->sink->ops->error(f->sink, status, f->path, message);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int index_names(struct wd_names *n)
{
	char *p = n->text.ptr;

	n->name = calloc(n->count + 1, sizeof(*n->name));
	if (!n->name)
		return -ENOMEM;
	for (size_t i = 0; i < n->count; i++) {
		n->name[i] = p;
		p += strlen(p) + 1;
	}
	qsort(n->name, n->count, sizeof(*n->name), compare_names);
	return 0;
}

static int collect_names(DIR *dir, size_t max, struct wd_names *n)
{
	const struct dirent *de;

	while ((errno = 0, de = readdir(dir))) {
		if (de->d_name[0] == '.')
			continue;
		if (n->count++ == max)
			return WD_ELIMIT;
		wd_buf_append(&n->text, de->d_name, strlen(de->d_name) + 1);
		if (n->text.status < 0)
			return n->text.status;
	}
	return errno ? -errno : index_names(n);
}

int wd_names_read(int dir, size_t max, struct wd_names *ret)
{
	/* a description of its own: rewinding a duplicate would move dir, too */
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = own < 0 ? NULL : fdopendir(own);
	int r;

	*ret = (struct wd_names){0};
	if (!d) {
		r = -errno;
		if (own >= 0)
			close(own);
		return r;
	}
	r = collect_names(d, max, ret);
	closedir(d);
	if (r < 0)
		wd_names_done(ret);
	return r;
}

void wd_names_done(struct wd_names *n)
{
	wd_buf_done(&n->text);
	free(n->name);
	*n = (struct wd_names){0};
}

int wd_dir_open(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return WD_EABSENT;
	if (errno != ENOTDIR && errno != ELOOP)
		return -errno;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return S_ISLNK(st.st_mode) ? WD_ENOTREG : WD_EABSENT;
}

static int read_regular(int opened, size_t max, struct wd_buf *buf)
{
	WD_CLEANUP_FD int fd = opened;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return WD_ENOTREG;
	buf->len = 0;
	return wd_buf_read_fd(buf, fd, max);
}

int wd_file_read(int dir, const char *name, size_t max, struct wd_buf *buf)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? WD_EABSENT : errno == ELOOP ? WD_ENOTREG : -errno;
	return read_regular(fd, max, buf);
}

int wd_file_read_beside(const struct wd_request *req, const char *path, size_t max,
			struct wd_buf *buf)
{
	int fd = wd_request_open(req, path);

	return fd < 0 ? fd : read_regular(fd, max, buf);
}
