// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each hook costs: the layer is taken away again, hook by hook, from the gate that
 * refuses to what only records, and some operations are measured after each step. So
 * nothing is ever refused for want of a record. The case is the hook that went last.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor.h"
#include "layer.h"
#include "layer/pins.h"
#include "layer/programs.h"
#include "layer/netns-records.h"

#define REST 30

static const char *const interesting[] = { "connect",	     "connection",    "socket",
					   "message-1",	     "tcp-socket",    "unix-socket",
					   "unix-message-1", "guest-connect", NULL };

static void measure_some(const struct bench_case *where, const struct operation *operations)
{
	const struct operation *operation;
	int i;

	for (operation = operations; operation->name; operation++)
		for (i = 0; interesting[i]; i++)
			if (!strcmp(interesting[i], operation->name))
				measure(where, operation);
}

static void measure_step(const char *name)
{
	const struct bench_case where = { .name = name, .namespaces = 1 };
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		run_first();
		sleep(REST);
		measure_some(&where, loopback_operations);
		measure_some(&where, socket_operations);
		measure_some(&where, guest_operations);
		exit(EXIT_SUCCESS);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		errx(EXIT_FAILURE, "%s was not measured", name);
}

static __u32 generation_in_force(void)
{
	struct netns_records records;
	__u32 generation;

	if (netns_records_open(&records))
		exit(EXIT_FAILURE);
	generation = records.state->generation;
	netns_records_close(&records);
	return generation;
}

/* A link that is pinned nowhere goes. */
static bool remove_hook(int i, bool of_floor, __u32 generation)
{
	char path[PATH_MAX];

	if (of_floor) {
		if (!floor_links[i])
			return false;
		bpf_link__destroy(floor_links[i]);
		return true;
	}
	pin_in_generation(path, sizeof(path), generation, programs[i].name);
	return !unlink(path);
}

void measure_hooks(bool of_floor)
{
	__u32 generation = 0;
	int i;

	measure_step("without");
	if (of_floor) {
		floor_start();
	} else {
		layer_start();
		layer_isolate();
		generation = generation_in_force();
	}
	measure_step("all");
	/* Gates as they were attached: what asks for a record goes before what makes it. */
	for (i = 0; programs[i].name; i++)
		if (programs[i].from >= GATES && remove_hook(i, of_floor, generation))
			measure_step(programs[i].name);
	for (i = 0; programs[i].name; i++)
		if (programs[i].from < GATES && remove_hook(i, of_floor, generation))
			measure_step(programs[i].name);
}
