/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/inspect.h"

#include "report/inspect-image.h"
#include "report/text.h"

#include <inttypes.h>
#include <string.h>

#define BAR_WIDTH 30
#define LABEL_WIDTH 11

#define BOLD "1"
#define GREEN "32"
#define YELLOW "33"
#define RED "31"
#define DIM "2"

static void paint(struct wd_out *out, const char *color)
{
	if (out->color)
		wd_buf_printf(&out->buf, "\033[%sm", color);
}

static void plain(struct wd_out *out)
{
	if (out->color)
		wd_buf_str(&out->buf, "\033[0m");
}

static void pad(struct wd_buf *b, size_t have, size_t want)
{
	for (; have < want; have++)
		wd_buf_byte(b, ' ');
}

/* The label stands at the first line of its section only. */
static void label(struct wd_out *out, const char *text)
{
	wd_buf_str(&out->buf, "  ");
	paint(out, DIM);
	wd_buf_str(&out->buf, text);
	plain(out);
	pad(&out->buf, strlen(text), LABEL_WIDTH);
}

static void padded(struct wd_out *out, struct wd_blob text, size_t width)
{
	pad(&out->buf, wd_text_escape(&out->buf, text), width);
}

static const char *lineage_color(enum wd_lineage_kind kind)
{
	switch (kind) {
	case WD_LINEAGE_DECLARED:
		return GREEN;
	case WD_LINEAGE_CONTRADICTED:
		return RED;
	case WD_LINEAGE_NONE:
		return DIM;
	default:
		return YELLOW;
	}
}

static void show_head(const struct wd_subject *s, const struct wd_verdict *v, struct wd_out *out)
{
	paint(out, BOLD);
	wd_text_escape(&out->buf, wd_blob_str(s->name));
	plain(out);
	wd_buf_str(&out->buf, "\n");
	label(out, "distro");
	paint(out, BOLD);
	wd_text_escape(&out->buf, v->distro < 0 ? WD_BLOB("unknown")
						: wd_blob_str(s->distros.list.v[v->distro].name));
	plain(out);
	wd_buf_str(&out->buf, "\n");
	label(out, "lineage");
	paint(out, lineage_color(v->lineage));
	wd_buf_str(&out->buf, wd_lineage_name(v->lineage));
	plain(out);
	wd_buf_printf(&out->buf, ", confidence %s\n", wd_strength_name(v->confidence));
	label(out, "style");
	wd_buf_printf(&out->buf, "%s\n", wd_style_name(v->style));
	label(out, "summary");
	wd_text_escape(&out->buf, wd_blob_str(v->summary));
	wd_buf_str(&out->buf, "\n");
}

/* "1 package", "22,883 packages" */
static void count(struct wd_out *out, uint64_t n, const char *what)
{
	wd_text_number(&out->buf, n);
	wd_buf_printf(&out->buf, " %s%s", what, n == 1 ? "" : "s");
}

/* How much of what speaks for a lineage is shown: each kind once, the best first. */
#define REASONS_MAX 5

static bool kind_was_shown(const struct wd_lineage *l, size_t i)
{
	/* each database is shown, since each is another witness */
	for (size_t k = 0; l->reasons.v[i].files && k < i; k++)
		if (strcmp(l->reasons.v[k].kind, l->reasons.v[i].kind) == 0)
			return true;
	return false;
}

/* What was seen, and where; what separates the parts of a value shows as a blank. */
static void show_found(struct wd_blob path, const char *value, struct wd_out *out)
{
	struct wd_blob rest = wd_blob_str(value), part;

	wd_text_escape(&out->buf, path);
	for (bool first = true; wd_blob_token(&rest, '\t', &part); first = false) {
		wd_buf_str(&out->buf, first ? ": " : " ");
		wd_text_escape(&out->buf, part);
	}
}

static void show_reason(const struct wd_reason *reason, struct wd_out *out)
{
	padded(out, wd_blob_str(reason->kind), 12);
	wd_buf_byte(&out->buf, ' ');
	show_found(wd_blob_str(reason->path), reason->value, out);
	if (reason->files > 1) {
		wd_buf_str(&out->buf, ", in ");
		count(out, reason->files, "file");
	}
	wd_buf_str(&out->buf, "\n");
}

