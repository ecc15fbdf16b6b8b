/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of policies: those in force, or those that are to be. */
#ifndef POLICY_SET_H
#define POLICY_SET_H

#include "layer/netns-records.h"
#include "policy/compile.h"
#include "policy/files.h"
#include "policy/peer-names.h"
#include "policy/policy.h"

/* All zeros is a set without policies. */
struct policy_set {
	struct policy_files files;
	struct policies policies;
	struct peer_names names;
	struct compiled compiled; /* of a set that is to be switched to, see policy/switch.h */
	__u64 hash;		  /* of the files */
	__u32 half;		  /* where it is in force */
};

/* Parses the files, which become the set's own. Says what is wrong; the set is empty then. */
int policy_set_parse(struct policy_set *set, struct policy_files *files);

/* What is in force. Says what is wrong; the set is empty then, as if none were known. */
int policy_set_open(struct policy_set *set);

/* The same for a caller that has the records open, and the set of one half. */
int policy_set_in_force(struct policy_set *set, const struct netns_records *records);
int policy_set_of_half(struct policy_set *set, const struct netns_records *records, __u32 half);

/* Is never wrong. */
void policy_set_close(struct policy_set *set);

/* The policy that a record says, or NULL if it says none that is known. */
const struct policy *policy_in_record(const struct policy_set *set,
				      const struct netns_record *record);

/* The own policy of a guest of the initial namespace, or NULL if it has none. */
const struct policy *policy_of_guest(const struct policy_set *set, __u32 cid);

/* The policy of an end, by the record of its namespace, or the guest's own. */
const struct policy *policy_of_end(const struct policy_set *set,
				   const struct netns_records *records, const struct end *end,
				   const struct netns_record *record);

#endif
