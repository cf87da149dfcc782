/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers on their way to be stacked: a few are decoded at a time, and they are stacked in order. */
#ifndef WD_PKGDB_LAYER_QUEUE_H
#define WD_PKGDB_LAYER_QUEUE_H

#include "pkgdb/container.h"
#include "pkgdb/decode.h"

/* Where a layer comes from. */
struct wd_layer_source {
	const char *name;	      /* for messages; borrowed */
	struct wd_image_layer *layer; /* NULL: there are none */
	struct wd_stream *stream;     /* decoded already, with the archive around it; borrowed */
	int fd;
	bool close_fd;
	uint64_t offset, length;
	const char *dir, *below; /* of a directory: see wd_decode_job; or NULL */
	bool missing;		 /* which was said */
};

struct wd_layer_queue {
	WD_ARRAY(struct wd_layer_source) sources;
	struct wd_decode_job job;
	struct wd_container *c;
	struct wd_catalog *cat;
	struct wd_decoding *outer; /* of the archive around the layers */
	bool literal;		   /* a root filesystem: nothing is a whiteout */
	void (*progress)(void *ctx, const char *phase, unsigned entries);
	void *progress_ctx;
	/* the rest is the queue's own */
	struct wd_layers *layers;
	WD_ARRAY(struct wd_decoding *) running; /* by source; NULL: not begun, or through */
	size_t begun, stacked;
	size_t entries;
	uint64_t unpacked;
};

/* Puts q->c->image and q->c->deleted together. 0, -ENOMEM, WD_ELIMIT or a negated errno. */
int wd_layer_queue_run(struct wd_layer_queue *q);
void wd_layer_queue_done(struct wd_layer_queue *q);

#endif
