// SPDX-License-Identifier: GPL-2.0-only
#include "layer/guests.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest-line.h"
#include "kernel/cgroup.h"
#include "kernel/kernel-probe.h"
#include "kernel/process.h"
#include "layer/netns-records.h"
#include "lib/array.h"
#include "lib/libbpf-log.h"
#include "lib/log.h"
#include "lib/printable.h"
#include "guests.skel.h"

struct lines {
	struct guest_line *line;
	size_t count, room;
};

/* --- From the kernel --- */

/* The layer knows them; without one they are looked for. */
static void find_addresses(struct kernel_addresses *addresses)
{
	struct netns_records records;
	struct kernel kernel;

	*addresses = (struct kernel_addresses){};
	if (netns_records_exist() && !netns_records_open(&records)) {
		*addresses = records.state->addresses;
		netns_records_close(&records);
	}
	if (addresses->vhost_fops)
		return;
	kernel_probe(&kernel);
	addresses->vhost_fops = kernel.addresses.vhost_fops;
}

static int prepare(struct guest_list *list, const struct kernel_addresses *addresses)
{
	if (!list->skel) {
		libbpf_log_start();
		list->skel = guests__open_and_load();
	}
	if (!list->skel)
		return -errno;
	list->skel->bss->vhost_fops = addresses->vhost_fops;
	list->skel->bss->device_node = addresses->device_node;
	list->skel->bss->device_cid = addresses->device_cid;
	return 0;
}

/* The kernel gives whole lines, and no more than fit. */
static int read_lines(struct lines *lines, int fd)
{
	struct guest_line line[64];
	ssize_t size;
	size_t i;

	do {
		size = read(fd, line, sizeof(line));
		for (i = 0; size > 0 && i < size / sizeof(*line); i++)
			*array_add(lines->line, lines->count, lines->room) = line[i];
	} while (size > 0 || (size < 0 && errno == EAGAIN));
	return size < 0 ? -errno : 0;
}

static int read_devices(struct lines *lines, const struct guests *skel)
{
	struct bpf_link *link = bpf_program__attach_iter(skel->progs.guests, NULL);
	int ret = libbpf_get_error(link), fd;

	if (ret)
		return ret;
	fd = bpf_iter_create(bpf_link__fd(link));
	ret = fd < 0 ? fd : read_lines(lines, fd);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return ret;
}

/* --- From a process to a name --- */

/* False if it is gone. Its cgroup is read before it is asked whether the number is still its own.
 */
static bool name_process(struct known_guest *guest, const struct guest_line *line)
{
	char pid[16], cgroup[PATH_MAX];
	unsigned long long tick;

	*guest = (struct known_guest){ .cid = line->cid, .pid = line->pid };
	guest->tick = process_tick(line->started_ns);
	printable(guest->comm, sizeof(guest->comm), line->comm, sizeof(line->comm));
	snprintf(pid, sizeof(pid), "%u", line->pid);
	if (!cgroup_of(pid, cgroup, sizeof(cgroup)) || !process_began(line->pid, &tick) ||
	    tick != guest->tick)
		return false;
	guest_name_of_cgroup(&guest->name, cgroup);
	if (guest->name.kind != GUEST_NAMELESS)
		return true;
	guest->name.kind = GUEST_PROCESS;
	snprintf(guest->name.text, sizeof(guest->name.text), "%s[%s]", guest->comm, pid);
	return true;
}

/* The process that runs a guest; without one yet, any that has its device. */
static bool may_run(const struct guest_line *line, bool runs)
{
	return line->runs || !runs;
}

/* One guest, of all lines about its device; none if they do not agree on the name. */
static void add_guest(struct guest_list *list, const struct guest_line *line, size_t count)
{
	struct known_guest found = {}, other;
	bool runs = false;
	size_t i;

	for (i = 0; i < count; i++)
		runs |= line[i].runs;
	for (i = 0; i < count; i++) {
		if (!may_run(&line[i], runs) || !name_process(&other, &line[i]))
			continue;
		if (found.cid && strcmp(found.name.text, other.name.text))
			return;
		if (!found.cid)
			found = other;
	}
	if (found.cid)
		*array_add(list->guest, list->count, list->room) = found;
}

/* By device; in it by process. */
static int by_device(const void *a, const void *b)
{
	const struct guest_line *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int by_cid(const void *a, const void *b)
{
	const struct known_guest *x = a, *y = b;

	return x->cid < y->cid ? -1 : x->cid > y->cid;
}

static void add_guests(struct guest_list *list, struct lines *lines)
{
	size_t first, end;

	if (lines->count)
		qsort(lines->line, lines->count, sizeof(*lines->line), by_device);
	for (first = 0; first < lines->count; first = end) {
		for (end = first; end < lines->count; end++)
			if (lines->line[end].device != lines->line[first].device)
				break;
		add_guest(list, &lines->line[first], end - first);
	}
	if (list->count)
		qsort(list->guest, list->count, sizeof(*list->guest), by_cid);
}

/* --- For others --- */

int guests_read(struct guest_list *list)
{
	struct kernel_addresses addresses;
	struct lines lines = {};
	int ret;

	list->count = 0;
	find_addresses(&addresses);
	/* Without vhost there are no guests. */
	if (!addresses.vhost_fops)
		return 0;
	ret = prepare(list, &addresses);
	if (!ret)
		ret = read_devices(&lines, list->skel);
	if (!ret)
		add_guests(list, &lines);
	free(lines.line);
	return ret;
}

int guests_load(struct guest_list *list)
{
	int ret = guests_read(list);

	return ret ? log_errno(-ret, "names of guests (--verbose tells more)") : 0;
}

void guests_free(struct guest_list *list)
{
	guests__destroy(list->skel);
	free(list->guest);
	*list = (struct guest_list){};
}

const struct known_guest *guests_find(const struct guest_list *list, __u32 cid)
{
	const struct known_guest *found = NULL;
	unsigned long long tick;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->guest[i].cid != cid)
			continue;
		if (found)
			return NULL;
		found = &list->guest[i];
	}
	if (!found || !process_began(found->pid, &tick) || tick != found->tick)
		return NULL;
	return found;
}

const char *guests_name(const struct guest_list *list, __u32 cid)
{
	const struct known_guest *guest = guests_find(list, cid);

	return guest ? guest->name.text : NULL;
}

size_t guests_named(const struct guest_list *list, const char *name,
		    const struct known_guest **guest)
{
	size_t count = 0, i;

	for (i = 0; i < list->count; i++) {
		if (strcmp(list->guest[i].name.text, name))
			continue;
		if (!count++)
			*guest = &list->guest[i];
	}
	return count;
}
