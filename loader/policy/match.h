/* SPDX-License-Identifier: GPL-2.0-only */
/* Which policy a namespace gets. */
#ifndef POLICY_MATCH_H
#define POLICY_MATCH_H

#include "policy/policy.h"

/* An annotation of a container. */
struct annotation {
	const char *key, *value;
};

struct texts {
	char **text;
	size_t count;
};

/* What is known of a namespace; nothing of a kind where it is empty. */
struct traits {
	struct texts names;   /* under /run/netns, or NETNS_INIT_NAME */
	struct texts paths;   /* of nsfs files */
	struct texts cgroups; /* of processes in it, from the root of cgroup2 */
	const char *pod;      /* NAMESPACE/NAME, as Kubernetes calls it, or NULL */
	const struct annotation *annotations;
	size_t annotation_count;
};

/* Whether [Match] fits: of each kind that it asks for one. */
bool policy_fits(const struct policy *policy, const struct traits *traits);

/* Index of the first one that fits, or NO_POLICY. */
size_t policies_match(const struct policies *policies, const struct traits *traits);

/* The same for a guest of the initial namespace with this CID. */
size_t policies_match_guest(const struct policies *policies, __u32 cid);

/*
 * Whether what is known speaks against it. A namespace of which nothing is known any more, as its
 * name or its last process went, is not ruled out.
 */
bool policy_is_ruled_out(const struct policy *policy, const struct traits *traits);

/* Whether both have the same [Match]. */
bool policies_match_alike(const struct policy *a, const struct policy *b);

#endif
