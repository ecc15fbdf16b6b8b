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

#define LAYOUT_VERSION 6

/* What the kernel copies has no holes (bpf/maps.h). */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

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

/* How a namespace came to its policy. */
enum bound_by {
	NOTHING = 0,  /* it has none */
	MATCH = 1,    /* [Match] names it: looked at again by every reload */
	PARENT = 2,   /* its maker had the policy, for as long as a policy of that name is there */
	CONTAINER = 3 /* annotations that only the container engine told: the same */
};

/* What a namespace is to one half of the map `rules`. */
struct binding {
	__u32 policy; /* cell where its policy starts, 0: none; known to rules of others, too */
	__u32 name;   /* number of its name, if rules speak of it, or 0 */
};

/* Value of the map `namespaces`. A namespace without one is global, unlocked, and has no policy. */
struct netns_record {
	enum vsock_mode mode;
	enum vsock_mode child_mode;
	enum yes_no child_locked; /* child_mode was written once */
	__u32 inode;		  /* of the nsfs file, for people: lsns shows it */
	__u64 created_ns;	  /* when, in nanoseconds: tells it from one of the same identity */
	struct binding binding[2]; /* to each half of `rules`; state.half says which one holds */
	enum bound_by bound_by;
	/*
	 * Policies could fit it that have not been asked: it talks to nobody until they have been,
	 * or nobody is there to ask them (state.hold_until_ns).
	 */
	enum yes_no held;
	netns_id maker; /* of one that is held, if its maker was held, too: gets its policy */
};

/* Value of the map `devices`: an open /dev/vhost-vsock. */
struct device {
	netns_id owner;		/* namespace of the task that opened it */
	__u64 owner_created_ns; /* `created_ns` of the owner's record, 0 if it had none */
	__u64 opened_ns;	/* nanoseconds of CLOCK_BOOTTIME */
	__u32 inode;		/* of the owner's nsfs file */
	__u32 pid;		/* of the process that opened it */
	enum vsock_mode native; /* of the owner to the kernel itself; 7.0 on */
	__u32 unused;
	char comm[16];
};

/* What the iterator `cids` writes for each device that has a CID. */
struct cid_line {
	__u32 cid;
	__u32 unused;
	struct device device;
};

/* Where the modules vsock and vhost_vsock keep what the gates ask. 0: not loaded. */
struct kernel_addresses {
	__u64 guest_table;   /* vhost_vsock_hash: the kernel's own table of CIDs */
	__u64 vhost_fops;    /* vhost_vsock_fops: what an open device is known by */
	__u64 transport_g2h; /* pointers to the transports in use */
	__u64 transport_h2g;
	__u64 bound_table;     /* vsock_bind_table: sockets by the port that they hold */
	__u64 connected_table; /* vsock_connected_table: those that have a peer */
	__u32 device_node;     /* offsets in struct vhost_vsock: link of the table, */
	__u32 device_cid;      /* CID */
};

/* What a rule is about. */
enum rule_verb {
	CONNECT = 0, /* sockets and guests of the namespace reach others, */
	ACCEPT = 1,  /* others reach them, */
	BIND = 2,    /* its sockets listen on a port, */
	GUEST = 3,   /* a guest of its own has a CID */
};

/* What the other end is to a rule of CONNECT or ACCEPT. One end can be several of them. */
enum rule_peer {
	ANYONE = 0,
	OUTSIDE = 1,   /* the host that this machine is a guest of */
	BY_CID = 2,    /* a guest of this machine */
	BY_POLICY = 3, /* sockets and guests of a namespace: by its policy, */
	BY_NAME = 4,   /* or by its name */
	RULE_PEERS = 5,
};

/* Bits, of which DENY beats ALLOW, and that the mode. */
enum decision {
	UNDECIDED = 0,
	ALLOW = 1,
	DENY = 2,
};

