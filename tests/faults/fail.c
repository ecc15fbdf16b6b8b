// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded (LD_PRELOAD) into a program: one allocation fails, the first one that comes from the
 * place in the program that FAIL_STACK names. With FAIL_RECORD all such places are written to a
 * file, each once. A place is all callers; they are known by their addresses, so the program has to
 * lie where it lay when they were written.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults/fail.h"

#define DEPTH 12
#define SEEN  65536 /* a power of two, far more than there are places */

static uint64_t wanted; /* 0: none fails */
static int record = -1;
static uint64_t seen[SEEN];
static bool ready, busy, failed;

static uint64_t place(void)
{
	void *frames[DEPTH];
	uint64_t hash = 0xcbf29ce484222325ULL;
	int count = backtrace(frames, DEPTH), i;

	/* Without this function and its caller here. */
	for (i = 2; i < count; i++)
		hash = (hash ^ (uintptr_t)frames[i]) * 0x100000001b3ULL;
	return hash ?: 1;
}

static bool is_new(uint64_t hash)
{
	size_t at = hash % SEEN;

	while (seen[at] && seen[at] != hash)
		at = (at + 1) % SEEN;
	if (seen[at])
		return false;
	seen[at] = hash;
	return true;
}

static void note(uint64_t hash)
{
	char line[24];
	int size;

	if (!is_new(hash))
		return;
	size = snprintf(line, sizeof(line), "%016lx\n", (unsigned long)hash);
	if (write(record, line, size) != size)
		abort();
}

/* For people. */
static void show(void)
{
	void *frames[DEPTH];
	int fd = open(FAIL_SHOWN, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	busy = true;
	backtrace_symbols_fd(frames, backtrace(frames, DEPTH), fd);
	busy = false;
	close(fd);
	errno = ENOMEM;
}

/* Whether this allocation is the one. */
static bool fails(void)
{
	uint64_t hash;

	if (!ready || busy || (record < 0 && (!wanted || failed)))
		return false;
	busy = true;
	hash = place();
	if (record >= 0)
		note(hash);
	else
		failed = hash == wanted;
	busy = false;
	if (failed)
		show();
	return failed;
}

/* What glibc's own calls are behind these names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return fails() ? NULL : __libc_realloc(memory, size);
}

/* Right before main(): libraries are there, and what is called from now on is the program's. */
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FAIL_RECORD"), *stack = getenv("FAIL_STACK");
	void *frame;

	/* Loads what it needs. */
	backtrace(&frame, 1);
	if (path)
		record = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (stack)
		wanted = strtoull(stack, NULL, 16);
	unsetenv("LD_PRELOAD");
	syscall(SYS_prctl, FAIL_MARK, 0, 0, 0, 0);
	ready = true;
}
