// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network namespaces for AF_VSOCK on kernels that have none, and rules on all of them.
 *
 * Programs, a file for each gate or duty:
 *
 *	connect.bpf.c		connect gate: before anything is sent
 *	origin.bpf.c		sender of a packet	\  delivery gate: the request has
 *	delivery.bpf.c		which listener it found	/  arrived, the listener is known
 *	bind.bpf.c		bind gate: tells a process early what the verdict says of its port
 *	seal.bpf.c		cuts off what no gate can refuse
 *	taps.bpf.c		tap gate: devices that would show all packets
 *	namespaces.bpf.c	sets modes when a namespace is created, removes them when it goes
 *	devices.bpf.c		records which namespace a vhost device belongs to
 *	lingering.bpf.c		notes sockets whose peer has left
 *	sockets.bpf.c		removes what is recorded of a socket when it goes
 *
 * What they share:
 *
 *	verdict.h		the decisions, which all gates ask for
 *	rules.h			what a policy says
 *	verdict-cache.h		verdicts on calls that come again
 *	ports.h			which sockets hold a port: the kernel's tables,
 *	lingering.h		sockets whose peer has left,
 *	calls.h			and calls that are on their way to it
 *	devices.h		which device has a CID, and its owner
 *	delivery.h		the packet that a task delivers
 *	origin-by-address.h	its sender where packets carry no socket (5.10)
 *	call.h, gate.h		a call, and the two forms of a gate
 *	events.h		refusals, for the log
 *	counters.h		counters of a namespace
 *	access-log.h		connections that were made, for policies with Log=accepted
 *	socket-bytes.h		how many bytes went over a socket
 *	tenants.h		limits for all namespaces of one user or container
 *	netns.h			identities of namespaces
 *	records.h, state.h	modes by namespace, and what holds for the layer as a whole
 *	maps.h			maps that outlive an upgrade
 *	kernel.h, types.h	what differs between kernels, and the kernel's types
 *	alone.h			one writer of a record at a time
 *	tenant-number.h		which user or container a namespace is counted for
 *	tenant-slots.h		what one tenant may fill of a map
 *	device-slots.h		its share of devices
 *
 * Every program is for all kernels unless its comment says for which; the loader
 * chooses among those that do the same (loader/layer/programs.c).
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "namespaces.bpf.c"
#include "devices.bpf.c"
#include "connect.bpf.c"
#include "origin.bpf.c"
#include "delivery.bpf.c"
#include "lingering.bpf.c"
#include "seal.bpf.c"
#include "sockets.bpf.c"
#include "bind.bpf.c"
#include "taps.bpf.c"

char _license[] SEC("license") = "GPL";
