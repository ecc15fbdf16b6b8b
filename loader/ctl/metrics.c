// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl metrics: numbers for Prometheus. */
#include "ctl/command.h"
#include "events/metrics.h"

int command_metrics(const struct options *options, int argc, char **argv)
{
	struct metrics numbers = {};
	struct netns_names names;
	int ret;

	netns_names_load(&names);
	ret = metrics_collect(&numbers, &names);
	if (!ret)
		metrics_print(stdout, &numbers);
	metrics_free(&numbers);
	netns_names_free(&names);
	return ret;
}
