/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the policy of a namespace denies its guests a CID: Deny=guest. */
#ifndef LAYER_GUEST_RULES_H
#define LAYER_GUEST_RULES_H

#include "layer/netns-records.h"

/* Reads the cells as bpf/rules.h does. What cannot be read denies. Says nothing. */
bool guest_rules_deny(const struct netns_records *records, const struct netns_record *record,
		      __u32 cid);

#endif