/*
 * The map `rules` is an array of these, in two halves: one is in force, the other is where
 * the next policies are written before they are switched to at once.
 *
 * A table starts with a cell that has the number of spans in `count`; the spans follow,
 * sorted by `first`, the first of which is 0. What holds for a number is the value of the
 * last span that does not begin behind it: a decision, or the place of another table.
 * Place 0 is no table, and decides nothing.
 *
 * A policy starts with POLICY_CELLS cells; those that follow are its tables:
 *
 *	cell 0			flags, 0
 *	cell 1 + rule_peer	place of the table of CONNECT, of ACCEPT: by port for ANYONE and
 *				OUTSIDE; else by CID, policy or name a place of one by port
 *	cell 1 + RULE_PEERS	place of the table of BIND, by port, and of GUEST, by CID
 *
 * All places count from the start of their half.
 */
struct rule_cell {
	union {
		__u32 count;	  /* head of a table */
		__u32 first;	  /* span */
		__u32 flags;	  /* head of a policy */
		__u32 on_connect; /* its tables */
		__u32 on_bind;
	};
	union {
		__u32 value; /* span */
		__u32 on_accept;
		__u32 on_guest;
	};
};

#define POLICY_CELLS   (2 + RULE_PEERS)
#define POLICY_AUDIT   1 /* log what its namespaces refuse, and let it happen */
#define POLICY_PRIVATE 2 /* namespaces that are made from its own do not get it */
/* Mode=local and ChildMode=local hold with the rest, before records say so for good. */
#define POLICY_LOCAL	      4
#define POLICY_LOCAL_CHILDREN 8

/* binding.policy of who was made while policies were switched: talks to nobody until it is bound.
 */
#define POLICY_PENDING (~(__u32)0)

/* Cells of a half: about 10,000 policies with a rule each, or one of 80,000 ports. */
#define RULE_CELLS 163840

/* Why two ends do not talk. */
enum reason {
	PERMITTED = 0,
	REASON_MODE = 1,    /* one is local, and the other is elsewhere */
	REASON_RULE = 2,    /* a rule for connect or accept */
	REASON_BIND = 3,    /* a rule for bind */
	REASON_GUEST = 4,   /* a rule for guest: this CID may not be had there */
	REASON_UNKNOWN = 5, /* who an end is cannot be told */
	REASON_PORT = 6,    /* its port is held by a namespace that it may not meet */
	REASON_HELD = 7,    /* a new namespace, for which policies have not been asked */
	REASONS = 8,
};

/* One end of a connection. */
struct end {
	netns_id netns; /* of the socket, or of who started the guest; NETNS_NONE: outside */
	__u32 cid; /* of a guest, or VMADDR_CID_HOST for the host of this machine; 0: a socket */
	__u32 port;
};

enum event_kind {
	EVENT_REFUSED = 0,
	EVENT_AUDITED = 1,   /* would have been refused */
	EVENT_SEALED = 2,    /* an established connection to the wrong end was cut off */
	EVENT_NEW_NETNS = 3, /* origin.netns was made: one while state.new_netns_reported is NO */
};

/* What the ring buffer `events` holds. */
struct event {
	__u64 time; /* nanoseconds of CLOCK_BOOTTIME */
	enum event_kind kind;
	enum reason reason;
	enum rule_verb verb; /* CONNECT: the origin's side said no; ACCEPT, BIND: the target's */
	__u32 pid;	     /* who calls connect() or bind(); 0 where a packet arrives */
	struct end origin;   /* who connects, or binds */
	struct end target;   /* whom; of bind nothing but the port */
	char comm[16];
};

/* Events of one origin: so many at once, then one in so many nanoseconds. */
#define EVENT_BURST  64
#define EVENT_PERIOD 100000000ULL /* 10 a second */

/* Value of the map `counters`, by namespace of the origin. */
struct counters {
	__u64 refused[REASONS]; /* by reason */
	__u64 audited[REASONS];
	__u64 dropped;	/* events that were not told: too many, or nobody reads them */
	__u64 refilled; /* when tokens were last given, nanoseconds of CLOCK_BOOTTIME */
	__u32 tokens;
	__u32 sealed; /* sockets of the namespace in the map `sealed` */
	__u64 tenant; /* that has made the namespace, 0: the machine itself */
};

