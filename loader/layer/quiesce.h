/* SPDX-License-Identifier: GPL-2.0-only */
/* Waits until the kernel has finished what it is doing. */
#ifndef QUIESCE_H
#define QUIESCE_H

/* Descriptors that the wait needs, had before there is no way back. */
struct quiesce {
	int outer, inner;
};

/* Says what is wrong. */
int quiesce_open(struct quiesce *quiesce);
void quiesce_close(struct quiesce *quiesce);

/* Every program that is running now has ended when this returns. */
int quiesce_programs(const struct quiesce *quiesce);

/* What was sent over loopback has arrived, and its answers have, or it takes too long. */
void quiesce_loopback(void);

#endif
