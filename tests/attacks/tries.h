/* SPDX-License-Identifier: GPL-2.0-only */
/* What attacks are made of: sockets of a try, which are closed behind it, and what they say. */
#ifndef ATTACKS_TRIES_H
#define ATTACKS_TRIES_H

#include <stdbool.h>

#include "lib/ns.h"

/* How long something may take: until all that is on its way has arrived, and surely enough. */
#define SOON	0
#define SURE_MS 5000

extern struct ns ours[1], theirs[1];

void tries_prepare(void);
void tries_end(void);
/* Until all that is on its way over loopback has arrived. Not while the worker is held up. */
void settle(void);

/* Closed behind the try. */
int keep(int fd);
void close_all(void);
/* Closed before the others are. */
void close_now(int fd);
/* Ports that no try before has had. */
unsigned int new_ports(unsigned int number);

/* -1 if the port is refused, which is an end of the attack. */
int bound(const struct ns *ns, unsigned int cid, unsigned int port);
int listener(const struct ns *ns, unsigned int cid, unsigned int port);
bool becomes(int fd, short events, int ms);
int accepted(int listener, int ms);
/* Begun, and not refused at once. */
bool dials(int fd, unsigned int cid, unsigned int port);
bool sends(int fd, const char *text);
bool receives(int fd, const char *text, int ms);

/* A connection within one namespace, by the book. */
struct pair {
	int client, server, listener;
	unsigned int client_port, server_port;
};

void connect_pair(struct pair *pair, const struct ns *ns);
/* Whether its two ends read what the other has sent and nothing else, in both directions. */
bool is_unharmed(const struct pair *pair);

/* An attack: whether something came across in one try. */
struct attack {
	const char *name;
	bool (*try)(void);
	const char *what;
	long most; /* tries that make sense; 0: any number */
};

/* Those of handovers.c. Ends with one without a name. */
extern const struct attack handovers[];
/* Sockets that are made before the layer knows their namespaces. */
void make_old_sockets(void);

#endif
