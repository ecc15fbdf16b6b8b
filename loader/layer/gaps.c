// SPDX-License-Identifier: GPL-2.0-only
#include "layer/gaps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kmod.h"
#include "layer/pins.h"
#include "layer/vhost.h"
#include "lib/array.h"

/* --- What can cross --- */

/* Without the check a socket that is bound takes packets of anybody. */
const char *gap_in_sources(const struct kernel *kernel)
{
	if (!kernel->vsock || kernel->native || kernel->source_check)
		return NULL;
	return "this kernel has no vsock_check_source(): a guest can write into, and reset, a "
	       "connection of the host to another guest; newer builds of 6.1 and 6.12 have it";
}

/* Whoever may make a user namespace makes a device of it, which shows all packets. */
const char *gap_by_taps(void)
{
	if (!module_present("vsockmon"))
		return NULL;
	return "vsockmon is loaded: any user can see what all AF_VSOCK sockets send; "
	       "'rmmod vsockmon'";
}

/* --- For what there is no room --- */

static void look_at_lingering(struct gaps *gaps, const struct lingering_list *ports)
{
	if (ports->overflow == NO)
		return;
	findings_add(
		&gaps->full,
		"ports: more than %d sockets of connections whose peer had left were open, or at "
		"as "
		"many ports; ports of those beyond are kept for their namespaces, with others; "
		"'vsock-bpfd --detach' and a new start end that, and forget all modes",
		MAX_LINGERING);
}

static void look_at_devices(struct gaps *gaps)
{
	if (pin_count_entries(PIN_DEVICES, MAX_DEVICES) < MAX_DEVICES)
		return;
	findings_add(&gaps->full,
		     "devices: %d of /dev/vhost-vsock are open, and no more are recorded: guests "
		     "that are "
		     "started now reach nobody; 'vsockctl cids' tells who has them",
		     MAX_DEVICES);
}

struct shares {
	__u64 *tenant; /* of each record */
	size_t count, room;
};

static void add_device(const void *value, void *arg)
{
	const struct device *device = value;
	struct shares *shares = arg;

	*array_add(shares->tenant, shares->count, shares->room) = device->tenant;
}

static void add_caller(const void *value, void *arg)
{
	const struct called_ports *caller = value;
	struct shares *shares = arg;

	*array_add(shares->tenant, shares->count, shares->room) = caller->tenant;
}

static void note_devices(struct gaps *gaps, const char *who)
{
	findings_add(&gaps->full,
		     "devices: the %s has %d of /dev/vhost-vsock open, and no more of its own "
		     "are recorded: guests that it starts now reach nobody; 'vsockctl cids' shows "
		     "which it has",
		     who, TENANT_DEVICES);
}

static void note_callers(struct gaps *gaps, const char *who)
{
	findings_add(
		&gaps->full,
		"calls: the %s has %d sockets open whose calls over loopback wait or were "
		"refused, and no more of its own are recorded: its further calls over loopback "
		"are refused; end the processes that keep such sockets open",
		who, TENANT_CALLING);
}

static void note_share(struct gaps *gaps, __u64 tenant,
		       void (*note)(struct gaps *gaps, const char *who))
{
	const char *kind = tenant & TENANT_NETNS  ? "network namespace with the identity"
			   : tenant & TENANT_USER ? "user"
						  : "user namespace";
	char who[80];

	snprintf(who, sizeof(who), "%s %llu", kind,
		 tenant & TENANT_NETNS ? tenant & ~TENANT_NETNS : (__u32)tenant);
	note(gaps, who);
}

/* Notes each tenant that has as many records as it may. Frees the shares. */
static void note_shares(struct gaps *gaps, struct shares *shares, size_t most,
			void (*note)(struct gaps *gaps, const char *who))
{
	size_t i, same = 0;

	if (shares->count)
		qsort(shares->tenant, shares->count, sizeof(*shares->tenant), array_by_u64);
	for (i = 0; i < shares->count; i++) {
		same = i && shares->tenant[i] == shares->tenant[i - 1] ? same + 1 : 1;
		if (shares->tenant[i] && same == most)
			note_share(gaps, shares->tenant[i], note);
	}
	free(shares->tenant);
}

