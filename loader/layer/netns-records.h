/* SPDX-License-Identifier: GPL-2.0-only */
/* The pinned maps that outlive an upgrade: modes by namespace, and their header. */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>

#include "kernel/netns.h"

#define NOT_ATTACHED "not attached; start the service vsock-bpfd, or run 'vsock-bpfd --once'"

struct records {
	int namespaces;		   /* map descriptor */
	struct layer_state *state; /* mapped: stores are seen by the programs at once */
};

/* Whether a layer is attached. */
bool records_are_there(void);

/* Says what is wrong; -ENOSYS if the layer is not attached, -EPROTO for another layout. */
int records_open(struct records *records);
void records_close(struct records *records);

/* A namespace without a record is global and unlocked, or local after an overflow. */
int records_read(const struct records *records, netns_id id, struct netns_record *record);

/* -ENOSPC if there is no room. A local mode is for layer_arm() to come before. */
int records_write(const struct records *records, netns_id id, const struct netns_record *record);

/* The same for a record that is there; one that went meanwhile stays gone: -ENOENT. */
int records_update(const struct records *records, netns_id id, const struct netns_record *record);

/* The clock of `made`, nanoseconds. */
__u64 records_now(void);

/* Around what can change a verdict, with the lock: see `verdict_epoch` in include/vsock-bpfd.h. */
void change_begins(struct layer_state *state);
void change_ends(struct layer_state *state);

/* Every namespace with a record, sorted, into an array to free; returns how many, or -errno. */
long records_ids(const struct records *records, netns_id **ids);

/* Maps the value of the map `state` into memory, or NULL. */
struct layer_state *records_map_state(int map_fd);

#endif
