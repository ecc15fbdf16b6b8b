// SPDX-License-Identifier: GPL-2.0-only
#include "layer/generation.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/netns.h"
#include "layer/attach-targets.h"
#include "layer/netns-records.h"
#include "layer/pins.h"
#include "layer/probe.h"
#include "layer/state.h"
#include "layer/vhost.h"
#include "lib/hash.h"
#include "lib/libbpf-log.h"
#include "lib/log.h"
#include "vsock-bpfd.skel.h"

/* For tasks that were refused storage: few, and fewer at a time. */
#define SPARE_DELIVERIES 512

__u64 generation_build_id(void)
{
	const void *bytes;
	size_t size;

	bytes = vsock_bpfd__elf_bytes(&size);
	return hash_bytes(HASH_START, bytes, size);
}

static int pin_durable(struct bpf_map *map, const char *name)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), PIN_DIR "/%s", name);
	/* Reuses what is pinned there, pins what is not. */
	ret = bpf_map__set_pin_path(map, path);
	return ret ? log_errno(-ret, "%s", path) : 0;
}

/*
 * Chooses programs, and the maps that they alone use. All are loaded that may be attached one day:
 * what this kernel does not take is found at the first start, and not by the first local mode.
 */
static void choose(struct vsock_bpfd *skel, const struct kernel *kernel)
{
	const struct program *program;
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj) {
		program = program_by_name(bpf_program__name(prog));
		if (program)
			bpf_program__set_autoload(prog, program_needed(program, kernel, RULES));
	}
	bpf_map__set_autocreate(skel->maps.requests, !kernel->packet_socket);
	bpf_map__set_autocreate(skel->maps.answers, !kernel->packet_socket);
	bpf_map__set_autocreate(skel->maps.connects, !kernel->packet_socket);
	if (kernel->source_check) {
		bpf_map__set_max_entries(skel->maps.calling, 1);
		bpf_map__set_max_entries(skel->maps.caller_slots, 1);
		bpf_map__set_max_entries(skel->maps.call_slots, 1);
	}
	if (kernel->packet_socket)
		bpf_map__set_max_entries(skel->maps.delivery_by_tid, SPARE_DELIVERIES);
	bpf_map__set_autocreate(skel->maps.delivery_storage, kernel->packet_socket);
	skel->rodata->netns_has_cookie = kernel->netns_cookie;
	skel->rodata->packets_carry_socket = kernel->packet_socket;
	skel->rodata->sources_are_checked = kernel->source_check;
	skel->rodata->kworkers_deliver_others = kernel->other_transports;
}

static int open_object(struct vsock_bpfd **skel, const struct kernel *kernel)
{
	int ret;

	libbpf_log_start();
	ret = attach_targets_offer();
	if (ret)
		return log_errno(-ret, "BPF object");
	*skel = vsock_bpfd__open();
	if (!*skel)
		return log_errno(errno, "BPF object");
	choose(*skel, kernel);
	return 0;
}

int generation_try(const struct kernel *kernel)
{
	struct vsock_bpfd *skel = NULL;
	int ret = open_object(&skel, kernel);

	if (!ret)
		ret = vsock_bpfd__load(skel);
	attach_targets_forget();
	vsock_bpfd__destroy(skel);
	return ret;
}

/* The state is a section of the object, which libbpf names otherwise. */
static struct bpf_map *find_map(const struct vsock_bpfd *skel, const char *name)
{
	return strcmp(name, PIN_STATE) ? bpf_object__find_map_by_name(skel->obj, name)
				       : skel->maps.data_state;
}

static int share_maps(struct generation *new)
{
	int i, ret = 0;

	for (i = 0; !ret && pinned_maps[i]; i++)
		ret = pin_durable(find_map(new->skel, pinned_maps[i]), pinned_maps[i]);
	return ret;
}

static int load(struct generation *new, const struct kernel *kernel)
{
	int ret = open_object(&new->skel, kernel);

	if (ret)
		return ret;
	new->skel->rodata->generation = new->number;
	if (getrandom(&new->skel->rodata->salt, sizeof(new->skel->rodata->salt), 0) < 0)
		return log_errno(errno, "random number");
	ret = share_maps(new);
	if (ret)
		return ret;
	ret = vsock_bpfd__load(new->skel);
	attach_targets_forget();
	return ret ? log_errno(-ret, "loading the BPF programs (--verbose tells more)") : 0;
}

