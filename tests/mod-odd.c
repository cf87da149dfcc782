/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A backend that does whatever its database says, in one word: what hostile input may make of a
 * parser, and what its worker must keep from doing harm. Where something that must not work does,
 * it reports WD_EUNSUPPORTED; where it fails, WD_ELIMIT. Where it must not even be tried, the
 * worker does not come to report.
 */
#include "pkgdb/backend.h"
#include "pkgdb/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
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

/* A version over which the worker dies that is to compare it. */
static int fragile(const struct wd_request *req, struct wd_sink *sink)
{
	struct wd_package pkg = package(WD_BLOB("good"));

	(void)req;
	pkg.field[WD_PACKAGE_VERSION] = WD_BLOB("crash");
	wd_sink_format(sink, "odd");
	return wd_sink_package(sink, &pkg);
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

/* ---- Records that are none */

static int send_raw(const void *bytes, size_t len)
{
	return write(WD_FD_PIPE, bytes, len) == (ssize_t)len ? 0 : -errno;
}

static int garbage(const struct wd_request *req, struct wd_sink *sink)
{
	good(req, sink);
	return send_raw("\xff\xff\xff\xff\xff\xff\xff", 7);
}

static int unknown_record(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return send_raw("\0\0\0\0\x1f", 5);
}

/* Other fences than the worker had to say, */
static int second_hello(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return send_raw("\4\0\0\0\1\0\0\0\0", 9);
}

/* a record with something behind it, */
static int long_record(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return send_raw("\6\0\0\0\2\1\0\0\0xy", 11);
}

/* a string that ends behind its record, */
static int long_string(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return send_raw("\5\0\0\0\2\xff\xff\xff\x7fx", 10);
}

/* and what only a worker that examines files has to tell. */
static int foreign_record(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return send_raw("\10\0\0\0\13\0\0\0\0\0\0\0\0", 13);
}

/* A billion records, past the sink, which would not. */
static int billion(const struct wd_request *req, struct wd_sink *sink)
{
	static char many[9 * 1024];

	(void)req;
	(void)sink;
	for (size_t i = 0; i < sizeof(many); i += 9)
		memcpy(many + i, "\4\0\0\0\4\0\0\0\0", 9);
	for (int i = 0; i < 1000000000 / 1024; i++)
		if (send_raw(many, sizeof(many)) < 0)
			return -errno;
	return 0;
}

/* ---- Ways out */

static int read_shadow(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return refused(open("/etc/shadow", O_RDONLY | O_CLOEXEC));
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

/* As that, where a filter cannot see the flags. */
static int empty_old(const struct wd_request *req, struct wd_sink *sink)
{
	struct open_how how = {.flags = O_RDONLY | O_TRUNC | O_CLOEXEC};

	(void)req;
	(void)sink;
	return refused(syscall(SYS_openat2, 4, "beside", &how, sizeof(how)));
}

/* Takes pages from the whole machine, where a worker may: of no page here. */
static int use_poison(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return refused(madvise(NULL, 0, MADV_HWPOISON));
}

static int remove_old(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return refused(unlinkat(4, "beside", 0));
}

static int connect_to(int fd, const void *address, socklen_t len)
{
	return refused(fd < 0 ? fd : connect(fd, address, len));
}

static int use_socket(const struct wd_request *req, struct wd_sink *sink)
{
	static const struct sockaddr_un to = {AF_UNIX, "/run/none"};

	(void)req;
	(void)sink;
	return connect_to(socket(AF_UNIX, SOCK_STREAM, 0), &to, sizeof(to));
}

static int use_network(const struct wd_request *req, struct wd_sink *sink)
{
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

	(void)req;
	(void)sink;
	return connect_to(socket(AF_INET, SOCK_STREAM, 0), &to, sizeof(to));
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

static int use_bomb(const struct wd_request *req, struct wd_sink *sink)
{
	for (int i = 0; i < 1000; i++)
		use_fork(req, sink);
	return WD_EUNSUPPORTED;
}

static int use_ptrace(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return refused(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int read_parent(const struct wd_request *req, struct wd_sink *sink)
{
	char path[32];

	(void)req;
	(void)sink;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
	return refused(open(path, O_RDONLY | O_CLOEXEC));
}

static int be_root(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	return refused(setuid(0));
}

/* What it was handed, and descriptors until there are no more: as many as WD_FENCE_RLIMITS says. */
static int use_descriptors(const struct wd_request *req, struct wd_sink *sink)
{
	int n = 0;

	(void)sink;
	while (n < 100 && dup(req->is_dir ? WD_FD_DIR : req->fd) >= 0)
		n++;
	return n > 0 && n < 64 ? WD_ELIMIT : WD_EUNSUPPORTED;
}

static int use_signal_of_files(const struct wd_request *req, struct wd_sink *sink)
{
	(void)sink;
	return refused(fcntl(req->fd, F_SETOWN, getppid()));
}

static int use_handle(const struct wd_request *req, struct wd_sink *sink)
{
	static const struct {
		unsigned bytes;
		int type;
		unsigned char handle[8];
	} root = {8, 1, "\2"};

	(void)req;
	(void)sink;
	return refused(syscall(SYS_open_by_handle_at, WD_FD_DIR, &root, O_RDONLY));
}

/* It has packages, and says that it is none. */
static int deny(const struct wd_request *req, struct wd_sink *sink)
{
	int r = good(req, sink);

	return r < 0 ? r : WD_EABSENT;
}

static int use_memory(const struct wd_request *req, struct wd_sink *sink)
{
	(void)req;
	(void)sink;
	while (mmap(NULL, 64ul << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		;
	return -ENOMEM;
}

static int wait_forever(const struct wd_request *req, struct wd_sink *sink)
{
	static volatile uint32_t word;

	(void)req;
	(void)sink;
	while (word == 0)
		syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
	return 0;
}

/* Closes its pipe and stays. */
static int linger(const struct wd_request *req, struct wd_sink *sink)
{
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	return wait_forever(req, sink);
}

static int spin(const struct wd_request *req, struct wd_sink *sink)
{
	static volatile bool forever = true;

	(void)req;
	(void)sink;
	while (forever)
		;
	return 0;
}

static const struct {
	const char *word;
	int (*load)(const struct wd_request *req, struct wd_sink *sink);
} behaviours[] = {
	{"good", good},
	{"fragile", fragile},
	{"crash", crash},
	{"leave", leave},
	{"endless", endless},
	{"errors", errors},
	{"talk", talk},
	{"linger", linger},
	{"garbage", garbage},
	{"shadow", read_shadow},
	{"outside", read_outside},
	{"beside", read_beside},
	{"new", write_new},
	{"old", write_old},
	{"truncate", truncate_old},
	{"empty", empty_old},
	{"poison", use_poison},
	{"deny", deny},
	{"socket", use_socket},
	{"fork", use_fork},
	{"exec", use_exec},
	{"kill", use_kill},
	{"memory", use_memory},
	{"unlink", remove_old},
	{"network", use_network},
	{"bomb", use_bomb},
	{"ptrace", use_ptrace},
	{"parent", read_parent},
	{"setuid", be_root},
	{"descriptors", use_descriptors},
	{"setown", use_signal_of_files},
	{"handle", use_handle},
	{"spin", spin},
	{"wait", wait_forever},
	{"unknown", unknown_record},
	{"hello", second_hello},
	{"long", long_record},
	{"string", long_string},
	{"foreign", foreign_record},
	{"billion", billion},
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

/* Says a little every moment, which is no answer. */
static void drip(void)
{
	static const struct timespec moment = {.tv_nsec = 20000000};
	static volatile uint32_t word;

	while (send_raw("\14\0\0\0\7\377\373\377\377\0\0\0\0\0\0\0\0", 17) == 0)
		syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, &moment, NULL, 0);
}

static int compare(const char *a, const char *b)
{
	if (strcmp(a, "drip") == 0)
		drip();
	if (strcmp(a, "crash") == 0)
		_exit(0);
	return strcmp(a, b);
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI, .name = "odd", .version = "1", .load = load, .compare = compare};
