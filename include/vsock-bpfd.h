/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layout of the pinned maps, which BPF programs and user space share.
 *
 * A change that an older service could misread raises LAYOUT_VERSION. Enums instead of numbers make
 * `bpftool map dump` readable.
 */
#ifndef VSOCK_BPFD_H
#define VSOCK_BPFD_H

#include <linux/types.h>

#define LAYOUT_VERSION 8

/* Values have no padding: bpf/maps.h. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* Namespaces that can have a record; beyond it new ones count as local. */
#define MAX_NAMESPACES 65536

/* Lists in each of the kernel's tables of sockets; the same since 3.9. */
#define VSOCK_HASH_SIZE 251

/*
 * Devices that can have a record, and those of one tenant; the guest of one without cannot be
 * reached.
 */
#define MAX_DEVICES    8192
#define TENANT_DEVICES 256

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
#define NETNS_UNKNOWN (~(netns_id)0) /* not known: talks to nobody */

/* How a namespace got its policy. */
enum bound_by {
	NOTHING = 0,  /* it has none */
	MATCH = 1,    /* by [Match]; each reload looks again */
	PARENT = 2,   /* from the namespace that created it, while there is a policy of that name */
	CONTAINER = 3 /* from annotations that the container engine reported; likewise */
};

/* A namespace as one half of the map `rules` knows it. */
struct binding {
	__u32 policy; /* cell where its policy starts, 0: none; rules of others refer to it, too */
	__u32 name;   /* number of its name if rules mention it, or 0 */
};

/* Value of the map `namespaces`. A namespace without one is global, unlocked, and has no policy. */
struct netns_record {
	enum vsock_mode mode;
	enum vsock_mode child_mode;
	enum yes_no child_locked;  /* child_mode was written, and cannot be again */
	__u32 inode;		   /* of the nsfs file, as lsns shows it */
	__u64 created_ns;	   /* when the record was made, CLOCK_MONOTONIC */
	struct binding binding[2]; /* for each half of `rules`; state.half says which is in force */
	enum bound_by bound_by;
	/*
	 * Not all policies have been matched against it. It talks to nobody until that is done, or
	 * no service is there to do it (state.hold_until_ns).
	 */
	enum yes_no held;
	netns_id maker; /* if held: the namespace that created it, if that was held too; it gets the
			   same policy */
};

/* Value of the map `devices`: an open /dev/vhost-vsock. */
struct device {
	netns_id owner;		/* of the task that opened it */
	__u64 owner_since_ns;	/* `since_ns` of the owner's counters, 0: it has no owner */
	__u64 opened_ns;	/* nanoseconds of CLOCK_BOOTTIME */
	__u64 tenant;		/* in whose share it is, 0: it is in none */
	__u32 inode;		/* of the owner's nsfs file */
	__u32 pid;		/* of the process that opened it */
	enum vsock_mode native; /* the owner's mode in the kernel itself; 7.0 on */
	__u32 slot;		/* of its tenant's share */
	char comm[16];
};

/* Key of the maps `device_slots` and `caller_slots`: one of the slots of a tenant. */
struct tenant_slot {
	__u64 tenant;
	__u32 number;
	__u32 unused;
};

/* What the iterator `cids` writes for each device that has a CID. */
struct cid_line {
	__u32 cid;
	__u32 unused;
	struct device device;
};

/* Which list of the kernel's table of devices has a CID: hash_add() of 32 bits. */
#define VHOST_BUCKET_BITS 8
static inline __u32 vhost_bucket(__u32 cid)
{
	return (cid * 0x61C88647U) >> (32 - VHOST_BUCKET_BITS);
}

/* A list is followed so far; a guest behind that is not found. */
#define MAX_BUCKET_DEVICES 512

/* Addresses in the modules vsock and vhost_vsock. 0: not loaded. */
struct kernel_addresses {
	__u64 guest_table;   /* vhost_vsock_hash: the kernel's own table of CIDs */
	__u64 vhost_fops;    /* vhost_vsock_fops: identifies an open device */
	__u64 transport_g2h; /* pointers to the transports in use */
	__u64 transport_h2g;
	__u64 bound_table;     /* vsock_bind_table: sockets by their port */
	__u64 connected_table; /* vsock_connected_table: sockets with a peer */
	__u32 device_node;     /* offsets in struct vhost_vsock: hash link, */
	__u32 device_cid;      /* CID */
};

