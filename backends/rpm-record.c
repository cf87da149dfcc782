/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the readers of headers share, wherever these come from. */
#include "rpm-storage.h"

#include <sys/stat.h>

int wd_rpm_source_init(struct wd_rpm_source *src, const struct wd_request *req,
		       struct wd_sink *sink)
{
	struct stat st;

	if (fstat(req->fd, &st) < 0)
		return -errno;
	*src = (struct wd_rpm_source){.req = req, .sink = sink, .size = (uint64_t)st.st_size};
	return 0;
}

__attribute__((format(printf, 3, 0))) static int report(struct wd_rpm_source *src, int status,
							const char *fmt, va_list ap)
{
	char message[256];

	vsnprintf(message, sizeof(message), fmt, ap);
	return wd_sink_error(src->sink, status, NULL, "%s", message);
}

int wd_rpm_bad(struct wd_rpm_source *src, int status, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = report(src, status, fmt, ap);
	va_end(ap);
	if (r == 0 && ++src->bad >= WD_RPM_BAD_MAX)
		return wd_rpm_fail(src, WD_ECORRUPT, "more than %d damaged packages: gave up",
				   WD_RPM_BAD_MAX - 1);
	return r;
}

int wd_rpm_fail(struct wd_rpm_source *src, int status, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = report(src, status, fmt, ap);
	va_end(ap);
	return r < 0 ? r : status;
}

int wd_rpm_pread(int fd, void *buf, size_t len, uint64_t offset)
{
	char *p = buf;

	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : WD_ECORRUPT;
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}
