/* SPDX-License-Identifier: GPL-2.0-only */
/* What the service tells, packet by packet. */
#ifndef CTL_FOLLOW_H
#define CTL_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>

struct follower {
	const char *word;	    /* for the service */
	unsigned long long seconds; /* 0: until it is interrupted */
	void (*begin)(void *arg);   /* once the service has answered; or NULL */
	bool (*take)(char *line, size_t size, void *arg); /* false: enough */
	void *arg;
};

/*
 * Until SIGINT or SIGTERM, the end of the time, or until nobody reads standard output. Says what
 * is wrong; -ENOTCONN if the service ends.
 */
int follow_service(const struct follower *follower);

#endif
