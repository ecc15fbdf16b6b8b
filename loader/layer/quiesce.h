/* SPDX-License-Identifier: GPL-2.0-only */
/* Waits until the kernel is past what it was about. */
#ifndef BARRIER_H
#define BARRIER_H

/* Descriptors that the wait needs, had before there is no way back. */
struct barrier {
	int outer, inner;
};

/* Says what is wrong. */
int barrier_open(struct barrier *barrier);
void barrier_close(struct barrier *barrier);

/* Every program that has begun by now has ended when this returns. */
int barrier_programs(const struct barrier *barrier);

/* What was sent over loopback has arrived, and its answers have, or it takes too long. */
void barrier_loopback(void);

#endif
