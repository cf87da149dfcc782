/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/rows.h"

#include <string.h>

static const struct wd_column columns[WD_MAP_COLUMNS] = {
	[WD_MAP_QUERY] = {"query", WD_COLUMN_PATH, .optional = true, .data_only = true},
	[WD_MAP_PATH] = {"path", WD_COLUMN_PATH},
	[WD_MAP_TYPE] = {"type", WD_COLUMN_TEXT, .data_only = true},
	[WD_MAP_SIZE] = {"size", WD_COLUMN_NUMBER, .data_only = true},
	[WD_MAP_MODE] = {"mode", WD_COLUMN_TEXT, .data_only = true},
	[WD_MAP_PACKAGE] = {"package", WD_COLUMN_TEXT},
	[WD_MAP_VERSION] = {"version", WD_COLUMN_TEXT},
	[WD_MAP_ARCH] = {"arch", WD_COLUMN_TEXT, .data_only = true},
	[WD_MAP_SOURCE] = {"source", WD_COLUMN_TEXT, .data_only = true},
	[WD_MAP_DB] = {"db", WD_COLUMN_PATH, .data_only = true},
	[WD_MAP_DISTRO] = {"distro", WD_COLUMN_TEXT},
	[WD_MAP_BASIS] = {"basis", WD_COLUMN_TEXT},
	[WD_MAP_FLAGS] = {"flags", WD_COLUMN_LIST},
	[WD_MAP_DB_PATH] = {"db_path", WD_COLUMN_PATH, .optional = true, .data_only = true},
	[WD_MAP_DIGEST] = {"digest", WD_COLUMN_TEXT, .optional = true, .data_only = true},
	[WD_MAP_DIGEST_FOUND] = {"digest_found", WD_COLUMN_TEXT, .optional = true,
				 .data_only = true},
	[WD_MAP_DETAIL] = {"detail", WD_COLUMN_LIST, .optional = true, .data_only = true},
	[WD_MAP_LAYER] = {"layer", WD_COLUMN_NUMBER, .optional = true, .data_only = true},
};

#define PATH_WIDTH 52 /* where there is no terminal to fit */
#define PATH_MIN 24

static void widen(struct wd_column *col, size_t width, size_t most)
{
	width = width < most ? width : most;
	if (col->width < width)
		col->width = (unsigned)width;
}

/* The path takes what the other columns leave of a terminal. */
static void fit_path(struct wd_rows *rows)
{
	int width = rows->writer->out->columns;

	for (size_t i = 0; i < WD_MAP_COLUMNS; i++)
		if (!rows->columns[i].data_only)
			width -= (int)rows->columns[i].width + 2;
	if (rows->writer->out->columns == 0)
		width = PATH_WIDTH;
	rows->columns[WD_MAP_PATH].width = width < PATH_MIN ? PATH_MIN : (unsigned)width;
}

static void measure(struct wd_rows *rows)
{
	const struct wd_catalog *cat = &rows->s->cat;

	rows->columns[WD_MAP_BASIS].width = 9;
	for (size_t i = 0; i < cat->packages.n; i++) {
		const struct wd_cat_package *p = &cat->packages.v[i];

		widen(&rows->columns[WD_MAP_PACKAGE], wd_package_field(cat, p, WD_PACKAGE_NAME).len,
		      28);
		widen(&rows->columns[WD_MAP_VERSION],
		      wd_package_field(cat, p, WD_PACKAGE_VERSION).len, 24);
	}
	for (size_t i = 0; i < rows->s->distros.list.n; i++)
		widen(&rows->columns[WD_MAP_DISTRO], strlen(rows->s->distros.list.v[i].label), 24);
	fit_path(rows);
}

void wd_rows_init(struct wd_rows *rows, const struct wd_subject *s, struct wd_writer *writer,
		  bool owner)
{
	size_t skip = owner ? 0 : 1;

	*rows = (struct wd_rows){.s = s, .writer = writer, .scratch = WD_BUF_INIT};
	memcpy(rows->columns, columns, sizeof(columns));
	measure(rows);
	rows->schema = (struct wd_schema){.name = owner ? "whodistro/owner/1" : "whodistro/map/1",
					  .table = owner ? "owner" : "map",
					  .rootfs = s->name,
					  .columns = rows->columns + skip,
					  .ncolumns = WD_MAP_COLUMNS - skip};
	writer->schema = &rows->schema;
}

/* Where they were asked for, the digests are in every format. */
void wd_rows_verify(struct wd_rows *rows, const struct wd_verify *verified)
{
	rows->verified = verified;
	rows->columns[WD_MAP_DIGEST].optional = false;
	rows->columns[WD_MAP_DIGEST_FOUND].optional = false;
}

void wd_rows_done(struct wd_rows *rows)
{
	wd_array_done(&rows->owners.list);
	wd_buf_done(&rows->scratch);
}

/*
 * A mode without permission bits or size only tells the type that a list of files lets one guess.
 */
