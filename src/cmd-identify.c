/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include "base/status.h"
#include "provenance/reference.h"
#include "report/identify.h"

#include <string.h>

/* Only what looks into files: the databases have no say here. */
static int choose_backends(const struct wd_cli *cli, const struct wd_reference *ref,
			   struct wd_descriptors *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < cli->backends.list.n; i++)
		if (cli->backends.list.v[i]->magic_len && (ref->digests || ref->builds))
			r = wd_array_push(&ret->list, cli->backends.list.v[i]);
	return r;
}

static int show(struct wd_cli *cli, struct wd_subject *s, const struct wd_answer *answer,
		struct wd_out *out)
{
	struct wd_identity id;
	int r = wd_identity_make(s, answer, &id);

	if (r == 0 && strcmp(cli->format, "text") == 0)
		wd_identity_text(&id, out);
	else if (r == 0)
		r = wd_identity_json(&id, &out->buf);
	wd_identity_done(&id);
	return r;
}

/* Asks, and shows the answer. 0 or negative. */
static int answer(struct wd_cli *cli, struct wd_subject *s, struct wd_reference *ref,
		  struct wd_out *out)
{
	WD_CLEANUP_FREE uint8_t *wanted = malloc(s->tree->nodes.n);
	struct wd_question q = {.refs = ref,
				.nrefs = 1,
				.module_dir = cli->places->modules,
				.tree = s->tree,
				.wanted = wanted,
				.cat = &s->cat};
	struct wd_answer a;
	int r;

	if (!wanted)
		return -ENOMEM;
	memset(wanted, 1, s->tree->nodes.n);
	r = wd_reference_ask(&q, &a);
	if (r == 0)
		r = show(cli, s, &a, out);
	wd_answer_done(&a);
	return r;
}

static int identify(struct wd_cli *cli, struct wd_reference *ref, struct wd_out *out)
{
	bool look = ref->digests || ref->builds;
	struct wd_subject_options options = {
		.scan = true,
		.plain = true,
		.stat = ref->digests,
		.owners = look,
		.contents = ref->digests ? WD_HASH_RECORDED : 0,
		.evidence = look ? WD_EVIDENCE_ALL : WD_EVIDENCE_NONE,
	};
	struct wd_descriptors all = cli->backends, chosen = {0};
	struct wd_subject s;
	int status, r = choose_backends(cli, ref, &chosen);

	if (r < 0) {
		wd_array_done(&chosen.list);
		return wd_cli_write_failed(cli, r);
	}
	cli->backends = chosen;
	status = wd_cli_open_subject(cli, cli->operands[1], &options, &s);
	if (status < 0)
		status = wd_cli_finish(cli, &s, out, answer(cli, &s, ref, out));
	else
		wd_out_done(out);
	wd_subject_done(&s);
	cli->backends = all;
	wd_array_done(&chosen.list);
	return status;
}

static int run(struct wd_cli *cli)
{
	const struct wd_format *format;
	struct wd_reference ref;
	struct wd_out out;
	int status = wd_cli_open_output(cli, &out, &format);
	int r;

	if (status >= 0)
		return status;
	r = wd_reference_open(&ref, cli->operands[0], cli->places->modules, false);
	if (r < 0) {
		wd_complain("%s: %s", ref.path, ref.why ? ref.why : wd_status_text(r));
		wd_out_done(&out);
		status = WD_EXIT_NO_RESULT;
	} else {
		status = identify(cli, &ref, &out);
	}
	wd_reference_done(&ref);
	return status;
}

const struct wd_command wd_cmd_identify = {
	.name = "identify",
	.operands = "INDEX ROOTFS",
	.summary = "which learnt distribution and packages a rootfs fits best",
	.min_operands = 2,
	.max_operands = 2,
	.read_first = 1,
	.read_end = 2,
	.options = "XIPY",
	.formats = "text, json",
	.run = run,
};
