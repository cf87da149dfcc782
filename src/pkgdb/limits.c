/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pkgdb/limits.h"

static struct wd_limits own;

void wd_limits_set(const struct wd_limits *limits)
{
	own = *limits;
}

uint64_t wd_limit_memory(void)
{
	return own.memory ? own.memory : (uint64_t)WD_LIMIT_MEMORY_GIB << 30;
}

uint64_t wd_limit_records(void)
{
	return own.records ? own.records : WD_LIMIT_RECORDS;
}

uint32_t wd_limit_required(void)
{
	return own.required;
}

static bool is_archive(enum wd_work_kind kind)
{
	return kind == WD_WORK_DECODE || kind == WD_WORK_LAYER;
}

/* A worker that examines has many files: what the user says is for one of them. */
uint64_t wd_limit_cpu(enum wd_work_kind kind)
{
	uint64_t usual = is_archive(kind) ? WD_LIMIT_DECODE_SECONDS : WD_LIMIT_CPU_SECONDS;

	if (own.seconds == 0 || (kind == WD_WORK_EXAMINE && own.seconds < usual))
		return usual;
	return own.seconds;
}

uint64_t wd_limit_wall(enum wd_work_kind kind)
{
	uint64_t usual = is_archive(kind) ? WD_LIMIT_DECODE_WALL_SECONDS : WD_LIMIT_WALL_SECONDS;

	if (own.seconds == 0 || (kind == WD_WORK_EXAMINE && own.seconds < usual))
		return usual;
	return own.seconds;
}

uint64_t wd_limit_file(void)
{
	return own.seconds ? own.seconds : WD_LIMIT_FILE_SECONDS;
}
