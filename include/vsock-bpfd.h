/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs and user space share: the layout of the pinned maps.
 *
 * A change here that an older service could misread raises LAYOUT_VERSION.
 * Enums instead of numbers, so that `bpftool map dump` reads like a table.
 */
#ifndef VSOCK_BPFD_H
#define VSOCK_BPFD_H

#include <linux/types.h>

#define LAYOUT_VERSION 1

/* Namespaces that can hold a record; beyond it new ones count as local. */
#define MAX_NAMESPACES 65536

/* Devices that can hold a record; the guest of one without cannot be reached. */
#define MAX_DEVICES 8192

enum vsock_mode {
	GLOBAL = 0,
	LOCAL = 1,
};

enum yes_no {
	NO = 0,
	YES = 1,
};

/*
 * Identity of a network namespace: its cookie, or where user space cannot learn
 * cookies (before Linux 5.14) the inode number of its nsfs file.
 */
typedef __u64 netns_id;

/* No namespace has these. */
#define NETNS_NONE    ((netns_id)0)  /* an end outside of this kernel: always global */
#define NETNS_UNKNOWN (~(netns_id)0) /* cannot be told: talks to nobody */

/* Value of the map `namespaces`. A namespace without one is global and unlocked. */
struct netns_record {
	enum vsock_mode mode;
	enum vsock_mode child_mode;
	enum yes_no child_locked; /* child_mode was written once */
	__u32 inode;		  /* of the nsfs file, for people: lsns shows it */
	__u64 made;		  /* when, in nanoseconds: tells it from one of the same identity */
};

/* Value of the map `devices`: an open /dev/vhost-vsock. */
struct device {
	netns_id owner;	  /* namespace of the task that opened it */
	__u64 owner_made; /* `made` of the owner's record, 0 if it had none */
	__u64 since;	  /* nanoseconds of CLOCK_BOOTTIME */
	__u32 inode;	  /* of the owner's nsfs file */
	__u32 pid;	  /* of the process that opened it */
	char comm[16];
};

/* What the iterator `cids` writes for each device that has a CID. */
struct cid_line {
	__u32 cid;
	struct device device;
};

/* Where the modules vsock and vhost_vsock keep what the gates ask. 0: not loaded. */
struct kernel_places {
	__u64 guests;	     /* vhost_vsock_hash: the kernel's own table of CIDs */
	__u64 vhost_fops;    /* vhost_vsock_fops: what an open device is known by */
	__u64 transport_g2h; /* pointers to the transports in use */
	__u64 transport_h2g;
	__u32 device_node; /* offsets in struct vhost_vsock: link of the table, */
	__u32 device_cid;  /* CID */
};

enum sealed {
	NONE = 0,
	SOME = 1, /* sockets in the map `sealed` */
	ALL = 2,  /* one could not be recorded: all that are connected */
};

/* The only value of the map `state`. */
struct layer_state {
	__u32 layout;	       /* LAYOUT_VERSION of who made the maps */
	__u32 generation;      /* the set of links that is in force */
	__u64 build;	       /* which BPF object that set was made from */
	netns_id init;	       /* the initial namespace */
	enum yes_no isolating; /* some namespace is, or was, or makes LOCAL */
	enum yes_no overflow;  /* a record could not be written */
	enum sealed sealed;
	__u32 local_cid; /* of this machine as a guest, or VMADDR_CID_ANY */
	struct kernel_places places;
};

#endif
