// SPDX-License-Identifier: GPL-2.0-only
#include "layer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests.h"
#include "lock.h"
#include "modules.h"
#include "native.h"
#include "netns.h"
#include "pins.h"
#include "programs.h"
#include "records.h"
#include "report.h"
#include "vsock-bpfd.skel.h"

/* For tasks that are on their way between two programs. */
#define SETTLE_USEC 100000

/* One layer on its way into the kernel. */
struct attachment {
	struct vsock_bpfd *skel;
	struct bpf_link *links[MAX_PROGRAMS];
	struct layer_state *state;
	__u32 generation;
	bool isolating; /* with the gates */
};

static bool verbose;

void layer_verbose(void)
{
	verbose = true;
}

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return verbose && level != LIBBPF_DEBUG ? vfprintf(stderr, format, args) : 0;
}

/* FNV-1a: tells builds apart, resists nobody. */
static __u64 this_build(void)
{
	__u64 hash = 0xcbf29ce484222325;
	const unsigned char *bytes;
	size_t size, i;

	bytes = vsock_bpfd__elf_bytes(&size);
	for (i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

static int check_privileges(void)
{
	if (!geteuid())
		return 0;
	return fail_errno(EPERM, "needs root");
}

static int check_kernel(const struct kernel *kernel)
{
	if (!kernel->btf)
		return fail(ENOENT, "/sys/kernel/btf/vmlinux: not there; this kernel was built "
				    "without CONFIG_DEBUG_INFO_BTF and cannot be isolated");
	return pin_check_bpffs();
}

/* The programs hook functions and tracepoints of these; they pull in the rest. */
static int load_modules(void)
{
	int ret = module_load("vsock");

	if (ret || native_here())
		return ret;
	ret = module_load("vsock_loopback");
	/* A kernel without it has no guests to isolate. */
	if (!ret && module_known("vhost_vsock"))
		ret = module_load("vhost_vsock");
	return ret;
}

static bool whole(const struct layer_state *state, const struct kernel *kernel)
{
	const struct program *program;
	char path[PATH_MAX];

	for (program = programs; program->name; program++) {
		if (!program_needed(program, kernel, state->isolating == YES))
			continue;
		pin_in_generation(path, sizeof(path), state->generation, program->name);
		if (access(path, F_OK))
			return false;
	}
	return true;
}

static int refuse_layout(__u32 layout)
{
	return fail(EPROTO,
		    "%s has layout %u, this program knows %u; "
		    "'vsock-bpfd --detach' removes it, and with it all modes",
		    PIN_DIR, layout, LAYOUT_VERSION);
}

/* Of another layout only the first number can be read. */
static int read_state_map(int fd, struct layer_state *state)
{
	struct layer_state *mapped = records_map_state(fd);

	if (!mapped)
		return fail_errno(errno, PIN_DIR "/" PIN_STATE);
	if (mapped->layout == LAYOUT_VERSION)
		*state = *mapped;
	else
		state->layout = mapped->layout;
	munmap(mapped, sysconf(_SC_PAGESIZE));
	return 0;
}

/* What the pinned state says; zeros if nothing is in force, or only a start that died. */
static int read_state(struct layer_state *state)
{
	int fd = bpf_obj_get(PIN_DIR "/" PIN_STATE), ret;

	memset(state, 0, sizeof(*state));
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fail_errno(-fd, PIN_DIR "/" PIN_STATE);
	ret = read_state_map(fd, state);
	close(fd);
	if (!ret && state->layout && state->layout != LAYOUT_VERSION)
		return refuse_layout(state->layout);
	if (!ret && !state->generation)
		memset(state, 0, sizeof(*state));
	return ret;
}

static int pin_durable(struct bpf_map *map, const char *name)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), PIN_DIR "/%s", name);
	/* Reuses what is pinned there, pins what is not. */
	ret = bpf_map__set_pin_path(map, path);
	return ret ? fail_errno(-ret, "%s", path) : 0;
}

/* Chooses programs, and the maps that they alone use. */
static void choose(struct attachment *new, const struct kernel *kernel)
{
	struct vsock_bpfd *skel = new->skel;
	const struct program *program;
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj) {
		program = program_by_name(bpf_program__name(prog));
		if (program)
			bpf_program__set_autoload(prog,
						  program_needed(program, kernel, new->isolating));
	}
	bpf_map__set_autocreate(skel->maps.requests, !kernel->packet_socket);
	bpf_map__set_autocreate(skel->maps.answers, !kernel->packet_socket);
	bpf_map__set_autocreate(skel->maps.connects, !kernel->packet_socket);
	skel->rodata->netns_has_cookie = kernel->netns_cookie;
	skel->rodata->packets_carry_socket = kernel->packet_socket;
}

