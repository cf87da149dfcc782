/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The orders of versions, on two lines. */
#include "fuzz.h"
#include "version.h"

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void check(int (*compare)(const char *a, const char *b), const char *a, const char *b)
{
	int order = sign(compare(a, b));

	FUZZ_CHECK(sign(compare(b, a)) == -order);
	FUZZ_CHECK(compare(a, a) == 0 && compare(b, b) == 0);
	fuzz_found += order != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wd_blob rest = wd_blob(data, size), a = WD_BLOB(""), b = WD_BLOB("");
	char *texts[2];

	wd_blob_token(&rest, '\n', &a);
	wd_blob_token(&rest, '\n', &b);
	texts[0] = strndup(a.len ? a.ptr : "", a.len);
	texts[1] = strndup(b.len ? b.ptr : "", b.len);
	FUZZ_CHECK(texts[0] && texts[1]);
	check(wd_version_apk, texts[0], texts[1]);
	check(wd_version_pacman, texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
	return 0;
}
