// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/kernel-probe.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernel/kmod.h"
#include "kernel/ksyms-hidden.h"
#include "kernel/ksyms.h"
#include "kernel/netns.h"
#include "kernel/sysctl-modes.h"

#define LSM_LIST	 "/sys/kernel/security/lsm"
#define BTF_DIR		 "/sys/kernel/btf"
#define TRANSPORT_MODULE "vmw_vsock_virtio_transport_common"

/* The word between `open` and `close` in the first line of a file, or "unknown". */
static const char *chosen_word(const char *path, char open, char close, char *word, size_t size)
{
	FILE *file = fopen(path, "re");
	char line[256], *start, *end;

	snprintf(word, size, "unknown");
	if (!file)
		return word;
	if (fgets(line, sizeof(line), file)) {
		start = strchr(line, open);
		end = start ? strchr(start, close) : NULL;
		if (end)
			snprintf(word, size, "%.*s", (int)(end - start - 1), start + 1);
	}
	fclose(file);
	return word;
}

const char *kernel_lockdown(void)
{
	static char word[32];

	return chosen_word("/sys/kernel/security/lockdown", '[', ']', word, sizeof(word));
}

/* What is not chosen at boot stands in the kernel's own name. */
const char *kernel_preemption(void)
{
	static char word[32];
	struct utsname uts;

	uname(&uts);
	if (strstr(uts.version, " PREEMPT_RT"))
		return "rt";
	if (strstr(uts.version, " PREEMPT "))
		return "full";
	return chosen_word("/sys/kernel/debug/sched/preempt", '(', ')', word, sizeof(word));
}

/* A sysctl, or what it is where the kernel has none of that name. */
static int read_sysctl(const char *path, int otherwise)
{
	FILE *file = fopen(path, "re");
	int value;

	if (!file)
		return otherwise;
	if (fscanf(file, "%d", &value) != 1)
		value = otherwise;
	fclose(file);
	return value;
}

int kernel_kptr_restrict(void)
{
	return read_sysctl("/proc/sys/kernel/kptr_restrict", 0);
}

/* Kernels without it patch their text themselves. */
bool kernel_ftrace_is_off(void)
{
	return !read_sysctl("/proc/sys/kernel/ftrace_enabled", 1);
}

/* kptr_restrict hides no names. */
static bool lacks_function(const char *wanted)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[256], name[128];
	bool found = !file;

	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*x %*c %127s", name) == 1 && !strcmp(name, wanted);
	if (file)
		fclose(file);
	return !found;
}

/* Ftrace calls BPF's trampolines if it has this function. */
bool kernel_attaches_nothing(void)
{
	return lacks_function("register_ftrace_direct");
}

bool kernel_panics_on_unpin(void)
{
	return !strcmp(kernel_preemption(), "rt") && lacks_function("bpf_destroy_inode");
}

bool kernel_lsm_bpf(void)
{
	FILE *file = fopen(LSM_LIST, "re");
	char line[512], *name, *rest = line;
	bool found = false;

	if (!file && errno != ENOENT && errno != EACCES)
		err(EXIT_FAILURE, LSM_LIST);
	if (!file)
		return false;
	if (fgets(line, sizeof(line), file))
		while (!found && (name = strsep(&rest, ",\n")))
			found = !strcmp(name, "bpf");
	if (ferror(file))
		err(EXIT_FAILURE, LSM_LIST);
	fclose(file);
	return found;
}

/* Whether parameter `index` of a function is a pointer to the struct `name`. */
static bool takes_struct(const struct btf *btf, const char *function, int index, const char *name)
{
	const struct btf_type *type;
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);

	if (id < 0)
		return false;
	type = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (!type || btf_vlen(type) <= index)
		return false;
	type = btf__type_by_id(btf, btf_params(type)[index].type);
	if (!type || !btf_is_ptr(type))
		return false;
	type = btf__type_by_id(btf, type->type);
	return type && !strcmp(btf__name_by_offset(btf, type->name_off), name);
}

static bool has_enumerator(const struct btf *btf, const char *name, const char *enumerator)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_ENUM), i;
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, id);

	for (i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), enumerator))
			return true;
	return false;
}

/* Fatal rather than guessed: it decides which programs are attached. */
static bool is_there(const char *path)
{
	if (!access(path, R_OK))
		return true;
	if (errno != ENOENT && errno != EACCES && errno != ENOTDIR)
		err(EXIT_FAILURE, "%s", path);
	return false;
}

