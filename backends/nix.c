/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store of Nix (nix/store) or Guix (gnu/store). An entry HASH-NAME is a package of its own, and
 * owns whatever is below it. HASH is 32 digits of Nix' base 32 (StorePath in libstore/path.cc);
 * NAME is cut as builtins.parseDrvName does: the version follows the first dash that no letter
 * follows (libstore/names.cc).
 *
 * nix/var/nix/db/db.sqlite says which entries are valid, with their sizes, what they were built
 * from and who signed them (table ValidPaths, libstore/schema.sql). An entry that is not in it is
 * what an interrupted build or download left. Where there is no database, the names are all.
 */
#include "nix-db.h"

#include "common.h"
#include "base/purl.h"

#define NAMES_MAX (1u << 20)
#define HASH_LENGTH 32
#define NAME_MAX_LENGTH 211 /* libstore/path.cc, StorePath::MaxPathLen, without the hash */

static const char base32[] = "0123456789abcdfghijklmnpqrsvwxyz";

struct nix {
	struct wd_sink *sink;
	const char *store; /* "nix/store" or "gnu/store" */
	const char *type;  /* of package URLs */
	struct wd_names names;
	struct wd_nix_db db;
	struct wd_buf dir, purl;
};

/* Names of derivations, of locks and of builds under way are no packages. */
static bool is_auxiliary(struct wd_blob name)
{
	return wd_blob_ends(name, WD_BLOB(".drv")) || wd_blob_ends(name, WD_BLOB(".lock")) ||
	       wd_blob_ends(name, WD_BLOB(".chroot"));
}

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("+-._?=", c));
}

