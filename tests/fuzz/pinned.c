// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever stands in the pinned maps, those who read them say something and end. The input is what
 * the maps hold: the state, then keys and values for each map.
 *
 * Played are the kernel's maps, where they are pinned, and where policies in force are kept.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/netns-dir.h"
#include "layer/alive.h"
#include "fuzz.h"
#include "kernel/kernel-probe.h"
#include "events/metrics.h"
#include "layer/guests.h"
#include "layer/pins.h"
#include "layer/probe.h"
#include "policy/store.h"
#include "layer/reach.h"
#include "layer/netns-records.h"
#include "ctl/command.h"

#define ENTRIES	  12
#define VALUE_MAX 256
#define FDS	  256
/* A walk that goes on for longer does not end. */
#define WALK_MAX 10000

struct entry {
	__u64 key;
	uint8_t value[VALUE_MAX];
	bool goes; /* is not there any more when it is looked up */
};

static struct map {
	const char *name;
	size_t value_size;
	struct entry entry[ENTRIES];
	int count, restarts;
} maps[] = {
	{ .name = PIN_NAMESPACES, .value_size = sizeof(struct netns_record) },
	{ .name = PIN_COUNTERS, .value_size = sizeof(struct counters) },
	{ .name = PIN_DEVICES, .value_size = sizeof(struct device) },
	{ .name = PIN_SEALED, .value_size = sizeof(struct sealed_socket) },
};

#define MAPS (sizeof(maps) / sizeof(*maps))

static struct map *map_of[FDS];
static struct layer_state state;
static struct bytes guests; /* what the iterator of CIDs writes */
static bool kept;	    /* policies in force are to be found */
static bool blind;
static int walked;

/* --- The kernel --- */

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	struct map *map = map_of[fd % FDS];
	int i;

	check(map != NULL);
	for (i = 0; i < map->count; i++) {
		if (memcmp(key, &map->entry[i].key, sizeof(map->entry[i].key)) ||
		    map->entry[i].goes)
			continue;
		memcpy(value, map->entry[i].value, map->value_size);
		return 0;
	}
	errno = ENOENT;
	return -ENOENT;
}

/* A walk begins anew when the entry at which it stands goes. */
int bpf_map_get_next_key(int fd, const void *key, void *next_key)
{
	struct map *map = map_of[fd % FDS];
	int next = 0;

	check(map && ++walked < WALK_MAX);
	while (key && next < map->count && memcmp(key, &map->entry[next].key, sizeof(__u64)))
		next++;
	if (key && next < map->count && map->entry[next].goes && map->restarts-- > 0)
		next = 0;
	else if (key)
		next = next < map->count ? next + 1 : 0;
	if (next >= map->count) {
		errno = ENOENT;
		return -ENOENT;
	}
	memcpy(next_key, &map->entry[next].key, sizeof(__u64));
	return 0;
}

/* Who only reads changes nothing. */
int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	(void)fd;
	(void)key;
	(void)value;
	(void)flags;
	abort();
}

/* Nothing is attached here that could be asked. */
int probe_ask(struct probed *programs, size_t count, enum probe how)
{
	(void)programs;
	(void)count;
	(void)how;
	return 0;
}

/* A page, as the kernel has it. */
static int open_state(void)
{
	int fd = file_of(&state, sizeof(state));

	check(!ftruncate(fd, sysconf(_SC_PAGESIZE)));
	return fd;
}

static int open_map(const char *name)
{
	size_t i;
	int fd;

	if (!strcmp(name, PIN_STATE))
		return open_state();
	for (i = 0; i < MAPS; i++) {
		if (strcmp(name, maps[i].name))
			continue;
		fd = file_of("", 0);
		check(fd < FDS);
		map_of[fd] = &maps[i];
		return fd;
	}
	return -ENOENT;
}

int bpf_obj_get(const char *path)
{
	return open_map(strrchr(path, '/') + 1);
}

uid_t geteuid(void)
{
	return 0;
}

/* --- Whether it runs, which only a kernel can tell: nothing here asks this one --- */

int reach_find(struct reach *reach)
{
	*reach = (struct reach){ .own = { .state = state.generation ? 1 : 0 } };
	return 0;
}

void alive_ask(struct alive *alive, const struct layer_report *report, enum probe how)
{
	check(report && how);
	*alive = (struct alive){ .wrong.count = blind };
	strcpy(alive->wrong.text[0], "programs do not run");
}

/* --- Namespaces: the initial one and two with names, or none that can be seen --- */

int netns_open_init(struct netns *ns)
{
	*ns = (struct netns){ .fd = -1, .id = 1, .inode = 4026531840 };
	return blind ? -EACCES : 0;
}

