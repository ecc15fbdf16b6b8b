/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One writer at a time, of the records and of the pins. A file of its own: everybody
 * could hold a lock on a namespace file, and bpffs is hidden below `ip netns exec`.
 */
#ifndef LOCK_H
#define LOCK_H

#define LOCK_FILE "/run/vsock-bpfd.lock"

/* Waits for the lock. Says what is wrong; returns what lock_release() takes, or -errno. */
int lock_take(void);
void lock_release(int lock);

#endif
