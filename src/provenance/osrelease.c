/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provenance/osrelease.h"

#include "base/status.h"

#include <string.h>

#define OS_RELEASE_MAX (64 * 1024)

/*
 * A value is a shell word (os-release(5)): plain, in single quotes, or in double quotes with
 * backslash before ", $, ` and \.
 */
static char *unquote(struct wd_blob v)
{
	char quote = v.len >= 2 && (v.ptr[0] == '"' || v.ptr[0] == '\'') ? v.ptr[0] : '\0';
	char *out = malloc(v.len + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	if (quote) {
		v = wd_blob_skip(v, 1);
		if (v.ptr[v.len - 1] == quote)
			v.len--;
	}
	for (size_t i = 0; i < v.len; i++) {
		if (v.ptr[i] == '\\' && quote != '\'' && i + 1 < v.len)
			i++;
		if (v.ptr[i] != '\0')
			out[n++] = v.ptr[i];
	}
	out[n] = '\0';
	return out;
}

static int set_value(struct wd_os_release *os, struct wd_blob key, struct wd_blob value)
{
	const struct {
		const char *key;
		char **field;
	} fields[] = {
		{"ID", &os->id},
		{"ID_LIKE", &os->id_like},
		{"VERSION_ID", &os->version_id},
		{"NAME", &os->name},
		{"VERSION_CODENAME", &os->codename},
		{"PRETTY_NAME", &os->pretty_name},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(fields); i++) {
		if (!wd_blob_is(key, fields[i].key))
			continue;
		free(*fields[i].field);
		*fields[i].field = unquote(value);
		return *fields[i].field ? 0 : -ENOMEM;
	}
	return 0;
}

static int parse(struct wd_os_release *os, struct wd_blob text)
{
	struct wd_blob line;

	while (wd_blob_token(&text, '\n', &line)) {
		ptrdiff_t eq;
		int r;

		line = wd_blob_trim(line);
		eq = wd_blob_chr(line, '=');
		if (eq <= 0 || line.ptr[0] == '#')
			continue;
		r = set_value(os, wd_blob_head(line, (size_t)eq),
			      wd_blob_skip(line, (size_t)eq + 1));
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_defaults(struct wd_os_release *os)
{
	char **fields[] = {&os->id,   &os->id_like,  &os->version_id,
			   &os->name, &os->codename, &os->pretty_name};

	for (size_t i = 0; i < WD_ARRAY_SIZE(fields); i++)
		if (!*fields[i] && !(*fields[i] = strdup("")))
			return -ENOMEM;
	return 0;
}

int wd_os_release_read(const struct wd_root *root, struct wd_os_release *ret)
{
	static const char *const paths[] = WD_OS_RELEASE_PATHS;
	WD_CLEANUP_BUF struct wd_buf text = WD_BUF_INIT;
	struct wd_os_release os = {0};
	int r = WD_EABSENT;

	for (size_t i = 0; r == WD_EABSENT && i < WD_ARRAY_SIZE(paths); i++) {
		os.path = paths[i];
		r = wd_root_read(root, paths[i], OS_RELEASE_MAX, &text);
	}
	os.present = r == 0;
	if (r < 0 && r != WD_EABSENT && r != -ENOMEM)
		os.status = r;
	r = r == 0 ? parse(&os, wd_buf_view(&text)) : r == -ENOMEM ? r : 0;
	if (r == 0)
		r = fill_defaults(&os);
	if (r < 0)
		wd_os_release_done(&os);
	*ret = os;
	return r;
}

void wd_os_release_done(struct wd_os_release *os)
{
	free(os->id);
	free(os->id_like);
	free(os->version_id);
	free(os->codename);
	free(os->name);
	free(os->pretty_name);
	*os = (struct wd_os_release){0};
}
