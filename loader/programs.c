// SPDX-License-Identifier: GPL-2.0-only
#include "programs.h"

#include <stddef.h>
#include <string.h>

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
	return kernel->packet_socket;
}

static bool without_packet_socket(const struct kernel *kernel)
{
	return kernel->transport && !kernel->packet_socket;
}

static bool with_module_btf(const struct kernel *kernel)
{
	return kernel->module_btf && kernel->vsock;
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
	{ "namespace_made",		USE_ALWAYS,	NULL },
	{ "namespace_gone",		USE_ALWAYS,	NULL },
	{ "device_opened",		USE_ALWAYS,	with_guests },
	{ "device_closed",		USE_ALWAYS,	with_guests_and_module_btf },
	{ "device_file_freed",		USE_ALWAYS,	with_guests_without_module_btf },
	{ "connect_gate_lsm",		USE_ISOLATING,	by_lsm },
	{ "connect_gate_fmod_ret",	USE_ISOLATING,	by_fmod_ret },
	{ "packet_made",		USE_ISOLATING,	without_packet_socket },
	{ "packet_arrives_addr",	USE_ISOLATING,	without_packet_socket },
	{ "packet_arrives_skb",		USE_ISOLATING,	with_packet_socket },
	{ "answer_accepted",		USE_ISOLATING,	with_module_btf },
	{ "answer_accepted_wakeup",	USE_ISOLATING,	without_module_btf },
	{ "socket_gone_vsock",		USE_ISOLATING,	with_module_btf },
	{ "socket_gone_any",		USE_ISOLATING,	without_module_btf },
	{ "send_seal_lsm",		USE_ISOLATING,	by_lsm },
	{ "send_seal_fmod_ret",		USE_ISOLATING,	by_fmod_ret },
	{ "receive_seal_lsm",		USE_ISOLATING,	by_lsm },
	{ "receive_seal_fmod_ret",	USE_ISOLATING,	by_fmod_ret },
	{ "option_seal_lsm",		USE_ISOLATING,	by_lsm },
	{ "option_seal_fmod_ret",	USE_ISOLATING,	by_fmod_ret },
	{ "shutdown_seal_lsm",		USE_ISOLATING,	by_lsm },
	{ "shutdown_seal_fmod_ret",	USE_ISOLATING,	by_fmod_ret },
	{ "listener_found_parent",	USE_ISOLATING,	with_module_btf },
	{ "listener_found_net",		USE_ISOLATING,	without_module_btf },
	{ "delivery_gate_lsm",		USE_ISOLATING,	by_lsm },
	{ "delivery_gate_fmod_ret",	USE_ISOLATING,	by_fmod_ret },
	{ NULL,				USE_ALWAYS,	NULL },
};
/* clang-format on */

const struct program *program_by_name(const char *name)
{
	const struct program *program;

	for (program = programs; program->name; program++)
		if (!strcmp(program->name, name))
			return program;
	return NULL;
}

bool program_needed(const struct program *program, const struct kernel *kernel, bool isolating)
{
	if (program->use == USE_ISOLATING && !isolating)
		return false;
	return !program->fits || program->fits(kernel);
}
