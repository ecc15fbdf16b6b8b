/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies as one half of the map `rules`. */
#ifndef POLICY_COMPILE_H
#define POLICY_COMPILE_H

#include "policy/peer-names.h"
#include "policy/policy.h"

struct compiled {
	struct rule_cell *cells;
	size_t count;
};

/* Says what is wrong; -ENOSPC if it is more than RULE_CELLS. compiled_free() is never wrong. */
int policies_compile(const struct policies *policies, const struct peer_names *names,
		     struct compiled *compiled);
void compiled_free(struct compiled *compiled);

#endif
