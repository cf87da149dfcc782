/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A backend that does with each file that begins with "ODD:" what the word behind that says: as
 * tests/mod-odd.c does with databases. Where something that must not work does, it returns
 * WD_EUNSUPPORTED; where it fails, WD_ELIMIT.
 */
#include "pkgdb/backend.h"
#include "pkgdb/wire.h"
#include "pkgdb/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int good(const struct wd_file *file, struct wd_sink *sink)
{
	return wd_sink_fact(sink, WD_FACT_STRING, wd_blob_str(file->path));
}

static int crash(const struct wd_file *file, struct wd_sink *sink)
{
	good(file, sink);
	signal(SIGSEGV, SIG_DFL); /* sanitizers have a handler */
	raise(SIGSEGV);
	__builtin_trap();
}

static int leave(const struct wd_file *file, struct wd_sink *sink)
{
	(void)file;
	(void)sink;
	_exit(0);
}

static int hang(const struct wd_file *file, struct wd_sink *sink)
{
	static volatile uint32_t word;

	(void)file;
	(void)sink;
	while (word == 0)
		syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
	return 0;
}

/* Complains every moment, and does not come back. */
static int drip(const struct wd_file *file, struct wd_sink *sink)
{
	static const char text[] = "\14\0\0\0\7\377\373\377\377\0\0\0\0\0\0\0";
	static const struct timespec moment = {.tv_nsec = 20000000};
	static volatile uint32_t word;

	(void)file;
	(void)sink;
	while (write(WD_FD_PIPE, text, sizeof(text)) > 0)
		syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, &moment, NULL, 0);
	return 0;
}

static int corrupt(const struct wd_file *file, struct wd_sink *sink)
{
	good(file, sink);
	return WD_ECORRUPT;
}

static int flood(const struct wd_file *file, struct wd_sink *sink)
{
	int r = 0;

	(void)file;
	for (int i = 0; r == 0 && i < 100000; i++)
		r = wd_sink_fact(sink, WD_FACT_STRING, WD_BLOB("again"));
	return r;
}

static int complain(const struct wd_file *file, struct wd_sink *sink)
{
	(void)file;
	return wd_sink_error(sink, WD_ECORRUPT, NULL, "something is wrong");
}

static int garbage(const struct wd_file *file, struct wd_sink *sink)
{
	(void)file;
	(void)sink;
	return write(WD_FD_PIPE, "\xff\xff\xff\xff\xff\xff\xff", 7) < 0 ? -errno : 0;
}

static int state_file(uint32_t id)
{
	struct {
		uint32_t len;
		uint8_t type;
		uint32_t id;
		int32_t status;
	} __attribute__((packed)) record = {8, WD_WIRE_FILE, id, 0};

	return write(WD_FD_PIPE, &record, sizeof(record)) < 0 ? -errno : 0;
}

/* A record about a file that there is not, and about one twice. */
static int forge(const struct wd_file *file, struct wd_sink *sink)
{
	(void)file;
	(void)sink;
	return state_file(1u << 30);
}

static int repeat(const struct wd_file *file, struct wd_sink *sink)
{
	(void)file;
	(void)sink;
	state_file(0);
	return state_file(0);
}

static int outside(const struct wd_file *file, struct wd_sink *sink)
{
	(void)file;
	(void)sink;
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? WD_ELIMIT : WD_EUNSUPPORTED;
}

static int change(const struct wd_file *file, struct wd_sink *sink)
{
	(void)sink;
	if (write(file->fd, "x", 1) < 0)
		return WD_ELIMIT;
	return WD_EUNSUPPORTED;
}

/* It does not come back. */
static int create(const struct wd_file *file, struct wd_sink *sink)
{
	(void)file;
	(void)sink;
	return openat(4, "new", O_WRONLY | O_CREAT, 0600) < 0 ? WD_ELIMIT : WD_EUNSUPPORTED;
}

static const struct {
	const char *word;
	int (*examine)(const struct wd_file *file, struct wd_sink *sink);
} behaviours[] = {
	{"good", good},		{"crash", crash},     {"leave", leave},	    {"hang", hang},
	{"corrupt", corrupt},	{"flood", flood},     {"garbage", garbage}, {"forge", forge},
	{"repeat", repeat},	{"outside", outside}, {"change", change},   {"create", create},
	{"complain", complain}, {"drip", drip},
};

static int examine(const struct wd_file *file, struct wd_sink *sink)
{
	char text[32] = "";

	if (pread(file->fd, text, sizeof(text) - 1, 0) != (ssize_t)file->size)
		return WD_EUNSUPPORTED;
	for (size_t i = 0; i < sizeof(behaviours) / sizeof(*behaviours); i++)
		if (strcmp(text + 4, behaviours[i].word) == 0)
			return behaviours[i].examine(file, sink);
	return WD_ECORRUPT;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI, .name = "odd", .version = "1", .examine = examine};
