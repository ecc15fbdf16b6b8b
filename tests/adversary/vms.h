/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest of each namespace, played by this process; it can send any packet. */
#ifndef ADVERSARY_VMS_H
#define ADVERSARY_VMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What they receive, packet by packet; the data of one. */
typedef void vms_heard(int ns, int op, const unsigned char *data, int size);

/* In the namespace that its device is to belong to. */
void vms_start(int ns, vms_heard *heard);
/* Whether it is waited for. */
void vms_take_part(int ns, bool part);
int vms_serve(int ns, unsigned int port);
/* A packet of any kind to the host; data of a size for those that carry some. */
int vms_inject(int ns, int op, unsigned int from, unsigned int to, const void *data, size_t size);
/* To each that is connected to it. How many. */
int vms_send(int ns, const void *data, size_t size);
/* Until the host has what they sent, and they what the host sent. */
void vms_settle(void);
/* Ends all connections, and listens nowhere. */
void vms_forget(int ns);

#endif
