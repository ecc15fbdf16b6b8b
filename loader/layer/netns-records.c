// SPDX-License-Identifier: GPL-2.0-only
#include "layer/netns-records.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "layer/pins.h"
#include "layer/reach.h"
#include "layer/state.h"
#include "lib/log.h"

/* Of a walk that begins anew time and again, as namespaces go, that much is enough. */
#define IDS_MAX ((size_t)4 * MAX_NAMESPACES)

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
	else if (!ret && (records->state->half > 1 || records->state->settled > 1))
		ret = log_error(EPROTO,
				"the map " PIN_STATE " holds what no program of ours has written; "
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

__u64 netns_records_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Devices that the namespace opened before it had a record stay its own. */
static void keep_devices(netns_id owner, __u64 made)
{
	__u64 address, *previous = NULL;
	int devices = pin_open_map(PIN_DEVICES);
	struct device device;

	if (devices < 0)
		return;
	while (!bpf_map_get_next_key(devices, previous, &address)) {
		previous = &address;
		if (bpf_map_lookup_elem(devices, &address, &device) || device.owner != owner ||
		    device.owner_made)
			continue;
		device.owner_made = made;
		bpf_map_update_elem(devices, &address, &device, BPF_EXIST);
	}
	close(devices);
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
	bool first = !new.made;
	int ret;

	if (first)
		new.made = netns_records_now();
	ret = write_record(records, id, &new, BPF_ANY);
	if (ret)
		return ret == -E2BIG ? -ENOSPC : ret;
	if (first)
		keep_devices(id, new.made);
	return 0;
}

int netns_records_update(const struct netns_records *records, netns_id id,
			 const struct netns_record *record)
{
	return write_record(records, id, record, BPF_EXIST);
}

static int by_number(const void *a, const void *b)
{
	const netns_id *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* A walk begins anew when the entry at which it stands goes: some come twice. */
static size_t sort_once(netns_id *list, size_t count)
{
	size_t kept = 0, i;

	qsort(list, count, sizeof(*list), by_number);
	for (i = 0; i < count; i++)
		if (!kept || list[kept - 1] != list[i])
			list[kept++] = list[i];
	return kept;
}

long netns_records_ids(const struct netns_records *records, netns_id **ids)
{
	size_t count = 0, room = 64;
	netns_id *list = malloc(room * sizeof(*list)), *previous = NULL, *more, id;

	while (list && count < IDS_MAX &&
	       !bpf_map_get_next_key(records->namespaces, previous, &id)) {
		if (count == room) {
			room *= 2;
			more = reallocarray(list, room, sizeof(*list));
			if (!more)
				free(list);
			list = more;
		}
		if (list) {
			list[count] = id;
			previous = &list[count++];
		}
	}
	if (!list)
		return -ENOMEM;
	*ids = list;
	return sort_once(list, count);
}
