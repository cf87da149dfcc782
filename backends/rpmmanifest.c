/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listings that distroless images of CBL-Mariner and Azure Linux keep of an rpm database that
 * was removed, in var/lib/rpmmanifest/:
 *
 *	container-manifest-1	rpm -qa: NAME-VERSION-RELEASE.ARCH
 *	container-manifest-2	rpm -qa --qf with ten fields separated by tabs: NAME,
 *				VERSION-RELEASE, INSTALLTIME, BUILDTIME, VENDOR, EPOCH, SIZE, ARCH,
 *				EPOCHNUM, SOURCERPM
 *
 * Both list the same packages, so the first is not read where the second stands beside it. A tag
 * that a package lacks is "(none)". Neither has file lists.
 */
#include "base/buf.h"
#include "pkgdb/backend.h"

#include <stdio.h>

#define MANIFEST_MAX (64u << 20)
/* Errors reported for one manifest; a last one says that there were more. */
#define ERRORS_MAX 20

enum { NAME, EVR, INSTALLTIME, BUILDTIME, VENDOR, EPOCH, SIZE, ARCH, EPOCHNUM, SOURCERPM, FIELDS };

static struct wd_blob present(struct wd_blob value)
{
	return value.len == 0 || wd_blob_is(value, "(none)") ? WD_BLOB_NULL : value;
}

/* Cuts "NAME-VERSION-RELEASE" at its last two hyphens; false where it has fewer. */
static bool split_nvr(struct wd_blob nvr, struct wd_blob *ret_name, struct wd_blob *ret_vr)
{
	ptrdiff_t release = wd_blob_rchr(nvr, '-'), version;

	if (release <= 0)
		return false;
	version = wd_blob_rchr(wd_blob_head(nvr, (size_t)release), '-');
	if (version <= 0 || release - version < 2 || (size_t)release + 1 == nvr.len)
		return false;
	*ret_name = wd_blob_head(nvr, (size_t)version);
	*ret_vr = wd_blob_skip(nvr, (size_t)version + 1);
	return true;
}

static void fill_source(struct wd_package *pkg, struct wd_blob rpm)
{
	static const struct wd_blob suffixes[] = {WD_BLOB(".src.rpm"), WD_BLOB(".nosrc.rpm")};

	for (size_t i = 0; i < WD_ARRAY_SIZE(suffixes); i++) {
		if (wd_blob_ends(rpm, suffixes[i]) &&
		    split_nvr(wd_blob_head(rpm, rpm.len - suffixes[i].len),
			      &pkg->field[WD_PACKAGE_SOURCE],
			      &pkg->field[WD_PACKAGE_SOURCE_VERSION]))
			return;
	}
}

static const char *fill_version(struct wd_package *pkg, struct wd_blob version)
{
	ptrdiff_t hyphen = wd_blob_rchr(version, '-');

	if (hyphen <= 0 || (size_t)hyphen + 1 == version.len)
		return "no version-release";
	pkg->field[WD_PACKAGE_VERSION] = version;
	pkg->field[WD_PACKAGE_RELEASE] = wd_blob_skip(version, (size_t)hyphen + 1);
	return NULL;
}

/* A line of container-manifest-1. The keys of rpm's key ring have no architecture. */
static const char *parse_nevra(struct wd_blob line, struct wd_package *pkg)
{
	struct wd_blob version;
	ptrdiff_t dot;

	if (!split_nvr(line, &pkg->field[WD_PACKAGE_NAME], &version))
		return "not \"name-version-release.arch\"";
	dot = wd_blob_rchr(version, '.');
	if (dot > wd_blob_rchr(version, '-') + 1) {
		pkg->field[WD_PACKAGE_ARCH] = present(wd_blob_skip(version, (size_t)dot + 1));
		version = wd_blob_head(version, (size_t)dot);
	}
	return fill_version(pkg, version);
}

