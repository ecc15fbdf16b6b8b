/* SPDX-License-Identifier: GPL-2.0-only */
/* A socket as bpf/all-sockets.bpf.c reads it, for layer/sockets.c. */
#ifndef SOCKET_LINE_H
#define SOCKET_LINE_H

#include "vsock-bpfd.h"

enum holder {
	FILE_HOLDS = 0,	  /* a file, in whichever process */
	NOT_ACCEPTED = 1, /* none yet: a child of a listener that nobody has accepted */
	NOBODY_HOLDS = 2, /* none any more: it was closed, and waits for its peer */
};

struct socket_line {
	__u64 address; /* of the socket: the same in each line of one */
	netns_id netns;
	__u32 state; /* sk_state, as of TCP */
	__u32 type;
	__u32 cid, port;
	__u32 peer_cid, peer_port; /* all ones without a peer */
	__u32 uid;
	__u32 waiting; /* of a listener: connections that nobody has accepted yet */
	enum holder holder;
	__u32 counted;	  /* the two below are there */
	__u32 sent, read; /* bytes that it has sent and that were read from it; they wrap */
	__u32 pid;	  /* of a process that has it open, or 0: read from the kernel's tables */
	__u32 unused;
	char comm[16];
};

/* Sockets that one run reads from a list of the kernel's tables. */
#define LINES_OF_A_RUN 32

struct socket_lines {
	struct socket_line line[LINES_OF_A_RUN];
	__u64 next; /* entry to go on with, or one of those below */
	__u32 count;
	__u32 unused;
};

#define LIST_END     0
#define LIST_CHANGED 1

/* Which of a socket's links the list goes by. */
enum socket_link {
	BOUND_LINK,
	CONNECTED_LINK,
};

#endif
