/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A user who may create a user namespace can create as many network namespaces as the kernel
 * allows. So a record, counters and a rate of events, which each namespace has, are also limited
 * for all namespaces of one tenant. A tenant is a user of this machine, known by the owner of the
 * outermost user namespace, or a user namespace that root has created, as for a container.
 * Namespaces that root creates without one have no tenant.
 *
 * A namespace beyond its tenant's limit is crowded out: it has neither record nor counters, and
 * talks to nobody. Other tenants are not affected.
 */
#ifndef TENANTS_H
#define TENANTS_H

#include "kernel.h"
#include "maps.h"
#include "state.h"
#include "tenant-number.h"

static const struct tenant first_tenant = { .tokens = TENANT_BURST };

/* The tenant that has created a namespace; 0: none. */
static __always_inline __u64 tenant_of(const struct net *net)
{
	return tenant_of_user_namespace(BPF_CORE_READ(net, user_ns));
}

static __always_inline struct tenant *find_tenant(__u64 number)
{
	struct tenant *tenant = bpf_map_lookup_elem(&tenants, &number);

	if (tenant)
		return tenant;
	bpf_map_update_elem(&tenants, &number, &first_tenant, BPF_NOEXIST);
	return bpf_map_lookup_elem(&tenants, &number);
}

static __noinline bool is_crowded_out(const struct net *net, netns_id id)
{
	return tenant_of(net) && !bpf_map_lookup_elem(&counters, &id);
}

/*
 * A global function, so that the verifier takes its result for any number and does not follow both
 * outcomes further, which in loops over sockets would be too many. On 5.10 such a function takes
 * numbers only.
 */
__noinline netns_id unknown_if_crowded_out(__u64 net, netns_id id)
{
	return is_crowded_out((const struct net *)net, id) ? NETNS_UNKNOWN : id;
}

/* A pointer that the verifier trusts, as a number. */
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
