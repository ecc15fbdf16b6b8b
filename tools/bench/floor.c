// SPDX-License-Identifier: GPL-2.0-only
/* Attaches the floor to the hooks that this kernel's layer needs once somebody is local. */
#include <bpf/libbpf.h>
#include <err.h>
#include <stdlib.h>

#include "bench.h"
#include "floor.h"
#include "floor.skel.h"
#include "layer/programs.h"

struct bpf_link *floor_links[MAX_PROGRAMS];

static struct bpf_program *find(struct bench_floor *skel, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(skel->obj, name);

	if (!program)
		errx(EXIT_FAILURE, "tools/bench/floor.bpf.c lacks %s", name);
	return program;
}

/* Without those that a kernel does not have; names of the skeleton tell which. */
static void choose(struct bench_floor *skel, const struct kernel *kernel)
{
	struct bpf_program *program;
	int i;

	bpf_object__for_each_program(program, skel->obj) {
		bpf_program__set_autoload(program, false);
	}
	for (i = 0; programs[i].name; i++)
		if (program_needed(&programs[i], kernel, GATES))
			bpf_program__set_autoload(find(skel, programs[i].name), true);
}

void floor_start(void)
{
	struct bench_floor *skel = bench_floor__open();
	struct kernel kernel;
	int i;

	kernel_probe(&kernel);
	if (!skel)
		err(EXIT_FAILURE, "floor");
	choose(skel, &kernel);
	if (bench_floor__load(skel))
		err(EXIT_FAILURE, "floor: load");
	for (i = 0; programs[i].name; i++) {
		if (!program_needed(&programs[i], &kernel, GATES))
			continue;
		floor_links[i] = bpf_program__attach(find(skel, programs[i].name));
		if (libbpf_get_error(floor_links[i]))
			err(EXIT_FAILURE, "floor: %s", programs[i].name);
	}
}
