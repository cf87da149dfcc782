/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layers on each other, whiteouts among them, and the two trees that they leave. The input is
 * lines: "d PATH", "f PATH", "c PATH" (a device that is a whiteout), "l PATH TARGET" and "h PATH
 * TARGET" (a hard link) are entries of a layer; "n" begins the next one, "r" one in which whiteouts
 * are files; every other line is a path to resolve.
 */
#include "base/status.h"
#include "paths.h"
#include "rootfs/image.h"

#define LINES_MAX 1024

static char contents[] = "contents";

/* As decode.c lets it through. */
static bool is_normal(struct wd_blob path)
{
	struct wd_blob name;

	if (path.len == 0)
		return true;
	if (path.len >= UINT16_MAX || path.ptr[path.len - 1] == '/' ||
	    memchr(path.ptr, '\0', path.len))
		return false;
	while (wd_blob_token(&path, '/', &name))
		if (name.len == 0 || name.len > 255 || wd_blob_is(name, ".") ||
		    wd_blob_is(name, ".."))
			return false;
	return true;
}

static bool is_entry(struct wd_blob line)
{
	return line.len >= 2 && line.ptr[1] == ' ' && line.ptr[0] && strchr("dfclh", line.ptr[0]);
}

static void add(struct wd_layers *l, struct wd_blob line)
{
	static const uint32_t modes[] = {['d'] = 0040755,
					 ['f'] = 0100644,
					 ['c'] = 0020600,
					 ['l'] = 0120777,
					 ['h'] = 0100644};
	char kind = line.ptr[0];
	struct wd_layer_entry e = {.mode = modes[(uint8_t)kind],
				   .hard_link = kind == 'h',
				   .whiteout = kind == 'c',
				   .tag = WD_TAG_NONE};
	struct wd_blob rest = wd_blob_skip(line, 2);
	int r;

	e.path = WD_BLOB("");
	wd_blob_token(&rest, ' ', &e.path);
	e.target = kind == 'l' || kind == 'h' ? wd_blob_head(rest, 4096) : WD_BLOB_NULL;
	if (kind == 'f' && e.path.len % 2) {
		e.bytes = contents;
		e.size = e.path.len % sizeof(contents);
	}
	if (!is_normal(e.path) || (e.hard_link && !is_normal(e.target)))
		return;
	r = wd_layers_add(l, &e);
	FUZZ_CHECK(r == 0 || r == WD_EABSENT || r == WD_ENOTREG || r == WD_ENOTMINE);
}

/* How many layers there are. */
static unsigned stack(struct wd_layers *l, struct wd_blob rest)
{
	struct wd_blob line;
	unsigned layers = 1;

	FUZZ_CHECK(wd_layers_begin(l, false) == 0);
	for (size_t i = 0; i < LINES_MAX && wd_blob_token(&rest, '\n', &line); i++) {
		if (is_entry(line)) {
			add(l, line);
		} else if (wd_blob_is(line, "n") || wd_blob_is(line, "r")) {
			FUZZ_CHECK(wd_layers_begin(l, wd_blob_is(line, "r")) == 0);
			layers++;
		}
	}
	return layers;
}

static void check_node(const struct wd_image *img, wd_node_id id, unsigned layers)
{
	const struct wd_node *n = wd_tree_node(img->tree, id);
	int fd = wd_image_open(img, id, NULL);

	/* directories that no layer has an entry for are of the first one */
	FUZZ_CHECK(wd_image_layer(img, id) < layers);
	FUZZ_CHECK(n->parent < img->tree->nodes.n || id == WD_NODE_ROOT);
	FUZZ_CHECK(id == WD_NODE_ROOT || wd_tree_node(img->tree, n->parent)->type == WD_TYPE_DIR);
	FUZZ_CHECK((n->type == WD_TYPE_FILE) == (img->nodes.v[id].inode != WD_INODE_NONE));
	FUZZ_CHECK(fd >= 0 || fd == WD_ENOTREG || fd == WD_ENOTKEPT);
	if (fd >= 0) {
		FUZZ_CHECK(n->type == WD_TYPE_DIR || lseek(fd, 0, SEEK_END) == (off_t)n->size);
		close(fd);
	}
	if (n->type == WD_TYPE_SYMLINK)
		wd_tree_target(img->tree, id);
}

static void check_image(struct wd_image *img, unsigned layers, struct wd_blob rest)
{
	wd_node_id n = (wd_node_id)img->tree->nodes.n;
	struct wd_blob line;

	FUZZ_CHECK(img->nodes.n == n);
	for (wd_node_id id = 0; id < n; id++)
		check_node(img, id, layers);
	fuzz_found += n - 1;
	for (size_t i = 0; i < LINES_MAX && wd_blob_token(&rest, '\n', &line); i++)
		if (!is_entry(line))
			fuzz_resolve(img->tree, line);
	fuzz_check_order(img->tree);
	FUZZ_CHECK(wd_image_open(img, n, NULL) == WD_EABSENT);
	wd_image_free(img);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wd_image *image, *deleted;
	struct wd_layers *l;
	unsigned layers;

	FUZZ_CHECK(wd_layers_new(&l) == 0);
	layers = stack(l, wd_blob(data, size));
	FUZZ_CHECK(wd_layers_finish(l, &image, &deleted) == 0);
	wd_layers_free(l);
	check_image(image, layers, wd_blob(data, size));
	check_image(deleted, layers, wd_blob(data, size));
	return 0;
}
