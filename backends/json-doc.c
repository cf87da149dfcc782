/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json-doc.h"

#include "base/buf.h"

cJSON *wd_json_parse(struct wd_blob text, size_t *ret_offset)
{
	const char *end = text.ptr;
	cJSON *root = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);

	*ret_offset = end ? (size_t)(end - text.ptr) : 0;
	if (root && wd_blob_trim(wd_blob_skip(text, *ret_offset)).len) {
		cJSON_Delete(root);
		root = NULL;
	}
	return root;
}

int wd_json_file(struct wd_blob text, struct wd_sink *sink, const char *path, cJSON **ret)
{
	size_t offset;
	int r;

	*ret = wd_json_parse(text, &offset);
	if (*ret)
		return 0;
	r = wd_sink_error(sink, WD_ECORRUPT, path, "byte %zu: not JSON", offset);
	return r < 0 ? r : WD_ECORRUPT;
}

int wd_json_read(int fd, struct wd_sink *sink, cJSON **ret)
{
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	int r = wd_buf_read_fd(&text, fd, WD_JSON_MAX);

	return r < 0 ? r : wd_json_file(wd_buf_view(&text), sink, NULL, ret);
}

struct wd_blob wd_json_text(const cJSON *item)
{
	return wd_blob_str(cJSON_IsString(item) ? item->valuestring : NULL);
}

struct wd_blob wd_json_string(const cJSON *object, const char *name)
{
	return wd_json_text(wd_json_member(object, name));
}

bool wd_json_u64(const cJSON *object, const char *name, uint64_t *ret)
{
	const cJSON *item = wd_json_member(object, name);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) ||
	    item->valuedouble > (double)(1ull << 53))
		return false;
	*ret = (uint64_t)item->valuedouble;
	return (double)*ret == item->valuedouble;
}

const cJSON *wd_json_array(const cJSON *object, const char *name)
{
	const cJSON *item = wd_json_member(object, name);

	return cJSON_IsArray(item) ? item : NULL;
}

void wd_json_libraries(char *buf, size_t size)
{
	snprintf(buf, size, "cJSON %s", cJSON_Version());
}
