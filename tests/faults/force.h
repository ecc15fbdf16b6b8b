/* SPDX-License-Identifier: GPL-2.0-only */
/* Two sets of policies, A and B, and which of them is in force, by real connections. */
#ifndef TESTS_FORCE_H
#define TESTS_FORCE_H

#include <stdbool.h>

#include "lib/ns.h"

#define BPFD	 "build/vsock-bpfd"
#define BPFD_B	 "build/other/vsock-bpfd" /* another build */
#define CTL	 "build/vsockctl"
#define POLICY_A "/tmp/A"
#define POLICY_B "/tmp/B"

enum {
	IN_FORCE_A = 'A',
	IN_FORCE_B = 'B',
	OPEN = 'O',  /* nothing is refused */
	A_HALF = '?' /* none of them */
};

/* Makes the namespaces and writes the policies; begins with nothing attached. */
void force_begin(void);
void force_end(void);

/* One of the above. */
char force_found(void);

/* A new namespace that a process of a bound one makes is bound, too. */
bool force_binds_children(void);

/* Puts A in force by a start that must succeed, and looks whether it is, and whole. */
bool force_restore(const char *program);

/*
 * While it watches, a process that neither A nor B lets connect tries to without a pause. Returns
 * how often it got through; *tries is how often it tried.
 */
void force_watch(void);
unsigned long force_watched(unsigned long *tries);

#endif
