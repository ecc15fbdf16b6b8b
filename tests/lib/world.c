// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/vm_sockets.h>

#include "lib/command.h"
#include "lib/tap.h"
#include "vsock-bpfd.h"
#include "lib/world.h"

#define SETTLE_MS 60000

void sleep_ms(int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

bool is_native(void)
{
	return !access("/proc/sys/net/vsock/ns_mode", F_OK);
}

static void make(struct ns *ns, const char *name, const struct ns *parent)
{
	int err = ns_make(ns, name, parent, NS_BY_ROOT);

	if (err)
		tap_bail("namespace %s: %s", name, strerror(err));
}

void world_make(struct world *world)
{
	int err = ns_init(&world->init);

	if (err)
		tap_bail("workers: %s", strerror(err));
	/* The first prepares the folder, and what is mounted there before stays below. */
	must("ip netns add first && ip netns del first");
	make(&world->global, "global", &world->init);
	make(&world->nursery, "nursery", &world->init);
	must("build/vsockctl -n nursery set child_ns_mode local");
	make(&world->local1, "local1", &world->nursery);
	make(&world->local2, "local2", &world->nursery);
}

void world_remove(struct world *world)
{
	ns_remove(&world->local2);
	ns_remove(&world->local1);
	ns_remove(&world->nursery);
	ns_remove(&world->global);
	worker_stop(&world->init.listener);
	worker_stop(&world->init.connector);
}

static int say_hello(struct worker *from, struct worker *to)
{
	int err = worker_say(from, 7);

	if (!err)
		err = worker_reply(to, 7);
	return err ?: worker_hear(from, 7);
}

static int talk_error(int err)
{
	return err && err != ETIME ? EPROTO : err;
}

static int reach_once(struct ns *from, struct ns *to)
{
	static unsigned int port = 40000;
	struct connect_result result;
	int err;

	err = worker_socket(&to->listener, SOCK_STREAM);
	if (!err)
		err = worker_listen(&to->listener, ++port);
	if (!err)
		err = worker_socket(&from->connector, SOCK_STREAM);
	if (err)
		tap_bail("sockets in %s and %s: %s", from->name, to->name, strerror(err));
	err = worker_connect(&from->connector, CONNECT_BLOCKING, VMADDR_CID_LOCAL, port, &result);
	if (!err)
		err = talk_error(say_hello(&from->connector, &to->listener));
	else if (worker_expect_nobody(&to->listener))
		err = EEXIST;
	worker_close(&from->connector);
	worker_close(&to->listener);
	return err;
}

/* An emulated machine that stands still for a moment is no result. */
int reach(struct ns *from, struct ns *to)
{
	int err = reach_once(from, to), tries;

	for (tries = 0; tries < 4 && (err == ETIME || err == ETIMEDOUT); tries++) {
		tap_diag("%s to %s: %s; once more", from->name, to->name, strerror(err));
		err = reach_once(from, to);
	}
	return err;
}

static bool as_wanted(struct ns *from, struct ns *to, int wanted)
{
	int err = reach(from, to);

	if (err == wanted)
		return true;
	tap_diag("%s to %s: %s, wanted: %s", from->name, to->name, strerror(err), strerror(wanted));
	return false;
}

static bool check(struct world *world, int across)
{
	bool good = as_wanted(&world->local1, &world->local1, 0);

	good &= as_wanted(&world->init, &world->init, 0);
	good &= as_wanted(&world->global, &world->init, 0);
	good &= as_wanted(&world->init, &world->nursery, 0);
	good &= as_wanted(&world->init, &world->local1, across);
	good &= as_wanted(&world->local1, &world->init, across);
	good &= as_wanted(&world->local1, &world->local2, across);
	good &= as_wanted(&world->local2, &world->global, across);
	return good;
}

bool world_isolated(struct world *world)
{
	return check(world, ECONNRESET);
}

bool world_open(struct world *world)
{
	return check(world, 0);
}

static int count_ids(int (*next)(__u32 id, __u32 *next_id))
{
	__u32 id = 0;
	int count = 0;

	while (!next(id, &id))
		count++;
	return count;
}

struct bpf_counts bpf_count(void)
{
	return (struct bpf_counts){
		.programs = count_ids(bpf_prog_get_next_id),
		.maps = count_ids(bpf_map_get_next_id),
		.links = count_ids(bpf_link_get_next_id),
	};
}

struct bpf_counts bpf_settled(void)
{
	struct bpf_counts counts = bpf_count(), later;

	while (true) {
		sleep_ms(1000);
		later = bpf_count();
		if (!memcmp(&counts, &later, sizeof(counts)))
			return counts;
		counts = later;
	}
}

bool bpf_is(const struct bpf_counts *before)
{
	struct bpf_counts now;
	int waited;

	for (waited = 0; waited < SETTLE_MS; waited += 100) {
		now = bpf_count();
		if (!memcmp(&now, before, sizeof(now)))
			return true;
		sleep_ms(100);
	}
	tap_diag("programs, maps, links: %d, %d, %d; wanted %d, %d, %d", now.programs, now.maps,
		 now.links, before->programs, before->maps, before->links);
	return false;
}

static int open_map(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), PINS "/%s", name);
	return bpf_obj_get(path);
}

static int count_keys(int map)
{
	/* As large as any key of ours. */
	__u64 key = 0, next;
	void *previous = NULL;
	int count = 0;

	while (!bpf_map_get_next_key(map, previous, &next)) {
		key = next;
		previous = &key;
		count++;
	}
	return count;
}

int map_entries(const char *name)
{
	int map = open_map(name), count;

	if (map < 0)
		return -1;
	count = count_keys(map);
	close(map);
	return count;
}

int map_settles(const char *name, int wanted)
{
	int waited, count = map_entries(name);

	for (waited = 0; count != wanted && waited < SETTLE_MS; waited += 100) {
		sleep_ms(100);
		count = map_entries(name);
	}
	return count;
}

unsigned int generation(void)
{
	struct layer_state state = {};
	int map = open_map("state");
	__u32 zero = 0;

	if (map < 0)
		return 0;
	if (bpf_map_lookup_elem(map, &zero, &state))
		state.generation = 0;
	close(map);
	return state.generation;
}
