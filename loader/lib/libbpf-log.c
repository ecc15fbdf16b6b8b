// SPDX-License-Identifier: GPL-2.0-only
#include "lib/libbpf-log.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static bool verbose;

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return verbose && level != LIBBPF_DEBUG ? vfprintf(stderr, format, args) : 0;
}

void libbpf_log_start(void)
{
	libbpf_set_print(print);
}

void libbpf_log_verbose(void)
{
	verbose = true;
}
