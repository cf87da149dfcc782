/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON (RFC 8259) as databases of packages have it: parsed by cJSON, read without trust.
 *
 * cJSON limits the nesting (CJSON_NESTING_LIMIT). It ends a string at \u0000, takes the first of
 * members with one name, and needs some forty bytes of memory for a byte of text at worst, for
 * which WD_JSON_MAX leaves room in a worker.
 */
#ifndef WD_JSON_DOC_H
#define WD_JSON_DOC_H

#include "base/cleanup.h"
#include "pkgdb/backend.h"

#include <cjson/cJSON.h>

#define WD_JSON_MAX (32u << 20)

/* A text that holds one value and nothing behind it; else NULL, with the place in *ret_offset. */
cJSON *wd_json_parse(struct wd_blob text, size_t *ret_offset);

/*
 * As wd_json_parse(), for a whole file, whose path is `path` or NULL for the database itself. 0, or
 * WD_ECORRUPT where it is not JSON, which is reported. Release *ret with cJSON_Delete().
 */
int wd_json_file(struct wd_blob text, struct wd_sink *sink, const char *path, cJSON **ret);

/* As wd_json_file(), for an open file. Also WD_ELIMIT, -ENOMEM, or a negated errno. */
int wd_json_read(int fd, struct wd_sink *sink, cJSON **ret);

/* A string member; the null blob where there is none. Borrowed from the object. */
struct wd_blob wd_json_string(const cJSON *object, const char *name);

/* The string of an element; the null blob where it is no string. */
struct wd_blob wd_json_text(const cJSON *item);

/* A member that is a whole number, exact in a double (below 2^53). */
bool wd_json_u64(const cJSON *object, const char *name, uint64_t *ret);

/* A member that is an array, for cJSON_ArrayForEach(), which takes NULL for an empty one. */
const cJSON *wd_json_array(const cJSON *object, const char *name);

static inline const cJSON *wd_json_member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static inline void wd_cleanup_json(cJSON **p)
{
	cJSON_Delete(*p);
}
#define WD_CLEANUP_JSON WD_CLEANUP(wd_cleanup_json)

/* wd_backend.libraries of a backend that has no other library. */
void wd_json_libraries(char *buf, size_t size);

#endif
