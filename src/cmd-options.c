/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: one table of options for all commands, and the help made from it. */
#include "cmd.h"

#include "pkgdb/fence.h"
#include "pkgdb/platform.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct option_row {
	int letter; /* what getopt_long() returns; also the -x where it is in short_options */
	const char *name;
	const char *argument; /* NULL: none */
	bool common;	      /* every command has it */
	const char *help;
};

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

static const char short_options[] = "f:o:qvh";

static const struct option_row rows[] = {
	{'f', "format", "FORMAT", true, "output format"},
	{'o', "output", "FILE", true, "write to FILE, which appears only when it is complete"},
	{'q', "quiet", NULL, true, "say nothing of what could not be read"},
	{'v', "verbose", NULL, true, "say which databases were read, and behind which fences"},
	{'C', "color", "WHEN", true, "auto, always or never"},
	{'B', "backend-path", "DIR", true, "look for backends in DIR first (repeatable)"},
	{'1', "one", NULL, false, "one row for a file: its first owner"},
	{'D', "dirs", NULL, false, "directories too"},
	{'M', "missing", NULL, false,
	 "also the paths that a database records and the rootfs lacks"},
	{'Z', "verify", NULL, false, "read the files too: modified by contents, and the digests"},
	{'X', "cross-mounts", NULL, false,
	 "enter other filesystems that are mounted in the rootfs"},
	{'E', "evidence", NULL, false, "every item of evidence, also what decides nothing"},
	{'S', "sort", "KEY", false, "by name, size or files"},
	{'K', "disk", NULL, false, "files and bytes that are there, not those that are recorded"},
	{'O', "orphans", NULL, false, "only packages of which no recorded file is there"},
	{'G', "foreign", NULL, false, "only packages of other distributions than the rootfs' own"},
	{'F', "fail-on", "WORDS", false,
	 "exit with status 1 where one of the words holds; see whodistro(1)"},
	{'R', "reference", "INDEX", false, "ask a reference index what nobody owns (repeatable)"},
	{'T', "distro", "ID:VERSION", false,
	 "of a SOURCE that does not say which distribution's it is"},
	{'I', "image", "REF", false, "which of several images in an archive, layout or store"},
	{'P', "platform", "OS/ARCH", false, "of an image for several: this machine's by default"},
	{'Y', "max-bytes", "SIZE", false,
	 "what an image may decompress to (K, M, G, T): 64G by default"},
	{'W', "deleted", NULL, false, "of an image: what layers had and later ones took away"},
	{'A', "limit-memory", "SIZE", true,
	 "memory of a worker (K, M, G): " NUMBER(WD_LIMIT_MEMORY_GIB) "G by default"},
	{'J', "limit-time", "SECONDS", true,
	 "time of a worker: " NUMBER(WD_LIMIT_WALL_SECONDS) " by default, " NUMBER(
		 WD_LIMIT_DECODE_WALL_SECONDS) " for an archive"},
	{'N', "limit-records", "N", true,
	 "what a worker may tell: " NUMBER(WD_LIMIT_RECORDS) " records by default"},
	{'Q', "require-sandbox", NULL, true,
	 "read nothing where a fence around workers is missing"},
	{'h', "help", NULL, true, "show this help"},
	{'V', "version", NULL, true, "show the version"},
};

static bool offered(const struct wd_command *command, const struct option_row *row)
{
	return row->common || (command && strchr(command->options, row->letter));
}

void wd_cli_print_options(const struct wd_command *command)
{
	for (size_t i = 0; i < WD_ARRAY_SIZE(rows); i++) {
		const struct option_row *row = &rows[i];
		const char *letter = strchr(short_options, row->letter);
		char left[64];

		if (!offered(command, row))
			continue;
		snprintf(left, sizeof(left), "%s--%s%s%s", letter ? "" : "    ", row->name,
			 row->argument ? "=" : "", row->argument ? row->argument : "");
		if (letter)
			printf("  -%c, %-22s %s", row->letter, left, row->help);
		else
			printf("  %-26s %s", left, row->help);
		if (row->letter == 'f' && command)
			printf(": %s", command->formats);
		putchar('\n');
	}
}

static void print_help(const struct wd_command *command)
{
	printf("usage: whodistro %s [OPTION...]%s%s\n\n%s.\n\n", command->name,
	       *command->operands ? " " : "", command->operands, command->summary);
	wd_cli_print_options(command);
	printf("\nExit status: 0 complete, 1 a --fail-on condition holds, 2 wrong usage,\n"
	       "3 something could not be read, 4 no result. See whodistro(1).\n");
}

static int usage_error(const struct wd_cli *cli)
{
	fprintf(stderr, "Try 'whodistro %s --help'.\n", cli->command->name);
	return WD_EXIT_USAGE;
}

static bool parse_color(const char *word, enum wd_color *ret)
{
	static const char *const words[] = {"auto", "always", "never"};

	for (size_t i = 0; i < WD_ARRAY_SIZE(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret = (enum wd_color)i;
			return true;
		}
	}
	return false;
}

static bool parse_bytes(const char *text, uint64_t *ret)
{
	static const char units[] = "KMGT";
	struct wd_blob number = wd_blob_str(text);
	const char *unit = number.len ? strchr(units, number.ptr[number.len - 1]) : NULL;
	unsigned shift = 0;

	if (unit && *unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		number.len--;
	}
	if (!wd_blob_u64(number, ret) || *ret == 0 || *ret > UINT64_MAX >> shift)
		return false;
	*ret <<= shift;
	return true;
}

#define SECONDS_MAX 1000000000 /* thirty years, which no clock's type is too small for */

