/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The build-id of an ELF file of which only the beginning may be at hand. */
#ifndef WD_DPKG_BUILDID_H
#define WD_DPKG_BUILDID_H

#include "base/buf.h"

/*
 * How much of a file to keep for it. Linkers lay notes out in front of the code; kernel modules
 * have them in sections alone, whose headers are at the end of the file.
 */
#define WD_DPKG_ELF_HEAD (1u << 20)

/* Whether a file may be ELF, by its first bytes. */
bool wd_dpkg_is_elf(struct wd_blob head);

/*
 * Appends the id in lower-case hex. `head` is the beginning of a file of `size` bytes; what it says
 * of where the sections are is erased where they are not in it. False, with nothing appended, where
 * there is none.
 */
bool wd_dpkg_build_id(struct wd_buf *head, uint64_t size, struct wd_buf *hex);

#endif