static void look_at_shares(struct gaps *gaps)
{
	struct shares devices = {}, callers = {};
	struct called_ports caller;
	struct device device;

	pin_each_value(PIN_DEVICES, MAX_DEVICES, &device, add_device, &devices);
	note_shares(gaps, &devices, TENANT_DEVICES, note_devices);
	pin_each_value(PIN_CALLING, MAX_CALLING, &caller, add_caller, &callers);
	note_shares(gaps, &callers, TENANT_CALLING, note_callers);
}

struct buckets {
	unsigned int devices[1 << VHOST_BUCKET_BITS];
};

static void add_to_bucket(const struct cid_line *line, void *arg)
{
	struct buckets *buckets = arg;

	buckets->devices[vhost_bucket(line->cid)]++;
}

static unsigned int fullest(const struct buckets *buckets)
{
	unsigned int most = 0, i;

	for (i = 0; i < 1 << VHOST_BUCKET_BITS; i++)
		if (buckets->devices[i] > most)
			most = buckets->devices[i];
	return most;
}

/* The kernel puts a new one first, so that those that were there before are what is not found. */
static void look_at_buckets(struct gaps *gaps, const struct layer_state *state)
{
	struct buckets buckets = {};

	if (vhost_each_cid_of(state->generation, add_to_bucket, &buckets) ||
	    fullest(&buckets) <= MAX_BUCKET_DEVICES)
		return;
	findings_add(
		&gaps->full,
		"guests: %u have CIDs in one list of the kernel's table, where %d are looked for: "
		"those that were started first are not found, and reach nobody; 'vsockctl cids' "
		"tells who has them",
		fullest(&buckets), MAX_BUCKET_DEVICES);
}

static void look_at_seals(struct gaps *gaps, const struct layer_state *state)
{
	if (state->sealed == ALL)
		findings_add(
			&gaps->full,
			"connections: more than %d namespaces had sockets cut off, and by now all "
			"AF_VSOCK sockets are; 'vsock-bpfd --detach' and a new start end that, and "
			"forget all modes",
			MAX_SEALED_NETNS);
	else if (pin_count_entries(PIN_SEALED_NETNS, MAX_SEALED_NETNS))
		findings_add(
			&gaps->full,
			"connections: a namespace had more than %d of its sockets cut off, as "
			"somebody "
			"answered whom it may not talk to; all of its connections are, until it is "
			"gone",
			MAX_SEALED_OF_ONE);
}

static void look_at_calls(struct gaps *gaps)
{
	if (pin_count_entries(PIN_CALLING, MAX_CALLING) < MAX_CALLING)
		return;
	findings_add(
		&gaps->full,
		"calls: %d sockets are open whose calls over loopback were refused or wait, and no "
		"more are recorded: all other calls over loopback are refused; end the processes "
		"that keep such sockets open",
		MAX_CALLING);
}

/* --- All of it --- */

static void add_gap(struct findings *list, const char *text)
{
	if (text)
		findings_add(list, "%s", text);
}

void gaps_find(struct gaps *gaps, const struct layer_report *report)
{
	const struct layer_state *state = &report->state;

	memset(gaps, 0, sizeof(*gaps));
	if (!state->generation && !report->kernel.native)
		return;
	add_gap(&gaps->open, gap_in_sources(&report->kernel));
	add_gap(&gaps->open, gap_by_taps());
	if (!state->generation)
		return;
	look_at_lingering(gaps, &state->lingering_list);
	look_at_devices(gaps);
	look_at_shares(gaps);
	look_at_buckets(gaps, state);
	look_at_seals(gaps, state);
	look_at_calls(gaps);
}
