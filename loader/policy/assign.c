// SPDX-License-Identifier: GPL-2.0-only
#include "policy/assign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "layer/pins.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "policy/policies.h"

/* As many short looks as it takes while others make namespaces; then it is given up. */
#define PENDING_LOOKS 1000

static size_t index_of(const struct policy_set *set, __u32 cell)
{
	return policy_at_cell(cell, set->policies.count);
}

/* Whether what is known of it, if anything, speaks against the policy. */
static bool is_ruled_out(const struct resident *resident, const struct policy *policy)
{
	return resident && policy_is_ruled_out(policy, &resident->traits);
}

/* The number of a name of its own that rules speak of, or 0. */
static __u32 number_of(const struct assigner *assigner, const struct resident *resident)
{
	__u32 number = 0;
	size_t i;

	for (i = 0; !number && i < resident->traits.names.count; i++)
		number = peer_names_number(&assigner->set->names, resident->traits.names.text[i]);
	return number;
}

/* The policy of the same name in another set, if namespaces can have it. */
static size_t index_in(const struct policy_set *set, const struct policy_set *other, size_t index)
{
	const struct policy *policy;

	if (index == NO_POLICY)
		return NO_POLICY;
	policy = policies_find(&set->policies, other->policies.policy[index].name);
	return policy && !policy_is_for_guests(policy) ? (size_t)(policy - set->policies.policy)
						       : NO_POLICY;
}

size_t assign_held(const struct assigner *assigner, const struct netns_record *record)
{
	if (record->bound_by == NOTHING)
		return NO_POLICY;
	return index_in(assigner->set, assigner->before,
			index_of(assigner->before, record->binding[assigner->from].policy));
}

/* A file whose [Match] has changed takes the policy from those that it rules out by now. */
static bool is_match_narrowed(const struct assigner *assigner, size_t held,
			      const struct resident *resident)
{
	const struct policy *policy = &assigner->set->policies.policy[held];
	const struct policy *before = policies_find(&assigner->before->policies, policy->name);

	return before && !policies_match_alike(policy, before) && is_ruled_out(resident, policy);
}

/*
 * Whether a match that was found once is to stay. That nothing shows it any more, as the last
 * process has left or the name is gone, is no evidence: whoever is bound can bring that about.
 */
static bool match_stays(const struct assigner *assigner, size_t held, size_t fits,
			const struct resident *resident)
{
	if (fits == NO_POLICY)
		return !is_match_narrowed(assigner, held, resident);
	return fits > held && !is_ruled_out(resident, &assigner->set->policies.policy[held]);
}

/* The policy that a namespace gets which has a record, and how it comes to it. */
static size_t policy_for(const struct assigner *assigner, const struct netns_record *record,
			 const struct resident *resident, enum bound_by *by)
{
	size_t fits = resident ? resident->policy : NO_POLICY, held = assign_held(assigner, record);
	bool stays = false;

	if (held != NO_POLICY && record->bound_by == MATCH)
		stays = match_stays(assigner, held, fits, resident);
	else if (held != NO_POLICY)
		stays = fits == NO_POLICY || record->bound_by == CONTAINER;
	*by = stays ? record->bound_by : MATCH;
	return stays ? held : fits;
}

/* A name that was taken away is not forgotten: rules that deny speak of it still. */
static __u32 name_for(const struct assigner *assigner, const struct netns_record *record,
		      const struct resident *resident)
{
	const char *had;

	if (resident && resident->traits.names.count)
		return number_of(assigner, resident);
	had = peer_names_at(&assigner->before->names, record->binding[assigner->from].name);
	return had ? peer_names_former(&assigner->set->names, had) : 0;
}

/* Modes go one way: what is loosened in a file stays as it is in the kernel. */
static void tighten(struct netns_record *record, const struct policy *policy)
{
	if (policy->sets_mode && policy->mode == LOCAL)
		record->mode = record->child_mode = LOCAL;
	if (!policy->sets_child_mode)
		return;
	if (policy->child_mode == LOCAL)
		record->child_mode = LOCAL;
	record->child_locked = YES;
}

