/* SPDX-License-Identifier: GPL-2.0-only */
/* AF_VSOCK sockets of any namespace in one process: what one who cheats may hold. */
#ifndef TESTS_SOCKETS_H
#define TESTS_SOCKETS_H

#include <stdbool.h>

#include "lib/ns.h"

/* A socket is of the namespace in which it is made. NULL: the caller's own. */
int socket_in(const struct ns *ns, int flags);
int listen_in(const struct ns *ns, unsigned int port);

/* 0 or errno. */
int bind_to(int fd, unsigned int cid, unsigned int port);

/* What connect() says: 0 or errno. */
int dial(int fd, unsigned int cid, unsigned int port);

/* Begins to connect and does not wait; a refusal at once is what outcome() says. */
void dial_on(int fd, unsigned int port);

/* What became of it, 0 or errno; ETIME if nothing within 3 s. */
int outcome(int fd);

/* Until connect() has given up, and what it sent is taken back. */
void await_cancelled(int fd);

/* Until the other end has closed. */
void await_end(int fd);

/* How many a listener has to accept; closes it. */
int accepted_by(int listener);

/* After this long connect() gives up. */
void set_patience(int fd, int ms);

#endif /* TESTS_SOCKETS_H */
