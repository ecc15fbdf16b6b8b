/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /metrics and /healthz by HTTP, for Prometheus and probes. What clients do, or leave undone, costs
 * the service little: few connections, each with an end, and numbers that are collected once for
 * all who ask in a while.
 */
#ifndef METRICS_SERVER_H
#define METRICS_SERVER_H

#include <systemd/sd-event.h>

#include "lib/listen-address.h"
#include "service/names-watch.h"

/* Of clients at once, and of a client's time: the oldest goes for one that comes. */
#define METRICS_CLIENTS	    16
#define METRICS_CLIENT_USEC 5000000ULL

struct metrics_server;

/* Says what is wrong. */
int metrics_server_open(struct metrics_server **server, sd_event *event,
			const struct listen_address *where, const struct names_watch *names);
void metrics_server_close(struct metrics_server *server);

/* As it was given. */
const struct listen_address *metrics_server_where(const struct metrics_server *server);

#endif
