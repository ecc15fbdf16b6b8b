// SPDX-License-Identifier: GPL-2.0-only
/* Preloaded (LD_PRELOAD) into a service on a slow disk: what it writes takes over a second. */
#include <dlfcn.h>
#include <unistd.h>

int rename(const char *from, const char *to)
{
	int (*real)(const char *from, const char *to) = dlsym(RTLD_NEXT, "rename");

	usleep(1500000);
	return real(from, to);
}
