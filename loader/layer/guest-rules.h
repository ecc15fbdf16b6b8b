/* SPDX-License-Identifier: GPL-2.0-only */
/* Which CIDs the guests of a namespace may not have, by its policy: Deny=guest. */
#ifndef LAYER_GUEST_RULES_H
#define LAYER_GUEST_RULES_H

#include "layer/netns-records.h"

/* What cannot be read denies, as in bpf/rules.h. Says nothing. */
bool guest_rules_deny(const struct netns_records *records, const struct netns_record *record,
		      __u32 cid);

#endif
