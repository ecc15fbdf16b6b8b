// SPDX-License-Identifier: GPL-2.0-only
#include "lib/libbpf-version.h"

#include <bpf/libbpf.h>
#include <errno.h>

#include "lib/log.h"

int check_libbpf_version(void)
{
	unsigned int major = libbpf_major_version(), minor = libbpf_minor_version();

	if (major == LIBBPF_MAJOR_VERSION && minor >= LIBBPF_MINOR_VERSION)
		return 0;
	return log_error(ELIBBAD,
			 "built with libbpf %u.%u, and %u.%u is installed: install that or a "
			 "newer 1.x, or build again",
			 LIBBPF_MAJOR_VERSION, LIBBPF_MINOR_VERSION, major, minor);
}
