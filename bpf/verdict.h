/* SPDX-License-Identifier: GPL-2.0-only */
/* The one decision: may these two namespaces talk? Every gate asks here. */
#ifndef VERDICT_H
#define VERDICT_H

#include "maps.h"

static __always_inline bool is_global(netns_id id, const struct layer_state *layer)
{
	struct netns_record *ns;

	if (id == NETNS_NONE)
		return true;
	ns = bpf_map_lookup_elem(&namespaces, &id);
	if (ns)
		return ns->mode == GLOBAL;
	/* Its record may be one of those that could not be written. */
	return layer->overflow == NO;
}

/*
 * Same namespace, or both global. An end that cannot be told talks to nobody,
 * except while no namespace is local: then there is nobody to protect, and a
 * connection that was on its way when the layer was attached is not disturbed.
 */
static __always_inline bool may_talk(netns_id a, netns_id b)
{
	struct layer_state *layer = layer_state();

	if (!layer)
		return false;
	if (layer->isolating == NO)
		return true;
	if (a == NETNS_UNKNOWN || b == NETNS_UNKNOWN)
		return false;
	if (a == b)
		return true;
	return is_global(a, layer) && is_global(b, layer);
}

#endif
