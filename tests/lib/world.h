/* SPDX-License-Identifier: GPL-2.0-only */
/* The namespaces that most tests need, who reaches whom in them, and what BPF holds. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <stdbool.h>

#include "lib/ns.h"

struct world {
	struct ns init;
	struct ns global;
	struct ns nursery; /* global, and makes local ones */
	struct ns local1;
	struct ns local2;
};

/* All of it, by vsockctl; bails out on failure. */
void world_make(struct world *world);
void world_remove(struct world *world);

/*
 * 0 if a connection from one to the other carries a message either way, else the
 * errno of connect(); EEXIST if the listener has got what was refused, EPROTO if what
 * connects carries nothing.
 */
int reach(struct ns *from, struct ns *to);

/* Who reaches whom is as it is to be while the layer isolates, and without it. */
bool world_isolated(struct world *world);
bool world_open(struct world *world);

/* What the kernel holds of BPF, ours and that of others. */
struct bpf_counts {
	int programs, maps, links;
};

struct bpf_counts bpf_count(void);

/* The same once what was there before has gone, which it does late. */
struct bpf_counts bpf_settled(void);

/* The same as before. What goes, goes after a grace period of RCU: waits for it. */
bool bpf_is(const struct bpf_counts *before);

#define PINS "/sys/fs/bpf/vsock-bpfd"

/* Entries of the map of namespaces for a world: nursery, local1 and local2. */
#define WORLD_RECORDS 3

/* Number of entries of a pinned map, -1 if there is none. */
int map_entries(const char *name);

/* Waits up to a minute for it to become @wanted; the number it then is. */
int map_settles(const char *name, int wanted);

/* Number of the set of programs that is in force, 0 without one. */
unsigned int generation(void);

/* The kernel isolates by itself. */
bool is_native(void);

void sleep_ms(int ms);

#endif /* TESTS_WORLD_H */
