// SPDX-License-Identifier: GPL-2.0-only
/* Preloaded (LD_PRELOAD) into a program: libbpf says that it is older than any that there was. */
#include <bpf/libbpf.h>

__u32 libbpf_minor_version(void)
{
	return 0;
}
