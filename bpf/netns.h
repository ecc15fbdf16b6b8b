/* SPDX-License-Identifier: GPL-2.0-only */
/* The identity of a namespace: NETNS_UNKNOWN if it is beyond its tenant's limit. */
#ifndef NETNS_H
#define NETNS_H

#include "kernel.h"
#include "tenants.h"

static __always_inline netns_id netns_of(const struct net *net)
{
	return admitted(net, identity_of(net));
}

static __always_inline netns_id netns_of_sock(struct sock *sk)
{
	return netns_of(sk->__sk_common.skc_net.net);
}

/* The same by a pointer that the verifier does not trust. */
static __always_inline netns_id netns_at(const struct net *net)
{
	return admitted(net, identity_at(net));
}

static __always_inline netns_id netns_of_task(struct task_struct *task)
{
	return netns_at(BPF_CORE_READ(task, nsproxy, net_ns));
}

#endif
