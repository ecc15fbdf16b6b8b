/* SPDX-License-Identifier: GPL-2.0-only */
/* Where to listen: "192.0.2.1:9766", "[2001:db8::1]:9766" or "/run/a.socket"; no names of hosts. */
#ifndef LISTEN_ADDRESS_H
#define LISTEN_ADDRESS_H

#include <netinet/in.h>
#include <sys/un.h>

struct listen_address {
	char text[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* as written; empty: nowhere */
	socklen_t size;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	};
};

/* -EINVAL if it is none of these, and says nothing. */
int listen_address_parse(struct listen_address *address, const char *text);

/* A socket that listens, with room for so many that wait; -errno, and says nothing. */
int listen_address_open(const struct listen_address *address, int backlog);

/* Nobody listens there any more: a path is removed. */
void listen_address_leave(const struct listen_address *address);

#endif