/* So many sockets of one namespace are cut off one by one; with one more, all that it has. */
#define MAX_SEALED	  16384
#define MAX_SEALED_OF_ONE 64
#define MAX_SEALED_NETNS  4096

/* Value of the map `sealed`. */
struct sealed_socket {
	netns_id netns;	   /* of the socket, */
	netns_id answered; /* and of whom it was connected to */
};

/* Sockets, and ports, that can be noted as lingering. */
#define MAX_LINGERING 65536

/* Value of the map `lingering_sockets`: its own port and its peer's, 0 for one not noted. */
struct lingering_socket {
	__u32 ports[2];
};

/* Value of the map `lingering_ports`. */
struct lingering_port {
	netns_id netns; /* whose sockets linger there; NETNS_UNKNOWN: of several */
	__u32 sockets;	/* how many */
	__u32 unused;
};

/* Numbers of tenants (bpf/tenants.h): with the uid, or the inode number of the user namespace. */
#define TENANT_USER	 (1ULL << 32)
#define TENANT_CONTAINER (2ULL << 32)

#define MAX_TENANTS 16384

/* Namespaces of one tenant at a time; more talk to nobody. */
#define TENANT_NAMESPACES 2048

/* Events of all namespaces of one tenant together. */
#define TENANT_BURST  256
#define TENANT_PERIOD 25000000ULL /* 40 a second */

/* Value of the map `tenants`. */
struct tenant {
	__u64 refilled;
	__u32 tokens;
	__u32 namespaces;
};

/* Places of the map `lingering_slots`; written by the task that delivers loopback packets alone. */
struct lingering_list {
	__u32 used;	 /* so many have been used, */
	__u32 reclaimed; /* and so many of them can be used again: the map `lingering_reclaimed` */
	__u32 looked_at; /* which one comes next to be looked at */
	__u32 unused;
};

/* What is cut off; each includes those before it. */
enum sealed {
	NONE = 0,
	SOCKETS = 1,	/* in the map `sealed` */
	NAMESPACES = 2, /* in the map `sealed_netns`: all of their sockets */
	ALL = 3,	/* one could not be recorded: all sockets */
};

/* The only value of the map `state`. */
struct layer_state {
	__u32 layout;		  /* LAYOUT_VERSION of who made the maps */
	__u32 generation;	  /* the set of links that is in force */
	__u64 build;		  /* which BPF object that set was made from */
	netns_id init;		  /* the initial namespace */
	enum yes_no gates_wanted; /* some namespace is, or was, or makes LOCAL */
	enum yes_no overflow;	  /* a record could not be written */
	enum sealed sealed;
	enum yes_no lingering;	      /* a port was noted */
	__u32 local_cid;	      /* of this machine as a guest, or VMADDR_CID_ANY */
	enum yes_no has_rules;	      /* some policy has rules, or only audits */
	__u32 half;		      /* of `rules` and of bindings: which one holds */
	enum yes_no report_new_netns; /* policies want to hear of new namespaces */
	__u32 reloads;		      /* how often policies were switched */
	__u32 bound_half;    /* the half that all bindings are made for: another one is behind */
	__u32 verdict_epoch; /* of what verdicts are made of; odd while one is under way */
	__u32 retired_generation; /* sets of links up to this one do not answer any more */
	__u64 policies[2];	  /* which are in each half: a hash of their files */
	__u64 hold_ns;	     /* how long a new namespace waits for a policy to fit, nanoseconds */
	__u64 hold_until_ns; /* somebody asks policies until then, CLOCK_MONOTONIC; 0: nobody */
	enum yes_no
		hold_new_netns; /* some policy could refuse something to a namespace that is made */
	enum yes_no held;	/* some namespace may be held */
	enum yes_no
		new_netns_reported; /* an EVENT_NEW_NETNS is there for who follows, and is enough */
	enum yes_no crowded;	    /* some tenant has made more namespaces than it may */
	struct kernel_addresses addresses;
	struct lingering_list lingering_list;
};

#pragma GCC diagnostic pop

#endif
