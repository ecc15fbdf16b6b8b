// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/fail.h"
#include "lib/tap.h"
#include "faults/trace.h"

#define SHIM	  "build/tests/faults/fail.so"
#define STACKS	  "/tmp/stacks"
#define WORDS_MAX 16

void (*trace_meanwhile)(pid_t pid);

/* A program that is watched. */
struct run {
	const struct fault *fault;
	struct outcome *outcome;
	struct calls *calls;
	pid_t pid;
	bool counts; /* main() has begun */
	bool fails;  /* the call that it is in, */
	long error;  /* with this */
	size_t count;
};

/* --- The program's side --- */

/* With addresses that are the same each time. */
__attribute__((noreturn)) static void become(const char *line, const struct fault *fault, int err)
{
	char *words[WORDS_MAX + 1] = {}, *copy = strdup(line), *rest;
	int null = open("/dev/null", O_WRONLY), i;

	words[0] = strtok_r(copy, " ", &rest);
	for (i = 1; words[i - 1] && i < WORDS_MAX; i++)
		words[i] = strtok_r(NULL, " ", &rest);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	personality(ADDR_NO_RANDOMIZE);
	setenv("LD_PRELOAD", SHIM, 1);
	if (fault->kind == ALLOCATION_FAILS)
		setenv("FAIL_STACK", fault->stack, 1);
	dup2(null, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (!ptrace(PTRACE_TRACEME, 0, 0, 0))
		execv(words[0], words);
	_exit(127);
}

/* --- Watching --- */

/* What cannot fail, and what would only hide what is said of a failure. */
static bool is_spared(const struct __ptrace_syscall_info *info)
{
	switch (info->entry.nr) {
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn:
	case SYS_restart_syscall:
		return true;
	case SYS_write:
		return info->entry.args[0] <= STDERR_FILENO;
	default:
		return false;
	}
}

/* Instead of what was asked for: a call that there is not, and at its end an error. */
static void set_registers(const struct run *run, bool entry)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, run->pid, 0, &regs))
		return;
	if (entry)
		regs.orig_rax = -1;
	else
		regs.rax = run->error;
	ptrace(PTRACE_SETREGS, run->pid, 0, &regs);
}

/* What brk() says of a failure is where the break is; 0 is never behind what was asked for. */
static long error_of(unsigned long number)
{
	if (number == SYS_brk)
		return 0;
	return number == SYS_mmap ? -ENOMEM : -EIO;
}

static void read_path(pid_t pid, const struct __ptrace_syscall_info *info, char *path, size_t size)
{
	char file[32];
	int fd;

	memset(path, 0, size);
	switch (info->entry.nr) {
	case SYS_openat:
	case SYS_newfstatat:
	case SYS_faccessat2:
	case SYS_readlinkat:
		snprintf(file, sizeof(file), "/proc/%d/mem", pid);
		fd = open(file, O_RDONLY | O_CLOEXEC);
		if (pread(fd, path, size - 1, info->entry.args[1]) < 0)
			*path = '\0';
		close(fd);
	}
}

static void note(struct calls *calls, const struct run *run,
		 const struct __ptrace_syscall_info *info)
{
	struct call *call;

	if (!calls)
		return;
	if (calls->count == calls->room) {
		calls->room = calls->room ? 2 * calls->room : 1024;
		calls->call = reallocarray(calls->call, calls->room, sizeof(*calls->call));
		if (!calls->call)
			tap_bail("no memory");
	}
	call = &calls->call[calls->count++];
	call->number = info->entry.nr;
	call->first = info->entry.args[0];
	read_path(run->pid, info, call->path, sizeof(call->path));
}

static void describe(struct run *run, const struct __ptrace_syscall_info *info)
{
	char path[64];

	read_path(run->pid, info, path, sizeof(path));
	snprintf(run->outcome->what, sizeof(run->outcome->what), "system call %lu (%lx) at %zu %s",
		 (unsigned long)info->entry.nr, (unsigned long)info->entry.args[0], run->count - 1,
		 path);
}

