// SPDX-License-Identifier: GPL-2.0-only
#include "policy/switch.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/sysctl-modes.h"
#include "layer/layer.h"
#include "layer/pins.h"
#include "layer/quiesce.h"
#include "layer/state.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "policy/match.h"
#include "policy/policies.h"
#include "policy/store.h"

int policy_write_cells(int rules, const struct compiled *compiled, __u32 half)
{
	size_t size = 2 * RULE_CELLS * sizeof(struct rule_cell);
	struct rule_cell *cells = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, rules, 0);

	if (cells == MAP_FAILED)
		return log_errno(errno, "map " PIN_RULES);
	memcpy(cells + half * RULE_CELLS, compiled->cells, compiled->count * sizeof(*cells));
	munmap(cells, size);
	return 0;
}

static int write_pinned_cells(const struct compiled *compiled, __u32 half)
{
	int rules = pin_open_map(PIN_RULES), ret;

	if (rules < 0)
		return log_errno(-rules, "map " PIN_RULES);
	ret = policy_write_cells(rules, compiled, half);
	close(rules);
	return ret;
}

/*
 * One store is the switch. Flags are set before it and cleared by settle(): programs look at rules
 * that may not be there, never the reverse.
 */
static void put_in_force(struct layer_state *state, const struct policy_set *set, __u32 half)
{
	if (set->policies.count)
		__atomic_store_n(&state->has_rules, YES, __ATOMIC_SEQ_CST);
	if (policies_ask_for_cgroups(&set->policies))
		__atomic_store_n(&state->report_new_netns, YES, __ATOMIC_SEQ_CST);
	if (policies_hold_new(&set->policies))
		__atomic_store_n(&state->hold_new_netns, YES, __ATOMIC_SEQ_CST);
	if (policies_log_accepted(&set->policies))
		__atomic_store_n(&state->log_accepted, YES, __ATOMIC_SEQ_CST);
	state_change_begins(state);
	__atomic_store_n(&state->half, half, __ATOMIC_SEQ_CST);
	state_change_ends(state);
	state->reloads++;
}

/*
 * After the switch: modes become permanent. A namespace that was made between the first look and
 * the switch is pending: it has a binding to the old half alone, and gets one to the new half.
 */
static int settle(struct netns_records *records, const struct policy_set *set,
		  const struct policy_set *before, const struct quiesce *quiesce)
{
	struct layer_state *state = records->state;
	struct assigner assigner = { .records = records, .set = set, .before = before };
	int ret;

	assigner.to = state->half;
	assigner.from = !assigner.to;
	/* A program that has read the old half may still be writing a record by it. */
	ret = quiesce_programs(quiesce);
	if (!ret)
		ret = assign_look(&assigner);
	if (!ret)
		ret = assign_pending(&assigner);
	/* A program that has read a parent while it was pending may still be writing the child. */
	if (!ret)
		ret = quiesce_programs(quiesce);
	if (!ret)
		ret = assign_pending(&assigner);
	if (ret)
		return ret;
	if (!policies_have_rules(&set->policies))
		__atomic_store_n(&state->has_rules, NO, __ATOMIC_SEQ_CST);
	if (!policies_ask_for_cgroups(&set->policies))
		__atomic_store_n(&state->report_new_netns, NO, __ATOMIC_SEQ_CST);
	if (!policies_hold_new(&set->policies))
		__atomic_store_n(&state->hold_new_netns, NO, __ATOMIC_SEQ_CST);
	if (!policies_log_accepted(&set->policies))
		__atomic_store_n(&state->log_accepted, NO, __ATOMIC_SEQ_CST);
	__atomic_store_n(&state->bound_half, state->half, __ATOMIC_SEQ_CST);
	/* No child of one that is still pending keeps a binding that the next reload gives away. */
	return quiesce_programs(quiesce);
}

/* The same for a switch that died, with what it has left in the store. */
static int settle_left_over(struct netns_records *records)
{
	struct layer_state *state = records->state;
	struct policy_set set = {}, before = {};
	struct quiesce quiesce;
	int ret = 0;

	if (state->bound_half != state->half) {
		ret = quiesce_open(&quiesce);
		if (!ret)
			ret = policy_set_in_force(&set, records);
		if (!ret)
			ret = policy_set_of_half(&before, records, !state->half);
		if (!ret)
			ret = settle(records, &set, &before, &quiesce);
		quiesce_close(&quiesce);
		policy_set_close(&before);
		policy_set_close(&set);
	}
	return ret ? ret : store_commit_left_over(state->policies[state->half]);
}

/* Dying before the switch changes nothing; after it, the next writer finishes the job. */
static int switch_to(struct netns_records *records, const struct policy_set *set,
		     const struct policy_set *before, bool *in_force)
{
	struct assigner assigner = { .records = records, .set = set, .before = before };
	struct quiesce quiesce;
	int ret;

	assigner.from = records->state->half;
	assigner.to = !assigner.from;
	records->state->policies[assigner.to] = set->hash;
	ret = write_pinned_cells(&set->compiled, assigner.to);
	if (!ret)
		ret = assign_look(&assigner);
	if (ret)
		return ret;
	ret = quiesce_open(&quiesce);
	if (!ret) {
		put_in_force(records->state, set, assigner.to);
		*in_force = true;
		ret = settle(records, set, before, &quiesce);
	}
	quiesce_close(&quiesce);
	return ret ? ret : store_commit();
}