static void show_lineage(const struct wd_distro *d, const struct wd_lineage *l, struct wd_out *out)
{
	padded(out, wd_blob_str(*d->label ? d->label : d->name), 24);
	wd_buf_printf(&out->buf, "  %-8s ", wd_strength_name(l->confidence));
	if (l->packages) {
		count(out, l->packages, "package");
		wd_buf_str(&out->buf, ", ");
	}
	count(out, l->files, "file");
	wd_buf_printf(&out->buf, ", ");
	wd_text_bytes(&out->buf, l->bytes);
	wd_buf_str(&out->buf, "\n");
}

/* What decides for each lineage; with several, each under its name. */
static void show_lineages(const struct wd_subject *s, const struct wd_verdict *v,
			  struct wd_out *out)
{
	const char *name = "evidence";

	for (size_t i = 0; i < v->lineages.n; i++) {
		const struct wd_lineage *l = &v->lineages.v[i];
		size_t shown = 0;

		if (v->lineages.n > 1) {
			label(out, name);
			name = "";
			show_lineage(&s->distros.list.v[l->distro], l, out);
		}
		for (size_t k = 0; k < l->reasons.n && shown < REASONS_MAX; k++) {
			if (kind_was_shown(l, k))
				continue;
			shown++;
			label(out, name);
			name = "";
			if (v->lineages.n > 1)
				wd_buf_str(&out->buf, "  ");
			show_reason(&l->reasons.v[k], out);
		}
	}
}

/* "debian:12", "rhel|centos:8", "(dpkg)" */
static void say_whose(struct wd_buf *b, const struct wd_item *item)
{
	wd_buf_str(b, item->distro);
	if (*item->version)
		wd_buf_printf(b, ":%s", item->version);
	if (!*item->distro)
		wd_buf_printf(b, "(%s)", item->family);
}

/* Every item, also what decides nothing: a line each. */
static void show_evidence(const struct wd_subject *s, struct wd_out *out)
{
	for (size_t i = 0; i < s->evidence.items.n; i++) {
		const struct wd_item *item = &s->evidence.items.v[i];
		WD_CLEANUP_BUF struct wd_buf whose = WD_BUF_INIT, path = WD_BUF_INIT;

		say_whose(&whose, item);
		wd_tree_path(s->tree, item->node, &path);
		label(out, i ? "" : "items");
		padded(out, wd_blob_str(item->kind), 12);
		wd_buf_printf(&out->buf, " %-6s %-8s ", wd_item_strength_name(item->strength),
			      wd_item_use_name(item->use));
		padded(out, wd_buf_view(&whose), 16);
		wd_buf_printf(&out->buf, " %6" PRIu32 "  ", item->files);
		show_found(wd_buf_view(&path), item->value, out);
		wd_buf_str(&out->buf, "\n");
	}
	label(out, "examined");
	count(out, s->evidence.examined, "file");
	wd_buf_str(&out->buf, ", of which ");
	wd_text_number(&out->buf, s->evidence.skipped);
	wd_buf_str(&out->buf, " not what their first bytes say\n");
}

static void show_databases(const struct wd_subject *s, struct wd_out *out)
{
	for (size_t i = 0; i < s->cat.ndatabases; i++) {
		const struct wd_db *db = s->cat.dbs.v[i];
		WD_CLEANUP_BUF struct wd_buf kind = WD_BUF_INIT;

		wd_buf_printf(&kind, "%s %.*s", db->backend->name,
			      WD_BLOB_PRINTF(wd_strpool_get(&s->cat.strings, db->format)));
		label(out, i ? "" : "databases");
		padded(out, wd_buf_view(&kind), 12);
		wd_buf_byte(&out->buf, ' ');
		wd_text_escape(&out->buf, wd_blob_str(db->path));
		wd_buf_str(&out->buf, ": ");
		count(out, db->npackages, "package");
		wd_buf_str(&out->buf, ", ");
		count(out, db->claims.n, "path");
		wd_buf_str(&out->buf, db->complete ? "\n" : " (incomplete)\n");
	}
}

/* A bar for a share; something is never shown as nothing. */
static void bar(struct wd_out *out, uint64_t part, uint64_t whole, const char *color)
{
	uint64_t n = whole ? (part * BAR_WIDTH + whole / 2) / whole : 0;

	if (part && n == 0)
		n = 1;
	paint(out, color);
	for (uint64_t i = 0; i < n; i++)
		wd_buf_str(&out->buf, out->utf8 ? "\xe2\x96\x88" : "#");
	plain(out);
}

