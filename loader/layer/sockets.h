/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All AF_VSOCK sockets of the machine, whether a layer is attached or not: those of open files, by
 * an iterator of the kernel, and those in the kernel's tables of bound and connected sockets.
 */
#ifndef LAYER_SOCKETS_H
#define LAYER_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "socket-line.h"

struct socket_list {
	struct socket_line *line; /* of one socket together: one for each process that has it */
	size_t count, room;
	bool tables_known; /* else sockets that no process has open are missing */
};

/* Says what is wrong; sockets_free() is never wrong. */
int sockets_read(struct socket_list *list);
void sockets_free(struct socket_list *list);

#endif