/* What a rule is about. */
enum rule_verb {
	CONNECT = 0, /* sockets and guests of the namespace call others */
	ACCEPT = 1,  /* others call them */
	BIND = 2,    /* its sockets bind a port */
	GUEST = 3,   /* a guest of its own has a CID */
};

/* Kinds of peers in a rule for CONNECT or ACCEPT. One end can be of several. */
enum rule_peer {
	ANYONE = 0,
	OUTSIDE = 1,   /* the host that this machine is a guest of */
	BY_CID = 2,    /* a guest of this machine */
	BY_POLICY = 3, /* sockets and guests of a namespace: by its policy, */
	BY_NAME = 4,   /* or by its name */
	RULE_PEERS = 5,
};

/* Bits: DENY beats ALLOW, which beats the mode. */
enum decision {
	UNDECIDED = 0,
	ALLOW = 1,
	DENY = 2,
};

/*
 * A cell of the map `rules`, which has two halves: one is in force, and the next policies are
 * written to the other before one store switches to it. Cell numbers count from the start of
 * their half.
 *
 * A table starts with a cell that has the number of spans in `count`. The spans follow, sorted
 * by `first`; the first one starts at 0. The value for a number is that of the last span that
 * does not begin after it: a decision, or the cell of another table. Cell 0 is no table: a table
 * with this number decides nothing. Its `guests` is the table of policies by CID (Guest=).
 *
 * A policy starts with POLICY_CELLS cells; its tables follow:
 *
 *	cell 0			flags, 0
 *	cell 1 + rule_peer	cells of the tables of CONNECT and ACCEPT: by port for ANYONE and
 *				OUTSIDE; else by CID, policy or name, with tables by port
 *	cell 1 + RULE_PEERS	cells of the tables of BIND, by port, and of GUEST, by CID
 */
struct rule_cell {
	union {
		__u32 count;	  /* head of a table */
		__u32 first;	  /* span */
		__u32 flags;	  /* head of a policy */
		__u32 on_connect; /* its tables */
		__u32 on_bind;
		__u32 guests; /* cell 0: a table whose values are policies */
	};
	union {
		__u32 value; /* span */
		__u32 on_accept;
		__u32 on_guest;
	};
};

#define POLICY_CELLS   (2 + RULE_PEERS)
#define POLICY_AUDIT   1 /* log what its namespaces refuse, and let it happen */
#define POLICY_PRIVATE 2 /* namespaces created from its own do not inherit it */
/* Mode=local and ChildMode=local: in force with the rest, before records make it permanent. */
#define POLICY_LOCAL	      4
#define POLICY_LOCAL_CHILDREN 8
#define POLICY_LOG	      16 /* log connections of its namespaces that were made */

/*
 * binding.policy of a namespace that was created while policies were switched: it talks to nobody
 * until its policy is set.
 */
#define POLICY_PENDING (~(__u32)0)

/* Cells of a half: about 10,000 policies with a rule each, or one with 80,000 ports. */
#define RULE_CELLS 163840

/* Why two ends do not talk. */
enum reason {
	PERMITTED = 0,
	REASON_MODE = 1,    /* one end is local and the other is in another namespace */
	REASON_RULE = 2,    /* a rule for connect or accept */
	REASON_BIND = 3,    /* a rule for bind */
	REASON_GUEST = 4,   /* a rule for guest: its namespace may not have this CID */
	REASON_UNKNOWN = 5, /* an end could not be identified */
	REASON_PORT = 6,    /* a namespace that it may not talk to holds its port */
	REASON_HELD = 7,    /* a new namespace, for which policies have not been matched */
	REASONS = 8,
};

/* One end of a connection. */
struct end {
	netns_id netns; /* of the socket, or of the guest's owner; NETNS_NONE: outside */
	__u32 cid; /* of a guest, or VMADDR_CID_HOST for the host of this machine; 0: a socket */
	__u32 port;
};

