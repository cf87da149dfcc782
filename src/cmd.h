/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands: arguments to exit status. Only src/main.c and src/cmd-*.c print or exit. */
#ifndef WD_CMD_H
#define WD_CMD_H

#include "base/hash.h"
#include "pkgdb/limits.h"
#include "provenance/subject.h"
#include "report/format.h"

enum wd_exit {
	WD_EXIT_COMPLETE = 0,
	WD_EXIT_CONDITION = 1, /* a --fail-on condition holds */
	WD_EXIT_USAGE = 2,
	WD_EXIT_INCOMPLETE = 3, /* the result is printed; something could not be read */
	WD_EXIT_NO_RESULT = 4,
};

/* Where the program finds what belongs to it. */
struct wd_places {
	const char *data;
	const char *backends;
	const char *formats;
	const char *references[2]; /* where reference indexes are installed */
	const char *modules;	   /* other modules: digests */
};

struct wd_command;

/* What the command line says, after wd_cli_parse(). */
struct wd_cli {
	const struct wd_command *command;
	const struct wd_places *places;
	struct wd_descriptors backends;
	WD_ARRAY(const char *) backend_paths;
	const char *format;
	const char *output;
	const char *fail_on;
	const char *distro; /* learn: of what does not say it */
	WD_ARRAY(const char *) references;
	WD_ARRAY(struct wd_reference) opened; /* see wd_cli_open_references() */
	bool references_open;
	enum wd_color color;
	bool quiet;
	bool verbose;
	bool one;
	bool dirs;
	bool missing;
	bool verify; /* map: by contents */
	bool cross;
	bool disk; /* packages: what is there, not what is recorded */
	bool orphans;
	bool foreign;
	const char *sort;
	bool evidence;
	struct wd_choice choice; /* of several images */
	uint64_t max_bytes;	 /* 0: the default */
	struct wd_limits limits; /* of every worker */
	bool deleted;
	char **operands;
	int noperands;
	int found;	/* owner: how many of the paths are known */
	bool condition; /* verify, diff: a --fail-on condition holds */
};

struct wd_command {
	const char *name;
	const char *operands; /* for usage: "ROOTFS PATH..." */
	const char *summary;
	int min_operands;
	int max_operands;    /* -1: any number */
	int read_first;	     /* the operands in which nothing is written: from this one */
	int read_end;	     /* to the one before this; -1: to the last */
	const char *options; /* letters of the options beyond the common ones; see cmd-options.c */
	const char *formats; /* what --format takes, the default first */
	int (*run)(struct wd_cli *cli);
};

extern const struct wd_command wd_cmd_inspect;
extern const struct wd_command wd_cmd_map;
extern const struct wd_command wd_cmd_owner;
extern const struct wd_command wd_cmd_packages;
extern const struct wd_command wd_cmd_verify;
extern const struct wd_command wd_cmd_diff;
extern const struct wd_command wd_cmd_learn;
extern const struct wd_command wd_cmd_identify;
extern const struct wd_command wd_cmd_backends;

/*
 * Parses the options of a command, before or among its operands. Returns -1 to go on, or the exit
 * status of a command that is through (--help, wrong usage: both already printed).
 */
int wd_cli_parse(struct wd_cli *cli, int argc, char **argv);
void wd_cli_done(struct wd_cli *cli);

/* Prints the options of a command, or of all where it is NULL. */
void wd_cli_print_options(const struct wd_command *command);

/* "whodistro: …" on standard error, with control characters escaped, and a newline. */
void wd_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Sets the limits of workers, and sees that they will have the fences that are required of them.
 * Before the first is forked. -1 to go on, or an exit status, already explained.
 */
int wd_cli_set_limits(const struct wd_cli *cli);

/* Reads the descriptors of all backends. -1 to go on, or an exit status. */
int wd_cli_read_backends(struct wd_cli *cli);

/*
 * Opens a root filesystem with progress on a terminal. -1 to go on, or an exit status, already
 * explained. Release the subject with wd_subject_done() in both cases.
 */
int wd_cli_open_subject(struct wd_cli *cli, const char *rootfs, struct wd_subject_options *options,
			struct wd_subject *s);

/*
 * Opens the reference indexes, once: for commands that take --reference. -1 to go on, or an exit
 * status, already explained.
 */
int wd_cli_open_references(struct wd_cli *cli);
void wd_cli_close_references(struct wd_cli *cli);

/* Prints the errors of a subject unless --quiet, and with --verbose what was read and how. */
void wd_cli_report_errors(const struct wd_cli *cli, const struct wd_subject *s);

/* The exit status of a result that was printed. */
int wd_cli_status(const struct wd_subject *s);

/*
 * Whether --fail-on, where it was given, holds words of this list alone. -1 to go on, or an exit
 * status, already explained.
 */
int wd_cli_check_fail_on(const struct wd_cli *cli, const char *const *words, size_t n);

/* Whether --fail-on was given and has one of the words whose count is not 0. */
bool wd_cli_condition_holds(const struct wd_cli *cli, const char *const *words,
			    const uint64_t *counts, size_t n);

/* Loads the module for digests; NULL where it is not there, already explained. */
const struct wd_hash_ops *wd_cli_load_hash(const struct wd_cli *cli);

/* An absolute path without ".", "//" and trailing slashes; the caller's, or NULL. */
char *wd_cli_absolute(const char *path);

/*
 * Whether a file may be written: not in a root filesystem that is read, nor over an image, unless
 * the root filesystem is the one that this runs in. NULL and "-" may. -1, or an exit status,
 * already explained.
 */
int wd_cli_check_written(const struct wd_cli *cli, const char *file);

/* Finds the format and opens the output. -1 to go on, or an exit status. */
int wd_cli_open_output(struct wd_cli *cli, struct wd_out *out, const struct wd_format **ret);

/* Puts the output in its place. `status` stands unless that fails. */
int wd_cli_close_output(struct wd_cli *cli, struct wd_out *out, int status);

/* Explains a failure of writing the report. Returns WD_EXIT_NO_RESULT. */
int wd_cli_write_failed(const struct wd_cli *cli, int r);

/*
 * The last steps of a command: `r` is how writing its report went. Reports the subject's errors,
 * puts the output in its place and returns the exit status.
 */
int wd_cli_finish(struct wd_cli *cli, const struct wd_subject *s, struct wd_out *out, int r);

/*
 * A whole command that writes a table of one rootfs: opens the output and the subject, calls
 * `write`, and ends as wd_cli_finish() does. Returns the exit status.
 */
int wd_cli_run_table(struct wd_cli *cli, const char *rootfs, struct wd_subject_options *options,
		     int (*write)(struct wd_cli *cli, struct wd_subject *s, struct wd_writer *w));

/* Shows how far long work is, on a terminal; and erases that. */
void wd_progress(void *ctx, const char *phase, unsigned entries);
void wd_progress_bytes(void *ctx, uint64_t done, uint64_t total);
void wd_progress_erase(void);

#endif
