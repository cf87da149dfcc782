/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"
#include "provenance/osrelease.h"

#include <fcntl.h>

/* A root filesystem with nothing but an os-release; in memory. */
struct place {
	char dir[32];
	struct wd_root root;
	int fd; /* of etc/os-release */
};

static struct place place = {.dir = "/dev/shm/wd-fuzz-XXXXXX"};

static void leave(void)
{
	char path[64];

	strcat(strcpy(path, place.dir), "/etc/os-release");
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(place.dir);
	wd_root_done(&place.root);
	close(place.fd);
}

static void enter(void)
{
	FUZZ_CHECK(mkdtemp(place.dir) && wd_root_open(place.dir, &place.root) == 0);
	FUZZ_CHECK(mkdirat(place.root.fd, "etc", 0755) == 0);
	place.fd = openat(place.root.fd, "etc/os-release", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	FUZZ_CHECK(place.fd >= 0 && atexit(leave) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wd_os_release os;

	if (!place.root.fd)
		enter();
	FUZZ_CHECK(ftruncate(place.fd, 0) == 0 && pwrite(place.fd, data, size, 0) == (ssize_t)size);
	FUZZ_CHECK(wd_os_release_read(&place.root, &os) == 0 && (os.present || os.status < 0));
	/* a NUL in the file must not reach whoever takes a value for a C string */
	FUZZ_CHECK(strlen(os.id) <= size && strlen(os.pretty_name) <= size);
	fuzz_found += *os.id != '\0';
	wd_os_release_done(&os);
	return 0;
}
