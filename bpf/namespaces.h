/* SPDX-License-Identifier: GPL-2.0-only */
/* Namespaces get their mode when they are made and lose it when they go. */
#include "maps.h"

/*
 * Runs before copy_net_ns() hands the namespace to anyone, so there is no moment
 * in which it could be used without its mode; unprivileged unshare(2) included.
 */
SEC("fexit/copy_net_ns")
int BPF_PROG(namespace_made, unsigned long flags, void *user_ns, struct net *parent,
	     struct net *made)
{
	struct netns_record *from, ns = {};
	struct layer_state *layer;
	netns_id id;

	if (!(flags & CLONE_NEWNET) || is_err(made))
		return 0;

	id = netns_of(parent);
	from = bpf_map_lookup_elem(&namespaces, &id);
	layer = layer_state();
	if (from)
		ns.mode = from->child_mode;
	else if (layer && layer->overflow == YES)
		ns.mode = LOCAL;
	if (ns.mode == GLOBAL && !(layer && layer->overflow == YES))
		return 0;

	id = netns_of(made);
	ns.child_mode = ns.mode;
	ns.inode = made->ns.inum;
	ns.made = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&namespaces, &id, &ns, BPF_ANY) && layer)
		layer->overflow = YES;
	return 0;
}

/*
 * The namespace is torn down: no socket is left, and right after this its inode number
 * is free. Not __put_net(): the kernel inlines it where nsfs drops a reference.
 */
SEC("fentry/net_ns_net_exit")
int BPF_PROG(namespace_gone, struct net *net)
{
	netns_id id = netns_of(net);

	bpf_map_delete_elem(&namespaces, &id);
	return 0;
}
