// SPDX-License-Identifier: GPL-2.0-only
/* Preloaded (LD_PRELOAD): BPF programs whose names begin as REFUSED says are not taken. */
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_refused(long number, const long *args)
{
	const union bpf_attr *attr = (const union bpf_attr *)args[1];
	const char *name = getenv("REFUSED");

	return number == __NR_bpf && args[0] == BPF_PROG_LOAD && name &&
	       !strncmp(attr->prog_name, name, strlen(name));
}

long syscall(long number, ...)
{
	long (*next)(long number, ...) = dlsym(RTLD_NEXT, "syscall");
	long args[6];
	va_list list;
	int i;

	va_start(list, number);
	for (i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (is_refused(number, args)) {
		errno = EACCES;
		return -1;
	}
	return next(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}
