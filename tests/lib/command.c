// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/tap.h"

#define LINE_MAX_SIZE 2048

static pid_t start(const char *line, FILE *out, FILE *err)
{
	pid_t pid = fork();

	if (pid < 0)
		tap_bail("fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out ? fileno(out) : STDERR_FILENO, STDOUT_FILENO);
	if (err)
		dup2(fileno(err), STDERR_FILENO);
	execl("/bin/sh", "sh", "-c", line, NULL);
	_exit(127);
}

int wait_command(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			tap_bail("waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void take(FILE *file, char *text, size_t room)
{
	size_t size;

	rewind(file);
	size = fread(text, 1, room - 1, file);
	text[size] = '\0';
	fclose(file);
}

static void run_line(struct said *said, const char *line)
{
	FILE *out = tmpfile(), *err = tmpfile();

	if (!out || !err)
		tap_bail("a temporary file: %s", strerror(errno));
	said->status = wait_command(start(line, out, err));
	take(out, said->out, sizeof(said->out));
	take(err, said->err, sizeof(said->err));
}

void command(struct said *said, const char *format, ...)
{
	char line[LINE_MAX_SIZE];
	va_list words;

	va_start(words, format);
	vsnprintf(line, sizeof(line), format, words);
	va_end(words);
	run_line(said, line);
}

void must(const char *format, ...)
{
	static struct said said;
	char line[LINE_MAX_SIZE];
	va_list words;

	va_start(words, format);
	vsnprintf(line, sizeof(line), format, words);
	va_end(words);
	run_line(&said, line);
	if (!said.status)
		return;
	tap_said(&said);
	tap_bail("%s: status %d", line, said.status);
}

/* "exec", so that a signal reaches the program and not its shell. */
pid_t start_command(const char *format, ...)
{
	char line[LINE_MAX_SIZE] = "exec ";
	va_list words;

	va_start(words, format);
	vsnprintf(line + 5, sizeof(line) - 5, format, words);
	va_end(words);
	return start(line, NULL, NULL);
}

int count_lines(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += *text == '\n' || !text[1];
	return count;
}

static void tap_text(const char *name, const char *text)
{
	int length;

	for (; *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		tap_diag("%s: %.*s", name, length, text);
	}
}

void tap_said(const struct said *said)
{
	tap_diag("status %d", said->status);
	tap_text("stdout", said->out);
	tap_text("stderr", said->err);
}

bool kernel_has(const char *symbol)
{
	struct said said;

	command(&said, "grep -q ' %s' /proc/kallsyms", symbol);
	return !said.status;
}
