/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs and user space share: the layout of the pinned maps.
 *
 * A change here that an older service could misread raises LAYOUT_VERSION.
 * Enums instead of numbers, so that `bpftool map dump` reads like a table.
 */
#ifndef VSOCK_BPFD_H
#define VSOCK_BPFD_H

#define LAYOUT_VERSION 1

/* Namespaces that can hold a record; beyond it new ones count as local. */
#define MAX_NAMESPACES 65536

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
};

/* The only value of the map `state`. */
struct layer_state {
	__u32 layout;	       /* LAYOUT_VERSION of who made the maps */
	__u32 generation;      /* the set of links that is in force */
	__u64 build;	       /* which BPF object that set was made from */
	netns_id init;	       /* the initial namespace */
	enum yes_no isolating; /* some namespace is, or was, or makes LOCAL */
	enum yes_no overflow;  /* a record could not be written */
};

#endif
