/* SPDX-License-Identifier: GPL-2.0-only */
/* Guests: what the gates need to know of vhost_vsock, and who owns which CID. */
#ifndef VHOST_H
#define VHOST_H

#include "vsock-bpfd.h"

struct vsock_bpfd;

/*
 * Finds where struct vhost_vsock has what the gates read, by way of a device of our
 * own; the programs must be attached. Where there is no /dev/vhost-vsock there can be
 * no guests, and all of their CIDs stay unknown.
 */
int vhost_find_offsets(struct vsock_bpfd *skel, struct layer_state *state);

/* Records the devices that were open before the layer. */
int vhost_adopt_devices(struct vsock_bpfd *skel);

/* CID of this machine as a guest, or VMADDR_CID_ANY. */
__u32 vhost_local_cid(void);

/* Name of the pinned iterator in the folder of a generation; what it is read for. */
#define PIN_CIDS "cids"
int vhost_pin_cids(struct vsock_bpfd *skel, const char *path);

/* Calls each() for every CID in use, of what a set of programs has recorded. Says what is wrong. */
int vhost_each_cid_of(__u32 generation, void (*each)(const struct cid_line *line, void *arg),
		      void *arg);
int vhost_each_cid(void (*each)(const struct cid_line *line, void *arg), void *arg);

#endif