static int take_limit(struct wd_cli *cli, int letter, const char *argument)
{
	static const char takes_bytes[] = "a number of bytes, or one with K, M, G or T";
	static const char takes_count[] = "a number above 0";
	bool memory = letter == 'A', time = letter == 'J';
	uint64_t *limit = memory ? &cli->limits.memory
			  : time ? &cli->limits.seconds
				 : &cli->limits.records;
	bool good = memory ? parse_bytes(argument, limit)
			   : wd_blob_u64(wd_blob_str(argument), limit) && *limit > 0;

	if (good && !(time && *limit > SECONDS_MAX))
		return -1;
	wd_complain("--limit-%s takes %s, not '%s'",
		    memory ? "memory"
		    : time ? "time"
			   : "records",
		    memory ? takes_bytes : takes_count, argument);
	return usage_error(cli);
}

/* Whether `word` is one of the words of a list like "text, csv, json". */
static bool in_list(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; n && (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == '\0' || p[n] == ','))
			return true;
	return false;
}

static int take_format(struct wd_cli *cli, const char *word)
{
	cli->format = word;
	if (in_list(cli->command->formats, word))
		return -1;
	wd_complain("%s does not write format '%s'; it writes %s", cli->command->name, word,
		    cli->command->formats);
	return usage_error(cli);
}

static int take_flag(struct wd_cli *cli, int letter)
{
	const struct {
		int letter;
		bool *flag;
	} flags[] = {{'q', &cli->quiet},   {'v', &cli->verbose},  {'1', &cli->one},
		     {'D', &cli->dirs},	   {'M', &cli->missing},  {'X', &cli->cross},
		     {'W', &cli->deleted}, {'E', &cli->evidence}, {'K', &cli->disk},
		     {'O', &cli->orphans}, {'G', &cli->foreign},  {'Z', &cli->verify}};

	for (size_t i = 0; i < WD_ARRAY_SIZE(flags); i++)
		if (flags[i].letter == letter)
			*flags[i].flag = true;
	return -1;
}

static int take_option(struct wd_cli *cli, int letter, const char *argument)
{
	switch (letter) {
	case 'f':
		return take_format(cli, argument);
	case 'o':
		cli->output = argument;
		return -1;
	case 'C':
		if (parse_color(argument, &cli->color))
			return -1;
		wd_complain("--color takes auto, always or never, not '%s'", argument);
		return usage_error(cli);
	case 'B':
		return wd_array_push(&cli->backend_paths, argument) < 0 ? WD_EXIT_NO_RESULT : -1;
	case 'F':
		cli->fail_on = argument;
		return -1;
	case 'I':
		cli->choice.ref = argument;
		return -1;
	case 'P':
		cli->choice.platform = argument;
		if (wd_platform_is_one(argument))
			return -1;
		wd_complain("--platform takes OS/ARCH or OS/ARCH/VARIANT, not '%s'", argument);
		return usage_error(cli);
	case 'Y':
		if (parse_bytes(argument, &cli->max_bytes))
			return -1;
		wd_complain("--max-bytes takes a number, or one with K, M, G or T, not '%s'",
			    argument);
		return usage_error(cli);
	case 'A':
	case 'J':
	case 'N':
		return take_limit(cli, letter, argument);
	case 'Q':
		cli->limits.required = WD_FENCE_ALL;
		return -1;
	case 'R':
		return wd_array_push(&cli->references, argument) < 0 ? WD_EXIT_NO_RESULT : -1;
	case 'T':
		cli->distro = argument;
		return -1;
	case 'S':
		cli->sort = argument;
		return -1;
	case 'h':
		print_help(cli->command);
		return WD_EXIT_COMPLETE;
	case 'V':
		printf("whodistro %s\n", PACKAGE_VERSION);
		return WD_EXIT_COMPLETE;
	case '?':
		return usage_error(cli); /* getopt_long() has said what is wrong */
	default:
		return take_flag(cli, letter);
	}
}

static void make_long_options(const struct wd_command *command, struct option *out)
{
	size_t n = 0;

	for (size_t i = 0; i < WD_ARRAY_SIZE(rows); i++)
		if (offered(command, &rows[i]))
			out[n++] = (struct option){
				rows[i].name, rows[i].argument ? required_argument : no_argument,
				NULL, rows[i].letter};
	out[n] = (struct option){NULL, 0, NULL, 0};
}

static int check_operands(struct wd_cli *cli)
{
	const struct wd_command *c = cli->command;

	if (cli->noperands < c->min_operands) {
		wd_complain("%s needs %s", c->name, c->operands);
		return usage_error(cli);
	}
	if (c->max_operands >= 0 && cli->noperands > c->max_operands) {
		wd_complain("%s takes %s, and no '%s'", c->name,
			    *c->operands ? c->operands : "no operand",
			    cli->operands[c->max_operands]);
		return usage_error(cli);
	}
	return -1;
}

int wd_cli_parse(struct wd_cli *cli, int argc, char **argv)
{
	struct option long_options[WD_ARRAY_SIZE(rows) + 1];
	char name[64];
	int letter;
	int status;

	/* getopt_long() begins its messages with argv[0] */
	snprintf(name, sizeof(name), "whodistro %s", cli->command->name);
	argv[0] = name;
	make_long_options(cli->command, long_options);
	cli->format = "text";
	while ((letter = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		status = take_option(cli, letter, optarg);
		if (status >= 0)
			return status;
	}
	cli->operands = argv + optind;
	cli->noperands = argc - optind;
	return check_operands(cli);
}

void wd_cli_done(struct wd_cli *cli)
{
	wd_descriptors_done(&cli->backends);
	wd_array_done(&cli->backend_paths);
	wd_cli_close_references(cli);
}