static bool knows_mode(const struct wd_cat_claim *c)
{
	return c->mode & 07777 || (c->mode && c->size != WD_SIZE_UNKNOWN);
}

/* What a stat can refute, without reading: size, kind and link target. rpm alone records these. */
static bool is_modified(const struct wd_tree *tree, wd_node_id node, const struct wd_db *db,
			const struct wd_cat_claim *c)
{
	const struct wd_node *n = wd_tree_node(tree, node);
	enum wd_type claimed = wd_type_of_mode(c->mode);

	if (n->flags & WD_NODE_GHOST || c->flags & WD_CLAIM_GHOST)
		return false;
	if (knows_mode(c) && claimed != WD_TYPE_UNKNOWN && claimed != n->type)
		return true;
	if (n->type == WD_TYPE_FILE && c->size != WD_SIZE_UNKNOWN && n->flags & WD_NODE_STAT)
		return n->size != c->size;
	if (n->type == WD_TYPE_SYMLINK && c->target_len)
		return !wd_blob_equal(wd_tree_link(tree, node),
				      wd_blob(wd_pool_at(&db->bytes, c->target), c->target_len));
	return false;
}

static struct wd_blob recorded_digest(const struct wd_db *db, const struct wd_cat_claim *c)
{
	return c->digest_len ? wd_blob(wd_pool_at(&db->bytes, c->digest), c->digest_len)
			     : WD_BLOB_NULL;
}

/* What the file has by the algorithm that a claim has; the null blob where that was not read. */
static struct wd_blob found_digest(const struct wd_rows *rows, wd_node_id node,
				   const struct wd_cat_claim *c)
{
	if (!rows->verified || !c->digest_len)
		return WD_BLOB_NULL;
	return wd_verify_digest(rows->verified, node, c->digest_algo);
}

static bool has_other_contents(const struct wd_rows *rows, wd_node_id node,
			       const struct wd_owner *owner)
{
	struct wd_blob found = found_digest(rows, node, owner->claim);

	return found.len && !(owner->claim->flags & WD_CLAIM_GHOST) &&
	       !wd_blob_equal(found, recorded_digest(owner->db, owner->claim));
}

static void flag(struct wd_buf *out, size_t start, const char *word)
{
	if (out->len > start)
		wd_buf_byte(out, ' ');
	wd_buf_str(out, word);
}

static struct wd_blob make_flags(struct wd_rows *rows, wd_node_id node,
				 const struct wd_owner *owner)
{
	static const char *const words[] = {
#define X(id, word) word,
		WD_CLAIM_FLAGS(X)
#undef X
	};
	struct wd_buf *out = &rows->scratch;
	size_t start = out->len;
	uint32_t flags = owner && owner->claim ? owner->claim->flags : 0;

	for (size_t bit = 0; bit < WD_CLAIM_FLAG_COUNT; bit++)
		if (flags >> bit & 1)
			flag(out, start, words[bit]);
	if (owner && owner->claim &&
	    (is_modified(rows->s->tree, node, owner->db, owner->claim) ||
	     has_other_contents(rows, node, owner)))
		flag(out, start, "modified");
	if (wd_tree_node(rows->s->tree, node)->flags & WD_NODE_GHOST)
		flag(out, start, "missing");
	if (rows->owners.list.n > 1)
		flag(out, start, "shared");
	return wd_blob(out->ptr ? out->ptr + start : NULL, out->len - start);
}

static struct wd_blob make_digest(struct wd_buf *out, uint8_t algo, struct wd_blob digest)
{
	size_t start = out->len;

	if (digest.len) {
		wd_buf_printf(out, "%s:", wd_hash_name(algo));
		wd_buf_hex(out, digest);
	}
	return wd_blob(out->ptr ? out->ptr + start : NULL, out->len - start);
}

/* The path as the database spells it, where that is not the canonical one. */
static struct wd_blob make_db_path(struct wd_buf *out, const struct wd_db *db,
				   const struct wd_cat_claim *c, struct wd_blob path)
{
	size_t start = out->len;
	struct wd_blob spelled;

	wd_claim_db_path(db, c, out);
	spelled = wd_blob(out->ptr ? out->ptr + start : NULL, out->len - start);
	while (spelled.len && spelled.ptr[0] == '/')
		spelled = wd_blob_skip(spelled, 1);
	return wd_blob_equal(spelled, path) ? WD_BLOB_NULL : spelled;
}

/* The layer of an image that a file is of, or that took it away. */
static uint64_t layer_of(const struct wd_subject *s, wd_node_id node)
{
	uint16_t layer = WD_LAYER_NONE;

	if (s->image && !s->container->is_rootfs)
		layer = wd_image_layer(s->image, node);
	return layer == WD_LAYER_NONE ? WD_SIZE_UNKNOWN : layer;
}