/* Rounded down: 100.0 is all of them. */
static double percent(uint64_t part, uint64_t whole)
{
	uint64_t tenths = part * 1000 / whole;

	return (double)tenths / 10;
}

static void show_share(struct wd_out *out, const char *name, const char *word, uint64_t part,
		       uint64_t whole, const char *color)
{
	WD_CLEANUP_BUF struct wd_buf number = WD_BUF_INIT;

	wd_text_number(&number, part);
	label(out, name);
	wd_buf_printf(&out->buf, "%-10s %10.*s", word, WD_BLOB_PRINTF(wd_buf_view(&number)));
	if (whole)
		wd_buf_printf(&out->buf, " %5.1f %%  ", percent(part, whole));
	bar(out, part, whole, color);
	while (out->buf.len && out->buf.ptr[out->buf.len - 1] == ' ')
		out->buf.len--;
	wd_buf_str(&out->buf, "\n");
}

static void show_files(const struct wd_file_counts *f, struct wd_out *out)
{
	WD_CLEANUP_BUF struct wd_buf number = WD_BUF_INIT;

	show_share(out, "files", "owned", f->owned, f->total, GREEN);
	show_share(out, "", "generated", f->generated, f->total, GREEN);
	show_share(out, "", "inferred", f->inferred, f->total, YELLOW);
	if (f->reference)
		show_share(out, "", "reference", f->reference, f->total, YELLOW);
	if (f->elf)
		show_share(out, "", "elf", f->elf, f->total, YELLOW);
	show_share(out, "", "unowned", f->unowned, f->total, RED);
	wd_text_number(&number, f->total);
	label(out, "");
	wd_buf_printf(&out->buf, "%-10s %10.*s\n", "total", WD_BLOB_PRINTF(wd_buf_view(&number)));
	if (f->missing == 0)
		return;
	number.len = 0;
	wd_text_number(&number, f->missing);
	label(out, "");
	wd_buf_printf(&out->buf, "%-10s %10.*s  recorded, and not there\n", "missing",
		      WD_BLOB_PRINTF(wd_buf_view(&number)));
}

void wd_inspect_text(const struct wd_subject *s, const struct wd_verdict *v, unsigned flags,
		     struct wd_out *out)
{
	show_head(s, v, out);
	show_lineages(s, v, out);
	if (flags & WD_INSPECT_EVIDENCE)
		show_evidence(s, out);
	show_databases(s, out);
	if (wd_inspect_has_image(s))
		wd_inspect_image_text(s, out);
	show_files(&v->files, out);
	if (s->cat.errors.n) {
		label(out, "errors");
		wd_buf_printf(&out->buf, "%zu: this report is incomplete\n", s->cat.errors.n);
	}
}

void wd_inspect_table_head(struct wd_out *out, size_t name_width)
{
	paint(out, BOLD);
	padded(out, WD_BLOB("ROOTFS"), name_width);
	wd_buf_str(&out->buf, "  STYLE       LINEAGE       CONFIDENCE  DISTRO              "
			      "  PACKAGES      FILES  EXPLAINED");
	plain(out);
	wd_buf_str(&out->buf, "\n");
}

/* "debian:12"; the name of what has no id: "Debian family (dpkg)" */
static struct wd_blob short_name(const struct wd_subject *s, const struct wd_verdict *v)
{
	const struct wd_distro *d = v->distro < 0 ? NULL : &s->distros.list.v[v->distro];

	return d ? wd_blob_str(*d->label ? d->label : d->name) : WD_BLOB("-");
}

void wd_inspect_table_row(const struct wd_subject *s, const struct wd_verdict *v, size_t name_width,
			  struct wd_out *out)
{
	const struct wd_file_counts *f = &v->files;

	padded(out, wd_blob_str(s->name), name_width);
	wd_buf_printf(&out->buf, "  %-10s  ", wd_style_name(v->style));
	paint(out, lineage_color(v->lineage));
	wd_buf_printf(&out->buf, "%-12s", wd_lineage_name(v->lineage));
	plain(out);
	wd_buf_printf(&out->buf, "  %-10s  ", wd_strength_name(v->confidence));
	padded(out, short_name(s, v), 20);
	wd_buf_printf(&out->buf, "  %8zu %10" PRIu64, s->cat.nrecorded, f->total);
	if (f->total)
		wd_buf_printf(&out->buf, "  %7.1f %%\n", percent(f->total - f->unowned, f->total));
	else
		wd_buf_str(&out->buf, "          -\n");
}
