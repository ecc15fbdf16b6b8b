// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded (LD_PRELOAD) into a program that changes what is in force: it stops before each call
 * that changes something, so that a test can see what holds there, and kill it.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	raise(SIGSTOP);
	return function;
}

int bpf_map_update_elem(int fd, const void *key, const void *value, unsigned long long flags)
{
	int (*real)(int fd, const void *key, const void *value, unsigned long long flags) =
		next("bpf_map_update_elem");

	return real(fd, key, value, flags);
}

/* Right behind the switch. */
int usleep(useconds_t usec)
{
	int (*real)(useconds_t usec) = next("usleep");

	return real(usec);
}

int rename(const char *from, const char *to)
{
	int (*real)(const char *from, const char *to) = next("rename");

	return real(from, to);
}

int remove(const char *path)
{
	int (*real)(const char *path) = next("remove");

	return real(path);
}

int mkdir(const char *path, mode_t mode)
{
	int (*real)(const char *path, mode_t mode) = next("mkdir");

	return real(path, mode);
}
