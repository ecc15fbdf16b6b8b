/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether something crossed. Each namespace is its own measure: what it sees while others play
 * has to be what it sees when it plays alone, call by call and byte by byte. That a call is
 * refused because a port is taken elsewhere is no leak; the measure is then what it sees alone
 * without that call.
 */
#ifndef ADVERSARY_JUDGE_H
#define ADVERSARY_JUDGE_H

#include "run.h"

enum leak_kind {
	LEAK_NONE,
	LEAK_BYTES,  /* of another namespace were received */
	LEAK_ACCEPT, /* something to accept, or a connection, that it did not make */
	LEAK_RESET,  /* a connection ends, or does not come about */
	LEAK_LOSS,   /* of its own bytes, some do not arrive */
	LEAK_CREDIT, /* it can send more or less */
	LEAK_STATE,  /* another call comes to something else */
	LEAK_KINDS,
};

struct finding {
	enum leak_kind kind;
	uint8_t victim, from; /* namespaces; from is of bytes only */
	uint8_t role, from_role;
	bool both_ways, established;
	struct seen with, alone;
};

extern const char *const leak_words[LEAK_KINDS];

/* Runs the plan with all and with each alone. */
enum leak_kind judge(const struct plan *plan, struct finding *finding);
/* The same in less time: with the victim of before alone. */
enum leak_kind judge_again(const struct plan *plan, const struct finding *former,
			   struct finding *finding);
/*
 * Whether it looks like what is open where the kernel does not check sources: a packet that a guest
 * sends reaches a socket that is connected to another guest, or either guest hears of that.
 */
bool is_forging(const struct plan *plan, const struct finding *finding);
/* Of the same kind, in the same role. */
bool same_finding(const struct finding *one, const struct finding *other);
/* Whether bytes crossed, and not only the way of a connection changed. */
bool is_bytes(const struct finding *finding);
void finding_print(const char *before, const struct finding *finding);

#endif
