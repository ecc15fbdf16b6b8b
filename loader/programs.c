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
	return !kernel->packet_socket;
}

static bool with_module_btf(const struct kernel *kernel)
{
	return kernel->module_btf;
}

static bool without_module_btf(const struct kernel *kernel)
{
	return !kernel->module_btf;
}

/* clang-format off */
const struct program programs[] = {
	{ "namespace_made",		NULL },
	{ "namespace_gone",		NULL },
	{ "connect_gate_lsm",		by_lsm },
	{ "connect_gate_fmod_ret",	by_fmod_ret },
	{ "socket_gone",		without_packet_socket },
	{ "request_made",		without_packet_socket },
	{ "request_arrives_addr",	without_packet_socket },
	{ "request_arrives_skb",	with_packet_socket },
	{ "listener_found_parent",	with_module_btf },
	{ "listener_found_net",		without_module_btf },
	{ "delivery_gate_lsm",		by_lsm },
	{ "delivery_gate_fmod_ret",	by_fmod_ret },
	{ NULL,				NULL },
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

bool program_needed(const struct program *program, const struct kernel *kernel)
{
	return !program->needed || program->needed(kernel);
}
