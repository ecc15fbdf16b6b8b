// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces get their mode when they are made and lose it when they go. */
#include "events.h"
#include "kernel.h"
#include "maps.h"
#include "netns.h"
#include "records.h"
#include "rules.h"
#include "state.h"
#include "tenants.h"

/*
 * Who could leave a policy behind by making a namespace would not be bound by it. A reload that
 * goes on meanwhile may have passed by already: its half is pending until it looks again.
 */
static __always_inline void inherit_policy(struct netns_record *made,
					   const struct netns_record *parent, __u32 half)
{
	const struct binding *bound = &parent->binding[half];

	if (!bound->policy || policy_has(half, bound->policy, POLICY_PRIVATE))
		return;
	/* The name is the parent's alone. */
	made->binding[0].policy = parent->binding[0].policy;
	made->binding[1].policy = parent->binding[1].policy;
	if (bound->policy != POLICY_PENDING)
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
 * Its name comes later, and so does who moves in: until policies have been asked by these it is
 * held up, as long as somebody asks them. What is made from one that is held gets what that gets.
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

/* Those who follow look at all that have come, so one is enough until they begin to look. */
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

/* Counts a namespace that is being made. False if it is crowded out. */
static __noinline bool join_tenant(__u64 number, netns_id id)
{
	struct tenant *tenant = find_tenant(number);
	struct counters *counters_of_new;

	if (!tenant || tenant->namespaces >= TENANT_NAMESPACES ||
	    bpf_map_update_elem(&counters, &id, &first_counters, BPF_ANY))
		return false;
	counters_of_new = bpf_map_lookup_elem(&counters, &id);
	if (!counters_of_new)
		return false;
	counters_of_new->tenant = number;
	__sync_fetch_and_add(&tenant->namespaces, 1);
	return true;
}

/* The namespace goes, and what was counted for it. */
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

/* Whether its tenant may have one more. */
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
 * The namespace is being made by a task of its parent, and has its identity by now. Nobody has
 * got it, so there is no moment in which it could be used without its mode; unprivileged
 * unshare(2) included. Should making it fail, namespace_gone follows.
 *
 * Not the exit of copy_net_ns(): a call that is under way there when a program comes or goes,
 * as in an upgrade, is one that the kernel does not run such programs for.
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
		inherit_policy(&ns, &from, half);
	hold_up(&ns, &from, id, layer);

	id = identity_of(made);
	if (!join(made, id, layer))
		return 0;
	if (needs_record(&ns, layer->overflow == YES))
		add_record(made, id, &ns, layer);
	report_if_wanted(id, layer);
	/* What is kept of verdicts can be about another one that had this identity. */
	if (!netns_has_cookie)
		__sync_fetch_and_add(&layer->verdict_epoch, 2);
	return 0;
}

/*
 * The namespace is torn down: no socket is left, and soon after this its inode number
 * is free. Not __put_net(): the kernel inlines it where nsfs drops a reference. Nor
 * net_ns_net_exit(): it went before 7.0.
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
