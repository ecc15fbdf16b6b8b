/* SPDX-License-Identifier: GPL-2.0-only */
/* Which policy an end of an event has, its own or its namespace's, and whether it is local. */
#ifndef BOUND_ENDS_H
#define BOUND_ENDS_H

#include "events/event-format.h"
#include "layer/netns-records.h"
#include "policy/set.h"

/* All zeros knows nothing. */
struct bound_ends {
	struct netns_records records;
	struct policy_set set;
	__u64 hash; /* of the policies that `set` is of, or was to be */
	bool open;
};

/* After everything that may have attached. bound_ends_close() is never wrong. */
void bound_ends_open(struct bound_ends *ends);
void bound_ends_close(struct bound_ends *ends);

/* The texts hold until the next refresh. */
struct bound_end bound_ends_find(struct bound_ends *ends, const struct end *end);

/* Before the ends of an event are looked up: policies may have been switched. */
void bound_ends_refresh(struct bound_ends *ends);

#endif
