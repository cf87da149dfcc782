/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report of whodistro/identify/1: which learnt distribution a rootfs fits best. */
#ifndef WD_REPORT_IDENTIFY_H
#define WD_REPORT_IDENTIFY_H

#include "provenance/reference.h"
#include "provenance/subject.h"
#include "report/out.h"

/*
 * A package of the best candidate, with the files that it explains best. Packages of one name and
 * version are one, whichever source taught them.
 */
struct wd_found_package {
	uint32_t package; /* in the answer's; of several that are the same, the one that is there
			     most */
	uint32_t files;	  /* explained by it */
	uint32_t agree, differ;
};

struct wd_identity {
	const struct wd_subject *s;
	const struct wd_answer *answer;
	WD_ARRAY(int) distros; /* of the candidates: indexes into the subject's list */
	WD_ARRAY(struct wd_found_package) packages; /* most files first */
	size_t rest; /* packages of which too little is there to be told from chance */
};

/* Gathers what the reports show. The subject's distros grow. 0 or negative. */
int wd_identity_make(struct wd_subject *s, const struct wd_answer *answer, struct wd_identity *ret);
void wd_identity_done(struct wd_identity *id);

/* Append the reports. 0 or -ENOMEM. */
int wd_identity_json(const struct wd_identity *id, struct wd_buf *out);
void wd_identity_text(const struct wd_identity *id, struct wd_out *out);

#endif
