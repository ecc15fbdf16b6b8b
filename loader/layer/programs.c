// SPDX-License-Identifier: GPL-2.0-only
#include "layer/programs.h"

#include <stddef.h>
#include <string.h>

#include "lib/array.h"

static bool by_lsm(const struct kernel *kernel)
{
	return kernel->shape == GATE_LSM;
}

static bool by_fmod_ret(const struct kernel *kernel)
{
	return kernel->shape == GATE_FMOD_RET;
}

static bool with_packet_socket(const struct kernel *kernel)
{
	return kernel->packet_socket && !kernel->native;
}

static bool with_packet_socket_and_net(const struct kernel *kernel)
{
	return kernel->packet_socket && kernel->native;
}

static bool without_packet_socket(const struct kernel *kernel)
{
	return kernel->transport && !kernel->packet_socket;
}

static bool with_module_btf(const struct kernel *kernel)
{
	return kernel->module_btf && kernel->vsock;
}

static bool with_source_check(const struct kernel *kernel)
{
	return with_module_btf(kernel) && kernel->source_check;
}

static bool without_source_check(const struct kernel *kernel)
{
	return with_module_btf(kernel) && !kernel->source_check;
}

static bool without_module_btf(const struct kernel *kernel)
{
	return !kernel->module_btf;
}

static bool with_guests(const struct kernel *kernel)
{
	return kernel->guests;
}

static bool with_guests_and_module_btf(const struct kernel *kernel)
{
	return kernel->guests && kernel->module_btf;
}

static bool with_guests_without_module_btf(const struct kernel *kernel)
{
	return kernel->guests && !kernel->module_btf;
}

/* clang-format off */
const struct program programs[] = {
	{ "namespace_made",		RECORDING,	NULL },
	{ "namespace_gone",		RECORDING,	NULL },
	{ "device_opened",		RECORDING,	with_guests },
	{ "device_closed",		RECORDING,	with_guests_and_module_btf },
	{ "device_file_freed",		RECORDING,	with_guests_without_module_btf },
	{ "send_seal_lsm",		GATES,		by_lsm },
	{ "send_seal_fmod_ret",		GATES,		by_fmod_ret },
	{ "receive_seal_lsm",		GATES,		by_lsm },
	{ "receive_seal_fmod_ret",	GATES,		by_fmod_ret },
	{ "option_seal_lsm",		GATES,		by_lsm },
	{ "option_seal_fmod_ret",	GATES,		by_fmod_ret },
	{ "shutdown_seal_lsm",		GATES,		by_lsm },
	{ "shutdown_seal_fmod_ret",	GATES,		by_fmod_ret },
	{ "socket_gone_vsock",		GATES,		with_module_btf },
	{ "socket_gone_any",		GATES,		without_module_btf },
	{ "peer_left",			GATES,		with_source_check },
	{ "peer_left_any",		GATES,		without_source_check },
	{ "answer_accepted",		GATES,		with_module_btf },
	{ "answer_accepted_wakeup",	GATES,		without_module_btf },
	{ "delivery_gate_lsm",		GATES,		by_lsm },
	{ "delivery_gate_fmod_ret",	GATES,		by_fmod_ret },
	{ "listener_found_parent",	GATES,		with_module_btf },
	{ "listener_found_net",		GATES,		without_module_btf },
	{ "packet_arrives_addr",	GATES,		without_packet_socket },
	{ "packet_arrives_skb",		GATES,		with_packet_socket },
	{ "packet_arrives_net",		GATES,		with_packet_socket_and_net },
	{ "packet_made",		GATES,		without_packet_socket },
	{ "connect_gate_lsm",		GATES,		by_lsm },
	{ "connect_gate_fmod_ret",	GATES,		by_fmod_ret },
	{ "bind_gate_lsm",		GATES,		by_lsm },
	{ "bind_gate_fmod_ret",		GATES,		by_fmod_ret },
	{ "tap_gate_lsm",		GATES,		by_lsm },
	{ "tap_gate_fmod_ret",		GATES,		by_fmod_ret },
	{ NULL,				RECORDING,	NULL },
};
/* clang-format on */

_Static_assert(ARRAY_SIZE(programs) - 1 <= MAX_PROGRAMS, "MAX_PROGRAMS");

const struct program *program_by_name(const char *name)
{
	const struct program *program;

	for (program = programs; program->name; program++)
		if (!strcmp(program->name, name))
			return program;
	return NULL;
}

enum coverage coverage_of(const struct layer_state *state)
{
	if (state->has_rules == YES)
		return RULES;
	return state->gates_wanted == YES ? GATES : RECORDING;
}

bool program_needed(const struct program *program, const struct kernel *kernel,
		    enum coverage coverage)
{
	if (program->from > coverage)
		return false;
	return !program->fits || program->fits(kernel);
}

const char *program_gates_name(const struct kernel *kernel, const struct layer_state *state)
{
	if (state->gates_wanted == NO)
		return NULL;
	return by_lsm(kernel) ? "lsm" : "fmod_ret";
}
