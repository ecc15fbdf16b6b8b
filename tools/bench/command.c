// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

#define MAX_WORDS 8

pid_t start_command(char *const words[])
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	errno = posix_spawn(&pid, words[0], &actions, NULL, words, environ);
	if (errno)
		err(EXIT_FAILURE, "%s", words[0]);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
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
	do
		words[++i] = va_arg(list, char *);
	while (i < MAX_WORDS - 1 && words[i]);
	va_end(list);
	wait_command(start_command(words));
}
