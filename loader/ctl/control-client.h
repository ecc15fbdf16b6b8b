/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks the service, see lib/control-protocol.h. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include <stddef.h>
#include <stdio.h>

/*
 * Sends the word to the service. What it answers for people goes to `out`, or to stderr if
 * it failed. Returns a descriptor that the rest can be read from, -ENOTCONN if there is no
 * service, or -EBADMSG if it failed; says why.
 */
int control_client_ask(const char *word, FILE *out);

/*
 * Asks the public socket, as one who need not be root. What follows "ok" is put into `answer`;
 * what went wrong is said. -ENOTCONN if there is no service, -EBADMSG if it refused.
 */
int control_client_ask_public(const char *request, char *answer, size_t size);

#endif
