/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the seeds that are no text: rpm headers, databases that hold them, a worker's records.
 *
 *	seeds DIRECTORY		makes DIRECTORY/TARGET/NAME
 */
#include "../rpmdb-write.h"
#include "base/hash.h"
#include "fuzz.h"
#include "pkgdb/decode.h"
#include "pkgdb/sink.h"
#include "pkgdb/wire.h"
#include "provenance/index.h"
#include "provenance/reference-wire.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <rpm/header.h>
#include <rpm/rpmtag.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>

#define RECORDS 3
#define BIG 1500 /* bytes that need overflow pages */

static const char *top;

/* TOP/TARGET/NAME, in a static buffer. */
static const char *place(const char *target, const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", top, target);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", top, target, name);
	return path;
}

static void write_seed(const char *target, const char *name, struct wd_blob bytes)
{
	FILE *f = fopen(place(target, name), "w");

	FUZZ_CHECK(f && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len);
	FUZZ_CHECK(fclose(f) == 0);
}

/* ---- Headers */

static Header named(const char *name)
{
	Header h = headerNew();

	headerPutString(h, RPMTAG_NAME, name);
	headerPutString(h, RPMTAG_VERSION, "1.0");
	headerPutString(h, RPMTAG_RELEASE, "2.el8");
	headerPutString(h, RPMTAG_ARCH, "x86_64");
	headerPutString(h, RPMTAG_VENDOR, "Vendor, Inc.");
	headerPutString(h, RPMTAG_SOURCERPM, "source-1.0-2.el8.src.rpm");
	headerPutUint32(h, RPMTAG_EPOCH, (uint32_t[]){7}, 1);
	headerPutUint32(h, RPMTAG_SIZE, (uint32_t[]){4096}, 1);
	return h;
}

static Header with_files(void)
{
	Header h = named("files");

	headerPutStringArray(h, RPMTAG_BASENAMES, (const char *[]){"a", "b", "c"}, 3);
	headerPutStringArray(h, RPMTAG_DIRNAMES, (const char *[]){"/usr/bin/", "/etc/"}, 2);
	headerPutUint32(h, RPMTAG_DIRINDEXES, (uint32_t[]){0, 1, 1}, 3);
	headerPutUint32(h, RPMTAG_FILEFLAGS, (uint32_t[]){0, 1, 64}, 3);
	headerPutUint16(h, RPMTAG_FILEMODES, (uint16_t[]){0100755, 0100644, 0120777}, 3);
	headerPutChar(h, RPMTAG_FILESTATES, "\0\1\2", 3);
	headerPutUint32(h, RPMTAG_FILESIZES, (uint32_t[]){1, 2, 3}, 3);
	headerPutUint32(h, RPMTAG_FILEMTIMES, (uint32_t[]){1, 2, 3}, 3);
	headerPutUint16(h, RPMTAG_FILERDEVS, (uint16_t[]){0, 0, 0}, 3);
	headerPutUint32(h, RPMTAG_FILEVERIFYFLAGS, (uint32_t[]){~0u, 0, 1}, 3);
	headerPutStringArray(h, RPMTAG_FILEUSERNAME, (const char *[]){"root", "root", "x"}, 3);
	headerPutStringArray(h, RPMTAG_FILEGROUPNAME, (const char *[]){"root", "root", "x"}, 3);
	headerPutStringArray(h, RPMTAG_FILELINKTOS, (const char *[]){"", "", "target"}, 3);
	headerPutStringArray(h, RPMTAG_FILEDIGESTS,
			     (const char *[]){"d41d8cd98f00b204e9800998ecf8427e", "", ""}, 3);
	return h;
}

static Header with_old_names(void)
{
	Header h = named("old");

	headerPutStringArray(h, RPMTAG_OLDFILENAMES, (const char *[]){"/usr/a", "/b"}, 2);
	headerPutUint64(h, RPMTAG_LONGSIZE, (uint64_t[]){1ull << 40}, 1);
	headerPutUint64(h, RPMTAG_LONGFILESIZES, (uint64_t[]){1ull << 40, 7}, 2);
	return h;
}

