/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What AF_VSOCK and its neighbours cost, one thread, in nanoseconds of the machine's
 * clock. In a lab machine started with --icount that clock counts instructions, and
 * figures repeat whatever the machine at hand is doing.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>

#define MAX_COUNT     2500
#define REST	      30   /* seconds until what a boot or a change left behind is done; free */
#define PORT	      5000 /* of who measures */
#define PORT_NOBODY   5001
#define PORT_STRANGER 5002 /* of a listener that may not be seen once anybody is local */
#define CID_GUEST     42
#define CID_NOBODY    43

typedef unsigned long long cost;

/* Something that is measured: once() does it and returns what it cost. */
struct operation {
	const char *name;
	int count; /* calls that are measured, MAX_COUNT at most */
	cost (*once)(void);
	void (*begin)(void); /* may be NULL */
	void (*end)(void);
	bool isolating; /* only where a namespace is local */
};

/* One array a file; each ends with an operation without a name. */
extern const struct operation loopback_operations[];
extern const struct operation guest_operations[];
extern const struct operation socket_operations[];
extern const struct operation namespace_operations[];
extern const struct operation service_operations[];
extern const struct operation tick_operations[];

/* Where figures come from: a line of the case table (bench.c). */
struct bench_case {
	const char *name;
	enum place {
		IN_INIT,
		IN_OTHER, /* another namespace, local where the case says so */
	} place;
	int namespaces, rules;
	bool isolating;
	bool native;	       /* also where the kernel isolates by itself */
	void (*prepare)(void); /* may be NULL */
};

/* --- measure.c --- */
extern const char *only_operation; /* that is measured; NULL for all */

cost now(void);
void run_first(void);
void rest(void);

/* For how long other tasks, the kernel's too, have run since the last call. */
cost run_by_others(void);

void measure(const struct bench_case *where, const struct operation *operation);
void measure_all(const struct bench_case *where, const struct operation *operations);
void report(const struct bench_case *where, const char *name, cost figure);

/* --- world.c: namespaces --- */
extern int init_netns, other_netns;
void world_open(void);
void world_new_other(void);
void enter(int netns);

/* --- floor.c: the same hooks, with programs that return at once --- */
void floor_start(void);

/* --- hooks.c: what each hook costs --- */
void measure_hooks(bool of_floor);

/* --- verdict.c: its decision alone, on the machine at hand --- */
void measure_verdict(void);

#endif