static bool is_switched(const struct assigner *assigner)
{
	return assigner->to == assigner->records->state->half;
}

/*
 * Before the switch, only its binding to the other half: whoever dies then must not have changed
 * what holds, nor what is kept by the next switch.
 */
void assign_record(const struct assigner *assigner, struct netns_record *record, size_t index,
		   __u32 name, enum bound_by by)
{
	struct binding *binding = &record->binding[assigner->to];

	binding->policy = index == NO_POLICY ? 0 : policy_cell(index);
	binding->name = name;
	if (!is_switched(assigner))
		return;
	record->bound_by = index == NO_POLICY ? NOTHING : by;
	if (index != NO_POLICY)
		tighten(record, &assigner->set->policies.policy[index]);
}

/* Whether every policy asks for a name, and the known names rule out each: waiting is idle. */
static bool is_ruled_out_by_name(const struct assigner *assigner, const struct resident *resident)
{
	const struct policies *policies = &assigner->set->policies;
	size_t i;

	if (!resident || !resident->traits.names.count)
		return false;
	for (i = 0; i < policies->count; i++)
		if (!policy_is_for_guests(&policies->policy[i]) &&
		    (!policies->policy[i].names.count ||
		     !is_ruled_out(resident, &policies->policy[i])))
			return false;
	return true;
}

bool assign_follow_maker(const struct assigner *assigner, struct netns_record *record)
{
	struct netns_record maker;
	size_t index;

	if (!record->maker)
		return true;
	if (netns_records_read(assigner->records, record->maker, &maker) || maker.held == YES)
		return false;
	if (maker.child_mode == LOCAL)
		record->mode = record->child_mode = LOCAL;
	index = index_of(assigner->set, maker.binding[assigner->to].policy);
	if (record->bound_by == NOTHING && index != NO_POLICY &&
	    assigner->set->policies.policy[index].inherit)
		assign_record(assigner, record, index, record->binding[assigner->to].name, PARENT);
	record->maker = 0;
	return true;
}

/* Whether the policies were asked: one fits, or a name or a process had its time to come. */
static bool is_asked(const struct assigner *assigner, const struct netns_record *record,
		     const struct resident *resident)
{
	const struct layer_state *state = assigner->records->state;

	if (record->bound_by == MATCH || record->bound_by == CONTAINER || !state->hold_new_netns)
		return true;
	return clock_ns(CLOCK_MONOTONIC) - record->created_ns >= state->hold_ns ||
	       is_ruled_out_by_name(assigner, resident);
}

/* Not before the switch: see assign_record(). */
static void let_go(const struct assigner *assigner, struct netns_record *record,
		   const struct resident *resident)
{
	if (record->held != YES || !is_switched(assigner))
		return;
	if (is_asked(assigner, record, resident) && assign_follow_maker(assigner, record))
		record->held = NO;
	else
		assigner->records->state->held = YES;
}

/* Held open meanwhile: a record that came after its namespace went would stay for ever. */
static int add_record(const struct assigner *assigner, const struct resident *resident,
		      struct netns_record *record)
{
	struct netns ns;
	int ret = 0;

	if (netns_try(&ns, resident->file))
		return 0;
	record->inode = ns.inode;
	if (ns.id == resident->id)
		ret = netns_records_write(assigner->records, ns.id, record);
	netns_close(&ns);
	return ret;
}

/* Of a namespace that has no record, and needs one if there is something to remember. */
static int assign_new(const struct assigner *assigner, const struct resident *resident)
{
	struct netns_record record;
	__u32 name = number_of(assigner, resident);
	int ret = netns_records_read(assigner->records, resident->id, &record);

	if (ret || (resident->policy == NO_POLICY && !name))
		return ret;
	assign_record(assigner, &record, resident->policy, name, MATCH);
	return add_record(assigner, resident, &record);
}

static bool is_pending(const struct netns_record *record, __u32 half)
{
	return record->binding[half].policy == POLICY_PENDING;
}

/* Writes what has changed. Returns whether there was something, or an error. */
static int change_record(const struct assigner *assigner, netns_id id,
			 const struct netns_record *before, const struct netns_record *record)
{
	int ret;

	if (!memcmp(record, before, sizeof(*record)))
		return 0;
	ret = netns_records_update(assigner->records, id, record);
	if (ret == -ENOENT)
		return 0;
	return ret ? ret : 1;
}