enum event_kind {
	EVENT_REFUSED = 0,
	EVENT_AUDITED = 1, /* allowed, but would have been refused */
	EVENT_SEALED = 2,  /* an established connection to the wrong end was cut off */
	EVENT_NEW_NETNS =
		3,	    /* origin.netns was created: one while state.new_netns_reported is NO */
	EVENT_ACCEPTED = 4, /* a connection that was made has ended: struct accepted_event */
};

/* What the ring buffer `events` holds. */
struct event {
	__u64 time; /* nanoseconds of CLOCK_BOOTTIME */
	enum event_kind kind;
	enum reason reason;
	enum rule_verb verb; /* CONNECT: the origin's side refused; ACCEPT, BIND: the target's */
	__u32 pid;	     /* of the task in connect() or bind(); 0 where a packet arrives */
	struct end origin;   /* the end that connects or binds */
	struct end target;   /* its peer; for bind the port, and for REASON_PORT its holder */
	char comm[16];
};

/* How long a connection lasted, and how many bytes went over it. */
struct traffic {
	__u64 lasted;	     /* nanoseconds */
	enum yes_no counted; /* the bytes are known */
	__u32 sent;	     /* from the origin to the target, modulo 2^32; */
	__u32 received;	     /* and back */
	__u32 unused;
};

/* What the ring buffer holds for EVENT_ACCEPTED. */
struct accepted_event {
	struct event event;
	struct traffic traffic;
};

/* Logged connections that can be open at a time. */
#define MAX_ACCEPTED 16384

/* Value of the map `accepted`: a connection that is there, for the log. */
struct accepted {
	struct end from, to;
	__u64 since;	       /* when it was made, CLOCK_BOOTTIME in nanoseconds */
	enum yes_no of_caller; /* the key is the socket that called, else the listener's child */
	__u32 unused;
};

/* Events of one origin: a burst, then one each period (nanoseconds). */
#define EVENT_BURST  64
#define EVENT_PERIOD 100000000ULL /* 10 a second */

/* Value of the map `counters`, by namespace of the origin. */
struct counters {
	__u64 refused[REASONS]; /* by reason */
	__u64 audited[REASONS];
	__u64 dropped;	/* events that were not reported: too many, or the buffer was full */
	__u64 refilled; /* when tokens were last added, CLOCK_BOOTTIME in nanoseconds */
	__u32 tokens;
	__u32 sealed;	/* sockets of the namespace in the map `sealed` */
	__u64 tenant;	/* that created the namespace, 0: none */
	__u64 since_ns; /* when they were made, CLOCK_BOOTTIME; not twice for one identity */
};

/* Sealed sockets, those of one namespace, and namespaces sealed as a whole. */
#define MAX_SEALED	  16384
#define MAX_SEALED_OF_ONE 64
#define MAX_SEALED_NETNS  4096

/* Value of the map `sealed`. */
struct sealed_socket {
	netns_id netns;	   /* of the socket */
	netns_id answered; /* of the peer that answered */
};

/* Sockets, and ports, that can be recorded as lingering. */
#define MAX_LINGERING 65536

/* Classes of ports, by the remainder, that are kept for sockets which find no room there. */
#define PORT_CLASSES 65536

/* Value of the map `lingering_sockets`: its port and its peer's, 0 if not recorded. */
struct lingering_socket {
	__u32 ports[2];
};

/* Namespaces of sockets that linger at a port. */
struct lingering_owners {
	netns_id netns;	     /* of one, NETNS_NONE: there is none; NETNS_UNKNOWN: of strangers */
	enum yes_no several; /* some are of other namespaces than `netns` */
	__u32 unused;
};

/* Value of the map `lingering_ports`. */
struct lingering_port {
	struct lingering_owners all;
	struct lingering_owners holders; /* of those whose own port it is, and not their peer's */
	netns_id home; /* whose own port it is or was; NETNS_UNKNOWN: several, or not known */
	__u32 sockets; /* how many */
	__u32 unused;
};

/*
 * Sockets that can be recorded as calling, and those of one tenant; ports of each, and slots of
 * ports: bpf/calls.h.
 */
