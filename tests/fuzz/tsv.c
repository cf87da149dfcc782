/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/tsv.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wd_tsv t = {.rest = wd_blob(data, size)};
	struct wd_blob columns[WD_TSV_COLUMNS];
	unsigned line = 0;
	size_t n;

	while ((n = wd_tsv_next(&t, columns)) > 0) {
		FUZZ_CHECK(n <= WD_TSV_COLUMNS && t.line > line);
		line = t.line;
		for (size_t i = 0; i < WD_TSV_COLUMNS; i++) {
			FUZZ_CHECK(i < n || columns[i].len == 0);
			FUZZ_CHECK(wd_blob_chr(columns[i], '\n') < 0);
			FUZZ_CHECK(i == WD_TSV_COLUMNS - 1 || wd_blob_chr(columns[i], '\t') < 0);
			fuzz_touch(columns[i]);
		}
		fuzz_found++;
	}
	return 0;
}
