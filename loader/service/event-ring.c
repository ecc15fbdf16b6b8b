// SPDX-License-Identifier: GPL-2.0-only
#include "service/event-ring.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer/pins.h"
#include "lib/memory.h"

struct event_ring {
	__u32 map_id;
	int map;
	struct ring_buffer *ring;
	event_fn *each;
	void *arg;
};

static int on_sample(void *arg, void *data, size_t size)
{
	struct event_ring *events = arg;
	struct accepted_event of = {};

	if (size < sizeof(of.event))
		return 0;
	memcpy(&of, data, size < sizeof(of) ? size : sizeof(of));
	events->each(&of.event, &of.traffic, events->arg);
	return 0;
}

static __u32 map_id(int map)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(map, &info, &size) ? 0 : info.id;
}

static int open_ring(struct event_ring **events, int map)
{
	struct event_ring *new = memory_checked(calloc(1, sizeof(*new)));

	new->map = map;
	new->map_id = map_id(map);
	new->ring = ring_buffer__new(map, on_sample, new, NULL);
	if (!new->ring) {
		free(new);
		return -errno;
	}
	*events = new;
	return 0;
}

int event_ring_follow(struct event_ring **events, event_fn *each, void *arg)
{
	struct event_ring *new = NULL;
	int map = pin_open_map(PIN_EVENTS), ret;

	if (map < 0)
		return map;
	if (*events && (*events)->map_id == map_id(map)) {
		close(map);
		return 0;
	}
	ret = open_ring(&new, map);
	if (ret) {
		close(map);
		return ret;
	}
	new->each = each;
	new->arg = arg;
	event_ring_close(*events);
	*events = new;
	return 0;
}

int event_ring_fd(const struct event_ring *events)
{
	return ring_buffer__epoll_fd(events->ring);
}

void event_ring_read(struct event_ring *events)
{
	ring_buffer__consume(events->ring);
}

void event_ring_close(struct event_ring *events)
{
	if (!events)
		return;
	ring_buffer__free(events->ring);
	close(events->map);
	free(events);
}
