// SPDX-License-Identifier: GPL-2.0-only
/* Which programs each kind of kernel gets, held against the BPF object itself. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "layer/probe.h"
#include "layer/programs.h"
#include "unit.h"

#define OBJECT "build/vsock-bpfd.bpf.o"

/* All that the choice depends on, on a kernel whose modules are there. */
enum {
	MODULE_BTF = 1,
	PACKET_SOCKET = 2,
	LSM = 4,
	GUESTS = 8,
	KINDS = 16,
};

static struct kernel kind_of(unsigned int bits)
{
	struct kernel kernel = {
		.btf = true,
		.vsock = true,
		.transport = true,
		.guests = bits & GUESTS,
		.module_btf = bits & MODULE_BTF,
		/* Known from the BTF of a module, so never without it. */
		.packet_socket = (bits & MODULE_BTF) && (bits & PACKET_SOCKET),
		.netns_cookie = bits & MODULE_BTF,
		.lsm_bpf = bits & LSM,
	};

	kernel.shape = kernel.lsm_bpf ? GATE_LSM : GATE_FMOD_RET;
	return kernel;
}

/* How many of the programs whose name begins so are needed once a namespace is local. */
static int needed(const struct kernel *kernel, const char *start)
{
	const struct program *program;
	int count = 0;

	for (program = programs; program->name; program++)
		if (!strncmp(program->name, start, strlen(start)))
			count += program_needed(program, kernel, RULES);
	return count;
}