/*
 * By what fits the namespace, else by what it has; `resident` is NULL if nothing tells of it.
 * Returns whether something has changed, or an error.
 */
static int assign_known(const struct assigner *assigner, netns_id id,
			const struct resident *resident)
{
	struct netns_record record, before;
	enum bound_by by;
	size_t index;
	int ret = netns_records_read(assigner->records, id, &record);

	/* Made after the switch, so with what holds by now. */
	if (ret || (is_switched(assigner) && is_pending(&record, assigner->from) &&
		    !is_pending(&record, assigner->to)))
		return ret;
	before = record;
	index = policy_for(assigner, &record, resident, &by);
	assign_record(assigner, &record, index, name_for(assigner, &record, resident), by);
	/* A namespace whose policy is no longer known talks to nobody. */
	if (index == NO_POLICY && is_pending(&before, assigner->from)) {
		record.binding[assigner->to].policy = POLICY_PENDING;
		record.bound_by = before.bound_by;
	}
	let_go(assigner, &record, resident);
	return change_record(assigner, id, &before, &record);
}

struct newcomers {
	const struct assigner *assigner;
	const struct map_keys *known;
	int error;
};

static void assign_newcomer(struct resident *resident, void *arg)
{
	struct newcomers *new = arg;

	if (!new->error && !map_walk_has(new->known, resident->id))
		new->error = assign_new(new->assigner, resident);
}

/* Every namespace that has a record, or something that a policy could fit. */
static int assign_all(const struct assigner *assigner)
{
	struct map_keys ids;
	struct newcomers new = { .assigner = assigner, .known = &ids };
	size_t i;

	netns_records_ids(assigner->records, &ids);
	for (i = 0; i < ids.count && new.error >= 0; i++)
		new.error = assign_known(assigner, ids.key[i],
					 survey_find(&assigner->survey, ids.key[i]));
	new.error = new.error < 0 ? new.error : 0;
	survey_each(&assigner->survey, assign_newcomer, &new);
	map_walk_free(&ids);
	return new.error;
}

int assign_look(struct assigner *assigner)
{
	struct layer_state *state = assigner->records->state;
	int ret;

	/* A namespace made from here on is reported again, as this look may miss it. */
	__atomic_store_n(&state->new_netns_reported, NO, __ATOMIC_SEQ_CST);
	if (is_switched(assigner))
		__atomic_store_n(&state->held, NO, __ATOMIC_SEQ_CST);
	ret = survey_take(&assigner->survey, &assigner->set->policies);
	if (!ret) {
		ret = assign_all(assigner);
		if (ret)
			log_errno(-ret, "map " PIN_NAMESPACES);
	}
	survey_free(&assigner->survey);
	return ret;
}

/* How many were pending and are not any more, or an error. */
static long assign_those_pending(const struct assigner *assigner)
{
	struct netns_record record;
	struct map_keys ids;
	long assigned = 0;
	int ret = 0;
	size_t i;

	netns_records_ids(assigner->records, &ids);
	for (i = 0; i < ids.count && ret >= 0; i++) {
		ret = netns_records_read(assigner->records, ids.key[i], &record);
		if (!ret && is_pending(&record, assigner->to)) {
			ret = assign_known(assigner, ids.key[i], NULL);
			assigned += ret > 0;
		}
	}
	map_walk_free(&ids);
	return ret < 0 ? ret : assigned;
}

/* One that is pending makes others that are. Each look is a short one, and leaves fewer. */
int assign_pending(const struct assigner *assigner)
{
	long assigned = 1;
	int looks;

	for (looks = 0; assigned > 0 && looks < PENDING_LOOKS; looks++)
		assigned = assign_those_pending(assigner);
	if (assigned < 0)
		return log_errno(-assigned, "map " PIN_NAMESPACES);
	return assigned ? log_error(EAGAIN,
				    "namespaces are made faster than they get their policies; "
				    "the last ones talk to nobody until the next reload")
			: 0;
}
