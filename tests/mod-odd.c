/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A backend that does whatever its database says, in one word: what hostile input may make of a
 * parser, and what its worker must keep from doing harm. Where something that must not work does,
 * it reports WD_EUNSUPPORTED; where it fails, WD_ELIMIT.
 */
#include "pkgdb/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refused(long r)
{
	return r < 0 ? WD_ELIMIT : WD_EUNSUPPORTED;
}

static struct wd_package package(struct wd_blob name)
{
	return (struct wd_package){
		.field = {[WD_PACKAGE_NAME] = name, [WD_PACKAGE_VERSION] = WD_BLOB("1")},
		.size = WD_SIZE_UNKNOWN};
}

static int good(const struct wd_request *req, struct wd_sink *sink)
{
	struct wd_package pkg = package(WD_BLOB("good"));
	struct wd_claim claim = {
		.dir = WD_BLOB("/etc"), .name = WD_BLOB("file"), .size = WD_SIZE_UNKNOWN};

	(void)req;
	wd_sink_format(sink, "odd");
	wd_sink_package(sink, &pkg);
	return wd_sink_claim(sink, &claim);
}

static int crash(const struct wd_request *req, struct wd_sink *sink)
{
	good(req, sink);
	signal(SIGSEGV, SIG_DFL); /* sanitizers have a handler */
	raise(SIGSEGV);
	__builtin_trap();
}

static int leave(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	_exit(3);
}

static int endless(const struct wd_request *req, struct wd_sink *sink)
{
	struct wd_package pkg = package(WD_BLOB("p"));
	int r;

	(void)req;
	do
		r = wd_sink_package(sink, &pkg);
	while (r == 0);
	return r;
}

static int errors(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	for (int i = 0; i < 5000; i++)
		wd_sink_error(sink, WD_ECORRUPT, NULL, "number %d", i);
	return 0;
}

static int talk(const struct wd_request *req, struct wd_sink *sink)
{
	static const char text[] = "this must not be seen\n";

	printf("%s", text);
	fflush(stdout);
	fprintf(stderr, "%s", text);
	if (write(STDOUT_FILENO, text, sizeof(text)) < 0 ||
	    write(STDERR_FILENO, text, sizeof(text)) < 0)
		return -errno;
	return good(req, sink);
}

/* Closes its pipe and stays. */
static int linger(const struct wd_request *req, struct wd_sink *sink)
{
	static volatile uint32_t word;

	(void)req;
	(void)sink;
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	while (word == 0)
		syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
	return 0;
}

static int garbage(const struct wd_request *req, struct wd_sink *sink)
{
	good(req, sink);
	for (int fd = 3; fd < 64; fd++)
		if (write(fd, "\xff\xff\xff\xff\xff\xff\xff", 7) < 0)
			errno = 0;
	return 0;
}

static int read_shadow(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int read_outside(const struct wd_request *req, struct wd_sink *sink)
{
	int r = wd_request_open(req, "../../../../../../etc/passwd");

	(void)sink;
	if (r < 0)
		r = wd_request_open(req, "outside");
	return refused(r);
}

static int read_beside(const struct wd_request *req, struct wd_sink *sink)
{
	int fd = wd_request_open(req, "beside");
	char text[16] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return refused(-1);
	close(fd);
	return strcmp(text, "beside") == 0 ? good(req, sink) : WD_ECORRUPT;
}

static int write_new(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return refused(openat(4, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int write_old(const struct wd_request *req, struct wd_sink *sink)
{
	(void)sink;
	if (openat(4, "beside", O_RDWR | O_CLOEXEC) >= 0)
		return WD_EUNSUPPORTED;
	return refused(write(req->fd, "x", 1));
}

static int truncate_old(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return refused(openat(4, "beside", O_RDONLY | O_TRUNC | O_CLOEXEC));
}

static int use_socket(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return refused(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int use_fork(const struct wd_request *req, struct wd_sink *sink)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	(void)req;
	(void)sink;
	if (pid == 0)
		_exit(0);
	return refused(pid);
}

static int use_exec(const struct wd_request *req, struct wd_sink *sink)
{
	char *const argv[] = {(char *)"true", NULL};

	(void)req;
	(void)sink;
	return refused(execve("/bin/true", argv, argv + 1));
}

static int use_kill(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return refused(kill(getppid(), 0));
}

static int use_memory(const struct wd_request *req, struct wd_sink *sink)
{
	void *p = mmap(NULL, 4ul << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)req;
	(void)sink;
	return refused(p == MAP_FAILED ? -1 : 0);
}

static int spin(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	for (volatile bool forever = true; forever;)
		;
	return 0;
}

static const struct {
	const char *word;
	int (*load)(const struct wd_request *req, struct wd_sink *sink);
} behaviours[] = {
	{"good", good},		 {"crash", crash},
	{"leave", leave},	 {"endless", endless},
	{"errors", errors},	 {"talk", talk},
	{"linger", linger},	 {"garbage", garbage},
	{"shadow", read_shadow}, {"outside", read_outside},
	{"beside", read_beside}, {"new", write_new},
	{"old", write_old},	 {"truncate", truncate_old},
	{"socket", use_socket},	 {"fork", use_fork},
	{"exec", use_exec},	 {"kill", use_kill},
	{"memory", use_memory},	 {"spin", spin},
};

static int load(const struct wd_request *req, struct wd_sink *sink)
{
	char word[16] = "";

	if (read(req->fd, word, sizeof(word) - 1) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(behaviours) / sizeof(*behaviours); i++)
		if (strcmp(word, behaviours[i].word) == 0)
			return behaviours[i].load(req, sink);
	return WD_ENOTMINE;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI, .name = "odd", .version = "1", .load = load};
