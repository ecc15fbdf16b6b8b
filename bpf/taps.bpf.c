// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taps: a network device of the kind vsockmon gets a copy of every AF_VSOCK packet of the machine,
 * whatever namespace it is in. Root of one's own user namespace may make one, and the kernel loads
 * the module for it. Not while somebody isolates: who wants to look, root of the machine, loads
 * the module by its name, and this hook is not asked.
 */
#include "gate.h"
#include "kernel.h"
#include "state.h"

static __always_inline bool is_tap(const char *name)
{
	static const char tap[] = "rtnl-link-vsockmon";
	char wanted[sizeof(tap)] = {};
	unsigned int i;

	if (bpf_probe_read_kernel_str(wanted, sizeof(wanted), name) != sizeof(tap))
		return false;
	for (i = 0; i < sizeof(tap); i++)
		if (wanted[i] != tap[i])
			return false;
	return true;
}

/* Not -EPERM, which is -1: the compiler would negate the answer, and the verifier not follow. */
static __always_inline int check_module(const char *name)
{
	return layer_state()->gates_wanted == YES && is_tap(name) ? -EACCES : 0;
}

GATE(tap_gate, "lsm/kernel_module_request", "fmod_ret/security_kernel_module_request",
     check_module(name), char *name)
