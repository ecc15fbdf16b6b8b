// SPDX-License-Identifier: GPL-2.0-only
#include "layer/link-sets.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer/pins.h"
#include "layer/programs.h"
#include "layer/state.h"

/* libbpf's name for the section that the state is in; pinned as PIN_STATE. */
#define STATE_MAP ".data.state"

static int map_info(__u32 id, struct bpf_map_info *info)
{
	__u32 size = sizeof(*info);
	int fd = bpf_map_get_fd_by_id(id), ret;

	memset(info, 0, sizeof(*info));
	if (fd < 0)
		return fd;
	ret = bpf_obj_get_info_by_fd(fd, info, &size);
	close(fd);
	return ret;
}

static int program_info(int fd, struct bpf_prog_info *info, __u32 maps[SET_MAPS])
{
	__u32 size = sizeof(*info);
	int ret;

	memset(info, 0, sizeof(*info));
	info->nr_map_ids = SET_MAPS;
	info->map_ids = (__u64)(unsigned long)maps;
	ret = bpf_obj_get_info_by_fd(fd, info, &size);
	if (!ret && info->nr_map_ids > SET_MAPS)
		info->nr_map_ids = SET_MAPS;
	return ret;
}

/* The kernel keeps 15 characters of a name, here and of maps. */
static bool is_ours(const char *name)
{
	const struct program *program;

	for (program = programs; program->name; program++)
		if (!strncmp(program->name, name, BPF_OBJ_NAME_LEN - 1))
			return true;
	return false;
}

static int open_program_of_link(int link)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int ret = bpf_obj_get_info_by_fd(link, &info, &size);

	if (ret)
		return ret;
	if (info.type != BPF_LINK_TYPE_TRACING && info.type != BPF_LINK_TYPE_RAW_TRACEPOINT)
		return -EINVAL;
	return bpf_prog_get_fd_by_id(info.prog_id);
}

static bool has_map(const struct link_set *set, __u32 id)
{
	size_t i;

	for (i = 0; i < set->maps; i++)
		if (set->map[i].id == id)
			return true;
	return false;
}

static void add_map(struct link_set *set, __u32 id)
{
	struct bpf_map_info info;

	if (has_map(set, id) || set->maps == SET_MAPS || map_info(id, &info))
		return;
	set->map[set->maps].id = id;
	memcpy(set->map[set->maps].name, info.name, sizeof(set->map[0].name));
	set->maps++;
}

/* Of the maps of a program: 0 if it has none by that name. */
static __u32 state_among(const __u32 *ids, __u32 count)
{
	struct bpf_map_info info;
	__u32 i;

	for (i = 0; i < count; i++)
		if (!map_info(ids[i], &info) && !strcmp(info.name, STATE_MAP))
			return ids[i];
	return 0;
}

/* The generation in force; 0 if none is, or not yet. */
static __u32 read_generation(__u32 state)
{
	struct layer_state *mapped = state_take(bpf_map_get_fd_by_id(state));
	__u32 generation = 0;

	if (!mapped)
		return 0;
	/* Of another layout not even `retired_generation` is known; that there is one is. */
	if (mapped->layout != LAYOUT_VERSION || mapped->generation > mapped->retired_generation)
		generation = mapped->generation;
	state_unmap(mapped);
	return generation;
}

/* What is walked for. */
struct search {
	struct link_set *set;
	__u32 state;  /* the map of the set that is looked for, */
	bool other;   /* or of those that are not */
	bool sharing; /* programs that have no such map, and share others with the set */
};

/* Whether a program that has the map belongs to the set, or begins it. */
static bool is_wanted(const struct search *search, __u32 state)
{
	struct link_set *set = search->set;

	if ((state == search->state) == search->other)
		return false;
	if (set->state)
		return set->state == state;
	set->generation = read_generation(state);
	if (search->other && !set->generation)
		return false;
	set->state = state;
	return true;
}

static bool shares_map(const struct link_set *set, const __u32 *maps, __u32 count)
{
	__u32 i;

	for (i = 0; i < count; i++)
		if (has_map(set, maps[i]))
			return true;
	return false;
}

static void add_program(const struct search *search, int fd)
{
	struct bpf_prog_info info;
	__u32 maps[SET_MAPS], state, i;

	if (program_info(fd, &info, maps) || !is_ours(info.name))
		return;
	state = state_among(maps, info.nr_map_ids);
	if (!state != search->sharing)
		return;
	if (state ? !is_wanted(search, state) : !shares_map(search->set, maps, info.nr_map_ids))
		return;
	search->set->links += !search->sharing;
	for (i = 0; i < info.nr_map_ids; i++)
		add_map(search->set, maps[i]);
}

static int walk(const struct search *search)
{
	int link, program;
	__u32 id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		link = bpf_link_get_fd_by_id(id);
		/* It can have gone. */
		if (link < 0)
			continue;
		program = open_program_of_link(link);
		if (program >= 0) {
			add_program(search, program);
			close(program);
		}
		close(link);
	}
	return errno == ENOENT ? 0 : -errno;
}

/* Two programs can share a map that neither shares with one that has the map `state`. */
static int search_for(struct search *search)
{
	int ret, round;

	memset(search->set, 0, sizeof(*search->set));
	ret = walk(search);
	search->sharing = true;
	for (round = 0; round < 2 && !ret && search->set->state; round++)
		ret = walk(search);
	return ret;
}

int link_set_find(struct link_set *set, __u32 state)
{
	struct search search = { .set = set, .state = state };

	return search_for(&search);
}

int link_set_find_other(struct link_set *set, __u32 state)
{
	struct search search = { .set = set, .state = state, .other = true };

	return search_for(&search);
}

__u32 link_set_map_id(int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

__u32 link_set_map_named(const struct link_set *set, const char *name)
{
	size_t i;

	if (!strcmp(name, PIN_STATE))
		return set->state;
	for (i = 0; i < set->maps; i++)
		if (!strncmp(set->map[i].name, name, BPF_OBJ_NAME_LEN - 1))
			return set->map[i].id;
	return 0;
}

static int read_program(int fd, const struct link_set *set, struct pinned_link *link)
{
	struct bpf_prog_info info;
	__u32 maps[SET_MAPS];
	int ret = program_info(fd, &info, maps);

	memset(link, 0, sizeof(*link));
	if (ret)
		return ret;
	memcpy(link->program, info.name, sizeof(link->program));
	link->program_id = info.id;
	link->skipped = info.recursion_misses;
	link->of_set = shares_map(set, maps, info.nr_map_ids);
	return 0;
}

int link_set_read(const char *path, const struct link_set *set, struct pinned_link *link)
{
	int fd = bpf_obj_get(path), program, ret;

	if (fd < 0)
		return fd;
	program = open_program_of_link(fd);
	close(fd);
	if (program < 0)
		return program;
	ret = read_program(program, set, link);
	close(program);
	return ret;
}
