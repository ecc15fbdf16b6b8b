// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl, the one way to the knobs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/caller.h"
#include "tables/scenario.h"

const char *ctl_path = "build/vsockctl";

/* Who runs it, and where. */
struct runner {
	const char *netns; /* for -n, or NULL */
	const struct ns *inside;
	const char *who; /* NULL: root of the machine, as he is */
};

static void become(const struct runner *runner)
{
	int err = runner->who ? caller_become(runner->inside, runner->who) : 0;

	if (!err)
		return;
	dprintf(STDERR_FILENO, "cannot be %s: %s", runner->who, strerror(err));
	_exit(127);
}

static void child(const struct runner *runner, char *const words[], int out, int err)
{
	char *arguments[WORDS_MAX + 4];
	int count = 0;

	arguments[count++] = (char *)ctl_path;
	if (runner->netns) {
		arguments[count++] = "-n";
		arguments[count++] = (char *)runner->netns;
	}
	while (*words)
		arguments[count++] = *words++;
	arguments[count] = NULL;
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	become(runner);
	execv(ctl_path, arguments);
	dprintf(STDERR_FILENO, "cannot run %s: %s", ctl_path, strerror(errno));
	_exit(127);
}

/* Takes what there is once the writer has gone; both texts are short. */
static void take(FILE *file, char *text)
{
	size_t size;

	rewind(file);
	size = fread(text, 1, CTL_SAID_MAX - 1, file);
	text[size] = '\0';
	if (size && text[size - 1] == '\n')
		text[size - 1] = '\0';
	fclose(file);
}

static void run(struct ctl_said *said, const struct runner *runner, char *const words[])
{
	FILE *out = tmpfile(), *err = tmpfile();
	int status;
	pid_t pid;

	if (!out || !err) {
		perror("scenario: a temporary file");
		exit(1);
	}
	pid = fork();
	if (!pid)
		child(runner, words, fileno(out), fileno(err));
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("scenario: vsockctl");
		exit(1);
	}
	said->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	take(out, said->out);
	take(err, said->err);
}

void ctl_run(struct ctl_said *said, const char *netns, char *const words[])
{
	const struct runner runner = { .netns = netns };

	run(said, &runner, words);
}

void ctl_run_as(struct ctl_said *said, const struct ns *ns, const char *who, char *const words[])
{
	const struct runner runner = { .inside = ns, .who = who };

	run(said, &runner, words);
}

/* "vsockctl: child_ns_mode: Device or resource busy" is EBUSY. */
static const char *named_error(const char *text)
{
	const char *last = strrchr(text, ':');
	int err;

	if (!last || last[1] != ' ')
		return NULL;
	for (err = 1; err < 134; err++)
		if (!strcmp(strerror(err), last + 2))
			return errno_word(err);
	return NULL;
}

const char *ctl_word(const struct ctl_said *said)
{
	static char word[2 * CTL_SAID_MAX + 64];
	const char *name = named_error(said->err);

	if (!said->status && !*said->err)
		return *said->out ? said->out : "ok";
	if (said->status == 1 && !*said->out && name && !strchr(said->err, '\n'))
		return name;
	if (said->status == 2 && !*said->out && *said->err)
		return "usage";
	snprintf(word, sizeof(word), "status %d, out \"%s\", err \"%s\"", said->status, said->out,
		 said->err);
	/* A result is one line. */
	for (char *at = word; (at = strchr(at, '\n'));)
		*at = ' ';
	return word;
}