static void test_one_of_each(void **state)
{
	/* Of each of these a kernel needs one, whichever it is. */
	static const char *const jobs[] = {
		"namespace_made",  "namespace_gone", "connect_gate_", "packet_arrives_",
		"answer_accepted", "socket_gone_",   "send_seal_",    "receive_seal_",
		"listener_found_", "delivery_gate_",
	};
	unsigned int bits;
	size_t i;

	(void)state;
	for (bits = 0; bits < KINDS; bits++) {
		struct kernel kernel = kind_of(bits);

		for (i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
			if (needed(&kernel, jobs[i]) != 1)
				fail_msg("kind %u: %d of %s", bits, needed(&kernel, jobs[i]),
					 jobs[i]);
	}
}

/* Devices are recorded and forgotten where there are guests, and nowhere else. */
static void test_guests(void **state)
{
	unsigned int bits;

	(void)state;
	for (bits = 0; bits < KINDS; bits++) {
		struct kernel kernel = kind_of(bits);
		int wanted = kernel.guests ? 1 : 0;

		assert_int_equal(needed(&kernel, "device_opened"), wanted);
		assert_int_equal(needed(&kernel, "device_closed") +
					 needed(&kernel, "device_file_freed"),
				 wanted);
	}
}

/* Who isolates nothing has modes and guests recorded, and is asked nothing. */
static void test_none_is_local(void **state)
{
	struct kernel kernel = kind_of(GUESTS | MODULE_BTF);
	const struct program *program;

	(void)state;
	for (program = programs; program->name; program++)
		if (program_needed(program, &kernel, RECORDING) &&
		    strncmp(program->name, "namespace_", 10) &&
		    strncmp(program->name, "device_", 7))
			fail_msg("%s: needed while every namespace is global", program->name);
	assert_true(program_needed(program_by_name("namespace_made"), &kernel, RECORDING));
	assert_true(program_needed(program_by_name("namespace_gone"), &kernel, RECORDING));
	assert_true(program_needed(program_by_name("device_opened"), &kernel, RECORDING));
}

static void test_gate_shape(void **state)
{
	static const char *const gates[] = { "connect_gate_", "delivery_gate_", "send_seal_",
					     "receive_seal_" };
	struct kernel kernel;
	char name[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(gates) / sizeof(*gates); i++) {
		kernel = kind_of(0);
		snprintf(name, sizeof(name), "%sfmod_ret", gates[i]);
		assert_int_equal(needed(&kernel, name), 1);
		kernel = kind_of(LSM);
		snprintf(name, sizeof(name), "%slsm", gates[i]);
		assert_int_equal(needed(&kernel, name), 1);
	}
}

/* Origins by address are made and taken, or neither. */
static void test_origin_by_address(void **state)
{
	struct kernel kernel = kind_of(0);

	(void)state;
	assert_int_equal(needed(&kernel, "packet_made"), 1);
	assert_int_equal(needed(&kernel, "packet_arrives_addr"), 1);
	kernel = kind_of(MODULE_BTF);
	assert_int_equal(needed(&kernel, "packet_made"), 1);
	kernel = kind_of(MODULE_BTF | PACKET_SOCKET);
	assert_int_equal(needed(&kernel, "packet_made"), 0);
	assert_int_equal(needed(&kernel, "packet_arrives_skb"), 1);
}

static int place(const char *name)
{
	const struct program *program = program_by_name(name);

	assert_non_null(program);
	return program - programs;
}

/* A program later in a connection's story is attached earlier. */
static void test_order(void **state)
{
	static const char *const story[][3] = {
		{ "connect_gate_lsm", "connect_gate_fmod_ret" },
		{ "packet_made" },
		{ "packet_arrives_addr", "packet_arrives_skb", "packet_arrives_net" },
		{ "listener_found_net", "listener_found_parent" },
		{ "delivery_gate_lsm", "delivery_gate_fmod_ret" },
		{ "answer_accepted", "answer_accepted_wakeup" },
		{ "socket_gone_vsock", "socket_gone_any" },
	};
	size_t step, i, j;

	(void)state;
	for (step = 1; step < sizeof(story) / sizeof(*story); step++)
		for (i = 0; i < 3 && story[step - 1][i]; i++)
			for (j = 0; j < 3 && story[step][j]; j++)
				assert_true(place(story[step][j]) < place(story[step - 1][i]));
	assert_true(place("namespace_made") < place("delivery_gate_lsm"));
}

/* What nothing must be seen by is attached, and not known to run. */
static void test_all_are_asked(void **state)
{
	const struct program *program;

	(void)state;
	for (program = programs; program->name; program++)
		/* It runs when the kernel gets to it. */
		if (!probe_of(program->name) && strcmp(program->name, "namespace_gone") &&
		    strncmp(program->name, "tap_gate_", 9))
			fail_msg("%s: nothing in loader/layer/probe.c makes it run", program->name);
}

static struct bpf_object *open_object(void)
{
	struct bpf_object *object = bpf_object__open_file(OBJECT, NULL);

	assert_int_equal(libbpf_get_error(object), 0);
	return object;
}

static void test_table_is_in_object(void **state)
{
	struct bpf_object *object = open_object();
	const struct program *program;

	(void)state;
	for (program = programs; program->name; program++)
		if (!bpf_object__find_program_by_name(object, program->name))
			fail_msg("%s: in the table and not in the object", program->name);
	bpf_object__close(object);
}

/* Run by the service itself, and attached to nothing. */
static bool is_hook(const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog);

	return strncmp(section, "iter/", 5) && strcmp(section, "raw_tp");
}

static void test_object_is_in_table(void **state)
{
	struct bpf_object *object = open_object();
	struct bpf_program *prog;

	(void)state;
	bpf_object__for_each_program(prog, object) {
		const char *name = bpf_program__name(prog);
		const struct program *program = program_by_name(name);

		if (!is_hook(prog)) {
			assert_null(program);
			continue;
		}
		if (!program)
			fail_msg("%s: in the object and not in the table", name);
		assert_string_equal(program->name, name);
	}
	bpf_object__close(object);
}

static void test_table_fits(void **state)
{
	const struct program *program;

	(void)state;
	for (program = programs; program->name; program++)
		assert_ptr_equal(program_by_name(program->name), program);
	assert_true(program - programs <= MAX_PROGRAMS);
	assert_null(program_by_name("no_such_program"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_each),
		cmocka_unit_test(test_gate_shape),
		cmocka_unit_test(test_guests),
		cmocka_unit_test(test_none_is_local),
		cmocka_unit_test(test_origin_by_address),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_all_are_asked),
		cmocka_unit_test(test_table_is_in_object),
		cmocka_unit_test(test_object_is_in_table),
		cmocka_unit_test(test_table_fits),
	};

	return cmocka_run_group_tests_name("programs", tests, NULL, NULL);
}