bool wd_nix_is_store_name(struct wd_blob name)
{
	if (name.len < HASH_LENGTH + 2 || name.len > HASH_LENGTH + 1 + NAME_MAX_LENGTH ||
	    name.ptr[HASH_LENGTH] != '-')
		return false;
	for (size_t i = 0; i < HASH_LENGTH; i++)
		if (!memchr(base32, name.ptr[i], sizeof(base32) - 1))
			return false;
	for (size_t i = HASH_LENGTH + 1; i < name.len; i++)
		if (!is_name_char(name.ptr[i]))
			return false;
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* builtins.parseDrvName; the null blob for no version */
static void parse_drv_name(struct wd_blob full, struct wd_blob *ret_name,
			   struct wd_blob *ret_version)
{
	*ret_name = full;
	*ret_version = WD_BLOB_NULL;
	for (size_t i = 0; i + 1 < full.len; i++) {
		if (full.ptr[i] == '-' && !is_letter(full.ptr[i + 1])) {
			*ret_name = wd_blob_head(full, i);
			*ret_version = wd_blob_skip(full, i + 1);
			return;
		}
	}
}

/*
 * An output other than "out" stands behind the name of the derivation, with a dash. What is not
 * told by the name of the derivation is guessed by the usual names of outputs (nixpkgs,
 * multiple-outputs.sh and stdenv's separateDebugInfo).
 */
static struct wd_blob cut_output(struct wd_blob *full, struct wd_blob deriver)
{
	static const char *const outputs[] = {"bin",	"dev",	  "lib",  "man",   "doc",
					      "devdoc", "devman", "info", "debug", "static"};
	ptrdiff_t dash = wd_blob_rchr(*full, '-');
	struct wd_blob output, name, version;
	bool known = false;

	if (wd_blob_equal(*full, deriver) || dash <= 0)
		return WD_BLOB_NULL;
	output = wd_blob_skip(*full, (size_t)dash + 1);
	if (deriver.len) {
		known = wd_blob_equal(wd_blob_head(*full, (size_t)dash), deriver);
	} else {
		/* behind a version only: "texlive-bin" is a name */
		parse_drv_name(wd_blob_head(*full, (size_t)dash), &name, &version);
		for (size_t i = 0; version.len && !known && i < WD_ARRAY_SIZE(outputs); i++)
			known = wd_blob_is(output, outputs[i]);
	}
	if (!known)
		return WD_BLOB_NULL;
	*full = wd_blob_head(*full, (size_t)dash);
	return output;
}

static struct wd_blob make_purl(struct nix *nix, const struct wd_package *pkg, struct wd_blob hash,
				struct wd_blob output)
{
	char sep = '?';

	nix->purl.len = 0;
	wd_buf_printf(&nix->purl, "pkg:%s/", nix->type);
	wd_purl_encode(&nix->purl, pkg->field[WD_PACKAGE_NAME]);
	if (pkg->field[WD_PACKAGE_VERSION].len) {
		wd_buf_byte(&nix->purl, '@');
		wd_purl_encode(&nix->purl, pkg->field[WD_PACKAGE_VERSION]);
	}
	wd_purl_qualifier(&nix->purl, &sep, "hash", hash);
	wd_purl_qualifier(&nix->purl, &sep, "output", output);
	return wd_buf_view(&nix->purl);
}

/* `row` is what the database has of the entry, or NULL. */
static int push(struct nix *nix, struct wd_blob entry, const struct wd_nix_row *row, uint32_t flags)
{
	struct wd_package pkg = {.size = row ? row->size : WD_SIZE_UNKNOWN, .flags = flags};
	struct wd_claim claim = {.dir = wd_blob_str(nix->store),
				 .name = entry,
				 .size = WD_SIZE_UNKNOWN,
				 .flags = WD_CLAIM_TREE};
	struct wd_blob full = wd_blob_skip(entry, HASH_LENGTH + 1), output, version;
	struct wd_blob deriver = row ? wd_nix_db_deriver(&nix->db, row) : WD_BLOB_NULL;
	int r;

	output = cut_output(&full, deriver);
	parse_drv_name(full, &pkg.field[WD_PACKAGE_NAME], &pkg.field[WD_PACKAGE_VERSION]);
	if (deriver.len)
		parse_drv_name(deriver, &pkg.field[WD_PACKAGE_SOURCE], &version);
	if (row)
		pkg.field[WD_PACKAGE_VENDOR] = wd_nix_db_signer(&nix->db, row);
	pkg.field[WD_PACKAGE_ORIGIN] = wd_buf_view(&nix->dir);
	pkg.field[WD_PACKAGE_PURL] = make_purl(nix, &pkg, wd_blob_head(entry, HASH_LENGTH), output);
	if (nix->purl.status < 0)
		return nix->purl.status;
	if (!pkg.field[WD_PACKAGE_NAME].len)
		pkg.field[WD_PACKAGE_NAME] = full; /* "-1": all of it is version */
	r = wd_sink_package(nix->sink, &pkg);
	return r < 0 ? r : wd_sink_claim(nix->sink, &claim);
}

/* An entry of the directory that the database does not have, or that there is no database for. */
static int push_entry(struct nix *nix, const char *name)
{
	struct wd_blob entry = wd_blob_str(name);

	if (!wd_nix_is_store_name(entry) || is_auxiliary(entry))
		return 0;
	return push(nix, entry, NULL, nix->db.present ? WD_PACKAGE_HALF_INSTALLED : 0);
}

static int push_row(struct nix *nix, const struct wd_nix_row *row)
{
	struct wd_blob entry = wd_nix_db_name(&nix->db, row);

	return wd_blob_ends(entry, WD_BLOB(".drv")) ? 0 : push(nix, entry, row, 0);
}

/* Both are in byte order of the names. */
static int push_all(struct nix *nix)
{
	size_t i = 0, k = 0;
	int r = 0;

	while (r == 0 && (i < nix->names.count || k < nix->db.rows.n)) {
		const struct wd_nix_row *row = k < nix->db.rows.n ? &nix->db.rows.v[k] : NULL;
		int c = !row			? -1
			: i == nix->names.count ? 1
						: wd_blob_cmp(wd_blob_str(nix->names.name[i]),
							      wd_nix_db_name(&nix->db, row));

		r = c < 0 ? push_entry(nix, nix->names.name[i]) : push_row(nix, row);
		i += c <= 0;
		k += c >= 0;
	}
	return r;
}

static int load(struct nix *nix)
{
	int r = wd_sink_format(nix->sink, nix->db.present ? "nixdb" : "store");

	wd_buf_printf(&nix->dir, "/%s", nix->store);
	if (r == 0)
		r = nix->dir.status;
	return r < 0 ? r : push_all(nix);
}

static int nix_load(const struct wd_request *req, struct wd_sink *sink)
{
	bool guix = wd_blob_ends(wd_blob_str(req->path), WD_BLOB("gnu/store"));
	struct nix nix = {.sink = sink,
			  .store = guix ? "gnu/store" : "nix/store",
			  .type = guix ? "guix" : "nix"};
	int r;

	if (!req->is_dir)
		return WD_ENOTMINE;
	r = wd_names_read(req, guix ? "" : "store", NAMES_MAX, &nix.names);
	if (r == 0 && !guix)
		r = wd_nix_db_read(&nix.db, req, sink);
	if (r == 0)
		r = load(&nix);
	wd_names_done(&nix.names);
	wd_nix_db_done(&nix.db);
	wd_buf_done(&nix.dir);
	wd_buf_done(&nix.purl);
	return r;
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "nix",
	.version = "1",
	.load = nix_load,
	.libraries = wd_nix_db_libraries,
};
