/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict as it stands in bpf/, outside of the kernel: what it asks there is played here. */
#ifndef KERNEL_SIDE_H
#define KERNEL_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <linux/vm_sockets.h>

#include "vsock-bpfd.h"
#include "../../bpf/call.h"

/* In the place of these. */
#define KERNEL_H
#define MAPS_H
#define STATE_H
#define RECORDS_H
#define EVENTS_H
#define VERDICT_CACHE_H

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline, unused))
#endif

enum lookup {
	NO_RECORD,
	RECORD,
	NOT_READ,
};

#define SPACES_MAX 16

static struct netns_record records[SPACES_MAX]; /* by identity - 1 */
static size_t record_count;
static const struct rule_cell *half_cells;
static size_t half_count;
static struct layer_state state;
static int rules;

static const struct rule_cell no_cell;

/* The only map that is asked; behind the compiled cells the kernel has zeros. */
static void *bpf_map_lookup_elem(const void *map, const __u32 *index)
{
	__u32 place = *index % RULE_CELLS;

	(void)map;
	return (void *)(place < half_count ? &half_cells[place] : &no_cell);
}

static struct layer_state *layer_state(void)
{
	return &state;
}

static enum lookup read_record(netns_id id, struct netns_record *copy)
{
	memset(copy, 0, sizeof(*copy));
	if (id < 1 || id > record_count)
		return NO_RECORD;
	*copy = records[id - 1];
	return RECORD;
}

/* No namespace is held: none waits for a policy here. */
static __u64 bpf_ktime_get_ns(void)
{
	return 0;
}

static __u32 half_in_force(const struct layer_state *layer)
{
	return layer->half & 1;
}

static __u32 current_epoch(const struct layer_state *layer)
{
	return layer->verdict_epoch;
}

static bool find_cached(const struct call *call, __u32 epoch, __u32 *objection)
{
	(void)call;
	(void)epoch;
	(void)objection;
	return false;
}

static void cache_verdict(const struct call *call, __u32 epoch, __u32 objection)
{
	(void)call;
	(void)epoch;
	(void)objection;
}

static void report(const struct call *call, enum event_kind kind, __u32 reason, __u32 verb)
{
	(void)call;
	(void)kind;
	(void)reason;
	(void)verb;
}

#include "../../bpf/verdict.h"

#endif
