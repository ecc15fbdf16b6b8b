/* SPDX-License-Identifier: GPL-2.0-only */
/* What this kernel offers, and what follows from it: the one place for both. */
#ifndef KERNEL_PROBE_H
#define KERNEL_PROBE_H

#include <stdbool.h>

#include "vsock-bpfd.h"

/* How a gate is hooked. */
enum gate_shape {
	GATE_FMOD_RET, /* on the security_ function itself: works on every kernel since 5.7 */
	GATE_LSM,      /* BPF is an active LSM: the kernel runs it whatever was preempted */
};

struct kernel {
	bool native;	       /* net.vsock.ns_mode: namespaces of its own, nothing to attach */
	bool btf;	       /* of the kernel itself: without it nothing loads */
	bool module_btf;       /* 5.11 on: functions of modules can be hooked */
	bool vsock;	       /* modules: sockets, */
	bool transport;	       /* packets of loopback and of guests, */
	bool guests;	       /* vhost_vsock */
	bool netns_cookie;     /* 5.14 on */
	bool packet_socket;    /* packets carry the socket that sent them */
	bool source_check;     /* sockets take packets of their peer alone: vsock_check_source() */
	bool other_transports; /* Hyper-V's or VMware's, which have packets of their own */
	bool lsm_bpf;
	bool addresses_known; /* those below, as far as modules are there */
	struct kernel_addresses addresses;
	enum gate_shape shape;
};

/* Looks; loads nothing. */
void kernel_probe(struct kernel *kernel);

/* kernel.kptr_restrict, 0 where it cannot be read. */
int kernel_kptr_restrict(void);

/* kernel.ftrace_enabled=0: no program at the beginning of a function runs. */
bool kernel_ftrace_is_off(void);

/* No program can be attached to a function, as on arm64 before 6.4. Reads all of /proc/kallsyms. */
bool kernel_attaches_nothing(void);

/*
 * bpffs frees a pinned link in a callback of RCU, where it may not allocate for what is left of a
 * trampoline. Other kernels notice by in_atomic() and leave it to a worker; PREEMPT_RT does not
 * (5.10.223-rt: BUG in __get_vm_area_node()). Kernels with bpf_destroy_inode() free it at once.
 * Reads all of /proc/kallsyms under PREEMPT_RT.
 */
bool kernel_panics_on_unpin(void);

/*
 * Whether the memory of maps counts against RLIMIT_MEMLOCK, as before 5.11: the kernel that has a
 * certain helper is the one in which it does not. Its types tell, where no program may load.
 */
bool kernel_limits_maps(void);

/* Whether 'bpf' stands in the kernel's list of active LSMs. */
bool kernel_lsm_bpf(void);

/* Text of /sys/kernel/security/lockdown's choice: "none", "integrity" or "confidentiality". */
const char *kernel_lockdown(void);

/* "none", "voluntary", "full", "lazy", "rt", or "unknown" where debugfs does not tell. */
const char *kernel_preemption(void);

#endif
