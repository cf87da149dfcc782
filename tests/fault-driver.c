/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a command again and again, each time with another call failing (fault-preload.c), and holds
 * each run against the first, in which none fails:
 *
 *	fault-driver LIBRARY ROLE CLASS SAMPLES COMMAND...	SAMPLES: how many calls; 0: all
 *
 * The first must end with 0, or with 3 where the root filesystem has something wrong. Afterwards
 * exit status 0 must come with the same output; 3 with a JSON document whose errors[] say something,
 * and a message; 4 with a message and no output. Everything else is a defect: a signal, a leak,
 * another status. Prints what is wrong, and at the end how many runs there were.
 */
#include "base/buf.h"
#include "fault.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SECONDS 15 /* for one run; beyond it SIGALRM ends it */
#define OUTPUT_MAX (64u << 20)

struct driver {
	const char *library, *role, *class;
	char **command;
	int tally_fd;
	struct wd_fault_tally *tally;
};

struct run {
	int status; /* of waitpid() */
	struct wd_buf out, err;
};

static void set_environment(const struct driver *d, unsigned long n)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %s %lu", d->role, d->class, n);
	setenv("WD_FAULT", text, 1);
	snprintf(text, sizeof(text), "%d", d->tally_fd);
	setenv("WD_FAULT_TALLY", text, 1);
	setenv("LD_PRELOAD", d->library, 1);
}

static int read_back(int fd, struct wd_buf *buf)
{
	int r;

	buf->len = 0;
	r = wd_buf_read_fd(buf, fd, OUTPUT_MAX);
	close(fd);
	wd_buf_byte(buf, '\0');
	return r < 0 ? r : buf->status;
}

static int run(const struct driver *d, unsigned long n, struct run *ret)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	pid_t pid = out < 0 || err < 0 ? -1 : fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		set_environment(d, n);
		alarm(SECONDS);
		if (dup2(out, 1) == 1 && dup2(err, 2) == 2)
			execv(d->command[0], d->command);
		_exit(127);
	}
	if (waitpid(pid, &ret->status, 0) < 0)
		return -errno;
	return read_back(out, &ret->out) < 0 || read_back(err, &ret->err) < 0 ? -EIO : 0;
}

static bool tells_errors(const struct wd_buf *out)
{
	cJSON *json = cJSON_Parse(out->ptr);
	bool tells = cJSON_GetArraySize(cJSON_GetObjectItem(json, "errors")) > 0;

	cJSON_Delete(json);
	return tells;
}

/* What is wrong with a run, or NULL. The buffers end with a NUL. */
static const char *defect(const struct run *r, const struct run *reference)
{
	if (!WIFEXITED(r->status))
		return "ended by a signal";
	switch (WEXITSTATUS(r->status)) {
	case 0:
		return wd_blob_equal(wd_buf_view(&r->out), wd_buf_view(&reference->out))
			       ? NULL
			       : "exit status 0, and another result";
	case 3:
		if (!tells_errors(&r->out))
			return "exit status 3, and no error in the result";
		return r->err.len > 1 ? NULL : "exit status 3 without a message";
	case 4:
		if (r->out.len > 1)
			return "exit status 4, and a result";
		return r->err.len > 1 ? NULL : "exit status 4 without a message";
	default:
		return "an exit status that nothing stands for";
	}
}

/* The first line of a text that is not in its place in another. */
static struct wd_blob other_line(struct wd_blob text, struct wd_blob reference)
{
	struct wd_blob line = WD_BLOB(""), want;

	while (wd_blob_token(&text, '\n', &line))
		if (!wd_blob_token(&reference, '\n', &want) || !wd_blob_equal(line, want))
			return line;
	return WD_BLOB("");
}

static void run_done(struct run *r)
{
	wd_buf_done(&r->out);
	wd_buf_done(&r->err);
}

/* 0, 1 where the run has a defect, or a negated errno. */
static int try(const struct driver *d, unsigned long n, const struct run *reference)
{
	WD_CLEANUP(run_done) struct run this = {0};
	int r = run(d, n, &this);
	const char *what = r == 0 ? defect(&this, reference) : NULL;

	if (what)
		printf("%s %s %lu: %s (%s %d): %.*s\n%.2000s\n", d->role, d->class, n, what,
		       WIFSIGNALED(this.status) ? "signal" : "status",
		       WIFSIGNALED(this.status) ? WTERMSIG(this.status) : WEXITSTATUS(this.status),
		       WD_BLOB_PRINTF(
			       other_line(wd_buf_view(&this.out), wd_buf_view(&reference->out))),
		       this.err.ptr);
	return what ? 1 : r;
}

static int try_all(const struct driver *d, unsigned long samples)
{
	WD_CLEANUP(run_done) struct run reference = {0};
	unsigned long calls, step, runs = 0, defects = 0;
	int r = run(d, 0, &reference);

	if (r < 0 || !WIFEXITED(reference.status) || WEXITSTATUS(reference.status) % 3) {
		printf("without a fault: status %x\n%s\n", reference.status, reference.err.ptr);
		return -1;
	}
	calls = atomic_load(&d->tally->calls);
	step = samples && calls > samples ? calls / samples : 1;
	for (unsigned long n = 1; r >= 0 && n <= calls; n += step, runs++) {
		r = try(d, n, &reference);
		defects += r > 0;
	}
	printf("%lu of %lu calls, %lu failed, %lu defects\n", runs, calls,
	       atomic_load(&d->tally->failed), defects);
	return r < 0 || defects || calls == 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct driver d = {.tally_fd = memfd_create("tally", 0)};

	if (argc < 6 || d.tally_fd < 0 || ftruncate(d.tally_fd, sizeof(*d.tally)) < 0)
		return 2;
	d.library = argv[1];
	d.role = argv[2];
	d.class = argv[3];
	d.command = argv + 5;
	d.tally = mmap(NULL, sizeof(*d.tally), PROT_READ | PROT_WRITE, MAP_SHARED, d.tally_fd, 0);
	if (d.tally == MAP_FAILED)
		return 2;
	return try_all(&d, strtoul(argv[4], NULL, 10)) < 0;
}