static void on_entry(struct run *run, const struct __ptrace_syscall_info *info)
{
	if (!run->counts) {
		run->counts = info->entry.nr == SYS_prctl && info->entry.args[0] == FAIL_MARK;
		return;
	}
	if (is_spared(info))
		return;
	note(run->calls, run, info);
	if (run->fault->kind != SYSCALL_FAILS || run->count++ != run->fault->syscall)
		return;
	run->fails = run->outcome->reached = true;
	run->error = error_of(info->entry.nr);
	describe(run, info);
	set_registers(run, true);
}

static void on_call(struct run *run)
{
	struct __ptrace_syscall_info info = {};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, run->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		on_entry(run, &info);
	} else if (run->fails) {
		set_registers(run, false);
		run->fails = false;
	}
}

/* Which signal the program is to get now. */
static int on_stop(struct run *run, int status)
{
	int number = WSTOPSIG(status);

	if (number != (SIGTRAP | 0x80))
		return number == SIGTRAP ? 0 : number;
	on_call(run);
	return 0;
}

static int watch(struct run *run)
{
	int status, number = 0;

	while (true) {
		if (trace_meanwhile)
			trace_meanwhile(run->pid);
		if (waitpid(run->pid, &status, trace_meanwhile ? WNOHANG : 0) != run->pid) {
			usleep(1000);
			continue;
		}
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		number = on_stop(run, status);
		/* Once it has failed there is nothing more to watch. */
		ptrace(run->outcome->reached && !run->fails ? PTRACE_DETACH : PTRACE_SYSCALL,
		       run->pid, 0, number);
	}
}

static void take(FILE *err, char *text, size_t room)
{
	size_t size;

	rewind(err);
	size = fread(text, 1, room - 1, err);
	text[size] = '\0';
	fclose(err);
}

void trace(struct outcome *outcome, const char *line, const struct fault *fault,
	   struct calls *calls)
{
	struct run run = { .fault = fault, .outcome = outcome, .calls = calls };
	FILE *err = tmpfile();
	int status;

	memset(outcome, 0, sizeof(*outcome));
	run.pid = err ? fork() : -1;
	if (run.pid < 0)
		tap_bail("fork: %s", strerror(errno));
	if (!run.pid)
		become(line, fault, fileno(err));
	if (waitpid(run.pid, &status, 0) != run.pid || !WIFSTOPPED(status))
		tap_bail("%s: does not start", line);
	/* An allocation fails by itself. */
	if (fault->kind == ALLOCATION_FAILS) {
		snprintf(outcome->what, sizeof(outcome->what), "allocation %.16s", fault->stack);
		ptrace(PTRACE_DETACH, run.pid, 0, 0);
		while (waitpid(run.pid, &status, trace_meanwhile ? WNOHANG : 0) != run.pid) {
			trace_meanwhile(run.pid);
			usleep(1000);
		}
		outcome->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	} else {
		ptrace(PTRACE_SETOPTIONS, run.pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
		ptrace(PTRACE_SYSCALL, run.pid, 0, 0);
		outcome->status = watch(&run);
	}
	take(err, outcome->err, sizeof(outcome->err));
}

size_t trace_stacks(const char *line, char (**stacks)[24])
{
	const struct fault none = {};
	struct outcome outcome;
	size_t count = 0;
	FILE *file;

	setenv("FAIL_RECORD", STACKS, 1);
	trace(&outcome, line, &none, NULL);
	unsetenv("FAIL_RECORD");
	file = fopen(STACKS, "re");
	*stacks = calloc(65536, sizeof(**stacks));
	if (!file || !*stacks)
		tap_bail(STACKS ": %s", strerror(errno));
	while (count < 65536 && fgets((*stacks)[count], sizeof(**stacks), file))
		(*stacks)[count++][16] = '\0';
	fclose(file);
	return count;
}
