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
	{ "namespace_made",		NULL },
	{ "namespace_gone",		NULL },
	{ "device_opened",		with_guests },
	{ "device_closed",		with_guests_and_module_btf },
	{ "device_file_freed",		with_guests_without_module_btf },
	{ "connect_gate_lsm",		by_lsm },
	{ "connect_gate_fmod_ret",	by_fmod_ret },
	{ "packet_made",		without_packet_socket },
	{ "packet_arrives_addr",	without_packet_socket },
	{ "packet_arrives_skb",		with_packet_socket },
	{ "answer_accepted",		with_module_btf },
	{ "answer_accepted_wakeup",	without_module_btf },
	{ "socket_gone_vsock",		with_module_btf },
	{ "socket_gone_any",		without_module_btf },
	{ "send_seal_lsm",		by_lsm },
	{ "send_seal_fmod_ret",		by_fmod_ret },
	{ "receive_seal_lsm",		by_lsm },
	{ "receive_seal_fmod_ret",	by_fmod_ret },
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
