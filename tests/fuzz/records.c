/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a worker may send: the input is the bytes in the pipe. */
#include "records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_receive(fuzz_memfd(wd_blob(data, size)));
	return 0;
}
