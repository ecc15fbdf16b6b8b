// SPDX-License-Identifier: GPL-2.0-only
#include "policy/apply.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "layer/quiesce.h"
#include "policy/survey.h"
#include "layer/layer.h"
#include "lib/lock.h"
#include "kernel/sysctl-modes.h"
#include "layer/pins.h"
#include "layer/state.h"
#include "policy/store.h"
#include "layer/netns-records.h"
#include "lib/log.h"

/* Until who makes namespaces while they are bound is behind. */
#define PENDING_LOOKS 1000

/* Policies, and what has become of them. */
struct policy_set {
	struct policies policies;
	struct compiled compiled;
	__u64 hash;
	__u32 half; /* where it is in force */
};

static void set_free(struct policy_set *set)
{
	compiled_free(&set->compiled);
	policies_free(&set->policies);
}

static int set_read(struct policy_set *set, const char *dir)
{
	int ret;

	memset(set, 0, sizeof(*set));
	ret = store_hash(dir, &set->hash);
	if (!ret)
		ret = policies_read(&set->policies, dir);
	if (!ret)
		ret = policies_compile(&set->policies, &set->compiled);
	if (ret)
		set_free(set);
	return ret;
}

/* What is in a half. One that is lost binds on, but nobody can tell any more who it is. */
static int set_of_half(struct policy_set *set, const struct netns_records *records, __u32 half)
{
	__u64 hash = records->state->policies[half];
	const char *dir;

	memset(set, 0, sizeof(*set));
	if (!hash)
		return 0;
	dir = store_find(hash);
	if (!dir)
		return log_error(
			ESTALE,
			"%s does not have the policies that are in force; a reload brings new ones",
			STORE_IN_FORCE);
	return set_read(set, dir);
}

static int set_in_force(struct policy_set *set, const struct netns_records *records)
{
	return set_of_half(set, records, records->state->half);
}

/* Index of the policy that starts at `cell`, or NO_POLICY. */
static size_t index_at(const struct policy_set *set, __u32 cell)
{
	size_t i;

	for (i = 0; cell && i < set->policies.count; i++)
		if (set->compiled.heads[i] == cell)
			return i;
	return NO_POLICY;
}

/* The policy of the same name in another set. */
static size_t index_in(const struct policy_set *set, const struct policy_set *other, size_t index)
{
	const struct policy *policy;

	if (index == NO_POLICY)
		return NO_POLICY;
	policy = policies_find(&set->policies, other->policies.policy[index].name);
	return policy ? (size_t)(policy - set->policies.policy) : NO_POLICY;
}

/* Who gets what in half `to`, from what holds in half `from`. */
struct assigner {
	struct netns_records *records;
	const struct policy_set *set;	 /* of `to` */
	const struct policy_set *before; /* of `from` */
	struct survey survey;
	__u32 from, to;
};

/* What a namespace has, if there is a policy of that name to have. */
static size_t policy_held(const struct assigner *assigner, const struct netns_record *record)
{
	if (record->bound_by == NOTHING)
		return NO_POLICY;
	return index_in(assigner->set, assigner->before,
			index_at(assigner->before, record->binding[assigner->from].policy));
}

/* A file that says another [Match] than before takes the policy from those that it speaks against.
 */
static bool is_match_narrowed(const struct assigner *assigner, size_t held,
			      const struct resident *resident)
{
	const struct policy *policy = &assigner->set->policies.policy[held];
	const struct policy *before = policies_find(&assigner->before->policies, policy->name);

	return before && !policies_match_alike(policy, before) &&
	       survey_rules_out(resident, policy);
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
	return fits > held && !survey_rules_out(resident, &assigner->set->policies.policy[held]);
}

