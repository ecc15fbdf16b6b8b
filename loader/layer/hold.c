// SPDX-License-Identifier: GPL-2.0-only
#include "layer/hold.h"

#include <unistd.h>

#include "layer/netns-records.h"
#include "layer/pins.h"
#include "layer/state.h"
#include "lib/clock.h"

#define NSEC_PER_USEC 1000ULL

static struct layer_state *open_state(void)
{
	struct layer_state *state = state_take(pin_open_map(PIN_STATE));

	if (state && state->layout == LAYOUT_VERSION)
		return state;
	if (state)
		state_unmap(state);
	return NULL;
}

static void set_until(struct layer_state *state, __u64 until)
{
	__atomic_store_n(&state->hold_until_ns, until, __ATOMIC_SEQ_CST);
}

static enum hold_work renew(struct layer_state *state, const struct hold *hold)
{
	__u64 valid = hold->patience ? hold->valid * NSEC_PER_USEC : 0;

	state->hold_ns = hold->patience * NSEC_PER_USEC;
	set_until(state, valid ? clock_ns(CLOCK_MONOTONIC) + valid : 0);
	if (!valid || state->hold_new_netns != YES)
		return HOLD_NOTHING;
	return state->held == YES ? HOLD_LOOK : HOLD_RENEW;
}

enum hold_work hold_renew(const struct hold *hold)
{
	struct layer_state *state = open_state();
	enum hold_work work;

	if (!state)
		return HOLD_NOTHING;
	work = renew(state, hold);
	state_unmap(state);
	return work;
}

void hold_end(void)
{
	struct layer_state *state = open_state();

	if (!state)
		return;
	set_until(state, 0);
	state_unmap(state);
}
