/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One process that plays several: it makes sockets and devices in namespaces and uses
 * them from init. What should not fail ends the program if it does.
 */
#ifndef TESTS_PLAY_H
#define TESTS_PLAY_H

#include <string.h>

#include "lib/hold.h"
#include "lib/ns.h"
#include "lib/tap.h"
#include "../../tools/guest/virtio-vsock.h"

#define PORT 5000 /* on which every guest listens */

/* The caller calls ns_init() for it first. */
extern struct ns init_ns;

/* Never one twice. */
uint64_t new_cid(void);

void enter(const struct ns *ns);
/* A command's exit status, -1 if it was killed. */
int run(const char *command);

int socket_in(const struct ns *ns);
/* Does not block in accept(). */
int listener_in(const struct ns *ns, unsigned int port);
unsigned int port_of(int fd);

/* With owner and rings; without a CID. */
void open_guest(struct guest *guest, const struct ns *ns);
void start_guest(struct guest *guest, const struct ns *ns, uint64_t cid);
int try_start(struct guest *guest, const struct ns *ns, uint64_t cid);

/* A connect, while a guest that may be the one it goes to does its part. */
struct connecting {
	int fd;
	uint64_t cid;
	struct call call;
};

void connect_begin(struct connecting *this, int fd, uint64_t cid);
/* An errno. The guest may be NULL. */
int connect_end(struct connecting *this, struct guest *guest);
int connect_to(int fd, uint64_t cid, struct guest *guest);

/* "ok" for a connection to the guest, else the errno's name. */
const char *reach(const struct ns *ns, uint64_t cid, struct guest *guest);
/* Here, as each program counts its tests where tap.h is included. */
static inline void expect_reach(const char *what, const struct ns *ns, uint64_t cid,
				struct guest *guest, const char *wanted)
{
	const char *got = reach(ns, cid, guest);

	tap_ok(!strcmp(got, wanted), "%s: connect from %s: %s, wanted %s", what, ns->name, got,
	       wanted);
}

/* A packet of the guest; data is text. */
void inject(struct guest *guest, unsigned int op, unsigned int from, unsigned int to,
	    const char *data);
/* Until the kernel has taken all that the guest has injected. */
void settle(struct guest *guest);

#endif /* TESTS_PLAY_H */