/* What there is to attach before anything can hold. */
enum coverage policy_coverage(const struct policy_set *set)
{
	size_t i;

	if (policies_have_rules(&set->policies))
		return RULES;
	for (i = 0; i < set->policies.count; i++)
		if (policy_makes_local(&set->policies.policy[i]))
			return GATES;
	return RECORDING;
}

static int refuse_local_init(const struct policies *policies)
{
	char *name[] = { NETNS_INIT_NAME };
	const struct traits init = { .names = { .text = name, .count = 1 } };
	size_t index = policies_match(policies, &init);
	const struct policy *policy = index == NO_POLICY ? NULL : &policies->policy[index];

	if (!policy || !policy->sets_mode || policy->mode == GLOBAL)
		return 0;
	return log_error(EPERM, "%s: Mode=local for the initial namespace, which is always global",
			 policy->file);
}

int policy_check(const struct policies *policies)
{
	struct peer_names names;
	struct compiled compiled;
	int ret;

	peer_names_take(&names, policies);
	ret = policies_compile(policies, &names, &compiled);
	peer_names_free(&names);
	if (ret)
		return ret;
	compiled_free(&compiled);
	return refuse_local_init(policies);
}

int policy_prepare(struct policy_set *set, struct policy_files *files)
{
	int ret = policy_set_parse(set, files);

	if (ret)
		return ret;
	ret = policies_compile(&set->policies, &set->names, &set->compiled);
	if (!ret)
		ret = refuse_local_init(&set->policies);
	if (ret)
		policy_set_close(set);
	return ret;
}

int policy_prepare_dir(struct policy_set *set, const char *dir)
{
	struct policy_files files;
	int ret = policy_files_read(&files, dir);

	*set = (struct policy_set){};
	return ret ? ret : policy_prepare(set, &files);
}

/* Only a kernel that isolates by itself is without the layer until there are policies. */
static int need_layer(void)
{
	return !kernel_has_modes() && !netns_records_exist() ? log_error(ENOSYS, NOT_ATTACHED) : 0;
}

static int apply_locked(const struct policy_set *set, bool *in_force)
{
	struct policy_set before = {};
	struct netns_records records;
	int ret = need_layer();

	if (!ret)
		ret = layer_attach_gates(policy_coverage(set));
	if (!ret)
		ret = netns_records_open(&records);
	if (ret)
		return ret;
	/* Without the old set, what namespaces had by name or from a container is lost. */
	ret = policy_set_in_force(&before, &records);
	/* A start without policies switches from none to none, and need not wait for verdicts. */
	if (ret || set->policies.count || before.policies.count)
		ret = switch_to(&records, set, &before, in_force);
	else
		*in_force = true;
	policy_set_close(&before);
	netns_records_close(&records);
	return ret;
}

/*
 * The next set overwrites what a switch that died may need: so that one is finished first. If it
 * cannot be, namespaces whose policy is not known stay pending.
 */
static void clear_way(void)
{
	struct netns_records records;

	if (!netns_records_exist() || netns_records_open(&records))
		return;
	if (settle_left_over(&records))
		records.state->bound_half = records.state->half;
	netns_records_close(&records);
}

int policy_switch(const struct policy_set *set, bool *in_force)
{
	int lock, ret;

	*in_force = !set->policies.count && !netns_records_exist();
	if (*in_force)
		return 0;
	lock = lock_take();
	if (lock < 0)
		return lock;
	clear_way();
	ret = store_write(&set->files);
	if (!ret)
		ret = apply_locked(set, in_force);
	lock_release(lock);
	return ret ? ret : (int)set->policies.count;
}

int policy_with_set_in_force(int (*work)(struct assigner *assigner, void *arg), void *arg)
{
	struct assigner assigner = {};
	struct netns_records records;
	struct policy_set set = {};
	int lock, ret;

	if (kernel_has_modes() && !netns_records_exist())
		return 0;
	lock = lock_take();
	if (lock < 0)
		return lock;
	ret = netns_records_open(&records);
	if (ret)
		goto unlock;
	assigner.records = &records;
	assigner.set = assigner.before = &set;
	assigner.from = assigner.to = records.state->half;
	ret = settle_left_over(&records);
	if (!ret)
		ret = policy_set_in_force(&set, &records);
	if (!ret)
		ret = work(&assigner, arg);
	policy_set_close(&set);
	netns_records_close(&records);
unlock:
	lock_release(lock);
	return ret;
}

static int assign_again(struct assigner *assigner, void *arg)
{
	return assigner->set->policies.count ? assign_look(assigner) : 0;
}

int policy_assign_again(void)
{
	return policy_with_set_in_force(assign_again, NULL);
}
