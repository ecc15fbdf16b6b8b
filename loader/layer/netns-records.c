// SPDX-License-Identifier: GPL-2.0-only
#include "layer/netns-records.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer/pins.h"
#include "layer/reach.h"
#include "layer/state.h"
#include "lib/clock.h"
#include "lib/log.h"

bool netns_records_exist(void)
{
	int fd = pin_open_map(PIN_STATE);

	if (fd >= 0)
		close(fd);
	return fd != -ENOENT;
}

/* Nothing is in force, or nothing that a pin leads to. */
static int fail_without_pin(void)
{
	int ret = reach_refuse_hidden();

	return ret ? ret : log_error(ENOSYS, NOT_ATTACHED);
}

static int open_map(const char *name)
{
	int fd = pin_open_map(name);

	if (fd == -ENOENT)
		return fail_without_pin();
	if (fd < 0)
		return log_errno(-fd, "map %s", name);
	return fd;
}

int netns_records_open(struct netns_records *records)
{
	int fd, ret = 0;

	records->state = NULL;
	records->namespaces = -1;
	enter_bpffs_mount_namespace();
	ret = pin_check_dir();
	if (ret)
		return ret;
	records->namespaces = open_map(PIN_NAMESPACES);
	if (records->namespaces < 0)
		return records->namespaces;
	fd = open_map(PIN_STATE);
	if (fd >= 0) {
		records->state = state_map(fd);
		if (!records->state)
			ret = log_errno(errno, "map " PIN_STATE);
		close(fd);
	} else {
		ret = fd;
	}
	if (!ret && !records->state->generation)
		ret = log_error(ENOSYS, NOT_ATTACHED);
	else if (!ret && records->state->layout != LAYOUT_VERSION)
		ret = log_error(EPROTO, "the attached layer has layout %u, this program knows %u",
				records->state->layout, LAYOUT_VERSION);
	else if (!ret && (records->state->half > 1 || records->state->bound_half > 1))
		ret = log_error(EPROTO, "the map " PIN_STATE
					" has contents that none of our programs wrote; "
					"'vsock-bpfd --detach' removes it, and with it all modes");
	if (ret)
		netns_records_close(records);
	return ret;
}

void netns_records_close(struct netns_records *records)
{
	if (records->state)
		state_unmap(records->state);
	if (records->namespaces >= 0)
		close(records->namespaces);
	records->state = NULL;
	records->namespaces = -1;
}

int netns_records_read(const struct netns_records *records, netns_id id,
		       struct netns_record *record)
{
	memset(record, 0, sizeof(*record));
	if (!bpf_map_lookup_elem(records->namespaces, &id, record))
		return 0;
	if (errno != ENOENT)
		return -errno;
	if (records->state->overflow == YES)
		record->mode = record->child_mode = LOCAL;
	return 0;
}

static int write_record(const struct netns_records *records, netns_id id,
			const struct netns_record *record, __u64 flags)
{
	int ret = 0;

	state_change_begins(records->state);
	if (bpf_map_update_elem(records->namespaces, &id, record, flags))
		ret = -errno;
	state_change_ends(records->state);
	return ret;
}

int netns_records_write(const struct netns_records *records, netns_id id,
			const struct netns_record *record)
{
	struct netns_record new = *record;
	int ret;

	if (!new.created_ns)
		new.created_ns = clock_ns(CLOCK_MONOTONIC);
	ret = write_record(records, id, &new, BPF_ANY);
	return ret == -E2BIG ? -ENOSPC : ret;
}

int netns_records_update(const struct netns_records *records, netns_id id,
			 const struct netns_record *record)
{
	return write_record(records, id, record, BPF_EXIST);
}

void netns_records_ids(const struct netns_records *records, struct map_keys *ids)
{
	map_walk(ids, records->namespaces, MAX_NAMESPACES);
}
