// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin of QEMU: which instructions ran between two readings of the clock. build/bench marks
 * those (mark() in tools/bench/measure.c); each second stretch between two is what is measured. Of
 * all of them the shortest counts, as what is above it is somebody else's.
 *
 * Writes to out=FILE, when the machine ends: a line `ADDRESS 1 INSTRUCTIONS TIMES` for each block.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

/* movl $MARK + what, %eax */
#define MARK	  0x5ca1ab00
#define MARK_SIZE 5

enum what {
	BEGINS = 1, /* an operation */
	READS,	    /* the clock: what was measured until here is over, */
	HAS_READ,   /* what is measured begins */
};

struct block {
	struct block *next;
	uint64_t address, instructions;
	uint64_t times, times_in_shortest;
};

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static struct block *blocks;
static const char *out;
static bool counting;
static unsigned int readings;
static uint64_t stretch, shortest = UINT64_MAX;

static void begin_stretch(void)
{
	struct block *block;

	for (block = blocks; block; block = block->next)
		block->times = 0;
	stretch = 0;
	counting = true;
}

static void end_stretch(void)
{
	struct block *block;

	counting = false;
	if (!stretch || stretch >= shortest)
		return;
	shortest = stretch;
	for (block = blocks; block; block = block->next)
		block->times_in_shortest = block->times;
}

static void on_mark(unsigned int cpu, void *what)
{
	(void)cpu;
	switch ((uintptr_t)what) {
	case BEGINS:
		shortest = UINT64_MAX;
		stretch = readings = 0;
		break;
	case READS:
		end_stretch();
		break;
	case HAS_READ:
		if (readings++ % 2 == 0)
			begin_stretch();
		break;
	}
}

static void on_block(unsigned int cpu, void *arg)
{
	struct block *block = arg;

	(void)cpu;
	if (!counting)
		return;
	block->times++;
	stretch += block->instructions;
}

static uintptr_t mark_of(const struct qemu_plugin_insn *insn)
{
	const uint8_t *bytes = qemu_plugin_insn_data(insn);
	uint32_t value;

	if (qemu_plugin_insn_size(insn) != MARK_SIZE || bytes[0] != 0xb8)
		return 0;
	memcpy(&value, bytes + 1, sizeof(value));
	return value >= MARK && value <= MARK + HAS_READ ? value - MARK : 0;
}

static bool is_kernel(uint64_t address)
{
	return address >> 63;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = calloc(1, sizeof(*block));
	struct qemu_plugin_insn *insn;
	uintptr_t what;
	size_t i;

	(void)id;
	if (!block)
		abort();
	block->address = qemu_plugin_tb_vaddr(tb);
	block->instructions = qemu_plugin_tb_n_insns(tb);
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, block);
	for (i = 0; i < block->instructions && !is_kernel(block->address); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		what = mark_of(insn);
		if (what)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, on_mark, QEMU_PLUGIN_CB_NO_REGS, (void *)what);
	}
}

static void on_exit_of_machine(qemu_plugin_id_t id, void *arg)
{
	const struct block *block;
	FILE *file = fopen(out, "w");

	(void)id;
	(void)arg;
	if (!file)
		return;
	for (block = blocks; block; block = block->next)
		if (block->times_in_shortest)
			fprintf(file, "%016llx 1 %llu %llu\n", (unsigned long long)block->address,
				(unsigned long long)block->instructions,
				(unsigned long long)block->times_in_shortest);
	fclose(file);
}

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int count, char **arguments)
{
	(void)info;
	if (count != 1 || strncmp(arguments[0], "out=", 4))
		return 1;
	out = strdup(arguments[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_exit_of_machine, NULL);
	return 0;
}