#define MAX_CALLING    65536
#define TENANT_CALLING 2048
#define CALLED_PORTS   4
#define CALL_SLOTS     16384

/* Value of the map `calling`. */
struct called_ports {
	__u64 socket;		   /* whose record it is: the key */
	__u64 tenant;		   /* in whose share it is, 0: it is in none */
	__u32 slot;		   /* of its tenant's share */
	__u32 ports[CALLED_PORTS]; /* plus one; 0: a free place */
	__u32 writers;
	__u32 notes; /* calls so far */
	__u32 last;  /* the place that the last of them took, plus one; 0: none */
};

/* Value of the map `call_slots`: the calls to its ports. */
struct call_slot {
	netns_id netns; /* of a caller; NETNS_UNKNOWN: of strangers */
	__u32 calls;
	__u32 port;	     /* VMADDR_PORT_ANY: several */
	enum yes_no several; /* some are of other namespaces than `netns` */
	__u32 unused;
};

/*
 * Number of a tenant: one of these, with the uid, the inode number of the user namespace, or, for
 * devices and calls only, the identity of a network namespace that root has made.
 */
#define TENANT_USER	 (1ULL << 32)
#define TENANT_CONTAINER (2ULL << 32)
#define TENANT_NETNS	 (1ULL << 62)

#define MAX_TENANTS 16384

/* Namespaces of one tenant at a time; more of them talk to nobody. */
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

/* Use of the map `lingering_slots`; written only by the task that delivers loopback packets. */
struct lingering_list {
	__u32 used;	 /* slots that have been used */
	__u32 reclaimed; /* of those, slots that can be used again: the map `lingering_reclaimed` */
	__u32 looked_at; /* next slot to check */
	enum yes_no overflow; /* a socket or a port found no room: the map `lingering_classes` */
};

/* What is sealed; each level includes those before it. */
enum sealed {
	NONE = 0,
	SOCKETS = 1,	/* in the map `sealed` */
	NAMESPACES = 2, /* in the map `sealed_netns`: all of their sockets */
	ALL = 3,	/* one could not be recorded: all sockets of the machine */
};

/* The only value of the map `state`. */
struct layer_state {
	__u32 layout;		  /* LAYOUT_VERSION of the service that created the maps */
	__u32 generation;	  /* the set of links that is in force */
	__u64 build;		  /* of the BPF object that set was loaded from */
	netns_id init;		  /* the initial namespace */
	enum yes_no gates_wanted; /* some namespace is or was local, or creates local ones */
	enum yes_no overflow; /* a record could not be written: namespaces without one are local */
	enum sealed sealed;
	enum yes_no lingering;	      /* a port was recorded */
	__u32 local_cid;	      /* of this machine as a guest, or VMADDR_CID_ANY */
	enum yes_no has_rules;	      /* some policy has rules, is for guests, audits or logs */
	__u32 half;		      /* of `rules` and bindings that is in force */
	enum yes_no report_new_netns; /* some policy is matched against new namespaces */
	__u32 reloads;		      /* number of switches of policies */
	__u32 bound_half;    /* half for which all bindings are set; else a switch is unfinished */
	__u32 verdict_epoch; /* counts changes of what verdicts depend on; odd while one is under
				way */
	__u32 retired_generation; /* generations up to this one decide nothing any more */
	__u64 policies[2];	  /* in each half: a hash of their files */
	__u64 hold_ns;		  /* how long a new namespace waits for its policy */
	__u64 hold_until_ns; /* a service matches policies until then, CLOCK_MONOTONIC; 0: none does
			      */
	enum yes_no hold_new_netns; /* some policy could refuse something to a new namespace */
	enum yes_no held;	    /* some namespace may be held */
	enum yes_no
		new_netns_reported; /* an EVENT_NEW_NETNS waits for the service, and is enough */
	enum yes_no crowded;	    /* some tenant has created more namespaces than it may */
	enum yes_no log_accepted;   /* some policy has Log=accepted */
	enum yes_no accepted;	    /* a connection was recorded for the log; never reset */
	struct kernel_addresses addresses;
	struct lingering_list lingering_list;
};

#pragma GCC diagnostic pop

#endif
