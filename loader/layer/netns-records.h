/* SPDX-License-Identifier: GPL-2.0-only */
/* The pinned maps that outlive an upgrade: modes by namespace, and their header. */
#ifndef NETNS_RECORDS_H
#define NETNS_RECORDS_H

#include <stdbool.h>

#include "kernel/netns.h"
#include "layer/map-walk.h"

#define NOT_ATTACHED "not attached; start the service vsock-bpfd, or run 'vsock-bpfd --once'"

struct netns_records {
	int namespaces;		   /* map descriptor */
	struct layer_state *state; /* mapped: stores are seen by the programs at once */
};

/* Whether a layer is attached. */
bool netns_records_exist(void);

/* Says what is wrong; -ENOSYS if the layer is not attached, -EPROTO for another layout. */
int netns_records_open(struct netns_records *records);
void netns_records_close(struct netns_records *records);

/* A namespace without a record is global and unlocked, or local after an overflow. */
int netns_records_read(const struct netns_records *records, netns_id id,
		       struct netns_record *record);

/* -ENOSPC if there is no room. A local mode is for layer_attach_gates() to come before. */
int netns_records_write(const struct netns_records *records, netns_id id,
			const struct netns_record *record);

/* The same for a record that is there; one that went meanwhile stays gone: -ENOENT. */
int netns_records_update(const struct netns_records *records, netns_id id,
			 const struct netns_record *record);

/* Every namespace with a record; map_walk_free() frees them. */
void netns_records_ids(const struct netns_records *records, struct map_keys *ids);

#endif
