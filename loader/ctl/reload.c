// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl reload: the service reads its files again, and answers what came of it. */
#include <stdio.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/control-client.h"

int command_reload(const struct options *options, int argc, char **argv)
{
	int fd = control_client_ask("reload", stdout);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}
