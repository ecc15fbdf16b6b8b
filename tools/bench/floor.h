/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

/* By the place of a program in programs[]; NULL where it is not attached. */
extern struct bpf_link *floor_links[];

#endif
