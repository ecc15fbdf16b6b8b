// SPDX-License-Identifier: GPL-2.0-only
#include "layer/state.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

struct layer_state *state_map(int map_fd)
{
	void *state =
		mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	return state == MAP_FAILED ? NULL : state;
}

struct layer_state *state_take(int map_fd)
{
	struct layer_state *state = map_fd < 0 ? NULL : state_map(map_fd);

	if (map_fd >= 0)
		close(map_fd);
	return state;
}

void state_unmap(struct layer_state *state)
{
	munmap(state, sysconf(_SC_PAGESIZE));
}

/* Whoever died in between has left it odd. */
void state_change_begins(struct layer_state *state)
{
	__atomic_or_fetch(&state->verdict_epoch, 1, __ATOMIC_SEQ_CST);
}

void state_change_ends(struct layer_state *state)
{
	__atomic_add_fetch(&state->verdict_epoch, 1, __ATOMIC_SEQ_CST);
}
