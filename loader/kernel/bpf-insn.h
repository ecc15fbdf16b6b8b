/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions of programs that are too small for an object of their own. */
#ifndef BPF_INSN_H
#define BPF_INSN_H

#include <linux/bpf.h>

static inline struct bpf_insn insn_move(int to, int from)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_X,
				  .dst_reg = to,
				  .src_reg = from };
}

static inline struct bpf_insn insn_set(int to, int value)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K,
				  .dst_reg = to,
				  .imm = value };
}

static inline struct bpf_insn insn_add(int to, int value)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_ADD | BPF_K,
				  .dst_reg = to,
				  .imm = value };
}

static inline struct bpf_insn insn_shift_right(int to, int by)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_RSH | BPF_X,
				  .dst_reg = to,
				  .src_reg = by };
}

static inline struct bpf_insn insn_load(int to, int from, int offset)
{
	return (struct bpf_insn){
		.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = to, .src_reg = from, .off = offset
	};
}

static inline struct bpf_insn insn_load_word(int to, int from, int offset)
{
	return (struct bpf_insn){
		.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = to, .src_reg = from, .off = offset
	};
}

static inline struct bpf_insn insn_store(int to, int offset, int from)
{
	return (struct bpf_insn){
		.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = to, .src_reg = from, .off = offset
	};
}

static inline struct bpf_insn insn_call(int helper)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = helper };
}

static inline struct bpf_insn insn_exit(void)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
}

#endif
