/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When packets are delivered. The worker of loopback runs as soon as it has something to do, as
 * the thread that plays is idle to the scheduler and stays on one CPU: what a call sends has
 * mostly arrived when it returns. Where that is not enough, each call waits.
 */
#ifndef ADVERSARY_SETTLE_H
#define ADVERSARY_SETTLE_H

#include <stdbool.h>

/* Two pairs of connected sockets that block and are nobody else's. */
void settle_prepare(const int ping[2], const int holding[2]);
/* Until what was sent is delivered, and what came of that. Not while the worker is held up. */
void settle(void);
/* From here on packets over loopback stay on their way. */
void settle_hold(void);
void settle_free(void);
bool settle_held(void);

#endif
