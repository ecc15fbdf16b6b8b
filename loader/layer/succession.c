// SPDX-License-Identifier: GPL-2.0-only
#include "layer/succession.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "layer/netns-records.h"
#include "layer/pins.h"
#include "layer/quiesce.h"
#include "lib/rmtree.h"

/* For tasks that are in connect(), past the program that notes them. */
#define CONNECT_USEC 100000

int succession_remove_others(__u32 keep)
{
	char path[PATH_MAX], kept[64];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	snprintf(kept, sizeof(kept), PIN_GENERATION "%u", keep);
	dir = opendir(PIN_DIR);
	if (!dir)
		return -errno;
	while (!ret && (errno = 0, entry = readdir(dir))) {
		if (strncmp(entry->d_name, PIN_GENERATION, strlen(PIN_GENERATION)) ||
		    !strcmp(entry->d_name, kept))
			continue;
		snprintf(path, sizeof(path), PIN_DIR "/%s", entry->d_name);
		ret = rmtree(path);
	}
	if (!ret)
		ret = -errno;
	closedir(dir);
	return ret;
}

/*
 * Generations before the one in force answer no more. Programs of theirs that run now may have
 * begun before the switch, so those are waited for first.
 */
static int retire_others(struct layer_state *state, const struct quiesce *quiesce)
{
	int ret = quiesce_programs(quiesce);

	if (!ret)
		__atomic_store_n(&state->retired_generation, state->generation - 1,
				 __ATOMIC_SEQ_CST);
	return ret;
}

/* After a start that died: two generations answer. */
static int retire_left_over(void)
{
	struct quiesce quiesce;
	struct netns_records records;
	int ret = netns_records_open(&records);

	if (ret)
		return ret;
	ret = quiesce_open(&quiesce);
	if (!ret)
		ret = retire_others(records.state, &quiesce);
	quiesce_close(&quiesce);
	netns_records_close(&records);
	return ret;
}

int succession_remove_left_over(const struct layer_state *pinned)
{
	int ret = 0;

	if (pinned->retired_generation + 1 < pinned->generation)
		ret = retire_left_over();
	return ret ? ret : succession_remove_others(pinned->generation);
}

/*
 * Requests from before the new generation was attached arrive under the old one. Where packets
 * carry no socket, tasks that are in connect() get CONNECT_USEC to send theirs.
 */
static void let_arrive(const struct kernel *kernel, const struct quiesce *quiesce)
{
	if (!kernel->packet_socket)
		usleep(CONNECT_USEC);
	quiesce_programs(quiesce);
	quiesce_loopback();
}

int succession_put_in_force(struct generation *new, const struct kernel *kernel)
{
	struct quiesce quiesce;
	int ret = quiesce_open(&quiesce);

	if (!ret && new->coverage >= GATES) {
		let_arrive(kernel, &quiesce);
		__atomic_store_n(&new->state->gates_wanted, YES, __ATOMIC_SEQ_CST);
	}
	if (!ret) {
		__atomic_store_n(&new->state->build, generation_build_id(), __ATOMIC_SEQ_CST);
		__atomic_store_n(&new->state->generation, new->number, __ATOMIC_SEQ_CST);
		/* If that fails, the old generation refuses everybody while its links are removed.
		 */
		retire_others(new->state, &quiesce);
	}
	quiesce_close(&quiesce);
	return ret;
}
