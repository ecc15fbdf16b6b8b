// SPDX-License-Identifier: GPL-2.0-only
/* The layer comes, isolates, and goes. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "layer.h"
#include "policy/policy.h"
#include "layer/netns-records.h"

void layer_start(void)
{
	run_command(SERVICE, "--once", (char *)NULL);
}

void layer_stop(void)
{
	run_command(SERVICE, "--detach", (char *)NULL);
}

/* Namespaces made from now on are local. */
void layer_isolate(void)
{
	run_command(CONTROL, "set", "child_ns_mode", "local", (char *)NULL);
	world_new_other();
}

/*
 * Records of namespaces up to a number. What a namespace costs the layer is its record;
 * the namespaces themselves would take gigabytes of the machine and be the kernel's cost.
 */
void layer_fill(int namespaces)
{
	struct netns_record record = { .mode = LOCAL, .child_mode = LOCAL };
	static int filled = 1;
	struct netns_records records;
	int ret;

	ret = netns_records_open(&records);
	for (; !ret && filled < namespaces; filled++)
		ret = netns_records_write(&records, (1ULL << 24) + filled, &record);
	if (ret)
		errx(EXIT_FAILURE, "%d namespaces: %s", namespaces, strerror(-ret));
	netns_records_close(&records);
}

/* None of them is about a port that is measured, and all have to be looked through. */
void layer_write_rules(int count)
{
	FILE *file;
	int i;

	mkdir("/etc/vsock-bpfd", 0755);
	mkdir(POLICY_DIR, 0755);
	/* At once, as the service watches. */
	file = fopen(POLICY_DIR "/bench.new", "w");
	if (!file)
		err(EXIT_FAILURE, POLICY_DIR);
	fputs("[Match]\nName=(init)\n[Rules]\n", file);
	for (i = 0; i < count; i++)
		fprintf(file, "Deny=%s anyone port %d\n", i % 2 ? "accept from" : "connect to",
			20000 + 2 * i);
	if (fclose(file) || rename(POLICY_DIR "/bench.new", POLICY_DIR "/bench.policy"))
		err(EXIT_FAILURE, POLICY_DIR);
}

void layer_rule(int count)
{
	layer_write_rules(count);
	layer_start();
}

void layer_remove_rules(void)
{
	if (remove(POLICY_DIR "/bench.policy"))
		err(EXIT_FAILURE, POLICY_DIR);
}
