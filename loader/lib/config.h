/* SPDX-License-Identifier: GPL-2.0-only */
/* /etc/vsock-bpfd/vsock-bpfd.conf: how the service behaves. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>

#include "lib/listen-address.h"

#define CONFIG_FILE "/etc/vsock-bpfd/vsock-bpfd.conf"

struct config {
	/* [Service] */
	bool load_modules;		      /* LoadModules=, default yes */
	char metrics_file[256];		      /* MetricsFile=, empty: none */
	struct listen_address metrics_listen; /* MetricsListen=, empty: none */
	unsigned int metrics_sec;	      /* MetricsSec=, default 15 */
	unsigned int hold_sec;		      /* HoldSec=, default 2 */
	bool public_socket;		      /* PublicSocket=, default yes */
	bool own_cids;			      /* CIDs=own, default no */
};

/*
 * Reads `path`, or CONFIG_FILE, which may be missing, if it is NULL. Names file, line
 * and reason of the first mistake and returns -EINVAL.
 */
int config_read(struct config *config, const char *path);

#endif
