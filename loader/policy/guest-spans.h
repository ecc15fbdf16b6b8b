/* SPDX-License-Identifier: GPL-2.0-only */
/* Which policy guests have, by CID: the first one whose Guest= fits. */
#ifndef POLICY_GUEST_SPANS_H
#define POLICY_GUEST_SPANS_H

#include "policy/policies.h"

/* From this CID up to the next span's. */
struct guest_span {
	__u64 first;
	size_t policy; /* index, or NO_POLICY */
};

struct guest_spans {
	struct guest_span *span;
	size_t count, room;
};

/* Sorted, from CID 0 on; none if no policy is for guests. free() of the spans. */
void guest_spans_make(struct guest_spans *spans, const struct policies *policies);

#endif
