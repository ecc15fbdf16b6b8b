// SPDX-License-Identifier: GPL-2.0-only
/* The layer comes, isolates, and goes. */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "layer.h"
#include "records.h"

void layer_start(void)
{
	run_command(SERVICE, "--once", NULL);
}

void layer_stop(void)
{
	run_command(SERVICE, "--detach", NULL);
}

/* Namespaces made from now on are local. */
void layer_isolate(void)
{
	run_command(CONTROL, "set", "child_ns_mode", "local", NULL);
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
	struct records records;
	int ret;

	ret = records_open(&records);
	for (; !ret && filled < namespaces; filled++)
		ret = records_write(&records, (1ULL << 24) + filled, &record);
	if (ret)
		errx(EXIT_FAILURE, "%d namespaces: %s", namespaces, strerror(-ret));
	records_close(&records);
}