static int load(struct attachment *new, const struct kernel *kernel)
{
	int ret;

	libbpf_set_print(print_libbpf);
	new->skel = vsock_bpfd__open();
	if (!new->skel)
		return fail_errno(errno, "BPF object");
	choose(new, kernel);
	new->skel->rodata->generation = new->generation;
	ret = pin_durable(new->skel->maps.namespaces, PIN_NAMESPACES);
	if (!ret)
		ret = pin_durable(new->skel->maps.devices, PIN_DEVICES);
	if (!ret)
		ret = pin_durable(new->skel->maps.sealed, PIN_SEALED);
	if (!ret)
		ret = pin_durable(new->skel->maps.state, PIN_STATE);
	if (ret)
		return ret;
	ret = vsock_bpfd__load(new->skel);
	return ret ? fail_errno(-ret, "loading the BPF programs (--verbose tells more)") : 0;
}

static int prepare_state(struct attachment *new, const struct kernel *kernel)
{
	struct layer_state *state;
	struct netns init;
	int ret;

	new->state = records_map_state(bpf_map__fd(new->skel->maps.state));
	if (!new->state)
		return fail_errno(errno, "map " PIN_STATE);
	ret = netns_open_init(&init);
	if (ret)
		return ret;
	state = new->state;
	state->layout = LAYOUT_VERSION;
	state->init = init.id;
	netns_close(&init);
	state->local_cid = guests_local_cid();
	state->places.transport_g2h = kernel->places.transport_g2h;
	state->places.transport_h2g = kernel->places.transport_h2g;
	state->places.vhost_fops = kernel->places.vhost_fops;
	state->places.guests = kernel->places.guests;
	return 0;
}

/* After attaching, so that no device is opened unseen in between. */
static int take_over_guests(struct attachment *new, const struct kernel *kernel)
{
	int ret;

	if (!kernel->guests)
		return 0;
	ret = guests_find_offsets(new->skel, new->state);
	return ret ? ret : guests_adopt(new->skel);
}

static int attach(struct attachment *new, const struct kernel *kernel)
{
	const struct program *program;
	struct bpf_program *prog;
	int i, ret;

	for (i = 0; programs[i].name; i++) {
		program = &programs[i];
		if (!program_needed(program, kernel, new->isolating))
			continue;
		prog = bpf_object__find_program_by_name(new->skel->obj, program->name);
		new->links[i] = bpf_program__attach(prog);
		ret = libbpf_get_error(new->links[i]);
		if (ret) {
			new->links[i] = NULL;
			return fail_errno(-ret, "attaching %s", program->name);
		}
	}
	return 0;
}

static bool is_durable(const struct bpf_map *map)
{
	return bpf_map__pin_path(map) != NULL;
}

/* Records of this set, for people who look with bpftool. Internal maps have no use there. */
static int pin_maps(struct attachment *new)
{
	char path[PATH_MAX];
	struct bpf_map *map;
	int ret;

	bpf_object__for_each_map(map, new->skel->obj) {
		if (is_durable(map) || bpf_map__is_internal(map) || bpf_map__fd(map) < 0)
			continue;
		pin_in_generation(path, sizeof(path), new->generation, bpf_map__name(map));
		ret = bpf_obj_pin(bpf_map__fd(map), path);
		if (ret)
			return fail_errno(-ret, "%s", path);
	}
	return 0;
}

static int pin(struct attachment *new)
{
	char path[PATH_MAX];
	int i, ret;

	pin_generation(path, sizeof(path), new->generation);
	if (mkdir(path, 0700))
		return fail_errno(errno, "%s", path);
	for (i = 0; programs[i].name; i++) {
		if (!new->links[i])
			continue;
		pin_in_generation(path, sizeof(path), new->generation, programs[i].name);
		ret = bpf_obj_pin(bpf_link__fd(new->links[i]), path);
		if (ret)
			return fail_errno(-ret, "%s", path);
	}
	ret = pin_maps(new);
	if (ret)
		return ret;
	pin_in_generation(path, sizeof(path), new->generation, PIN_CIDS);
	return guests_pin_cids(new->skel, path);
}

/* What is not pinned is detached by this. */
static void close_attachment(struct attachment *new)
{
	int i;

	for (i = 0; i < MAX_PROGRAMS; i++)
		if (new->links[i])
			bpf_link__destroy(new->links[i]);
	if (new->state)
		munmap(new->state, sysconf(_SC_PAGESIZE));
	vsock_bpfd__destroy(new->skel);
}