int netns_dir_each(void (*each)(const char *name, const struct netns *ns, void *arg), void *arg)
{
	struct netns web = { .fd = -1, .id = 2, .inode = 2 }, db = { .fd = -1, .id = 4097 };

	if (blind)
		return -EACCES;
	each("db", &db, arg);
	each("web", &web, arg);
	return 0;
}

/* --- Instead of kernel-probe.c, pins.c and store.c --- */

void kernel_probe(struct kernel *kernel)
{
	*kernel = (struct kernel){ .btf = true, .netns_cookie = true, .packet_socket = true };
}

int pin_open_map(const char *name)
{
	return open_map(name);
}

void pin_generation(char *path, size_t size, __u32 generation)
{
	snprintf(path, size, "generation-%u", generation);
}

/* What is read of a generation is one file. */
void pin_in_generation(char *path, size_t size, __u32 generation, const char *name)
{
	static int fd = -1;

	(void)generation;
	if (fd >= 0)
		close(fd);
	fd = strcmp(name, "cids") ? -1 : file_of(guests.data, guests.size);
	snprintf(path, size, "/proc/self/fd/%d", fd);
}

/* What processes are called is not pinned. */
int guests_load(struct guest_list *list)
{
	(void)list;
	return 0;
}

void enter_bpffs_mount_namespace(void)
{
}

int pin_check_bpffs(void)
{
	return 0;
}

int store_write(const struct policy_files *files)
{
	(void)files;
	abort();
}

int store_commit(void)
{
	abort();
}

int store_commit_left_over(__u64 hash)
{
	(void)hash;
	abort();
}

/* Those of the harness of policies. */
int store_read(struct policy_files *files, __u64 hash)
{
	(void)hash;
	return kept ? policy_files_read(files, "tests/fuzz/corpus/store") : -ENOENT;
}

/* Of ctl/main.c, which has a main(). */
int print_json(struct json_object *object)
{
	check(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY) != NULL);
	json_object_put(object);
	return 0;
}

/* --- One input --- */

static bool has_key(const struct map *map, __u64 key)
{
	int i;

	for (i = 0; i < map->count; i++)
		if (map->entry[i].key == key)
			return true;
	return false;
}

/* Each key once, as in a map. */
static void add(struct map *map, struct bytes *bytes)
{
	struct entry *entry = &map->entry[map->count];

	entry->key = take_byte(bytes);
	entry->goes = entry->key & 128;
	if (entry->key == 127)
		entry->key = NETNS_UNKNOWN;
	take_bytes(bytes, entry->value, map->value_size);
	map->count += !has_key(map, entry->key);
}

static void fill(struct map *map, struct bytes *bytes)
{
	uint8_t head = take_byte(bytes);
	int count = head % ENTRIES;

	map->count = 0;
	map->restarts = head / ENTRIES;
	while (count--)
		add(map, bytes);
}

static void fill_all(struct bytes *bytes)
{
	uint8_t how = take_byte(bytes);
	size_t i;

	take_bytes(bytes, &state, sizeof(state));
	/* Else nobody looks any further. */
	if (how & 1)
		state.layout = LAYOUT_VERSION;
	if (how & 2)
		state.generation |= 1;
	kept = how & 4;
	blind = how & 8;
	for (i = 0; i < MAPS; i++)
		fill(&maps[i], bytes);
	guests = *bytes;
}

static void read_metrics(void)
{
	struct metrics numbers = {};
	char *text = NULL;
	size_t size;
	FILE *out;

	if (metrics_collect(&numbers, NULL))
		return;
	out = open_memstream(&text, &size);
	check(out != NULL);
	metrics_print(out, &numbers);
	fclose(out);
	check(size > 6 && !strcmp(text + size - 6, "# EOF\n"));
	free(text);
	metrics_free(&numbers);
}

static void read_records(void)
{
	struct netns_record record;
	struct netns_records records;
	struct map_keys ids;
	netns_id id;
	size_t i;

	if (netns_records_open(&records))
		return;
	check(records.state->layout == LAYOUT_VERSION && records.state->generation);
	for (id = 0; id < 4; id++)
		netns_records_read(&records, id, &record);
	netns_records_ids(&records, &ids);
	check(ids.count <= ENTRIES);
	for (i = 1; i < ids.count; i++)
		check(ids.key[i] > ids.key[i - 1]);
	map_walk_free(&ids);
	netns_records_close(&records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	struct options options = {};
	char *none = NULL;

	hush();
	fill_all(&bytes);
	walked = 0;
	read_records();
	read_metrics();
	do {
		command_list(&options, 0, &none);
		command_rules(&options, 0, &none);
		command_cids(&options, 0, &none);
		command_status(&options, 0, &none);
		options.json = !options.json;
	} while (options.json);
	return 0;
}
