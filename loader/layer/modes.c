// SPDX-License-Identifier: GPL-2.0-only
#include "layer/modes.h"

#include <errno.h>
#include <string.h>

#include "kernel/sysctl-modes.h"
#include "layer/layer.h"
#include "layer/netns-records.h"
#include "layer/pins.h"
#include "lib/lock.h"
#include "lib/log.h"

static int read_record(const struct netns *ns, struct netns_record *record)
{
	struct netns_records records;
	int ret = netns_records_open(&records);

	if (ret)
		return ret;
	ret = netns_records_read(&records, ns->id, record);
	netns_records_close(&records);
	return ret ? log_errno(-ret, "map " PIN_NAMESPACES) : 0;
}

static int layer_get(const struct netns *ns, enum knob knob, enum vsock_mode *mode)
{
	struct netns_record record;
	int ret = read_record(ns, &record);

	if (!ret)
		*mode = knob == NS_MODE ? record.mode : record.child_mode;
	return ret;
}

int mode_get_written(const struct netns *ns, enum vsock_mode *mode)
{
	struct netns_record record;
	int ret = read_record(ns, &record);

	if (ret)
		return ret;
	*mode = record.child_mode;
	return record.child_locked == YES;
}

int mode_get(const struct netns *ns, enum knob knob, enum vsock_mode *mode)
{
	int ret;

	if (!kernel_has_modes())
		return layer_get(ns, knob, mode);
	ret = sysctl_mode_get(ns, knob_name(knob), mode);
	if (ret)
		return log_errno(-ret, "%s", knob_name(knob));
	/* A policy can make local what the kernel has as global. */
	return *mode == GLOBAL && netns_records_exist() ? layer_get(ns, knob, mode) : 0;
}

/* In the order of the kernel: EPERM comes before EBUSY. */
static int set_child(struct netns_record *record, enum vsock_mode mode)
{
	if (record->mode == LOCAL && mode == GLOBAL)
		return -EPERM;
	if (record->child_locked == YES && record->child_mode != mode)
		return -EBUSY;
	record->child_mode = mode;
	record->child_locked = YES;
	return 0;
}

/* A local namespace makes local ones, as if it had been made local. */
static int set_own(struct netns_record *record, bool is_init, enum vsock_mode mode)
{
	if (is_init || mode == GLOBAL)
		return record->mode == mode ? 0 : -EPERM;
	record->mode = LOCAL;
	record->child_mode = LOCAL;
	return 0;
}

/*
 * Gates first: one that stands too early is harmless, one too late is a hole. What is said again is
 * not written again, as each change makes all cached verdicts void.
 */
static int write_record(struct netns_records *records, const struct netns *ns,
			struct netns_record *record, const struct netns_record *before)
{
	int ret = 0;

	if (record->mode == LOCAL || record->child_mode == LOCAL)
		ret = layer_attach_gates(GATES);
	if (ret || !memcmp(record, before, sizeof(*record)))
		return ret;
	record->inode = ns->inode;
	ret = netns_records_write(records, ns->id, record);
	return ret ? log_errno(-ret, "map " PIN_NAMESPACES) : 0;
}

static int layer_set(const struct netns *ns, enum knob knob, enum vsock_mode mode)
{
	struct netns_record record, before;
	struct netns_records records;
	int lock, ret;

	lock = lock_take();
	if (lock < 0)
		return lock;
	ret = netns_records_open(&records);
	if (ret)
		goto unlock;
	ret = netns_records_read(&records, ns->id, &record);
	before = record;
	if (!ret)
		ret = knob == CHILD_NS_MODE ? set_child(&record, mode)
					    : set_own(&record, ns->id == records.state->init, mode);
	if (ret)
		log_errno(-ret, "%s", knob_name(knob));
	else
		ret = write_record(&records, ns, &record, &before);
	netns_records_close(&records);
unlock:
	lock_release(lock);
	return ret;
}

/* The kernel's ns_mode is read-only: what holds already is all that can be set. */
static int native_set_own(const struct netns *ns, enum vsock_mode mode)
{
	enum vsock_mode now;
	int ret = sysctl_mode_get(ns, knob_name(NS_MODE), &now);

	return ret ? ret : now == mode ? 0 : -EPERM;
}

static int native_set(const struct netns *ns, enum knob knob, enum vsock_mode mode)
{
	int ret = knob == NS_MODE ? native_set_own(ns, mode)
				  : sysctl_mode_set(ns, knob_name(knob), mode);

	return ret ? log_errno(-ret, "%s", knob_name(knob)) : 0;
}

int mode_set_here(enum knob knob, enum vsock_mode mode)
{
	return native_set(NULL, knob, mode);
}

int mode_set(const struct netns *ns, enum knob knob, enum vsock_mode mode)
{
	return kernel_has_modes() ? native_set(ns, knob, mode) : layer_set(ns, knob, mode);
}
