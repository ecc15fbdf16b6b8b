/* SPDX-License-Identifier: GPL-2.0-only */
/* The service's end of the control socket: answers words, and tells many what happens. */
#ifndef HUB_H
#define HUB_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct hub;

/* A word that is answered once. What run() says with fail() or writes goes to the client. */
struct hub_word {
	const char *word;
	int (*run)(void *arg);
};

/*
 * Listens. `words` end with one without a name and stay the caller's, as does `arg`.
 * -EBUSY if another service listens; says what is wrong.
 */
int hub_open(struct hub **hub, sd_event *event, const struct hub_word *words, void *arg);
void hub_close(struct hub *hub);

/* Whether somebody follows what happens. */
bool hub_has_followers(const struct hub *hub);

/* To all of them. One that does not read in time loses it, and is told how many it lost. */
void hub_tell(struct hub *hub, const char *line);

#endif
