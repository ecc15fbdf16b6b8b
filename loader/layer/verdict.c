// SPDX-License-Identifier: GPL-2.0-only
#include "layer/verdict.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/netns.h"
#include "layer/pins.h"
#include "lib/libbpf-log.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "explain.skel.h"

/* Of a map that nothing writes to. */
#define UNUSED_ENTRIES 1

struct verdict {
	struct explain *skel;
	struct bpf_link *link; /* of the iterator; nothing runs until it is read */
};

/* All that the verdict reads. The others are written by reports alone. */
static bool is_read(const struct explain *skel, const struct bpf_map *map)
{
	return map == skel->maps.namespaces || map == skel->maps.devices ||
	       map == skel->maps.counters || map == skel->maps.rules ||
	       map == skel->maps.question || bpf_map__is_internal(map);
}

static void shrink_others(struct explain *skel)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj) {
		if (is_read(skel, map))
			continue;
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			bpf_map__set_max_entries(map, sysconf(_SC_PAGESIZE));
		else
			bpf_map__set_max_entries(map, UNUSED_ENTRIES);
	}
}

static int open_object(struct verdict *verdict)
{
	libbpf_log_start();
	verdict->skel = explain__open();
	if (!verdict->skel)
		return log_errno(errno, "BPF object");
	verdict->skel->rodata->netns_has_cookie = netns_has_cookie();
	shrink_others(verdict->skel);
	return 0;
}

static int reuse(struct bpf_map *map, const char *name)
{
	int fd = pin_open_map(name), ret;

	if (fd < 0)
		return log_errno(-fd, "map %s", name);
	ret = bpf_map__reuse_fd(map, fd);
	close(fd);
	return ret ? log_errno(-ret, "map %s", name) : 0;
}

static int reuse_all(const struct explain *skel)
{
	int ret = reuse(skel->maps.namespaces, PIN_NAMESPACES);

	if (!ret)
		ret = reuse(skel->maps.devices, PIN_DEVICES);
	if (!ret)
		ret = reuse(skel->maps.counters, PIN_COUNTERS);
	if (!ret)
		ret = reuse(skel->maps.rules, PIN_RULES);
	return ret ? ret : reuse(skel->maps.data_state, PIN_STATE);
}

static int load(struct verdict *verdict)
{
	int ret = explain__load(verdict->skel);

	return ret ? log_errno(-ret, "loading the verdict (--verbose tells more)") : 0;
}

static int attach(struct verdict *verdict)
{
	union bpf_iter_link_info info = {
		.map.map_fd = bpf_map__fd(verdict->skel->maps.question),
	};
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info,
		    .link_info_len = sizeof(info));
	int ret;

	verdict->link = bpf_program__attach_iter(verdict->skel->progs.explain, &options);
	ret = libbpf_get_error(verdict->link);
	if (ret)
		verdict->link = NULL;
	return ret ? log_errno(-ret, "the verdict's iterator") : 0;
}

static int open_verdict(struct verdict **verdict, bool pinned)
{
	struct verdict *new = memory_checked(calloc(1, sizeof(*new)));
	int ret = open_object(new);

	if (!ret && pinned)
		ret = reuse_all(new->skel);
	if (!ret)
		ret = load(new);
	if (!ret)
		ret = attach(new);
	*verdict = new;
	return ret;
}

int verdict_open_pinned(struct verdict **verdict)
{
	return open_verdict(verdict, true);
}

int verdict_open_private(struct verdict **verdict)
{
	return open_verdict(verdict, false);
}

void verdict_close(struct verdict *verdict)
{
	if (!verdict)
		return;
	bpf_link__destroy(verdict->link);
	explain__destroy(verdict->skel);
	free(verdict);
}

struct verdict_maps verdict_maps(const struct verdict *verdict)
{
	const struct explain *skel = verdict->skel;

	return (struct verdict_maps){
		.namespaces = bpf_map__fd(skel->maps.namespaces),
		.devices = bpf_map__fd(skel->maps.devices),
		.counters = bpf_map__fd(skel->maps.counters),
		.rules = bpf_map__fd(skel->maps.rules),
		.state = &skel->data_state->state,
	};
}

static int read_answer(const struct verdict *verdict, struct verdict_answer *answer)
{
	int fd = bpf_iter_create(bpf_link__fd(verdict->link));
	ssize_t size;

	if (fd < 0)
		return fd;
	do
		size = read(fd, answer, sizeof(*answer));
	while (size < 0 && errno == EAGAIN);
	close(fd);
	if (size < 0)
		return -errno;
	return size == sizeof(*answer) ? 0 : -EIO;
}

int verdict_ask(struct verdict *verdict, const struct verdict_question *question,
		struct verdict_answer *answer)
{
	__u32 first = 0;
	int ret = bpf_map_update_elem(bpf_map__fd(verdict->skel->maps.question), &first, question,
				      BPF_ANY);

	ret = ret ? -errno : read_answer(verdict, answer);
	return ret ? log_errno(-ret, "asking the verdict") : 0;
}
