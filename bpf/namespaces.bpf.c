// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces: a record with mode and policy when one is created, removed when it goes. */
#include "counters.h"
#include "events.h"
#include "kernel.h"
#include "maps.h"
#include "netns.h"
#include "records.h"
#include "rules.h"
#include "state.h"
#include "tenants.h"

/*
 * A child inherits the policy of its parent, else a process could leave a policy by creating a
 * namespace. A reload that runs meanwhile may have missed the child, so the other half is pending
 * until the reload looks again.
 *
 * While a switch is unfinished, the old half of a parent that is pending tells the loader which
 * policy it had. Later it tells nothing: the next reload writes other policies to its cells.
 */
static __always_inline void inherit_policy(struct netns_record *made,
					   const struct netns_record *parent, __u32 half,
					   const struct layer_state *layer)
{
	const struct binding *bound = &parent->binding[half];
	bool finished = *(const volatile __u32 *)&layer->bound_half == half;

	if (!bound->policy || policy_has(half, bound->policy, POLICY_PRIVATE))
		return;
	/* The child has another name. */
	made->binding[0].policy = parent->binding[0].policy;
	made->binding[1].policy = parent->binding[1].policy;
	if (bound->policy != POLICY_PENDING || finished)
		made->binding[!half].policy = POLICY_PENDING;
	made->bound_by = PARENT;
}

static __always_inline enum vsock_mode mode_of_child(const struct netns_record *parent, __u32 half)
{
	__u32 policy = parent->binding[half].policy;

	if (policy && policy_has(half, policy, POLICY_LOCAL_CHILDREN))
		return LOCAL;
	return parent->child_mode;
}

/*
 * A namespace gets its name and its processes later. Until the service has matched policies against
 * these the namespace is held, as long as a service does that. A child of a held namespace gets the
 * policy that its maker gets.
 */
static __always_inline void hold_up(struct netns_record *made, const struct netns_record *parent,
				    netns_id maker, struct layer_state *layer)
{
	bool asked_for = layer->hold_new_netns == YES && bpf_ktime_get_ns() < layer->hold_until_ns;

	if (!asked_for)
		return;
	made->held = YES;
	if (parent->held == YES)
		made->maker = maker;
	layer->held = YES;
}

/* The service looks at all new namespaces at once, so one event is enough until it begins. */
static __always_inline void report_if_wanted(netns_id id, struct layer_state *layer)
{
	if (layer->report_new_netns != YES && layer->hold_new_netns != YES)
		return;
	if (layer->new_netns_reported == NO && report_new_netns(id))
		layer->new_netns_reported = YES;
}

static __always_inline bool needs_record(const struct netns_record *record, bool overflow)
{
	return record->mode == LOCAL || record->bound_by != NOTHING || record->held == YES ||
	       overflow;
}

static __always_inline void add_record(const struct net *made, netns_id id, struct netns_record *ns,
				       struct layer_state *layer)
{
	ns->child_mode = ns->mode;
	ns->inode = made->ns.inum;
	ns->created_ns = bpf_ktime_get_ns();
	if (!bpf_map_update_elem(&namespaces, &id, ns, BPF_ANY))
		return;
	layer->overflow = YES;
	__sync_fetch_and_add(&layer->verdict_epoch, 2);
}

/* Removes what was counted for a namespace that goes. */
static __always_inline void leave_tenant(netns_id id)
{
	struct counters *of = bpf_map_lookup_elem(&counters, &id);
	__u64 number = of ? of->tenant : 0;
	struct tenant *tenant = number ? bpf_map_lookup_elem(&tenants, &number) : NULL;

	bpf_map_delete_elem(&counters, &id);
	if (!tenant)
		return;
	__sync_fetch_and_add(&tenant->namespaces, -1);
	if (number & TENANT_CONTAINER && !*(volatile __u32 *)&tenant->namespaces)
		bpf_map_delete_elem(&tenants, &number);
}

/*
 * Counts a new namespace for its tenant. False if it is crowded out. Whatever was counted for this
 * identity leaves: during an upgrade two sets of programs see the namespace, and the end of an
 * earlier one may not have been seen.
 */
static __noinline bool join_tenant(__u64 number, netns_id id)
{
	struct tenant *tenant;

	leave_tenant(id);
	tenant = find_tenant(number);
	if (!tenant || tenant->namespaces >= TENANT_NAMESPACES || make_counters(id, number))
		return false;
	__sync_fetch_and_add(&tenant->namespaces, 1);
	return true;
}

/* Whether the tenant may have one more namespace. */
static __always_inline bool join(const struct net *made, netns_id id, struct layer_state *layer)
{
	__u64 tenant = tenant_of(made);

	if (!tenant || join_tenant(tenant, id))
		return true;
	layer->crowded = YES;
	__sync_fetch_and_add(&layer->verdict_epoch, 2);
	return false;
}

/*
 * A task of the parent is creating the namespace, which has its identity by now. No process has it
 * yet, so it is never used without its mode, not even with unprivileged unshare(2). If creating it
 * fails, namespace_gone follows.
 *
 * Not the exit of copy_net_ns(): when a program is attached there or detached, as in an upgrade,
 * the kernel skips exit programs for calls that are under way.
 */
SEC("fentry/sysctl_net_init")
int BPF_PROG(namespace_made, struct net *made)
{
	struct layer_state *layer = layer_state();
	struct netns_record from = {}, ns = {};
	enum lookup found;
	netns_id id;
	__u32 half;

	id = netns_of_task((struct task_struct *)bpf_get_current_task());
	half = half_in_force(layer);
	found = read_record(id, &from);
	if (found == RECORD)
		ns.mode = mode_of_child(&from, half);
	else if (found == NOT_READ || layer->overflow == YES || id == NETNS_UNKNOWN)
		ns.mode = LOCAL;
	if (found == RECORD)
		inherit_policy(&ns, &from, half, layer);
	hold_up(&ns, &from, id, layer);

	id = identity_of(made);
	if (!join(made, id, layer))
		return 0;
	if (needs_record(&ns, layer->overflow == YES))
		add_record(made, id, &ns, layer);
	report_if_wanted(id, layer);
	/* Cached verdicts can be about an earlier namespace with this identity. */
	if (!netns_has_cookie)
		__sync_fetch_and_add(&layer->verdict_epoch, 2);
	return 0;
}

/*
 * The namespace is torn down: no socket is left, and its inode number is free soon after. Not
 * __put_net(), which the kernel inlines where nsfs drops a reference. Not net_ns_net_exit(), which
 * is gone in 7.0.
 */
SEC("fentry/sysctl_net_exit")
int BPF_PROG(namespace_gone, struct net *net)
{
	netns_id id = identity_of(net);

	bpf_map_delete_elem(&namespaces, &id);
	bpf_map_delete_elem(&sealed_netns, &id);
	leave_tenant(id);
	return 0;
}
