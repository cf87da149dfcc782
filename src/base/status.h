/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Status values. Every fallible function returns 0 or a positive result on success and a
 * negative status on failure: either a negated errno or one of the codes below, which start at
 * 1024 so that the two ranges never meet.
 */
#ifndef WD_BASE_STATUS_H
#define WD_BASE_STATUS_H

/* code, name as it appears in errors[].code, text for people */
#define WD_STATUS_CODES(X)                                                                         \
	X(ABSENT, "absent", "not there")                                                           \
	X(NOTMINE, "not-mine", "not in a format that this backend reads")                          \
	X(CORRUPT, "corrupt", "corrupt or truncated")                                              \
	X(UNSUPPORTED, "unsupported", "not supported")                                             \
	X(LIMIT, "limit", "exceeds a limit")                                                       \
	X(CRASHED, "crashed", "the worker that read it died")                                      \
	X(TIMEOUT, "timeout", "took too long to read")                                             \
	X(PROTOCOL, "protocol", "the worker that read it sent malformed records")                  \
	X(ABI, "abi", "the backend module has another ABI version")                                \
	X(MODULE, "module", "the backend module cannot be loaded")                                 \
	X(NOTREG, "not-regular", "not a regular file")                                             \
	X(DIGEST, "digest", "does not have the digest that it should have")                        \
	X(FORBIDDEN, "forbidden", "killed: the worker made a system call that is not allowed")     \
	X(FENCE, "fence", "not read: a fence that is required does not hold")                      \
	X(AMBIGUOUS, "ambiguous", "several, and none was chosen")                                  \
	X(NOTKEPT, "not-kept",                                                                     \
	  "not kept of the image: its contents came under another name (a hard link)")

enum wd_status_code {
	WD_STATUS_BASE = 1023,
#define X(id, name, text) WD_STATUS_##id,
	WD_STATUS_CODES(X)
#undef X
		WD_STATUS_END
};

/* The same codes as negative statuses: WD_EABSENT, WD_ECORRUPT, … */
enum wd_status {
	WD_OK = 0,
#define X(id, name, text) WD_E##id = -WD_STATUS_##id,
	WD_STATUS_CODES(X)
#undef X
};

/* The text for people of a negative status. Never NULL; static or, for an errno, libc's. */
const char *wd_status_text(int status);

/*
 * The stable word for a negative status, as it stands in errors[].code. An errno becomes one of
 * "denied", "loop", "limit", "memory" or "io". Never NULL; static.
 */
const char *wd_status_name(int status);

#endif
