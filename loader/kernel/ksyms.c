// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/ksyms.h"

#include <bpf/bpf.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/bpf-insn.h"

/* The context of the program below. */
struct query {
	char name[64]; /* "MODULE:NAME" */
	__u64 address;
};

#define WORDS	   (sizeof(((struct query *)0)->name) / 8)
#define ON_STACK   (-8 - (int)(WORDS * 8))
#define ARGUMENT_0 BPF_REG_1
#define CONTEXT	   BPF_REG_6

/*
 * A program that asks the kernel for an address (5.16 on). /proc/kallsyms takes half a
 * second of machine time, as the kernel writes 200,000 lines for the few that are wanted.
 */
static int load_program(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = BPF_F_SLEEPABLE);
	struct bpf_insn code[64];
	size_t size = 0, i;

	code[size++] = insn_move(CONTEXT, ARGUMENT_0);
	for (i = 0; i < WORDS; i++) {
		code[size++] = insn_load(BPF_REG_0, CONTEXT, i * 8);
		code[size++] = insn_store(BPF_REG_10, ON_STACK + i * 8, BPF_REG_0);
	}
	code[size++] = insn_set(BPF_REG_0, 0);
	code[size++] = insn_store(BPF_REG_10, -8, BPF_REG_0);
	code[size++] = insn_move(BPF_REG_1, BPF_REG_10);
	code[size++] = insn_add(BPF_REG_1, ON_STACK);
	code[size++] = insn_set(BPF_REG_2, WORDS * 8);
	code[size++] = insn_set(BPF_REG_3, 0);
	code[size++] = insn_move(BPF_REG_4, BPF_REG_10);
	code[size++] = insn_add(BPF_REG_4, -8);
	code[size++] = insn_call(BPF_FUNC_kallsyms_lookup_name);
	code[size++] = insn_load(BPF_REG_1, BPF_REG_10, -8);
	code[size++] = insn_store(CONTEXT, offsetof(struct query, address), BPF_REG_1);
	code[size++] = insn_exit();
	return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "find_symbol", "GPL", code, size, &options);
}

static void ask(int program, const char *module, const struct ksym *symbol)
{
	struct query query = {};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &query, .ctx_size_in = sizeof(query));

	snprintf(query.name, sizeof(query.name), "%s%s", module, symbol->name);
	if (!bpf_prog_test_run_opts(program, &options))
		*symbol->address = query.address;
}

/* Of a module that is built in the kernel knows the symbol alone. */
static void ask_both(int program, const struct ksym *symbol)
{
	char module[64];

	snprintf(module, sizeof(module), "%s:", symbol->module);
	ask(program, module, symbol);
	if (!*symbol->address)
		ask(program, "", symbol);
}

static void match_line(const char *line, const struct ksym *symbols)
{
	char name[64], module[64] = "";
	unsigned long long address;

	if (sscanf(line, "%llx %*c %63s [%63[^]]", &address, name, module) < 2)
		return;
	for (; symbols->name; symbols++)
		if (!strcmp(symbols->name, name) && (!*module || !strcmp(symbols->module, module)))
			*symbols->address = address;
}

static void read_all(const struct ksym *symbols)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[256];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "vsock") || strstr(line, " transport_"))
			match_line(line, symbols);
	fclose(file);
}

void ksyms_find(const struct ksym *symbols)
{
	const struct ksym *symbol;
	int program;

	for (symbol = symbols; symbol->name; symbol++)
		*symbol->address = 0;
	program = load_program();
	if (program < 0) {
		read_all(symbols);
		return;
	}
	for (symbol = symbols; symbol->name; symbol++)
		ask_both(program, symbol);
	close(program);
}
