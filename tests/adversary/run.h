/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a plan in this kernel and notes what each namespace saw. One thread plays all of them,
 * as a socket is of the namespace that it was made in. What a call sends is delivered before
 * the next call: see settle().
 */
#ifndef ADVERSARY_RUN_H
#define ADVERSARY_RUN_H

#include "plan.h"

#define SEEN_MAX 400

enum seen_what {
	SAW_BIND,
	SAW_LISTEN,
	SAW_DIAL,
	SAW_ACCEPT,
	SAW_SEND,
	SAW_RECV,
	SAW_OTHER,
	SAW_POLL,
	SAW_FILL,
	SAW_DRAIN,
	SAW_PORT,
	SAW_CID, /* its own; 0 for any */
};

/* What a call came to: a number or -errno, and a sum of what was received. */
struct seen {
	uint8_t what, slot;
	int16_t op; /* -1: at the end */
	int32_t value;
	uint32_t sum;
};

struct crossing {
	bool happened;
	uint8_t from, from_slot, to, to_slot;
};

/* How a socket came to be what it is. */
enum role {
	ROLE_NONE,
	ROLE_PLAIN,
	ROLE_LISTENER,
	ROLE_DIALLED,
	ROLE_CHILD,
	ROLE_GUEST,
};

struct outcome {
	int count[NAMESPACES];
	struct seen seen[NAMESPACES][SEEN_MAX];
	uint8_t role[NAMESPACES][SLOTS];
	struct crossing bytes[2]; /* the first, and the first the other way */
};

extern unsigned long run_calls;

/* Namespaces by descriptors; -1 where there is none. */
void run_prepare(const int netns[NAMESPACES]);
void run_plan(const struct plan *plan, struct outcome *outcome);
/* Waits behind each call for what it sends, which mostly is in time without. What held before. */
bool run_care(bool careful);
void seen_print(const struct seen *seen, char *text, size_t room);

#endif
