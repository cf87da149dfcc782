/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reference indexes of a run: those that the user names, and those that are installed. */
#include "cmd.h"

#include "base/status.h"

#include <glob.h>
#include <string.h>

static int add(struct wd_cli *cli, const char *path)
{
	struct wd_reference ref;
	WD_CLEANUP_FREE char *copy = strdup(path);
	int r = copy ? wd_reference_open(&ref, copy, cli->places->modules, false) : -ENOMEM;

	if (r < 0)
		wd_complain("%s: %s", path, copy && ref.why ? ref.why : wd_status_text(r));
	else if (cli->verbose)
		wd_complain("%s: reference index, %zu sources", path, ref.sources.n);
	if (r == 0)
		r = wd_array_push(&cli->opened, ref);
	if (r == 0)
		WD_TAKE_PTR(copy);
	else if (copy)
		wd_reference_done(&ref);
	return r;
}

/* One that is broken costs what it would have said: nobody asked for it. */
static int add_installed(struct wd_cli *cli, const char *dir)
{
	WD_CLEANUP_FREE char *pattern = NULL;
	glob_t found = {0};
	int r = 0;

	if (asprintf(&pattern, "%s/*.index", dir) < 0) {
		pattern = NULL;
		wd_complain("%s: %s", dir, wd_status_text(-ENOMEM));
		return -ENOMEM;
	}
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; r != -ENOMEM && i < found.gl_pathc; i++)
			r = add(cli, found.gl_pathv[i]);
	globfree(&found);
	return r == -ENOMEM ? r : 0;
}

int wd_cli_open_references(struct wd_cli *cli)
{
	int r = 0;

	if (cli->references_open)
		return -1;
	cli->references_open = true;
	for (size_t i = 0; r == 0 && i < cli->references.n; i++)
		r = add(cli, cli->references.v[i]);
	for (size_t i = 0; r == 0 && i < WD_ARRAY_SIZE(cli->places->references); i++)
		r = add_installed(cli, cli->places->references[i]);
	return r < 0 ? WD_EXIT_NO_RESULT : -1;
}

void wd_cli_close_references(struct wd_cli *cli)
{
	for (size_t i = 0; i < cli->opened.n; i++) {
		free((char *)cli->opened.v[i].path);
		wd_reference_done(&cli->opened.v[i]);
	}
	wd_array_done(&cli->opened);
	wd_array_done(&cli->references);
}