/* A line of container-manifest-2. `evr` gets the version where it has an epoch. */
static const char *parse_fields(struct wd_blob line, struct wd_package *pkg, struct wd_buf *evr)
{
	struct wd_blob field[FIELDS], epoch;
	const char *fault;

	for (size_t i = 0; i < FIELDS; i++) {
		/* the last one may be empty: no token then */
		field[i] = WD_BLOB_NULL;
		if (!wd_blob_token(&line, '\t', &field[i]) && i < SOURCERPM)
			return "fewer than ten fields";
	}
	if (line.len)
		return "more than ten fields";
	pkg->field[WD_PACKAGE_NAME] = present(field[NAME]);
	if (!pkg->field[WD_PACKAGE_NAME].len)
		return "no name";
	fault = fill_version(pkg, field[EVR]);
	epoch = present(field[EPOCH]);
	if (fault || (epoch.len && (!wd_blob_u64(epoch, &pkg->epoch) || pkg->epoch > UINT32_MAX)))
		return fault ? fault : "epoch is not a number";
	if (epoch.len) {
		evr->len = 0;
		wd_buf_printf(evr, "%llu:", (unsigned long long)pkg->epoch);
		wd_buf_blob(evr, field[EVR]);
		pkg->field[WD_PACKAGE_VERSION] = wd_buf_view(evr);
	}
	if (!wd_blob_u64(field[SIZE], &pkg->size))
		pkg->size = WD_SIZE_UNKNOWN;
	pkg->field[WD_PACKAGE_ARCH] = present(field[ARCH]);
	pkg->field[WD_PACKAGE_VENDOR] = present(field[VENDOR]);
	fill_source(pkg, field[SOURCERPM]);
	return NULL;
}

static const char *parse_line(struct wd_blob line, struct wd_package *pkg, struct wd_buf *evr)
{
	*pkg = (struct wd_package){.size = WD_SIZE_UNKNOWN, .flags = WD_PACKAGE_NO_FILES};
	if (memchr(line.ptr, '\0', line.len))
		return "NUL byte";
	return wd_blob_chr(line, '\t') < 0 ? parse_nevra(line, pkg) : parse_fields(line, pkg, evr);
}

static int report(struct wd_sink *sink, unsigned int *errors, size_t line, const char *fault)
{
	if (*errors > ERRORS_MAX)
		return 0;
	return wd_sink_error(sink, WD_ECORRUPT, NULL, "line %zu: %s", line,
			     (*errors)++ < ERRORS_MAX ? fault : "further errors are not shown");
}

static int load_lines(struct wd_blob rest, struct wd_sink *sink)
{
	WD_CLEANUP_BUF struct wd_buf evr = WD_BUF_INIT;
	unsigned int errors = 0;
	struct wd_blob line;
	int r = 0;

	for (size_t number = 1; r == 0 && wd_blob_token(&rest, '\n', &line); number++) {
		struct wd_package pkg;
		const char *fault;

		if (line.len == 0)
			continue;
		fault = parse_line(line, &pkg, &evr);
		if (evr.status < 0)
			return evr.status;
		r = fault ? report(sink, &errors, number, fault) : wd_sink_package(sink, &pkg);
	}
	return r;
}

static bool is_superseded(const struct wd_request *req)
{
	int fd;

	if (!wd_blob_ends(wd_blob_str(req->path), WD_BLOB("container-manifest-1")))
		return false;
	fd = wd_request_open(req, "container-manifest-2");
	wd_cleanup_fd(&fd);
	return fd != WD_EABSENT;
}

static int rpmmanifest_load(const struct wd_request *req, struct wd_sink *sink)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	int r;

	if (req->is_dir)
		return WD_ENOTMINE;
	if (is_superseded(req))
		return WD_EABSENT;
	r = wd_sink_format(sink, "container-manifest");
	if (r == 0)
		r = wd_buf_read_fd(&text, req->fd, MANIFEST_MAX);
	return r < 0 ? r : load_lines(wd_buf_view(&text), sink);
}

WD_BACKEND_EXPORT wd_backend_v2 = {
	.abi = WD_BACKEND_ABI,
	.name = "rpmmanifest",
	.version = "1",
	.load = rpmmanifest_load,
};
