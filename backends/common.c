/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"

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
		n->name[i] = p + 1;
		p += strlen(p + 1) + 2;
	}
	qsort(n->name, n->count, sizeof(*n->name), compare_names);
	return 0;
}

struct collection {
	struct wd_names *names;
	size_t max;
};

static int collect_name(void *ctx, const char *name, unsigned char type)
{
	struct collection *c = ctx;

	if (name[0] == '.')
		return 0;
	if (c->names->count++ == c->max)
		return WD_ELIMIT;
	wd_buf_byte(&c->names->text, (char)type);
	wd_buf_append(&c->names->text, name, strlen(name) + 1);
	return c->names->text.status;
}

int wd_names_read(const struct wd_request *req, const char *dir, size_t max, struct wd_names *ret)
{
	struct collection c = {ret, max};
	int r;

	*ret = (struct wd_names){0};
	r = wd_request_list(req, dir, collect_name, &c);
	if (r == 0)
		r = index_names(ret);
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

int wd_file_read(const struct wd_request *req, const char *path, size_t max, struct wd_buf *buf)
{
	WD_CLEANUP_FD int fd = wd_request_open(req, path);

	buf->len = 0;
	return fd < 0 ? fd : wd_buf_read_fd(buf, fd, max);
}
