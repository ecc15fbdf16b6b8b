/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Namespaces are free: whoever may make a user namespace makes as many as the kernel lets him. So
 * what each has of its own, a record, counters, a rate of events, is also counted for all that one
 * tenant has made: a user of this machine, by the user namespace that he has made first, or a user
 * namespace that root has made, as for a container. The machine itself, in whose user namespace
 * root makes the others, is none.
 *
 * A namespace beyond its tenant's number is crowded out. It has neither record nor counters, and
 * talks to nobody; those of others are not touched.
 */
#ifndef TENANTS_H
#define TENANTS_H

#include "kernel.h"
#include "maps.h"
#include "state.h"

#define MAX_USER_NAMESPACES 34 /* the kernel nests no more */

static const struct tenant first_tenant = { .tokens = TENANT_BURST };

/* The number of the tenant that has made a namespace; 0: the machine itself. */
static __noinline __u64 tenant_of(const struct net *net)
{
	struct user_namespace *outer = BPF_CORE_READ(net, user_ns);
	__u32 owner;
	int i;

	for (i = 0; i < MAX_USER_NAMESPACES && BPF_CORE_READ(outer, level) > 1; i++)
		outer = BPF_CORE_READ(outer, parent);
	if (BPF_CORE_READ(outer, level) < 1)
		return 0;
	owner = BPF_CORE_READ(outer, owner.val);
	return owner ? TENANT_USER | owner : TENANT_CONTAINER | BPF_CORE_READ(outer, ns.inum);
}

static __always_inline struct tenant *find_tenant(__u64 number)
{
	struct tenant *tenant = bpf_map_lookup_elem(&tenants, &number);

	if (tenant)
		return tenant;
	bpf_map_update_elem(&tenants, &number, &first_tenant, BPF_NOEXIST);
	return bpf_map_lookup_elem(&tenants, &number);
}

/* Not on the stack, of which there is little. */
static const struct counters first_counters = { .tokens = EVENT_BURST };

static __noinline bool is_crowded_out(const struct net *net, netns_id id)
{
	return tenant_of(net) && !bpf_map_lookup_elem(&counters, &id);
}

/*
 * Not static: so the verifier takes what it returns for a number like any other, and need not
 * follow two ways behind it, which in loops over sockets would be too many. On 5.10 such a function
 * takes numbers alone.
 */
__noinline netns_id unknown_if_crowded_out(__u64 net, netns_id id)
{
	return is_crowded_out((const struct net *)net, id) ? NETNS_UNKNOWN : id;
}

/* Of a pointer that the verifier vouches for. */
static __always_inline __u64 as_number(const void *pointer)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

static __always_inline netns_id admitted(const struct net *net, netns_id id)
{
	if (layer_state()->crowded == YES)
		id = unknown_if_crowded_out(as_number(net), id);
	return id;
}

#endif
