/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs one backend, linked in directly, on one database and prints what it pushes, a line each:
 * for tests of the backends alone, without worker, tree or report.
 *
 *	backend-dump [-d] PATH		PATH: the database file or directory; -d asks for digests
 *
 *	F format
 *	P name version arch source source_version vendor packager flags
 *	C package path type+mode(octal) size flags algo:digest target recorded
 *	A path target
 *	E code path message
 *	R code			what load() returned
 */
#include "base/buf.h"
#include "request-dir.h"

#include <fcntl.h>
#include <stdio.h>

extern const struct wd_backend wd_backend_v2;

static char package[256];

static int on_package(struct wd_sink *sink, const struct wd_package *pkg)
{
	static const int shown[] = {WD_PACKAGE_NAME,	       WD_PACKAGE_VERSION,
				    WD_PACKAGE_ARCH,	       WD_PACKAGE_SOURCE,
				    WD_PACKAGE_SOURCE_VERSION, WD_PACKAGE_VENDOR,
				    WD_PACKAGE_PACKAGER};

	(void)sink;
	snprintf(package, sizeof(package), "%.*s", WD_BLOB_PRINTF(pkg->field[WD_PACKAGE_NAME]));
	printf("P");
	for (size_t i = 0; i < WD_ARRAY_SIZE(shown); i++)
		printf("\t%.*s", WD_BLOB_PRINTF(pkg->field[shown[i]]));
	printf("\t%x\n", pkg->flags);
	return 0;
}

static int on_claim(struct wd_sink *sink, const struct wd_claim *c)
{
	WD_CLEANUP_BUF struct wd_buf hex = WD_BUF_INIT;

	(void)sink;
	wd_buf_hex(&hex, c->digest);
	wd_buf_byte(&hex, '\0');
	printf("C\t%s\t%.*s|%.*s\t%o\t%lld\t%x\t%d:%s\t%.*s\t%.*s\n", package,
	       WD_BLOB_PRINTF(c->dir), WD_BLOB_PRINTF(c->name), c->mode, (long long)c->size,
	       c->flags, c->digest_algo, hex.ptr, WD_BLOB_PRINTF(c->target),
	       WD_BLOB_PRINTF(c->recorded));
	return 0;
}

static int on_alias(struct wd_sink *sink, struct wd_blob path, struct wd_blob target)
{
	(void)sink;
	printf("A\t%.*s\t%.*s\n", WD_BLOB_PRINTF(path), WD_BLOB_PRINTF(target));
	return 0;
}

static int on_format(struct wd_sink *sink, const char *format)
{
	(void)sink;
	printf("F\t%s\n", format);
	return 0;
}

static int on_error(struct wd_sink *sink, int status, const char *path, const char *message)
{
	(void)sink;
	printf("E\t%s\t%s\t%s\n", wd_status_name(status), path ? path : "-", message);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct wd_sink_ops ops = {on_package, on_claim, on_alias, on_format, on_error};
	struct wd_sink sink = {&ops};
	struct request_dir from = {0};
	int r;

	if (argc > 2 && strcmp(argv[1], "-d") == 0) {
		from.req.want = WD_WANT_DIGESTS;
		argv++;
	}
	if (!argv[1] || !request_dir_open(&from, AT_FDCWD, argv[1]))
		return 2;
	r = wd_backend_v2.load(&from.req, &sink);
	printf("R\t%s\n", r < 0 ? wd_status_name(r) : "ok");
	request_dir_close(&from);
	return 0;
}
