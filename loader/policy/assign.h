/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies to namespaces: each gets the policy that fits it, or keeps the one it has, as a binding
 * to one half of the map `rules`, from what it is bound to in the other or in the same half.
 */
#ifndef POLICY_ASSIGN_H
#define POLICY_ASSIGN_H

#include <stdbool.h>

#include "layer/netns-records.h"
#include "policy/set.h"
#include "policy/survey.h"

struct assigner {
	struct netns_records *records;
	const struct policy_set *set;	 /* of `to` */
	const struct policy_set *before; /* of `from` */
	struct survey survey;
	__u32 from, to;
};

/* Looks which namespaces there are, and assigns. Says what is wrong. */
int assign_look(struct assigner *assigner);

/* Those that were made while policies were switched and have none yet. Says what is wrong. */
int assign_pending(const struct assigner *assigner);

/*
 * What the policy `index` changes in a record. Before the switch, only its binding to the other
 * half: dying then must not have changed what holds, nor what is kept by the next switch.
 */
void assign_record(const struct assigner *assigner, struct netns_record *record, size_t index,
		   __u32 name, enum bound_by by);

/* What a namespace has, if there is a policy of that name to have, or NO_POLICY. */
size_t assign_held(const struct assigner *assigner, const struct netns_record *record);

/* A namespace made by a held one gets the policy that its maker got. False while that is held. */
bool assign_follow_maker(const struct assigner *assigner, struct netns_record *record);

#endif
