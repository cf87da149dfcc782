/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WD_REPORT_INSPECT_IMAGE_H
#define WD_REPORT_INSPECT_IMAGE_H

#include "provenance/subject.h"
#include "report/out.h"

#include <cjson/cJSON.h>

/* Whether a subject has what these write: it is an image of layers. */
static inline bool wd_inspect_has_image(const struct wd_subject *s)
{
	return s->container && !s->container->is_rootfs;
}

/* Adds the member "image" to a report. False out of memory. */
bool wd_inspect_image_json(const struct wd_subject *s, cJSON *root);

/* Appends the lines about the image. */
void wd_inspect_image_text(const struct wd_subject *s, struct wd_out *out);

#endif
