// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tap gate: a network device of type vsockmon gets a copy of every AF_VSOCK packet of the machine,
 * whatever its namespace. Root of a user namespace may create one, and the kernel then loads the
 * module. That is refused while gates are wanted. Root of the machine can still load the module by
 * name, which does not pass this hook.
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

/*
 * Not -EPERM, which is -1: the compiler would negate the result, which the verifier does not
 * follow.
 */
static __always_inline int check_module(const char *name)
{
	return layer_state()->gates_wanted == YES && is_tap(name) ? -EACCES : 0;
}

GATE(tap_gate, "lsm/kernel_module_request", "fmod_ret/security_kernel_module_request",
     check_module(name), char *name)