bool kernel_limits_maps(void)
{
	/* Without BTF libbpf would speak of it, and nothing is loaded that could be limited. */
	struct btf *btf = is_there(BTF_DIR "/vmlinux") ? btf__load_vmlinux_btf() : NULL;
	bool limits = btf && !has_enumerator(btf, "bpf_func_id", "BPF_FUNC_ktime_get_coarse_ns");

	btf__free(btf);
	return limits;
}

/* Any module will do: the kernel has BTF for all of them or for none. */
static bool has_module_btf(void)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir = opendir(BTF_DIR);

	if (!dir && errno != ENOENT && errno != EACCES)
		err(EXIT_FAILURE, BTF_DIR);
	if (!dir)
		return false;
	errno = 0;
	while (!found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.' && strcmp(entry->d_name, "vmlinux");
	if (!found && errno)
		err(EXIT_FAILURE, BTF_DIR);
	closedir(dir);
	return found;
}

static struct btf *btf_of_kernel(void)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		err(EXIT_FAILURE, "BTF of the kernel");
	return btf;
}

static bool packets_are_skbs(void)
{
	struct btf *vmlinux = btf_of_kernel(), *module;
	bool answer;

	module = btf__load_module_btf(TRANSPORT_MODULE, vmlinux);
	if (!module && errno != ENOENT)
		err(EXIT_FAILURE, "BTF of " TRANSPORT_MODULE);
	answer = module && takes_struct(module, "virtio_transport_recv_pkt", 1, "sk_buff");
	btf__free(module);
	btf__free(vmlinux);
	return answer;
}

/* Without the module vsock there is no sysctl yet that tells. */
static bool will_be_native(void)
{
	struct btf *vmlinux = btf_of_kernel();
	bool answer = btf__find_by_name_kind(vmlinux, "netns_vsock", BTF_KIND_STRUCT) > 0;

	btf__free(vmlinux);
	return answer;
}

/* 0 is an address that the kernel did not tell, and no place to look at. */
static bool are_read(const struct kernel *kernel)
{
	const struct kernel_addresses *addresses = &kernel->addresses;

	if (kernel->vsock && !(addresses->transport_g2h && addresses->transport_h2g &&
			       addresses->bound_table && addresses->connected_table))
		return false;
	return !kernel->guests || (addresses->guest_table && addresses->vhost_fops);
}

static void find_addresses(struct kernel *kernel)
{
	struct kernel_addresses *addresses = &kernel->addresses;
	__u64 check_source = 0;
	const struct ksym symbols[] = {
		{ "vhost_vsock", "vhost_vsock_hash", &addresses->guest_table },
		{ "vhost_vsock", "vhost_vsock_fops", &addresses->vhost_fops },
		{ "vsock", "transport_g2h", &addresses->transport_g2h },
		{ "vsock", "transport_h2g", &addresses->transport_h2g },
		{ "vsock", "vsock_bind_table", &addresses->bound_table },
		{ "vsock", "vsock_connected_table", &addresses->connected_table },
		{ "vsock", "vsock_check_source", &check_source },
		{},
	};

	memset(addresses, 0, sizeof(*addresses));
	ksyms_find(symbols);
	if (!are_read(kernel))
		ksyms_find_hidden(symbols);
	kernel->source_check = check_source != 0;
	kernel->addresses_known = are_read(kernel);
}

/*
 * Their packets are delivered by kworkers that deliver loopback's, too. Either comes with its bus:
 * whoever looks for the transport itself may be too early.
 */
static bool are_there_other_transports(void)
{
	return is_there("/sys/bus/vmbus") || is_there("/sys/module/vmw_vmci");
}

void kernel_probe(struct kernel *kernel)
{
	kernel->btf = is_there(BTF_DIR "/vmlinux");
	kernel->module_btf = has_module_btf();
	kernel->vsock = module_present("vsock");
	kernel->native = kernel_has_modes() || (!kernel->vsock && kernel->btf && will_be_native());
	kernel->transport = module_present(TRANSPORT_MODULE);
	kernel->netns_cookie = netns_has_cookie();
	kernel->other_transports = are_there_other_transports();
	kernel->packet_socket = kernel->btf && kernel->transport && packets_are_skbs();
	kernel->lsm_bpf = kernel_lsm_bpf();
	kernel->guests = module_present("vhost_vsock");
	find_addresses(kernel);
	kernel->shape = kernel->lsm_bpf ? GATE_LSM : GATE_FMOD_RET;
}
