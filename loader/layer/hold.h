/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * New namespaces are held until policies have been asked, as long as somebody asks them: the
 * service says again and again that it does. See `held` in include/vsock-bpfd.h.
 */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>
#include <stdint.h>

struct hold {
	uint64_t patience; /* how long a new namespace waits for a policy to fit, microseconds */
	uint64_t valid;	   /* how long nobody need hear of us */
};

/* What there is to do, as policies are by now. */
enum hold_work {
	HOLD_NOTHING, /* they refuse nothing to a new namespace, or nothing is attached */
	HOLD_RENEW,   /* to say it again, */
	HOLD_LOOK,    /* and to look, as some namespace is held */
};

enum hold_work hold_renew(const struct hold *hold);

/* From now on nobody asks, and nobody is held. */
void hold_end(void);

#endif
