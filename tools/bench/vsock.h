/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets as the operations use them. All but try_connect() end the program if they fail. */
#ifndef BENCH_VSOCK_H
#define BENCH_VSOCK_H

#include <stddef.h>

int new_socket(int family);
int new_listener(unsigned int port);
/* 0 or -errno. */
int try_connect(int fd, unsigned int cid, unsigned int port);
/* `size` bytes from one end to the other. */
void pass(int from, int to, size_t size);

#define MAX_SIZE 65536

#endif
