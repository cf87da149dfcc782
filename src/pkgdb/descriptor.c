/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/descriptor.h"

#include "base/buf.h"
#include "base/glob.h"
#include "base/status.h"
#include "pkgdb/backend.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define DESCRIPTOR_MAX (64 * 1024)

static void descriptor_free(struct wd_descriptor *d)
{
	for (size_t i = 0; i < d->probes.n; i++)
		free(d->probes.v[i]);
	wd_array_done(&d->probes);
	for (size_t i = 0; i < d->sources.n; i++)
		free(d->sources.v[i]);
	wd_array_done(&d->sources);
	for (size_t i = 0; i < d->reads.n; i++)
		free(d->reads.v[i]);
	wd_array_done(&d->reads);
	free(d->name);
	free(d->description);
	free(d->formats);
	free(d->purl);
	free(d->dir);
	free(d->broken);
	free(d);
}

void wd_descriptors_done(struct wd_descriptors *d)
{
	for (size_t i = 0; i < d->list.n; i++)
		descriptor_free(d->list.v[i]);
	wd_array_done(&d->list);
}

static int set(char **field, struct wd_blob value)
{
	char *copy = strndup(value.ptr, value.len);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

/* Appends to one of the lists of patterns. */
#define add_pattern(list, value)                                                                   \
	({                                                                                         \
		char *copy_ = strndup((value).ptr, (value).len);                                   \
		int added_ = copy_ ? wd_array_push(list, copy_) : -ENOMEM;                         \
		if (added_ < 0)                                                                    \
			free(copy_);                                                               \
		added_;                                                                            \
	})

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int set_magic(struct wd_descriptor *d, struct wd_blob hex)
{
	if (hex.len % 2 || hex.len / 2 > WD_MAGIC_MAX)
		return WD_ECORRUPT;
	for (d->magic_len = 0; d->magic_len < hex.len / 2; d->magic_len++) {
		int high = hex_digit(hex.ptr[2 * d->magic_len]);
		int low = hex_digit(hex.ptr[2 * d->magic_len + 1]);

		if (high < 0 || low < 0)
			return WD_ECORRUPT;
		d->magic[d->magic_len] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int parse_line(struct wd_descriptor *d, struct wd_blob line)
{
	ptrdiff_t eq = wd_blob_chr(line, '=');
	struct wd_blob key = wd_blob_trim(wd_blob_head(line, eq < 0 ? line.len : (size_t)eq));
	struct wd_blob value =
		eq < 0 ? WD_BLOB_NULL : wd_blob_trim(wd_blob_skip(line, (size_t)eq + 1));
	uint64_t abi;

	if (key.len == 0 || key.ptr[0] == '#')
		return 0;
	if (value.len == 0 || memchr(value.ptr, '\0', value.len))
		return WD_ECORRUPT;
	if (wd_blob_is(key, "name"))
		return set(&d->name, value);
	if (wd_blob_is(key, "description"))
		return set(&d->description, value);
	if (wd_blob_is(key, "formats"))
		return set(&d->formats, value);
	if (wd_blob_is(key, "purl"))
		return set(&d->purl, value);
	if (wd_blob_is(key, "magic"))
		return set_magic(d, value);
	if (wd_blob_is(key, "probe"))
		return add_pattern(&d->probes, value);
	if (wd_blob_is(key, "source"))
		return add_pattern(&d->sources, value);
	if (wd_blob_is(key, "reads"))
		return add_pattern(&d->reads, value);
	if (wd_blob_is(key, "abi") && wd_blob_u64(value, &abi) && abi <= UINT16_MAX) {
		d->abi = (unsigned)abi;
		return 0;
	}
	return WD_ECORRUPT;
}

__attribute__((format(printf, 2, 3))) static int set_broken(struct wd_descriptor *d,
							    const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&d->broken, fmt, ap);
	va_end(ap);
	return n < 0 ? -ENOMEM : 0;
}

/* The name is a word, since it becomes a file name and part of every report. */
static bool is_word(const char *s)
{
	return s && *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(s) &&
	       *s != '.';
}

static int parse(struct wd_descriptor *d, struct wd_blob text)
{
	struct wd_blob line;
	unsigned lineno = 0;

	while (wd_blob_token(&text, '\n', &line)) {
		int r = parse_line(d, line);

		lineno++;
		if (r == WD_ECORRUPT)
			return set_broken(d, "descriptor line %u is not understood", lineno);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check(struct wd_descriptor *d, const char *stem)
{
	if (d->broken)
		return 0;
	if (!is_word(d->name) || strcmp(d->name, stem) != 0)
		return set_broken(d, "descriptor's name differs from its file name");
	if (!d->formats || !d->purl || !d->description ||
	    (d->probes.n == 0 && d->magic_len == 0 && d->sources.n == 0))
		return set_broken(d, "descriptor lacks description, formats, purl or probe");
	if (d->abi != WD_BACKEND_ABI)
		return set_broken(d, "module is for ABI version %u, this program has %d", d->abi,
				  WD_BACKEND_ABI);
	return 0;
}

static bool known(const struct wd_descriptors *d, const char *name)
{
	for (size_t i = 0; i < d->list.n; i++)
		if (strcmp(d->list.v[i]->name, name) == 0)
			return true;
	return false;
}

static int read_text(int dir_fd, const char *file, struct wd_descriptor *d)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	WD_CLEANUP_FD int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : wd_buf_read_fd(&text, fd, DESCRIPTOR_MAX);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return set_broken(d, "descriptor cannot be read");
	return parse(d, wd_buf_view(&text));
}

static int read_one(struct wd_descriptors *all, int dir_fd, const char *dir, const char *file)
{
	size_t stem_len = strlen(file) - strlen(".backend");
	WD_CLEANUP_FREE char *stem = strndup(file, stem_len);
	struct wd_descriptor *d;
	int r;

	if (!stem)
		return -ENOMEM;
	if (known(all, stem))
		return 0;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->dir = strdup(dir);
	r = d->dir ? read_text(dir_fd, file, d) : -ENOMEM;
	if (r == 0)
		r = check(d, stem);
	if (r == 0 && (!d->name || d->broken))
		r = set(&d->name, wd_blob_str(stem));
	if (r == 0)
		r = wd_array_push(&all->list, d);
	if (r < 0)
		descriptor_free(d);
	return r;
}

static int is_descriptor(const struct dirent *e)
{
	struct wd_blob name = wd_blob_str(e->d_name);

	return name.ptr[0] != '.' && name.len > strlen(".backend") &&
	       wd_blob_ends(name, WD_BLOB(".backend"));
}

static int cmp_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int cmp_descriptors(const void *a, const void *b)
{
	return strcmp((*(struct wd_descriptor *const *)a)->name,
		      (*(struct wd_descriptor *const *)b)->name);
}

int wd_descriptors_read(struct wd_descriptors *d, const char *dir)
{
	WD_CLEANUP_FD int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **files;
	int r = 0;
	int n;

	if (dir_fd < 0)
		return -errno;
	n = scandirat(dir_fd, ".", &files, is_descriptor, cmp_names);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = read_one(d, dir_fd, dir, files[i]->d_name);
		free(files[i]);
	}
	free(files);
	if (d->list.n)
		qsort(d->list.v, d->list.n, sizeof(*d->list.v), cmp_descriptors);
	return r;
}

bool wd_descriptor_takes(const struct wd_descriptor *d, const char *name)
{
	for (size_t i = 0; i < d->sources.n; i++)
		if (wd_glob_name(wd_blob_str(d->sources.v[i]), wd_blob_str(name)))
			return true;
	return false;
}