static void fill_node(struct wd_rows *rows, wd_node_id node, struct wd_blob path,
		      const struct wd_cat_claim *claim, struct wd_cell *cells)
{
	const struct wd_node *n = wd_tree_node(rows->s->tree, node);
	bool ghost = n->flags & WD_NODE_GHOST;
	uint32_t mode = n->mode;

	cells[WD_MAP_QUERY].text = rows->query;
	cells[WD_MAP_PATH].text = path;
	cells[WD_MAP_TYPE].text = wd_blob_str(wd_type_name((enum wd_type)n->type));
	cells[WD_MAP_SIZE].number = WD_SIZE_UNKNOWN;
	cells[WD_MAP_LAYER].number = layer_of(rows->s, node);
	if (ghost) {
		mode = claim ? claim->mode & 07777u : 0;
		cells[WD_MAP_SIZE].number = claim ? claim->size : WD_SIZE_UNKNOWN;
	} else if (n->flags & WD_NODE_STAT) {
		cells[WD_MAP_SIZE].number = n->size;
	}
	if (ghost ? claim && knows_mode(claim) : n->flags & WD_NODE_STAT) {
		size_t start = rows->scratch.len;

		wd_buf_number(&rows->scratch, mode, 8, 4);
		cells[WD_MAP_MODE].text =
			wd_blob(rows->scratch.ptr + start, rows->scratch.len - start);
	}
}

static void fill_owner(struct wd_rows *rows, wd_node_id node, struct wd_blob path,
		       const struct wd_owner *owner, struct wd_cell *cells)
{
	const struct wd_catalog *cat = &rows->s->cat;
	const struct wd_cat_package *p = &cat->packages.v[owner->package];

	cells[WD_MAP_PACKAGE].text = wd_package_field(cat, p, WD_PACKAGE_NAME);
	cells[WD_MAP_VERSION].text = wd_package_field(cat, p, WD_PACKAGE_VERSION);
	cells[WD_MAP_ARCH].text = wd_package_field(cat, p, WD_PACKAGE_ARCH);
	cells[WD_MAP_SOURCE].text = wd_package_field(cat, p, WD_PACKAGE_SOURCE);
	cells[WD_MAP_DB].text = wd_blob_str(cat->dbs.v[p->db]->path);
	cells[WD_MAP_DISTRO].text = wd_blob_str(rows->s->distros.list.v[p->distro].label);
	if (!owner->claim || (rows->writer->format->lean && !rows->verified))
		return;
	cells[WD_MAP_DB_PATH].text = make_db_path(&rows->scratch, owner->db, owner->claim, path);
	cells[WD_MAP_DIGEST].text = make_digest(&rows->scratch, owner->claim->digest_algo,
						recorded_digest(owner->db, owner->claim));
	cells[WD_MAP_DIGEST_FOUND].text = make_digest(&rows->scratch, owner->claim->digest_algo,
						      found_digest(rows, node, owner->claim));
	if (owner->claim->detail_len)
		cells[WD_MAP_DETAIL].text =
			wd_blob(wd_pool_at(&owner->db->bytes,
					   owner->claim->digest + owner->claim->digest_len),
				owner->claim->detail_len);
}

/* Of whom a file that has no owner says that it is. */
static struct wd_blob own_word(const struct wd_subject *s, wd_node_id node)
{
	return wd_blob_str(s->distros.list.v[wd_subject_own_word(s, node)].label);
}

static int write_row(struct wd_rows *rows, wd_node_id node, struct wd_blob path,
		     const struct wd_owner *owner)
{
	struct wd_cell cells[WD_MAP_COLUMNS] = {{.number = 0}};
	int r;

	/* the cells borrow from the scratch buffer: it must not move while they are made */
	rows->scratch.len = 0;
	r = wd_buf_reserve(&rows->scratch, 16 * 1024);
	if (r < 0)
		return r;
	fill_node(rows, node, path, owner ? owner->claim : NULL, cells);
	if (owner)
		fill_owner(rows, node, path, owner, cells);
	else
		cells[WD_MAP_DISTRO].text = own_word(rows->s, node);
	cells[WD_MAP_BASIS].text = wd_blob_str(wd_basis_name(owner ? owner->basis : WD_BASIS_NONE));
	cells[WD_MAP_FLAGS].text = make_flags(rows, node, owner);
	r = rows->writer->format->row(rows->writer,
				      cells + (WD_MAP_COLUMNS - rows->schema.ncolumns));
	rows->writer->rows++;
	return r;
}

int wd_rows_write(struct wd_rows *rows, wd_node_id node, struct wd_blob path)
{
	bool ghost = wd_tree_node(rows->s->tree, node)->flags & WD_NODE_GHOST;
	int r = wd_owners_get(&rows->s->owners, node, ghost, &rows->owners);

	if (r == 0 && rows->owners.list.n == 0)
		return write_row(rows, node, path, NULL);
	for (size_t i = 0; r == 0 && i < rows->owners.list.n; i++) {
		r = write_row(rows, node, path, &rows->owners.list.v[i]);
		if (rows->one)
			break;
	}
	return r;
}
