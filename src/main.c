/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "base/status.h"
#include "pkgdb/process.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct wd_command *const commands[] = {
	&wd_cmd_inspect, &wd_cmd_map,	&wd_cmd_owner,	  &wd_cmd_packages, &wd_cmd_verify,
	&wd_cmd_diff,	 &wd_cmd_learn, &wd_cmd_identify, &wd_cmd_backends, NULL,
};

static void print_help(void)
{
	printf("usage: whodistro COMMAND [OPTION...] ROOTFS...\n\n"
	       "Reads the package databases of a root filesystem, maps every file to the package\n"
	       "and distribution that it came from, and says whose distro it is.\n\n");
	for (const struct wd_command *const *c = commands; *c; c++) {
		char left[64];

		snprintf(left, sizeof(left), "%s %s", (*c)->name, (*c)->operands);
		printf("  %-24s %s\n", left, (*c)->summary);
	}
	printf("\nOptions of every command:\n");
	wd_cli_print_options(NULL);
	printf("\n'whodistro COMMAND --help' shows the options of one command; see "
	       "whodistro(1).\n");
}

/* A signal leaves no half-written report behind. */
static void on_signal(int signo)
{
	wd_out_abort_all();
	signal(signo, SIG_DFL);
	raise(signo);
}

static void catch_signals(void)
{
	/* SIGPIPE: of messages; src/pkgdb/process.c gives workers the default for all of these */
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU, SIGXFSZ};
	struct sigaction act = {.sa_handler = on_signal};

	for (size_t i = 0; i < WD_ARRAY_SIZE(signals); i++) {
		struct sigaction old;

		/* nohup's choice stands */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &act, NULL);
	}
}

/* In the build tree the program uses the data of the source tree and the modules beside it. */
static bool in_build_tree(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return false;
	self[n] = '\0';
	return strcmp(self, WD_BUILDDIR "/whodistro") == 0;
}

static struct wd_places find_places(void)
{
	if (in_build_tree())
		return (struct wd_places){
			.data = WD_SRCDIR "/data",
			.backends = WD_BUILDDIR "/backends",
			.formats = WD_BUILDDIR "/formats",
			.references = {WD_SRCDIR "/data/reference", WD_BUILDDIR "/reference"},
			.modules = WD_BUILDDIR};
	return (struct wd_places){
		.data = WD_PKGDATADIR,
		.backends = WD_PKGLIBDIR "/backends",
		.formats = WD_PKGLIBDIR "/formats",
		.references = {WD_PKGDATADIR "/reference", WD_STATEDIR "/reference"},
		.modules = WD_PKGLIBDIR};
}

/* Help and version go through stdio, and are a result, too. */
static int flush_stdout(int status)
{
	if (fflush(stdout) != 0 && status == WD_EXIT_COMPLETE) {
		wd_complain("standard output: %s", wd_status_text(-errno));
		status = WD_EXIT_NO_RESULT;
	}
	return status;
}

static int run(const struct wd_command *command, int argc, char **argv)
{
	struct wd_places places = find_places();
	struct wd_cli cli = {.command = command, .places = &places};
	int status = wd_cli_parse(&cli, argc, argv);

	if (status < 0)
		status = wd_cli_set_limits(&cli);
	if (status < 0)
		status = wd_cli_read_backends(&cli);
	if (status < 0)
		status = command->run(&cli);
	wd_cli_done(&cli);
	wd_process_wait_all();
	return flush_stdout(status);
}

static int usage(const char *word)
{
	if (word)
		wd_complain("no command '%s'", word);
	else
		wd_complain("no command");
	fputs("Try 'whodistro --help'.\n", stderr);
	return WD_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	/* large arrays grow in place instead of moving from mapping to mapping */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	catch_signals();
	if (argc < 2)
		return usage(NULL);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help();
		return flush_stdout(WD_EXIT_COMPLETE);
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("whodistro %s\n", PACKAGE_VERSION);
		return flush_stdout(WD_EXIT_COMPLETE);
	}
	for (const struct wd_command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, argv[1]) == 0)
			return run(*c, argc - 1, argv + 1);
	return usage(argv[1]);
}
