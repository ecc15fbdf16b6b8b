// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

#define MAX_WORDS 8

pid_t start_command(char *const words[])
{
	pid_t pid = vfork();

	if (pid < 0)
		err(EXIT_FAILURE, "fork");
	if (pid)
		return pid;
	dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
	execv(words[0], words);
	_exit(127);
}

void wait_command(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		err(EXIT_FAILURE, "waitpid");
	if (status)
		errx(EXIT_FAILURE, "a command ended with status %#x", status);
}

void run_command(const char *program, ...)
{
	char *words[MAX_WORDS] = { (char *)program };
	va_list list;
	int i = 0;

	va_start(list, program);
	while (i < MAX_WORDS - 1 && words[i])
		words[++i] = va_arg(list, char *);
	va_end(list);
	wait_command(start_command(words));
}
