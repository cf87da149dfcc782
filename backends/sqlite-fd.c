/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sqlite-fd.h"

#include <sys/stat.h>

/* Between the page cache, the schema and one value that is being read. */
#define HEAP_MAX (128 << 20)
#define SQL_MAX (1 << 20)

#define VFS_NAME "whodistro"
/* SQLite derives the names of the log and the journal from it. */
#define VFS_MAIN "/db"

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

static struct wd_sqlite *vfs_of(sqlite3_vfs *vfs)
{
	return (struct wd_sqlite *)vfs->pAppData;
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
	*ret = flags == SQLITE_ACCESS_EXISTS && strcmp(name, VFS_MAIN "-wal") == 0 &&
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
static int open_beside(struct wd_sqlite *s, const char *name, const char *suffix, int *ret_fd)
{
	WD_CLEANUP_BUF struct wd_buf path = WD_BUF_INIT;
	int fd;

	wd_buf_printf(&path, "%s%s", name, suffix);
	wd_buf_byte(&path, '\0');
	if (path.status < 0)
		return path.status;
	fd = wd_request_open(s->req, path.ptr);
	*ret_fd = fd < 0 ? -1 : fd;
	if (fd >= 0 || fd == WD_EABSENT)
		return 0;
	return wd_sink_error(s->sink, fd, s->error_path, "%s: %s", path.ptr, wd_status_text(fd));
}

/*
 * rpm has used the log ever since it has used SQLite, and Nix does unless told otherwise. Where a
 * rollback journal is hot all the same (SQLite's test: its first byte is not 0), the database is
 * in the middle of a change.
 */
static int check_journal(struct wd_sqlite *s, const char *name)
{
	WD_CLEANUP_FD int fd = -1;
	int r = open_beside(s, name, "-journal", &fd);
	char first;

	if (r < 0 || fd < 0)
		return r;
	if (pread(fd, &first, 1, 0) == 1 && first)
		return wd_sink_error(s->sink, WD_EUNSUPPORTED, s->error_path,
				     "SQLite: an unfinished change in the rollback journal was not "
				     "undone");
	return 0;
}

bool wd_sqlite_probe(struct wd_blob head)
{
	return head.len >= 16 && memcmp(head.ptr, "SQLite format 3", 16) == 0;
}

/*
 * SQLite reads a last page that is cut short as if zeros followed. Only a log explains such a size
 * (file format, section 1.2: the main file is made of whole pages).
 */
static int check_size(struct wd_sqlite *s, int main_fd)
{
	uint8_t head[18];
	struct stat st;
	unsigned page;

	if (s->wal_fd >= 0 || pread(main_fd, head, sizeof(head), 0) != sizeof(head) ||
	    !wd_sqlite_probe(wd_blob(head, sizeof(head))) || fstat(main_fd, &st) < 0)
		return 0;
	page = head[16] << 8 | head[17];
	page = page == 1 ? 65536 : page;
	if (page == 0 || st.st_size % page == 0)
		return 0;
	return wd_sink_error(s->sink, WD_ECORRUPT, s->error_path,
			     "SQLite: cut off in the middle of its last page");
}

static int register_vfs(struct wd_sqlite *s, int main_fd)
{
	s->main_fd = main_fd;
	s->vfs = (sqlite3_vfs){
		.iVersion = 1,
		.szOsFile = sizeof(struct vfs_file),
		.mxPathname = 64,
		.zName = VFS_NAME,
		.pAppData = s,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_pathname,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_current_time,
	};
	return sqlite3_vfs_register(&s->vfs, 0) == SQLITE_OK ? 0 : -ENOMEM;
}

static int authorize(void *ctx, int action, const char *a, const char *b, const char *db,
		     const char *trigger)
{
	const struct wd_sqlite *s = ctx;

	(void)b;
	(void)db;
	if (trigger)
		return SQLITE_DENY;
	if (action == SQLITE_SELECT)
		return SQLITE_OK;
	return action == SQLITE_READ && a && sqlite3_stricmp(a, s->table) == 0 ? SQLITE_OK
									       : SQLITE_DENY;
}

/* EXCLUSIVE keeps the index of the write-ahead log in memory instead of a file beside it. */
static int configure(sqlite3 *db)
{
	static const struct {
		int what, on;
	} flags[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},	       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},   {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
	};

	for (size_t i = 0; i < WD_ARRAY_SIZE(flags); i++)
		sqlite3_db_config(db, flags[i].what, flags[i].on, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, SQL_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	return sqlite3_exec(db,
			    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY;"
			    "PRAGMA query_only=1; PRAGMA cell_size_check=1",
			    NULL, NULL, NULL);
}

static int fail(const struct wd_sqlite *s, int code)
{
	int status = code == SQLITE_NOMEM ? -ENOMEM : WD_ECORRUPT;
	int r = wd_sink_error(s->sink, status, s->error_path, "SQLite: %s",
			      s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(code));

	return r < 0 ? r : status;
}

int wd_sqlite_open(struct wd_sqlite *s, int main_fd, const char *name)
{
	int r, code;

	s->wal_fd = -1;
	r = check_journal(s, name);
	if (r == 0)
		r = open_beside(s, name, "-wal", &s->wal_fd);
	if (r == 0)
		r = check_size(s, main_fd);
	if (r == 0)
		r = register_vfs(s, main_fd);
	if (r < 0)
		return r;
	sqlite3_hard_heap_limit64(HEAP_MAX);
	code = sqlite3_open_v2(VFS_MAIN, &s->db, SQLITE_OPEN_READONLY, VFS_NAME);
	if (code == SQLITE_OK)
		code = configure(s->db);
	if (code == SQLITE_OK)
		code = sqlite3_set_authorizer(s->db, authorize, s);
	return code == SQLITE_OK ? 0 : fail(s, code);
}

void wd_sqlite_close(struct wd_sqlite *s)
{
	sqlite3_close(s->db);
	if (s->vfs.pAppData) {
		sqlite3_vfs_unregister(&s->vfs);
		sqlite3_hard_heap_limit64(0);
	}
	wd_cleanup_fd(&s->wal_fd);
	s->db = NULL;
}
