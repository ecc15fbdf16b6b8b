// SPDX-License-Identifier: GPL-2.0-only
/* The two namespaces in which is measured. */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

#define OWN_NETNS "/proc/thread-self/ns/net"

int init_netns, other_netns = -1;

static int own_netns(void)
{
	int fd = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(EXIT_FAILURE, OWN_NETNS);
	return fd;
}

void enter(int netns)
{
	if (setns(netns, CLONE_NEWNET))
		err(EXIT_FAILURE, "setns");
}

/* A new one in place of the one before. */
void world_new_other(void)
{
	if (unshare(CLONE_NEWNET))
		err(EXIT_FAILURE, "unshare");
	if (other_netns >= 0)
		close(other_netns);
	other_netns = own_netns();
	enter(init_netns);
}

void world_open(void)
{
	init_netns = own_netns();
	world_new_other();
}