/* Removes the links of every set but one: of the one before, and of starts that died. */
static int remove_other_generations(__u32 keep)
{
	char path[PATH_MAX], kept[64];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	snprintf(kept, sizeof(kept), PIN_GENERATION "%u", keep);
	dir = opendir(PIN_DIR);
	if (!dir)
		return -errno;
	while (!ret && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, PIN_GENERATION, strlen(PIN_GENERATION)) ||
		    !strcmp(entry->d_name, kept))
			continue;
		snprintf(path, sizeof(path), PIN_DIR "/%s", entry->d_name);
		ret = pin_remove(path);
	}
	closedir(dir);
	return ret;
}

/*
 * From here on the new set answers, then the old one goes. Tasks that passed the
 * old recording programs before the new ones were attached get time to arrive.
 */
static int put_in_force(struct attachment *new, bool upgrade)
{
	int ret;

	if (upgrade)
		usleep(SETTLE_USEC);
	if (new->isolating)
		__atomic_store_n(&new->state->isolating, YES, __ATOMIC_SEQ_CST);
	__atomic_store_n(&new->state->build, this_build(), __ATOMIC_SEQ_CST);
	__atomic_store_n(&new->state->generation, new->generation, __ATOMIC_SEQ_CST);
	ret = remove_other_generations(new->generation);
	return ret ? fail_errno(-ret, "%s", PIN_DIR) : 0;
}

static int attach_new(const struct kernel *kernel, __u32 generation, bool isolating)
{
	struct attachment new = { .generation = generation + 1, .isolating = isolating };
	bool upgrade = generation > 0;
	int ret;

	/* What a start that died has left is not adopted. */
	if (!upgrade)
		pin_remove(PIN_DIR);
	if (mkdir(PIN_DIR, 0700) && errno != EEXIST)
		return fail_errno(errno, PIN_DIR);
	ret = load(&new, kernel);
	if (!ret)
		ret = prepare_state(&new, kernel);
	if (!ret)
		ret = remove_other_generations(generation);
	if (!ret)
		ret = attach(&new, kernel);
	if (!ret)
		ret = take_over_guests(&new, kernel);
	if (!ret)
		ret = pin(&new);
	if (!ret)
		ret = put_in_force(&new, upgrade);
	if (ret && !upgrade)
		pin_remove(PIN_DIR);
	else if (ret)
		remove_other_generations(generation);
	close_attachment(&new);
	if (ret)
		return ret;
	return upgrade ? LAYER_UPGRADED : LAYER_ATTACHED;
}

static int attach_locked(const struct config *config)
{
	struct layer_state pinned;
	struct kernel kernel;
	int ret = config->load_modules ? load_modules() : 0;

	if (ret)
		return ret;
	kernel_probe(&kernel);
	if (kernel.native)
		return LAYER_NATIVE;
	ret = check_kernel(&kernel);
	if (!ret)
		ret = read_state(&pinned);
	if (ret)
		return ret;
	if (pinned.generation && pinned.build == this_build() && whole(&pinned, &kernel)) {
		ret = remove_other_generations(pinned.generation);
		return ret ? ret : LAYER_ADOPTED;
	}
	return attach_new(&kernel, pinned.generation, pinned.isolating == YES);
}

int layer_arm(void)
{
	struct layer_state pinned;
	struct kernel kernel;
	int ret = read_state(&pinned);

	if (ret || pinned.isolating == YES)
		return ret;
	kernel_probe(&kernel);
	ret = attach_new(&kernel, pinned.generation, true);
	return ret < 0 ? ret : 0;
}

int layer_attach(const struct config *config)
{
	int lock, ret = check_privileges();

	if (ret)
		return ret;
	lock = lock_take();
	if (lock < 0)
		return lock;
	ret = attach_locked(config);
	lock_release(lock);
	return ret;
}

int layer_detach(void)
{
	int lock, ret = check_privileges();

	if (ret)
		return ret;
	lock = lock_take();
	if (lock < 0)
		return lock;
	ret = access(PIN_DIR, F_OK) ? 0 : 1;
	if (ret) {
		ret = pin_remove(PIN_DIR);
		ret = ret ? fail_errno(-ret, PIN_DIR) : 1;
	}
	lock_release(lock);
	return ret;
}

int layer_inspect(struct layer_report *report)
{
	const struct program *program;
	char path[PATH_MAX];
	int ret = check_privileges();

	memset(report, 0, sizeof(*report));
	if (ret)
		return ret;
	kernel_probe(&report->kernel);
	if (report->kernel.native)
		return 0;
	ret = read_state(&report->state);
	for (program = programs; !ret && program->name; program++) {
		if (!program_needed(program, &report->kernel, report->state.isolating == YES))
			continue;
		report->needed++;
		pin_in_generation(path, sizeof(path), report->state.generation, program->name);
		report->pinned += !access(path, F_OK);
	}
	return ret;
}
