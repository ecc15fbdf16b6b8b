/* SPDX-License-Identifier: GPL-2.0-only */
/* The service's end of the control socket: answers words, and tells many what happens. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct control_server;

/*
 * A word that is answered once. What run() says with log_error() or writes goes to the client. If
 * the word has ended() and run() succeeds, the client then follows events, and ended() is called
 * when the client has gone.
 */
struct control_word {
	const char *word;
	int (*run)(void *arg);
	void (*ended)(void *arg);
};

/*
 * Listens. `words` end with one without a name and stay the caller's, as does `arg`.
 * -EBUSY if another service listens; says what is wrong.
 */
int control_server_open(struct control_server **server, sd_event *event,
			const struct control_word *words, void *arg);
void control_server_close(struct control_server *server);

/* Whether somebody follows what happens. */
bool control_server_has_followers(const struct control_server *server);

/* To all followers. One that does not read in time loses lines, and is informed how many. */
void control_server_tell(struct control_server *server, const char *line);

#endif
