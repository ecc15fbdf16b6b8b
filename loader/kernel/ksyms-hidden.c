// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/ksyms-hidden.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/bpf-insn.h"
#include "lib/array.h"

/* More than a module has; a number that was read wrong ends, too. */
#define MAX_SYMBOLS 65536

/* A place that is not known. What is read there is 0. */
#define NOWHERE 0

struct reader {
	struct btf *btf; /* of the kernel */
	int peek, task;	 /* programs */
};

/* --- Reading --- */

static int load_program(const char *name, const struct bpf_insn *code, size_t size)
{
	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, name, "GPL", code, size, NULL);
}

/* Returns the four bytes at its argument, 0 if there are none. */
static int load_peek(void)
{
	const struct bpf_insn code[] = {
		insn_load(BPF_REG_3, BPF_REG_1, 0),
		insn_set(BPF_REG_0, 0),
		insn_store(BPF_REG_10, -8, BPF_REG_0),
		insn_move(BPF_REG_1, BPF_REG_10),
		insn_add(BPF_REG_1, -8),
		insn_set(BPF_REG_2, sizeof(__u32)),
		insn_call(BPF_FUNC_probe_read_kernel),
		insn_load_word(BPF_REG_0, BPF_REG_10, -8),
		insn_exit(),
	};

	return load_program("peek", code, ARRAY_SIZE(code));
}

/* Returns the address of the task that runs it, without as many bits as its argument says. */
static int load_task(void)
{
	const struct bpf_insn code[] = {
		insn_load(BPF_REG_6, BPF_REG_1, 0),
		insn_call(BPF_FUNC_get_current_task),
		insn_shift_right(BPF_REG_0, BPF_REG_6),
		insn_exit(),
	};

	return load_program("task", code, ARRAY_SIZE(code));
}

static __u32 run(int program, __u64 argument)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &argument,
		    .ctx_size_in = sizeof(argument));

	return bpf_prog_test_run_opts(program, &options) ? 0 : options.retval;
}

static __u32 read_int(const struct reader *reader, __u64 address)
{
	return address ? run(reader->peek, address) : 0;
}

static __u64 read_pointer(const struct reader *reader, __u64 address)
{
	const __u32 halves[] = { read_int(reader, address), read_int(reader, address + 4) };
	__u64 value;

	memcpy(&value, halves, sizeof(value));
	return address ? value : NOWHERE;
}

/* --- From a task to a module --- */

/* Of a member in a struct of the kernel, in bytes; -1 if it has none by that name. */
static int offset_in(const struct btf *btf, const char *structure, const char *name)
{
	int id = btf__find_by_name_kind(btf, structure, BTF_KIND_STRUCT), i;
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, id);

	for (i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return btf_member_bit_offset(type, i) / 8;
	return -1;
}

static __u64 place_in(const struct reader *reader, __u64 address, const char *structure,
		      const char *name)
{
	int offset = offset_in(reader->btf, structure, name);

	return address && offset >= 0 ? address + offset : NOWHERE;
}

/* What a pointer in a struct leads to. */
static __u64 follow(const struct reader *reader, __u64 address, const char *structure,
		    const char *name)
{
	return read_pointer(reader, place_in(reader, address, structure, name));
}

static __u64 file_of(const struct reader *reader, int fd)
{
	__u64 task = run(reader->task, 0) | (__u64)run(reader->task, 32) << 32;
	__u64 files = follow(reader, task, "task_struct", "files");
	__u64 table = follow(reader, files, "files_struct", "fdt");
	__u64 array = follow(reader, table, "fdtable", "fd");

	return array ? read_pointer(reader, array + fd * sizeof(__u64)) : NOWHERE;
}

static __u64 module_of_socket(const struct reader *reader, int fd)
{
	__u64 socket = follow(reader, file_of(reader, fd), "file", "private_data");
	__u64 calls = follow(reader, socket, "socket", "ops");

	return follow(reader, calls, "proto_ops", "owner");
}

static __u64 module_of_device(const struct reader *reader, int fd)
{
	__u64 calls = follow(reader, file_of(reader, fd), "file", "f_op");

	return follow(reader, calls, "file_operations", "owner");
}

/* --- The symbols of a module --- */

struct table {
	__u64 symbols, names;
	__u32 count;
};

static void find_table(const struct reader *reader, __u64 module, struct table *table)
{
	__u64 ours = follow(reader, module, "module", "kallsyms");

	table->symbols = follow(reader, ours, "mod_kallsyms", "symtab");
	table->names = follow(reader, ours, "mod_kallsyms", "strtab");
	table->count = read_int(reader, place_in(reader, ours, "mod_kallsyms", "num_symtab"));
	if (!table->symbols || !table->names || table->count > MAX_SYMBOLS)
		table->count = 0;
}

static void read_name(const struct reader *reader, __u64 address, char name[64])
{
	__u32 word;
	size_t i;

	memset(name, 0, 64);
	for (i = 0; i < 60; i += sizeof(word)) {
		word = read_int(reader, address + i);
		memcpy(name + i, &word, sizeof(word));
		if (memchr(name + i, 0, sizeof(word)))
			return;
	}
}

static void match(const struct reader *reader, const struct table *table, __u32 index,
		  const char *module, const struct ksym *symbols)
{
	__u64 entry = table->symbols + index * sizeof(Elf64_Sym);
	char name[64];

	read_name(reader, table->names + read_int(reader, entry + offsetof(Elf64_Sym, st_name)),
		  name);
	for (; symbols->name; symbols++)
		if (!strcmp(symbols->module, module) && !strcmp(symbols->name, name))
			*symbols->address =
				read_pointer(reader, entry + offsetof(Elf64_Sym, st_value));
}

static void find_in(const struct reader *reader, __u64 address, const char *module,
		    const struct ksym *symbols)
{
	struct table table;
	__u32 i;

	find_table(reader, address, &table);
	for (i = 0; i < table.count; i++)
		match(reader, &table, i, module, symbols);
}

/* --- All of it --- */

/* The kernel would load a module that is not there. */
static int open_socket(void)
{
	return access("/sys/module/vsock", F_OK) ? -1
						 : socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int open_device(void)
{
	return access("/sys/module/vhost_vsock", F_OK)
		       ? -1
		       : open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);
}

static void find_all(const struct reader *reader, const struct ksym *symbols)
{
	int fd = open_socket();

	if (fd >= 0) {
		find_in(reader, module_of_socket(reader, fd), "vsock", symbols);
		close(fd);
	}
	fd = open_device();
	if (fd >= 0) {
		find_in(reader, module_of_device(reader, fd), "vhost_vsock", symbols);
		close(fd);
	}
}

void ksyms_find_hidden(const struct ksym *symbols)
{
	struct reader reader = { .btf = btf__load_vmlinux_btf() };

	reader.peek = load_peek();
	reader.task = load_task();
	if (reader.btf && reader.peek >= 0 && reader.task >= 0)
		find_all(&reader, symbols);
	if (reader.peek >= 0)
		close(reader.peek);
	if (reader.task >= 0)
		close(reader.task);
	btf__free(reader.btf);
}