static void make_records(struct wd_rpm_record records[RECORDS])
{
	Header headers[RECORDS] = {named("plain"), with_files(), with_old_names()};

	for (uint32_t i = 0; i < RECORDS; i++) {
		unsigned size = 0;
		char *blob = headerExport(headers[i], &size);

		FUZZ_CHECK(blob);
		records[i] = (struct wd_rpm_record){i + 1, {blob, size, size, 0}};
		headerFree(headers[i]);
	}
}

static void seed_headers(const struct wd_rpm_record *records)
{
	static const char *const names[RECORDS] = {"plain", "files", "old-names"};

	for (size_t i = 0; i < RECORDS; i++)
		write_seed("rpm-header", names[i], wd_buf_view(&records[i].blob));
}

/* ---- Storages */

static void seed_ndb(const struct rpmdb_set *set)
{
	WD_CLEANUP_BUF struct wd_buf image = WD_BUF_INIT;

	rpmdb_ndb_image(&image, set);
	write_seed("rpm-ndb", "three", wd_buf_view(&image));
}

/* Small pages: fewer bytes that say nothing, and more kinds of pages. */
static void shrink(const char *path, const char *before)
{
	sqlite3 *db;

	FUZZ_CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	FUZZ_CHECK(sqlite3_exec(db, before, NULL, NULL, NULL) == SQLITE_OK);
	FUZZ_CHECK(sqlite3_exec(db, "PRAGMA page_size=512; VACUUM", NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

/* Numbers that are none, of more packages than are reported; and a log and a journal. */
static void seed_sqlite_faults(const struct rpmdb_set *set)
{
	FILE *f;

	FUZZ_CHECK(rpmdb_write("sqlite", place("rpm-sqlite", "faults"), set) == 0);
	shrink(place("rpm-sqlite", "faults"),
	       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
	       "INSERT INTO Packages SELECT i + (1 << 40), '' FROM n");
	f = fopen(place("rpm-sqlite", "faults"), "a");
	FUZZ_CHECK(f);
	fprintf(f, "\n@@ rpmdb.sqlite-journal\n\xd9\n@@ rpmdb.sqlite-wal/file\n");
	FUZZ_CHECK(fclose(f) == 0);
}

static void seed_sqlite(const struct rpmdb_set *set)
{
	WD_CLEANUP_BUF struct wd_buf both = WD_BUF_INIT, part = WD_BUF_INIT;
	static const char *const suffixes[] = {"", "-wal"};
	char path[4096];

	snprintf(path, sizeof(path), "%s", place("rpm-sqlite", "log"));
	FUZZ_CHECK(rpmdb_write("sqlite-log", path, set) == 0);
	for (size_t i = 0; i < WD_ARRAY_SIZE(suffixes); i++) {
		char name[4200];
		int fd;

		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		FUZZ_CHECK(fd >= 0 && wd_buf_read_fd(&part, fd, 1 << 20) == 0);
		close(fd);
		unlink(name);
		if (i)
			wd_buf_printf(&both, "\n@@ rpmdb.sqlite%s\n", suffixes[i]);
		wd_buf_blob(&both, wd_buf_view(&part));
		part.len = 0;
	}
	snprintf(path, sizeof(path), "%s-shm", place("rpm-sqlite", "log"));
	unlink(path);
	write_seed("rpm-sqlite", "log", wd_buf_view(&both));
	FUZZ_CHECK(rpmdb_write("sqlite", place("rpm-sqlite", "plain"), set) == 0);
	FUZZ_CHECK(rpmdb_write("sqlite", place("rpm-sqlite", "small"), set) == 0);
	shrink(place("rpm-sqlite", "small"), "");
	seed_sqlite_faults(set);
}

static void put(DB *db, uint32_t number, const void *bytes, size_t len)
{
	int swapped = 0;
	DBT key = {.data = &number, .size = sizeof(number)};
	DBT value = {.data = (void *)bytes, .size = (u_int32_t)len};

	db->get_byteswapped(db, &swapped);
	if (swapped)
		number = __builtin_bswap32(number);
	FUZZ_CHECK(db->put(db, NULL, &key, &value, 0) == 0);
}

/* Small pages, so that there are many kinds of them in few bytes. */
static void seed_bdb(const char *name, DBTYPE type, int lorder, uint32_t flags)
{
	char bytes[BIG];
	DB *db;

	unlink(place("rpm-bdb", name));
	FUZZ_CHECK(db_create(&db, NULL, 0) == 0);
	FUZZ_CHECK(db->set_lorder(db, lorder) == 0 && db->set_pagesize(db, 512) == 0);
	FUZZ_CHECK(!flags || db->set_flags(db, flags) == 0);
	FUZZ_CHECK(db->open(db, NULL, place("rpm-bdb", name), NULL, type, DB_CREATE, 0644) == 0);
	memset(bytes, 'x', sizeof(bytes));
	put(db, 0, "\2\0\0\0", 4);
	put(db, 1, bytes, 40);
	put(db, 2, bytes, sizeof(bytes));
	put(db, 3, bytes, 100);
	FUZZ_CHECK(db->close(db, 0) == 0);
}

/* ---- Records */

static void push_all(struct wd_sink *sink)
{
	struct wd_package pkg = {.size = 1, .flags = WD_PACKAGE_HOLD};
	struct wd_claim claim = {.dir = WD_BLOB("usr/bin"), .name = WD_BLOB("name"), .size = 2};

	pkg.field[WD_PACKAGE_NAME] = WD_BLOB("package");
	pkg.field[WD_PACKAGE_VERSION] = WD_BLOB("1.0");
	wd_sink_format(sink, "format");
	wd_sink_package(sink, &pkg);
	wd_sink_claim(sink, &claim);
	claim.target = WD_BLOB("target");
	claim.digest = WD_BLOB("0123456789abcdef");
	claim.detail = WD_BLOB("key=value");
	claim.recorded = WD_BLOB("usr/bin/other");
	claim.flags = WD_CLAIM_DIVERTED;
	wd_sink_claim(sink, &claim);
	wd_sink_alias(sink, WD_BLOB("usr/bin/link"), WD_BLOB("/etc/target"));
	wd_sink_error(sink, WD_ECORRUPT, "path", "line %d", 1);
}

static void seed_records(void)
{
	int fd = open(place("records", "all"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct wd_pipe_sink s;

	FUZZ_CHECK(fd >= 0);
	wd_pipe_sink_init(&s, fd);
	wd_pipe_sink_hello(&s, 1);
	push_all(&s.sink);
	wd_pipe_sink_file(&s, 7, 0);
	wd_sink_fact(&s.sink, WD_FACT_SONAME, WD_BLOB("libc.so.6"));
	wd_pipe_sink_file(&s, UINT32_MAX, WD_ECORRUPT);
	FUZZ_CHECK(wd_pipe_sink_done(&s, 0) == 0);
	wd_buf_done(&s.out);
	wd_buf_done(&s.dir);
	wd_buf_done(&s.work);
	close(fd);
}

static void put_entry(struct wd_buf *out, const char *path, uint32_t mode)
{
	struct wd_wire_entry e = {
		.size = 10, .kept = 0, .mode = mode, .path_len = (uint16_t)strlen(path)};
	size_t at = wd_wire_begin(out, (enum wd_wire_type)WD_WIRE_ENTRY);

	wd_buf_append(out, &e, sizeof(e));
	wd_buf_str(out, path);
	wd_wire_end(out, at);
}

/* A record of a number where there is one, and strings. */
static void put_record(struct wd_buf *out, unsigned type, int number, const char *const strings[2])
{
	size_t at = wd_wire_begin(out, (enum wd_wire_type)type);

	if (number >= 0)
		wd_wire_u32(out, (uint32_t)number);
	for (size_t i = 0; i < 2 && strings[i]; i++)
		wd_wire_string(out, wd_blob_str(strings[i]));
	wd_wire_end(out, at);
}

static void put_end(struct wd_buf *out, int status)
{
	const struct wd_wire_end end = {.packed = 1, .status = status};
	size_t at = wd_wire_begin(out, (enum wd_wire_type)WD_WIRE_END);

	wd_buf_append(out, &end, sizeof(end));
	wd_wire_string(out, WD_BLOB(""));
	wd_wire_end(out, at);
}

/* An archive with a document, an archive in it, and a file that was examined. */
static void seed_decode(void)
{
	WD_CLEANUP_BUF struct wd_buf out = WD_BUF_INIT;

	put_entry(&out, "index.json", 0100644);
	put_record(&out, WD_WIRE_DOCUMENT, -1, (const char *const[]){"index.json", "{}"});
	put_entry(&out, "layer.tar", 0100644);
	put_record(&out, WD_WIRE_STREAM, -1, (const char *const[]){"layer.tar", NULL});
	put_entry(&out, "usr/bin/sh", 0100755);
	put_record(&out, WD_WIRE_FILE, 0, (const char *const[]){"\0\0\0\0", NULL});
	put_record(&out, WD_WIRE_FACT, WD_FACT_SONAME, (const char *const[]){"libc.so.6", NULL});
	put_record(&out, WD_WIRE_NOTE, 0, (const char *const[]){"a note", NULL});
	put_record(&out, WD_WIRE_ERROR, 0, (const char *const[]){"usr/bin/sh", "message"});
	put_end(&out, 0);
	put_end(&out, 0);
	put_record(&out, WD_WIRE_DONE, 0, (const char *const[]){NULL, NULL});
	write_seed("decode", "nested", wd_buf_view(&out));
}

/* What is compared with databases: of a file in a layer whose decoder runs out of memory then. */
static void seed_decode_details(void)
{
	WD_CLEANUP_BUF struct wd_buf out = WD_BUF_INIT;
	const struct wd_wire_detail detail = {.mtime = 1, .uid = 2, .gid = 3};
	const char digests[WD_HASH_ALGOS * WD_HASH_MAX] = {1};
	size_t at;

	put_entry(&out, "usr/bin/ping", 0100755);
	at = wd_wire_begin(&out, (enum wd_wire_type)WD_WIRE_DETAIL);
	wd_buf_append(&out, &detail, sizeof(detail));
	wd_wire_string(&out, WD_BLOB("cap_net_raw=ep"));
	wd_wire_end(&out, at);
	at = wd_wire_begin(&out, (enum wd_wire_type)WD_WIRE_HASHES);
	wd_buf_append(&out, digests, wd_hash_packed_size(WD_HASH_RECORDED));
	wd_wire_end(&out, at);
	put_end(&out, -ENOMEM);
	put_record(&out, WD_WIRE_DONE, 0, (const char *const[]){NULL, NULL});
	write_seed("decode", "details", wd_buf_view(&out));
}

/* ---- Reference indexes */

/* numbers, then strings, which differ by the last number */
static void put_reference(struct wd_buf *out, enum wd_reference_record type,
			  const uint32_t *numbers, size_t n, unsigned strings)
{
	size_t at = wd_wire_begin(out, (enum wd_wire_type)type);

	for (size_t i = 0; i < n; i++)
		wd_wire_u32(out, numbers[i]);
	while (strings--)
		wd_wire_string(out, wd_blob_head(WD_BLOB("1.0"), 1 + numbers[n - 1] % 3));
	wd_wire_end(out, at);
}
#define PUT(type, strings, ...)                                                                    \
	put_reference(&out, type, (const uint32_t[]){__VA_ARGS__},                                 \
		      sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), strings)

/* What the first worker sends: two distributions. */
static void put_distros(struct wd_buf *ret)
{
	struct wd_buf out = WD_BUF_INIT;
	uint16_t first;

	wd_buf_append(&out, "\0\0", 2);
	PUT(WD_REFERENCE_DISTRO, 3, 1);
	PUT(WD_REFERENCE_DISTRO, 3, 2);
	PUT(WD_REFERENCE_SOURCE, 3, 1, 1, 2, 0, 3, 0, 4, 0, 5, 0);
	PUT(WD_REFERENCE_DONE, 1, 0);
	first = (uint16_t)(out.len - 2);
	memcpy(out.ptr, &first, sizeof(first));
	*ret = out;
}

/* A system: programs of one distribution, and what another has at their paths. */
static void seed_system(void)
{
	WD_CLEANUP_BUF struct wd_buf out = WD_BUF_INIT;

	put_distros(&out);
	PUT(WD_REFERENCE_PACKAGE, 4, 1, 1, 1, 13, 12);
	PUT(WD_REFERENCE_PACKAGE, 4, 1, 2, 2, 12, 10);
	PUT(WD_REFERENCE_PACKAGE, 4, 1, 3, 1, 12, 11);
	for (uint32_t node = 4; node < 16; node++) {
		PUT(WD_REFERENCE_PATH, 0, node, 0, 3, 4);
		if (node < 15)
			PUT(WD_REFERENCE_BUILD, 0, node, 0);
		if (node % 2)
			PUT(WD_REFERENCE_BUILD, 0, node, 2);
	}
	PUT(WD_REFERENCE_DONE, 1, 0);
	write_seed("reference", "system", wd_buf_view(&out));
}

/* See reference.c: nodes from 3 on are files. */
static void seed_reference(void)
{
	WD_CLEANUP_BUF struct wd_buf out = WD_BUF_INIT;

	put_distros(&out);
	PUT(WD_REFERENCE_PACKAGE, 4, 1, 1, 1, 3, 2);
	PUT(WD_REFERENCE_PACKAGE, 4, 1, 2, 2, 1, 1);
	PUT(WD_REFERENCE_PATH, 0, 4, 0, 3);
	PUT(WD_REFERENCE_PATH, 0, 5, 1);
	PUT(WD_REFERENCE_SIZED, 0, 4, 256);
	PUT(WD_REFERENCE_DIGEST, 0, 4, 1);
	PUT(WD_REFERENCE_BUILD, 0, 6, 0);
	PUT(WD_REFERENCE_DONE, 1, 0);
	write_seed("reference", "small", wd_buf_view(&out));
	seed_system();
}

static void fill_index(const struct wd_index_ops *ops, struct wd_index *ix)
{
	const struct wd_blob key = WD_BLOB("0123456789abcdef0123456789abcdef");
	const struct wd_index_owner owners[] = {{1, true}, {2, false}};
	struct wd_index_distro distro = {
		.os = WD_BLOB("debian"), .version = WD_BLOB("12"), .purl = WD_BLOB("deb")};
	struct wd_index_source source = {
		.path = WD_BLOB("/r"), .given = WD_BLOB(""), .kind = WD_BLOB("rootfs")};
	struct wd_packer p = {.out = WD_BUF_INIT, .name = WD_BUF_INIT};

	FUZZ_CHECK(ops->add_source(ix, &source) == 0 && ops->add_distro(ix, &distro) == 0);
	for (uint32_t id = 1; id < 3; id++) {
		struct wd_index_package package = {source.id,
						   id,
						   distro.id,
						   WD_BLOB("libc6"),
						   WD_BLOB("2.36"),
						   WD_BLOB("amd64"),
						   WD_BLOB("glibc"),
						   2,
						   1};

		FUZZ_CHECK(ops->add_package(ix, &package) == 0);
	}
	wd_pack(&p, WD_BLOB("ld.so"), owners, 1);
	wd_pack(&p, WD_BLOB("ldd"), owners, 2);
	FUZZ_CHECK(ops->add_dir(ix, source.id, WD_BLOB("usr/bin"), wd_buf_view(&p.out)) == 0);
	wd_packer_done(&p);
	FUZZ_CHECK(ops->add_digest(ix, source.id, 1, 100, key) == 0);
	FUZZ_CHECK(ops->add_build(ix, source.id, 2, wd_blob_head(key, 20)) == 0);
	FUZZ_CHECK(ops->count_source(ix, &source) == 0);
}

static void seed_index(void)
{
	extern const struct wd_index_ops wd_index_module;
	char path[4096];
	struct wd_index *ix;

	snprintf(path, sizeof(path), "%s", place("index", "small"));
	write_seed("index", "small", WD_BLOB(""));
	FUZZ_CHECK(wd_index_module.edit(path, &ix) == 0);
	fill_index(&wd_index_module, ix);
	FUZZ_CHECK(wd_index_module.commit(ix) == 0);
	wd_index_module.close(ix);
	shrink(path, "");
}

int main(int argc, char **argv)
{
	struct wd_rpm_record records[RECORDS];
	struct rpmdb_set set = {records, RECORDS};

	if (argc != 2)
		return 2;
	top = argv[1];
	mkdir(top, 0755);
	make_records(records);
	seed_headers(records);
	seed_ndb(&set);
	seed_sqlite(&set);
	seed_bdb("hash-le", DB_HASH, 1234, 0);
	seed_bdb("hash-be", DB_HASH, 4321, 0);
	seed_bdb("btree-le", DB_BTREE, 1234, 0);
	seed_bdb("btree-be", DB_BTREE, 4321, 0);
	seed_bdb("hash-sums", DB_HASH, 1234, DB_CHKSUM);
	seed_records();
	seed_decode();
	seed_decode_details();
	seed_reference();
	seed_index();
	for (size_t i = 0; i < RECORDS; i++)
		wd_buf_done(&records[i].blob);
	return 0;
}
