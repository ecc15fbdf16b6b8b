/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The service's public socket, by which somebody who is not root of the machine reads the modes of
 * his own network namespace, and sets them if it is his.
 *
 * A process of its own answers there, so that nothing which a stranger does reaches the service.
 * Each connection has another process, the one that has it open: what comes over a socket of
 * AF_UNIX can bring descriptors along, and who drops the last reference of such a file can have to
 * wait for it, as for a socket with SO_LINGER. That process is killed once its time is over.
 */
#ifndef PUBLIC_SERVER_H
#define PUBLIC_SERVER_H

#include <systemd/sd-event.h>

struct public_server;

/*
 * Starts that process, which ends with this one; another follows if it dies. SIGCHLD is blocked.
 * NULL after saying what is wrong.
 */
struct public_server *public_server_start(sd_event *event);

/* Ends it; never wrong. Returns NULL. */
struct public_server *public_server_stop(struct public_server *server);

#endif
