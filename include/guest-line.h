/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest as bpf/guests.bpf.c reads it, for layer/guests.c. */
#ifndef GUEST_LINE_H
#define GUEST_LINE_H

#include "vsock-bpfd.h"

struct guest_line {
	__u64 device;	  /* its address: the same in each line of one */
	__u64 started_ns; /* the process, CLOCK_BOOTTIME */
	__u32 cid;
	__u32 pid;  /* of a process that has the device open */
	__u32 runs; /* the guest is in the memory of this process */
	__u32 unused;
	char comm[16];
};

#endif
