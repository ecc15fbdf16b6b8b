// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is read off a kernel, from files that are put in the place of its own. The
 * source is included, as that place and the words in between are its own affair.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static const char *lines;

/* Any file of the kernel is this one. */
static FILE *open_played(const char *path, const char *mode)
{
	(void)path;
	(void)mode;
	errno = ENOENT;
	return lines ? fmemopen((char *)lines, strlen(lines), "r") : NULL;
}

#define fopen open_played
#include "../../loader/kernel/kernel-probe.c"
#undef fopen

bool kernel_has_modes(void)
{
	return false;
}

void ksyms_find(const struct ksym *symbols)
{
	(void)symbols;
}

void ksyms_find_hidden(const struct ksym *symbols)
{
	(void)symbols;
}

bool module_present(const char *name)
{
	(void)name;
	return false;
}

bool netns_has_cookie(void)
{
	return false;
}

static bool lsm_of(const char *list)
{
	lines = list;
	return kernel_lsm_bpf();
}

static void test_lsm_list(void **state)
{
	(void)state;
	assert_true(lsm_of("lockdown,capability,yama,apparmor,bpf\n"));
	assert_true(lsm_of("lockdown,capability,yama,apparmor,bpf"));
	assert_true(lsm_of("bpf,yama\n"));
	assert_true(lsm_of("yama,bpf,ipe\n"));
	assert_true(lsm_of("bpf\n"));
	assert_false(lsm_of("lockdown,capability,yama\n"));
	/* Words that contain it. */
	assert_false(lsm_of("yama,bpfilter,ebpf\n"));
	assert_false(lsm_of("\n"));
	assert_false(lsm_of(NULL));
}

static void test_lockdown(void **state)
{
	(void)state;
	lines = "[none] integrity confidentiality\n";
	assert_string_equal(kernel_lockdown(), "none");
	lines = "none [integrity] confidentiality\n";
	assert_string_equal(kernel_lockdown(), "integrity");
	lines = "none integrity [confidentiality]\n";
	assert_string_equal(kernel_lockdown(), "confidentiality");
	lines = "none integrity\n";
	assert_string_equal(kernel_lockdown(), "unknown");
	lines = "none [integrity\n";
	assert_string_equal(kernel_lockdown(), "unknown");
	lines = "[]\n";
	assert_string_equal(kernel_lockdown(), "");
	lines = NULL;
	assert_string_equal(kernel_lockdown(), "unknown");
}

static void test_preemption(void **state)
{
	(void)state;
	lines = "none (voluntary) full \n";
	assert_string_equal(kernel_preemption(), "voluntary");
	lines = "full (lazy)\n";
	assert_string_equal(kernel_preemption(), "lazy");
	lines = NULL;
	assert_string_equal(kernel_preemption(), "unknown");
	/* Longer than there is room for: cut, not overrun. */
	lines = "(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)\n";
	assert_int_equal(strlen(kernel_preemption()), 31);
}

static void test_trampolines(void **state)
{
	(void)state;
	lines = "0000000000000000 T register_ftrace_direct\n";
	assert_false(kernel_attaches_nothing());
	lines = "ffff800008010000 T _text\nffff800008010040 T register_ftrace_direct\n";
	assert_false(kernel_attaches_nothing());
	lines = "ffff800008010000 T register_ftrace_direct_multi\n";
	assert_true(kernel_attaches_nothing());
	/* What cannot be read tells nothing. */
	lines = NULL;
	assert_false(kernel_attaches_nothing());
}

/* int function(void *, struct NAME *) */
static struct btf *btf_with(const char *function, const char *name)
{
	struct btf *btf = btf__new_empty();
	int number, type, pointer, anything, proto;

	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	type = btf__add_struct(btf, name, 4);
	pointer = btf__add_ptr(btf, type);
	anything = btf__add_ptr(btf, 0);
	proto = btf__add_func_proto(btf, number);
	btf__add_func_param(btf, "first", anything);
	btf__add_func_param(btf, "second", pointer);
	btf__add_func(btf, function, BTF_FUNC_STATIC, proto);
	return btf;
}

static void test_takes_struct(void **state)
{
	struct btf *btf = btf_with("receive", "sk_buff");

	(void)state;
	assert_true(takes_struct(btf, "receive", 1, "sk_buff"));
	assert_false(takes_struct(btf, "receive", 1, "virtio_vsock_pkt"));
	assert_false(takes_struct(btf, "receive", 1, "sk_buf"));
	assert_false(takes_struct(btf, "receive", 2, "sk_buff"));
	assert_false(takes_struct(btf, "receive", 0, "sk_buff"));
	assert_false(takes_struct(btf, "send", 1, "sk_buff"));
	btf__free(btf);
}

static void test_shape(void **state)
{
	struct kernel kernel;

	(void)state;
	lines = "yama,bpf\n";
	kernel_probe(&kernel);
	assert_true(kernel.lsm_bpf);
	assert_int_equal(kernel.shape, GATE_LSM);
	lines = "yama\n";
	kernel_probe(&kernel);
	assert_false(kernel.lsm_bpf);
	assert_int_equal(kernel.shape, GATE_FMOD_RET);
	assert_true(kernel.module_btf || !kernel.packet_socket);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lsm_list),   cmocka_unit_test(test_lockdown),
		cmocka_unit_test(test_preemption), cmocka_unit_test(test_takes_struct),
		cmocka_unit_test(test_shape),	   cmocka_unit_test(test_trampolines),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
