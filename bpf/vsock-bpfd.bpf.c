// SPDX-License-Identifier: GPL-2.0-only
/*
 * Namespaces for AF_VSOCK on kernels that have none.
 *
 *	namespaces.h	modes: set when a namespace is made, removed when it goes
 *	guests.h	which namespace a CID belongs to
 *	connect.h	connect gate: before anything is sent
 *	origin.h	who sent a request	\  delivery gate: the request has
 *	delivery.h	whom it has found	/  arrived, the listener is known
 *	seal.h		what no gate can refuse is cut off
 *	bind.h		bind gate: says early what the verdict says of a port
 *	ports.h		who holds a port, asked of the kernel's tables
 *	lingering.h	who did: sockets whose peer has left
 *	calls.h		who calls a port, where a call reaches any socket
 *	taps.h		devices that would show all packets
 *	tenants.h	who makes many namespaces
 *	verdict.h	the decision that all of them ask for
 *	rules.h		what a policy says
 *	kept.h		verdicts that were given lately
 *	events.h	who was refused: counters, and the log
 *
 * Every program is for all kernels unless its comment says for which; the loader
 * chooses among those that do the same (loader/layer/programs.c).
 */
#include "namespaces.h"
#include "connect.h"
#include "seal.h"
#include "bind.h"
#include "taps.h"

char _license[] SEC("license") = "GPL";