/* The policy that a namespace gets which has a record, and how it comes to it. */
static size_t policy_for(const struct assigner *assigner, const struct netns_record *record,
			 const struct resident *resident, enum bound_by *by)
{
	size_t fits = resident ? resident->policy : NO_POLICY, held = policy_held(assigner, record);
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

	if (resident && resident->names.count)
		return resident->name;
	had = compiled_name_of(&assigner->before->compiled, record->binding[assigner->from].name);
	return had ? compiled_former_name(&assigner->set->compiled, had) : 0;
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
static void assign_record(const struct assigner *assigner, struct netns_record *record,
			  size_t index, __u32 name, enum bound_by by)
{
	struct binding *binding = &record->binding[assigner->to];

	binding->policy = index == NO_POLICY ? 0 : assigner->set->compiled.heads[index];
	binding->name = name;
	if (!is_switched(assigner))
		return;
	record->bound_by = index == NO_POLICY ? NOTHING : by;
	if (index != NO_POLICY)
		tighten(record, &assigner->set->policies.policy[index]);
}

/* Whether a name tells already that no policy fits which asks for one, and none asks for more. */
static bool is_ruled_out_by_name(const struct assigner *assigner, const struct resident *resident)
{
	const struct policies *policies = &assigner->set->policies;
	size_t i;

	if (!resident || !resident->names.count)
		return false;
	for (i = 0; i < policies->count; i++)
		if (!policies->policy[i].names.count ||
		    !survey_rules_out(resident, &policies->policy[i]))
			return false;
	return true;
}

/* What one that was made by one that was held gets is what that has got. False: nothing yet. */
static bool follow_maker(const struct assigner *assigner, struct netns_record *record)
{
	struct netns_record maker;
	size_t index;

	if (!record->maker)
		return true;
	if (netns_records_read(assigner->records, record->maker, &maker) || maker.held == YES)
		return false;
	if (maker.child_mode == LOCAL)
		record->mode = record->child_mode = LOCAL;
	index = index_at(assigner->set, maker.binding[assigner->to].policy);
	if (record->bound_by == NOTHING && index != NO_POLICY &&
	    assigner->set->policies.policy[index].inherit)
		assign_record(assigner, record, index, record->binding[assigner->to].name, PARENT);
	record->maker = 0;
	return true;
}

/* Whether policies have been asked: one fits, or there was time for a name, or for who moves in. */
static bool is_asked(const struct assigner *assigner, const struct netns_record *record,
		     const struct resident *resident)
{
	const struct layer_state *state = assigner->records->state;

	if (record->bound_by == MATCH || record->bound_by == CONTAINER || !state->holding)
		return true;
	return netns_records_now() - record->made >= state->hold ||
	       is_ruled_out_by_name(assigner, resident);
}

/* Not before the switch: see assign_record(). */
static void let_go(const struct assigner *assigner, struct netns_record *record,
		   const struct resident *resident)
{
	if (record->held != YES || !is_switched(assigner))
		return;
	if (is_asked(assigner, record, resident) && follow_maker(assigner, record))
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
	int ret = netns_records_read(assigner->records, resident->id, &record);

	if (ret || (resident->policy == NO_POLICY && !resident->name))
		return ret;
	assign_record(assigner, &record, resident->policy, resident->name, MATCH);
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
	/* Whose policy is not known any more talks to nobody. */
	if (index == NO_POLICY && is_pending(&before, assigner->from)) {
		record.binding[assigner->to].policy = POLICY_PENDING;
		record.bound_by = before.bound_by;
	}
	let_go(assigner, &record, resident);
	return change_record(assigner, id, &before, &record);
}

static int by_id(const void *a, const void *b)
{
	const netns_id *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

struct newcomers {
	const struct assigner *assigner;
	const netns_id *known;
	long count;
	int error;
};

static void assign_newcomer(struct resident *resident, void *arg)
{
	struct newcomers *new = arg;

	if (!new->error &&
	    !bsearch(&resident->id, new->known, new->count, sizeof(*new->known), by_id))
		new->error = assign_new(new->assigner, resident);
}

/* Every namespace that has a record, or something that a policy could fit. */
static int assign_all(const struct assigner *assigner)
{
	struct newcomers new = { .assigner = assigner };
	netns_id *ids = NULL;
	long i;

	new.count = netns_records_ids(assigner->records, &ids);
	if (new.count < 0)
		return new.count;
	qsort(ids, new.count, sizeof(*ids), by_id);
	new.known = ids;
	for (i = 0; i < new.count && !(new.error < 0); i++)
		new.error = assign_known(assigner, ids[i], survey_find(&assigner->survey, ids[i]));
	new.error = new.error < 0 ? new.error : 0;
	survey_each(&assigner->survey, assign_newcomer, &new);
	free(ids);
	return new.error;
}

/* Counts anew and binds. */
static int look_and_assign(struct assigner *assigner)
{
	struct layer_state *state = assigner->records->state;
	int ret;

	/* What comes from here on is told once more, as this look may miss it. */
	__atomic_store_n(&state->made_told, NO, __ATOMIC_SEQ_CST);
	if (is_switched(assigner))
		__atomic_store_n(&state->held, NO, __ATOMIC_SEQ_CST);
	ret = survey_take(&assigner->survey, &assigner->set->policies, &assigner->set->compiled);
	if (!ret) {
		ret = assign_all(assigner);
		if (ret)
			log_errno(-ret, "map " PIN_NAMESPACES);
	}
	survey_free(&assigner->survey);
	return ret;
}

static int write_cells(const struct compiled *compiled, __u32 half)
{
	size_t size = 2 * RULE_CELLS * sizeof(struct rule_cell);
	struct rule_cell *cells;
	int fd = pin_open_map(PIN_RULES);

	if (fd < 0)
		return log_errno(-fd, "map " PIN_RULES);
	cells = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (cells == MAP_FAILED)
		return log_errno(errno, "map " PIN_RULES);
	memcpy(cells + half * RULE_CELLS, compiled->cells, compiled->count * sizeof(*cells));
	munmap(cells, size);
	return 0;
}

/* How many were pending and are not any more, or an error. */
static long assign_those_pending(const struct assigner *assigner)
{
	struct netns_record record;
	netns_id *ids = NULL;
	long bound = 0, count = netns_records_ids(assigner->records, &ids), i;
	int ret = 0;

	for (i = 0; i < count && ret >= 0; i++) {
		ret = netns_records_read(assigner->records, ids[i], &record);
		if (!ret && is_pending(&record, assigner->to)) {
			ret = assign_known(assigner, ids[i], NULL);
			bound += ret > 0;
		}
	}
	free(ids);
	return count < 0 ? count : ret < 0 ? ret : bound;
}

/* One that is pending makes others that are. Each look is a short one, and leaves fewer. */
static int assign_pending(const struct assigner *assigner)
{
	long bound = 1;
	int looks;

	for (looks = 0; bound > 0 && looks < PENDING_LOOKS; looks++)
		bound = assign_those_pending(assigner);
	if (bound < 0)
		return log_errno(-bound, "map " PIN_NAMESPACES);
	return bound ? log_error(EAGAIN, "namespaces are made faster than they get their policies; "
					 "the last ones talk to nobody until the next reload")
		     : 0;
}

/* One store is the switch. Who asks whether there are rules finds them before and after it. */
static int put_in_force(struct layer_state *state, const struct policy_set *set, __u32 half,
			const struct quiesce *barrier)
{
	if (set->policies.count)
		__atomic_store_n(&state->ruled, YES, __ATOMIC_SEQ_CST);
	if (set->compiled.watching)
		__atomic_store_n(&state->watching, YES, __ATOMIC_SEQ_CST);
	if (set->compiled.holding)
		__atomic_store_n(&state->holding, YES, __ATOMIC_SEQ_CST);
	state_change_begins(state);
	__atomic_store_n(&state->half, half, __ATOMIC_SEQ_CST);
	state_change_ends(state);
	state->reloads++;
	/* Who has read what held before may be writing the record of a namespace by it. */
	return quiesce_programs(barrier);
}

/*
 * Behind the switch: modes are made to stay, and a namespace that was made between the first look
 * and the switch, has only what held before and is pending, is bound.
 */
static int settle(struct netns_records *records, const struct policy_set *set,
		  const struct policy_set *before)
{
	struct layer_state *state = records->state;
	struct assigner assigner = { .records = records, .set = set, .before = before };
	int ret;

	assigner.to = state->half;
	assigner.from = !assigner.to;
	ret = look_and_assign(&assigner);
	if (!ret)
		ret = assign_pending(&assigner);
	if (ret)
		return ret;
	if (!set->compiled.ruled)
		__atomic_store_n(&state->ruled, NO, __ATOMIC_SEQ_CST);
	if (!set->compiled.watching)
		__atomic_store_n(&state->watching, NO, __ATOMIC_SEQ_CST);
	if (!set->compiled.holding)
		__atomic_store_n(&state->holding, NO, __ATOMIC_SEQ_CST);
	__atomic_store_n(&state->settled, state->half, __ATOMIC_SEQ_CST);
	return 0;
}

/* The same for one who died, with what he has left in the store. */
static int settle_left_over(struct netns_records *records)
{
	struct layer_state *state = records->state;
	struct policy_set set = {}, before = {};
	const char *dir;
	int ret = 0;

	if (state->settled != state->half) {
		ret = set_in_force(&set, records);
		if (!ret)
			ret = set_of_half(&before, records, !state->half);
		if (!ret)
			ret = settle(records, &set, &before);
		set_free(&before);
		set_free(&set);
	}
	dir = state->policies[state->half] ? store_find(state->policies[state->half]) : NULL;
	if (!ret && dir && !strcmp(dir, STORE_NEXT))
		ret = store_commit();
	return ret;
}

/* Who dies before the switch has changed nothing; who dies behind it leaves the rest to others. */
static int switch_to(struct netns_records *records, const struct policy_set *set,
		     const struct policy_set *before)
{
	struct assigner assigner = { .records = records, .set = set, .before = before };
	struct quiesce barrier;
	int ret;

	assigner.from = records->state->half;
	assigner.to = !assigner.from;
	records->state->policies[assigner.to] = set->hash;
	ret = write_cells(&set->compiled, assigner.to);
	if (!ret)
		ret = look_and_assign(&assigner);
	if (ret)
		return ret;
	ret = quiesce_open(&barrier);
	if (!ret)
		ret = put_in_force(records->state, set, assigner.to, &barrier);
	quiesce_close(&barrier);
	if (!ret)
		ret = settle(records, set, before);
	return ret ? ret : store_commit();
}

/* What there is to attach before anything can hold. */
static enum coverage needed_coverage(const struct policy_set *set)
{
	const struct policy *policy;
	size_t i;

	if (set->compiled.ruled)
		return RULES;
	for (i = 0; i < set->policies.count; i++) {
		policy = &set->policies.policy[i];
		if ((policy->sets_mode && policy->mode == LOCAL) ||
		    (policy->sets_child_mode && policy->child_mode == LOCAL))
			return GATES;
	}
	return RECORDING;
}

static int refuse_local_init(const struct policies *policies)
{
	const struct traits init = { .name = POLICY_INIT_NAME };
	const struct policy *policy = policies_match(policies, &init);

	if (!policy || !policy->sets_mode || policy->mode == GLOBAL)
		return 0;
	return log_error(EPERM, "%s: Mode=local for the initial namespace, which is always global",
			 policy->file);
}

int policy_check(const struct policies *policies)
{
	struct compiled compiled;
	int ret = policies_compile(policies, &compiled);

	if (ret)
		return ret;
	compiled_free(&compiled);
	return refuse_local_init(policies);
}

int policy_coverage(const char *dir, enum coverage *coverage)
{
	struct policy_set set;
	int ret = set_read(&set, dir);

	if (ret)
		return ret;
	*coverage = needed_coverage(&set);
	ret = refuse_local_init(&set.policies);
	set_free(&set);
	return ret;
}

/* Only a kernel that isolates by itself is without the layer until there are policies. */
static int need_layer(void)
{
	return !kernel_has_modes() && !netns_records_exist() ? log_error(ENOSYS, NOT_ATTACHED) : 0;
}

static int apply_locked(const struct policy_set *set)
{
	struct policy_set before = {};
	struct netns_records records;
	int ret = need_layer();

	if (!ret)
		ret = layer_attach_gates(needed_coverage(set));
	if (!ret)
		ret = netns_records_open(&records);
	if (ret)
		return ret;
	/* Who had what from elsewhere is lost if that cannot be read; the rest is not. */
	ret = set_in_force(&before, &records);
	/* A start without policies switches from none to none, and need not wait for verdicts. */
	if (ret || set->policies.count || before.policies.count)
		ret = switch_to(&records, set, &before);
	set_free(&before);
	netns_records_close(&records);
	return ret;
}

/*
 * The next set takes the place of what a switch that died may need. If that cannot be had, those
 * whose policy nobody knows stay pending.
 */
static void clear_way(void)
{
	struct netns_records records;

	if (!netns_records_exist() || netns_records_open(&records))
		return;
	if (settle_left_over(&records))
		records.state->settled = records.state->half;
	netns_records_close(&records);
}

/* What was read once already, without a mistake: from here on nobody else writes it. */
static int apply_staged(const char *dir)
{
	struct policy_set set;
	int ret;

	clear_way();
	ret = store_stage(dir);
	if (!ret)
		ret = set_read(&set, STORE_NEXT);
	if (ret)
		return ret;
	ret = refuse_local_init(&set.policies);
	if (!ret)
		ret = apply_locked(&set);
	set_free(&set);
	return ret;
}

int policy_apply(const char *dir)
{
	struct policies policies;
	int lock, count, ret = policies_read(&policies, dir);

	if (ret)
		return ret;
	count = policies.count;
	policies_free(&policies);
	if (!count && !netns_records_exist())
		return 0;
	lock = lock_take();
	if (lock < 0)
		return lock;
	ret = apply_staged(dir);
	lock_release(lock);
	return ret ? ret : count;
}

static int read_in_force(struct policy_set *set)
{
	struct netns_records records;
	int ret;

	memset(set, 0, sizeof(*set));
	if (kernel_has_modes() && !netns_records_exist())
		return 0;
	ret = netns_records_open(&records);
	if (ret)
		return ret;
	ret = set_in_force(set, &records);
	set->half = records.state->half;
	netns_records_close(&records);
	return ret;
}

int policy_set_open(struct policy_set **set)
{
	int ret;

	*set = calloc(1, sizeof(**set));
	if (!*set)
		return log_errno(ENOMEM, "policies");
	ret = read_in_force(*set);
	if (ret) {
		policy_set_close(*set);
		*set = NULL;
	}
	return ret;
}

void policy_set_close(struct policy_set *set)
{
	if (!set)
		return;
	set_free(set);
	free(set);
}

const struct policies *policy_set_policies(const struct policy_set *set)
{
	return &set->policies;
}

const struct compiled *policy_set_compiled(const struct policy_set *set)
{
	return &set->compiled;
}

const struct policy *policy_in_record(const struct policy_set *set,
				      const struct netns_record *record)
{
	size_t index = set ? index_at(set, record->binding[set->half].policy) : NO_POLICY;

	return index == NO_POLICY ? NULL : &set->policies.policy[index];
}

/* What is done to the half in force. */
static int with_set_in_force(int (*work)(struct assigner *assigner, void *arg), void *arg)
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
		ret = set_in_force(&set, &records);
	if (!ret)
		ret = work(&assigner, arg);
	set_free(&set);
	netns_records_close(&records);
unlock:
	lock_release(lock);
	return ret;
}

static int assign_again(struct assigner *assigner, void *arg)
{
	(void)arg;
	return assigner->set->policies.count ? look_and_assign(assigner) : 0;
}

int policy_assign_again(void)
{
	return with_set_in_force(assign_again, NULL);
}

struct container {
	const struct netns *ns;
	pid_t pid;
	const struct annotation *annotations;
	size_t count;
};

static int assign_container(const struct assigner *assigner, const struct container *container,
			    size_t index)
{
	const struct policy *policy = &assigner->set->policies.policy[index];
	struct netns_record record;
	int ret = netns_records_read(assigner->records, container->ns->id, &record);

	if (ret)
		return ret;
	record.inode = container->ns->inode;
	record.held = NO;
	assign_record(assigner, &record, index, record.binding[assigner->to].name,
		      policy->annotations.count ? CONTAINER : MATCH);
	return netns_records_write(assigner->records, container->ns->id, &record);
}

/* All that can be known of it was asked for. */
static int let_container_go(const struct assigner *assigner, const struct container *container)
{
	struct netns_record record;
	int ret = netns_records_read(assigner->records, container->ns->id, &record);

	if (ret || record.held != YES || !follow_maker(assigner, &record))
		return ret;
	record.held = NO;
	return netns_records_update(assigner->records, container->ns->id, &record);
}

static int assign(struct assigner *assigner, void *arg)
{
	const struct container *container = arg;
	const struct policies *policies = &assigner->set->policies;
	size_t index;
	int ret;

	ret = survey_take(&assigner->survey, policies, &assigner->set->compiled);
	if (ret)
		return ret;
	index = survey_choose(&assigner->survey, container->ns, container->pid, policies,
			      container->annotations, container->count);
	survey_free(&assigner->survey);
	ret = index == NO_POLICY ? let_container_go(assigner, container)
				 : assign_container(assigner, container, index);
	return ret ? log_errno(-ret, "map " PIN_NAMESPACES) : 0;
}

int policy_assign_container(const struct netns *ns, pid_t pid, const struct annotation *annotations,
			    size_t count)
{
	struct container container = { ns, pid, annotations, count };

	return with_set_in_force(assign, &container);
}
