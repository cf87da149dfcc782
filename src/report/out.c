/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/out.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_AT (128 * 1024)

/* The file that a signal must not leave behind: a process writes one report. */
static char pending[4096];

/* No signal comes between the file and the note of it. */
static int make_temp(char *template)
{
	sigset_t all, old;
	int fd;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	fd = mkostemp(template, O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	else if (strlen(template) < sizeof(pending))
		strcpy(pending, template);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return fd;
}

static int open_temp(struct wd_out *out, const char *path)
{
	int fd;

	out->path = strdup(path);
	if (!out->path || asprintf(&out->temp, "%s.XXXXXX", path) < 0) {
		out->temp = NULL;
		return -ENOMEM;
	}
	fd = make_temp(out->temp);
	if (fd < 0) {
		free(out->temp);
		out->temp = NULL;
	}
	return fd;
}

/* mkostemp() is strict; a report has the mode that any new file of the user has. */
static void set_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	if (fchmod(fd, 0666 & ~mask) < 0)
		return; /* the report is whole, only private */
}

/*
 * A device, a FIFO or a link is written to where it is: a rename would put a file in place of
 * /dev/null.
 */
static int open_in_place(struct wd_out *out, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);

	if (fd < 0)
		return -errno;
	out->path = strdup(path);
	if (out->path)
		return fd;
	close(fd);
	return -ENOMEM;
}

static int open_file(struct wd_out *out, const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return open_in_place(out, path);
	fd = open_temp(out, path);
	if (fd >= 0)
		set_mode(fd);
	return fd;
}

/*
 * Asked of the user's locale without setting it: the program works on bytes, and its regular
 * expressions are several times faster in the C locale.
 */
static bool shows_utf8(void)
{
	locale_t user = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8 = user && strcmp(nl_langinfo_l(CODESET, user), "UTF-8") == 0;

	if (user)
		freelocale(user);
	return utf8;
}

int wd_out_open(struct wd_out *out, const char *path, enum wd_color color)
{
	const char *no_color = getenv("NO_COLOR");
	struct winsize size;

	*out = (struct wd_out){.buf = WD_BUF_INIT, .fd = STDOUT_FILENO};
	if (path && strcmp(path, "-") != 0) {
		int r = out->fd = open_file(out, path);

		if (r < 0) {
			wd_out_done(out);
			return r;
		}
	}
	out->terminal = isatty(out->fd) == 1;
	out->color = color == WD_COLOR_ALWAYS ||
		     (color == WD_COLOR_AUTO && out->terminal && !(no_color && *no_color));
	out->utf8 = shows_utf8();
	if (out->terminal && ioctl(out->fd, TIOCGWINSZ, &size) == 0)
		out->columns = size.ws_col;
	return 0;
}

static int flush(struct wd_out *out)
{
	size_t at = 0;

	if (out->buf.status < 0 && out->status == 0)
		out->status = out->buf.status;
	while (out->status == 0 && at < out->buf.len) {
		ssize_t n =
			TEMP_FAILURE_RETRY(write(out->fd, out->buf.ptr + at, out->buf.len - at));

		if (n < 0)
			out->status = -errno;
		else
			at += (size_t)n;
	}
	out->buf.len = 0;
	return out->status;
}

int wd_out_check(struct wd_out *out)
{
	return out->buf.len >= WRITE_AT || out->buf.status < 0 ? flush(out) : out->status;
}

int wd_out_commit(struct wd_out *out)
{
	if (flush(out) < 0)
		return out->status;
	if (!out->temp)
		return 0;
	if (fsync(out->fd) < 0 && errno != EINVAL && errno != EROFS)
		return -errno;
	if (rename(out->temp, out->path) < 0)
		return -errno;
	pending[0] = '\0';
	free(out->temp);
	out->temp = NULL;
	return 0;
}

void wd_out_done(struct wd_out *out)
{
	if (out->temp)
		unlink(out->temp);
	pending[0] = '\0';
	if (out->path && out->fd >= 0)
		close(out->fd);
	free(out->temp);
	free(out->path);
	wd_buf_done(&out->buf);
	*out = (struct wd_out){.fd = -1};
}

void wd_out_abort_all(void)
{
	if (pending[0])
		unlink(pending);
}
