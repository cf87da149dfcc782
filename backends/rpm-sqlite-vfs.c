/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rpm-sqlite-vfs.h"

#include <sys/stat.h>

struct vfs_file {
	sqlite3_file base;
	int fd; /* borrowed; -1: an empty file */
};

static int file_fd(sqlite3_file *file)
{
	return ((struct vfs_file *)file)->fd;
}

static int file_close(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *buf, int len, sqlite3_int64 offset)
{
	char *p = buf;
	int got = 0;

	while (file_fd(file) >= 0 && got < len) {
		ssize_t n = pread(file_fd(file), p + got, (size_t)(len - got), offset + got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SQLITE_IOERR_READ;
		if (n == 0)
			break;
		got += (int)n;
	}
	if (got == len)
		return SQLITE_OK;
	/* SQLite demands zeros in place of what is beyond the end. */
	memset(p + got, 0, (size_t)(len - got));
	return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *buf, int len, sqlite3_int64 offset)
{
	(void)file;
	(void)buf;
	(void)len;
	(void)offset;
	return SQLITE_READONLY;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	(void)file;
	(void)size;
	return SQLITE_READONLY;
}

static int file_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	struct stat st = {0};

	if (file_fd(file) >= 0 && fstat(file_fd(file), &st) < 0)
		return SQLITE_IOERR_FSTAT;
	*ret = st.st_size;
	return SQLITE_OK;
}

/* Nobody else can be writing through this file system. */
static int file_lock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return SQLITE_OK;
}

static int file_check_lock(sqlite3_file *file, int *ret)
{
	(void)file;
	*ret = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static int file_characteristics(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const sqlite3_io_methods file_methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
};

static struct wd_rpm_vfs *vfs_of(sqlite3_vfs *vfs)
{
	return (struct wd_rpm_vfs *)vfs->pAppData;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		    int *ret_flags)
{
	struct vfs_file *f = (struct vfs_file *)file;

	(void)name;
	f->base.pMethods = NULL;
	if (flags & SQLITE_OPEN_MAIN_DB)
		f->fd = vfs_of(vfs)->main_fd;
	else if (flags & SQLITE_OPEN_WAL)
		f->fd = vfs_of(vfs)->wal_fd;
	else
		return SQLITE_CANTOPEN;
	f->base.pMethods = &file_methods;
	if (ret_flags)
		*ret_flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) |
			     SQLITE_OPEN_READONLY;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	(void)name;
	(void)sync;
	return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
	*ret = flags == SQLITE_ACCESS_EXISTS && strcmp(name, WD_RPM_VFS_MAIN "-wal") == 0 &&
	       vfs_of(vfs)->wal_fd >= 0;
	return SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *ret)
{
	(void)vfs;
	sqlite3_snprintf(size, ret, "%s", name);
	return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *ret)
{
	(void)vfs;
	memset(ret, 0, (size_t)size);
	return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	(void)us;
	return 0;
}

static int vfs_current_time(sqlite3_vfs *vfs, double *ret)
{
	(void)vfs;
	*ret = 0;
	return SQLITE_OK;
}

/*
 * Puts a descriptor, or -1 where there is none, into *ret_fd. One that does not open is reported,
 * and the database read without it. Returns 0, or a negative status that ends the load.
 */
static int open_beside(struct wd_rpm_source *src, const char *suffix, int *ret_fd)
{
	const char *slash = strrchr(src->req->path, '/');
	WD_CLEANUP_BUF struct wd_buf name = WD_BUF_INIT;
	int fd;

	wd_buf_printf(&name, "%s%s", slash ? slash + 1 : src->req->path, suffix);
	wd_buf_byte(&name, '\0');
	if (name.status < 0)
		return name.status;
	fd = wd_request_open(src->req, name.ptr);
	*ret_fd = fd < 0 ? -1 : fd;
	if (fd >= 0 || fd == WD_EABSENT)
		return 0;
	return wd_sink_error(src->sink, fd, NULL, "%s: %s", name.ptr, wd_status_text(fd));
}

/*
 * rpm has used the log ever since it has used SQLite. Where a rollback journal is hot all the
 * same (SQLite's test: its first byte is not 0), the database is in the middle of a change.
 */
static int check_journal(struct wd_rpm_source *src)
{
	WD_CLEANUP_FD int fd = -1;
	int r = open_beside(src, "-journal", &fd);
	char first;

	if (r < 0 || fd < 0)
		return r;
	if (pread(fd, &first, 1, 0) == 1 && first)
		return wd_sink_error(src->sink, WD_EUNSUPPORTED, NULL,
				     "SQLite: an unfinished change in the rollback journal was not "
				     "undone");
	return 0;
}

int wd_rpm_vfs_init(struct wd_rpm_vfs *v, struct wd_rpm_source *src)
{
	int r = check_journal(src);

	if (r == 0)
		r = open_beside(src, "-wal", &v->wal_fd);
	if (r < 0)
		return r;
	v->main_fd = src->req->fd;
	v->vfs = (sqlite3_vfs){
		.iVersion = 1,
		.szOsFile = sizeof(struct vfs_file),
		.mxPathname = 64,
		.zName = WD_RPM_VFS_NAME,
		.pAppData = v,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_pathname,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_current_time,
	};
	return sqlite3_vfs_register(&v->vfs, 0) == SQLITE_OK ? 0 : -ENOMEM;
}

void wd_rpm_vfs_done(struct wd_rpm_vfs *v)
{
	if (!v->vfs.pAppData)
		return;
	sqlite3_vfs_unregister(&v->vfs);
	if (v->wal_fd >= 0)
		close(v->wal_fd);
}