static int prepare_state(struct generation *new, const struct kernel *kernel)
{
	struct layer_state *state;
	struct netns init;
	int ret;

	new->state = state_map(bpf_map__fd(new->skel->maps.data_state));
	if (!new->state)
		return log_errno(errno, "map " PIN_STATE);
	ret = netns_open_init(&init);
	if (ret)
		return ret;
	state = new->state;
	state->layout = LAYOUT_VERSION;
	state->init = init.id;
	netns_close(&init);
	state->local_cid = vhost_local_cid();
	state->addresses.transport_g2h = kernel->addresses.transport_g2h;
	state->addresses.transport_h2g = kernel->addresses.transport_h2g;
	state->addresses.bound_table = kernel->addresses.bound_table;
	state->addresses.connected_table = kernel->addresses.connected_table;
	state->addresses.vhost_fops = kernel->addresses.vhost_fops;
	state->addresses.guest_table = kernel->addresses.guest_table;
	return 0;
}

/* After attaching, so that no device is opened unseen in between. */
static int take_over_guests(struct generation *new, const struct kernel *kernel)
{
	int ret;

	if (!kernel->guests)
		return 0;
	ret = vhost_find_offsets(new->skel, new->state);
	return ret ? ret : vhost_adopt_devices(new->skel);
}

static int attach(struct generation *new, const struct kernel *kernel)
{
	const struct program *program;
	struct bpf_program *prog;
	int i, ret;

	for (i = 0; programs[i].name; i++) {
		program = &programs[i];
		if (!program_needed(program, kernel, new->coverage))
			continue;
		prog = bpf_object__find_program_by_name(new->skel->obj, program->name);
		new->links[i] = bpf_program__attach(prog);
		ret = libbpf_get_error(new->links[i]);
		if (ret) {
			new->links[i] = NULL;
			return log_errno(-ret, "attaching %s", program->name);
		}
	}
	return 0;
}

static bool is_durable(const struct bpf_map *map)
{
	return bpf_map__pin_path(map) != NULL;
}

/*
 * Records of this set, for people who look with bpftool. Internal maps have no use there. A map
 * that was not created is known by that: since libbpf 1.4 it has the descriptor of a placeholder.
 */
static int pin_maps(struct generation *new)
{
	char path[PATH_MAX];
	struct bpf_map *map;
	int ret;

	bpf_object__for_each_map(map, new->skel->obj) {
		if (is_durable(map) || bpf_map__is_internal(map) || !bpf_map__autocreate(map))
			continue;
		pin_in_generation(path, sizeof(path), new->number, bpf_map__name(map));
		ret = bpf_obj_pin(bpf_map__fd(map), path);
		if (ret)
			return log_errno(-ret, "%s", path);
	}
	return 0;
}

static int pin(struct generation *new)
{
	char path[PATH_MAX];
	int i, ret;

	pin_generation(path, sizeof(path), new->number);
	if (mkdir(path, 0700))
		return log_errno(errno, "%s", path);
	for (i = 0; programs[i].name; i++) {
		if (!new->links[i])
			continue;
		pin_in_generation(path, sizeof(path), new->number, programs[i].name);
		ret = bpf_obj_pin(bpf_link__fd(new->links[i]), path);
		if (ret)
			return log_errno(-ret, "%s", path);
	}
	ret = pin_maps(new);
	if (ret)
		return ret;
	pin_in_generation(path, sizeof(path), new->number, PIN_CIDS);
	return vhost_pin_cids(new->skel, path);
}

/* That the kernel runs them is known before they are in force. */
static int ask(struct generation *new)
{
	struct probed probed[MAX_PROGRAMS];
	struct bpf_program *prog;
	int i, count = 0, silent;

	for (i = 0; programs[i].name; i++) {
		if (!new->links[i])
			continue;
		prog = bpf_object__find_program_by_name(new->skel->obj, programs[i].name);
		probed[count].name = programs[i].name;
		probed[count++].fd = bpf_program__fd(prog);
	}
	/* A policy may refuse a connection, and that would be reported. */
	silent = probe_ask(probed, count, PROBE_ALL & ~PROBE_CONNECTION);
	if (silent < 0)
		return log_errno(-silent, "asking whether programs run");
	return silent ? log_error(EIO, "%d of %d programs do not run, though they are attached",
				  silent, count)
		      : 0;
}

int generation_make(struct generation *new, const struct kernel *kernel)
{
	int ret = load(new, kernel);

	if (!ret)
		ret = prepare_state(new, kernel);
	if (!ret)
		ret = attach(new, kernel);
	if (!ret)
		ret = ask(new);
	if (!ret)
		ret = take_over_guests(new, kernel);
	return ret ? ret : pin(new);
}

void generation_close(struct generation *new)
{
	int i;

	for (i = 0; i < MAX_PROGRAMS; i++)
		if (new->links[i])
			bpf_link__destroy(new->links[i]);
	if (new->state)
		state_unmap(new->state);
	vsock_bpfd__destroy(new->skel);
}
