/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whatever a backend pushes, the worker's sink encodes so that the parent takes it. The input is a
 * program: a byte for what to call, the bytes of numbers, strings as two bytes of length and
 * theirs.
 */
#include "pkgdb/sink.h"
#include "pkgdb/wire.h"
#include "records.h"

static uint32_t take_u32(struct wd_cursor *c)
{
	return wd_cursor_le32(c);
}

static struct wd_blob take_string(struct wd_cursor *c)
{
	size_t len = wd_cursor_le16(c), left = c->len - c->pos;

	return wd_cursor_bytes(c, len < left ? len : left);
}

static char *take_text(struct wd_cursor *c)
{
	struct wd_blob b = take_string(c);

	return strndup(b.len ? b.ptr : "", b.len);
}

static void push_package(struct wd_sink *sink, struct wd_cursor *c)
{
	struct wd_package pkg = {.size = take_u32(c), .epoch = take_u32(c)};
	uint32_t fields = take_u32(c);

	pkg.flags = take_u32(c) % (1u << WD_PACKAGE_FLAG_COUNT);
	for (size_t i = 0; i < WD_PACKAGE_FIELD_COUNT; i++)
		if (fields >> i & 1)
			pkg.field[i] = take_string(c);
	wd_sink_package(sink, &pkg);
}

static void push_claim(struct wd_sink *sink, struct wd_cursor *c)
{
	struct wd_claim claim = {.size = take_u32(c), .mode = wd_cursor_le16(c)};

	claim.flags = take_u32(c) % (1u << WD_CLAIM_FLAG_COUNT);
	claim.digest_algo = wd_cursor_u8(c);
	claim.dir = take_string(c);
	claim.name = take_string(c);
	claim.recorded = take_string(c);
	claim.target = take_string(c);
	claim.digest = take_string(c);
	claim.detail = take_string(c);
	wd_sink_claim(sink, &claim);
}

static void push_error(struct wd_sink *sink, struct wd_cursor *c)
{
	int status = -1 - (int)(take_u32(c) % 1030);
	WD_CLEANUP_FREE char *path = take_text(c);
	WD_CLEANUP_FREE char *message = take_text(c);

	wd_sink_error(sink, status, *path ? path : NULL, "%s", message);
}

static void push_format(struct wd_sink *sink, struct wd_cursor *c)
{
	WD_CLEANUP_FREE char *format = take_text(c);

	/* one of the descriptor's: a short word */
	format[strlen(format) < 64 ? strlen(format) : 64] = '\0';
	wd_sink_format(sink, format);
}

static void push_fact(struct wd_pipe_sink *s, struct wd_cursor *c, bool *in_file)
{
	enum wd_fact_kind kind = (enum wd_fact_kind)(take_u32(c) % WD_FACT_KIND_COUNT);

	if (!*in_file || wd_cursor_u8(c) % 4 == 0)
		wd_pipe_sink_file(s, take_u32(c) % WD_WIRE_NO_FILE, 0);
	*in_file = true;
	wd_sink_fact(&s->sink, kind, take_string(c));
}

/* Between files only. */
static void push_chunk(struct wd_pipe_sink *s, struct wd_cursor *c, bool *in_file)
{
	if (*in_file)
		wd_pipe_sink_file(s, WD_WIRE_NO_FILE, 0);
	*in_file = false;
	wd_pipe_sink_chunk(s, take_u32(c));
}

/* Once. */
static void push_about(struct wd_pipe_sink *s, struct wd_cursor *c, bool *said)
{
	WD_CLEANUP_FREE char *version = take_text(c);
	WD_CLEANUP_FREE char *libraries = take_text(c);

	if (!*said)
		wd_pipe_sink_about(s, version, libraries);
	*said = true;
}

static void push_all(struct wd_pipe_sink *s, struct wd_cursor *c)
{
	bool in_file = false, said = false;

	while (!c->failed && c->pos < c->len) {
		switch (wd_cursor_u8(c) % 9) {
		case 0:
			push_package(&s->sink, c);
			break;
		case 1:
			push_claim(&s->sink, c);
			break;
		case 2:
			wd_sink_alias(&s->sink, take_string(c), take_string(c));
			break;
		case 3:
			push_error(&s->sink, c);
			break;
		case 4:
			push_format(&s->sink, c);
			break;
		case 5:
			push_fact(s, c, &in_file);
			break;
		case 6:
			push_chunk(s, c, &in_file);
			break;
		case 7:
			push_about(s, c, &said);
			break;
		default:
			wd_pipe_sink_compared(s, take_string(c));
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wd_cursor c = wd_cursor(wd_blob(data, size));
	int fd = fuzz_memfd(WD_BLOB(""));
	struct wd_pipe_sink s;

	wd_pipe_sink_init(&s, fd);
	wd_pipe_sink_hello(&s, 1);
	push_all(&s, &c);
	FUZZ_CHECK(wd_pipe_sink_done(&s, 0) == 0);
	wd_buf_done(&s.out);
	wd_buf_done(&s.dir);
	wd_buf_done(&s.work);
	FUZZ_CHECK(lseek(fd, 0, SEEK_SET) == 0);
	FUZZ_CHECK(fuzz_receive(fd) == 0);
	return 0;
}
