// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs suites, some at a time, reads their TAP, keeps it in log files, shows how they
 * get on and what fails, and ends with all failures once more and one line that counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Of one suite; the rest is in its log. */
#define FAILURES_SHOWN 20

/* Of all suites, once more at the end, for who sees only the last lines. */
#define FAILURES_REPEATED 40

/* Longer than any suite takes; the machines of the lab have limits of their own. */
#define LIMIT_SECONDS 3600

/*
 * Suites at a time. They share the machines that may run (tests/lib/suite.sh), so that no
 * processor is idle while the last machine of a suite runs.
 */
#define SUITES_DEFAULT 3
#define SUITES_MAX     8

struct pipe_end {
	int fd;
	size_t used;
	char line[4096];
};

struct suite {
	const char *name;
	char log_path[4096];
	FILE *log;
	time_t start;
	pid_t pid;
	struct pipe_end out, err;
	int passed, failed, skipped;
	int plan;
	bool bailed, out_of_order, overdue;
};

static int passed, failed, skipped;

static char *failures[FAILURES_REPEATED];
static int failure_count;

/* Set by a signal; the suite's whole process group is then ended. */
static volatile sig_atomic_t interrupted;

static int done(const struct suite *suite)
{
	return suite->passed + suite->failed + suite->skipped;
}

static bool starts(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

static struct suite *running[SUITES_MAX];
static int at_once = SUITES_DEFAULT;

/* A line that is rewritten, where there is someone to watch it. */
static void show_progress(void)
{
	const struct suite *suite;
	int i;

	if (!isatty(STDOUT_FILENO))
		return;
	fputs("\r\033[K", stdout);
	for (i = 0; i < at_once; i++) {
		suite = running[i];
		if (suite)
			printf("%-16s %5d done, %d failed, %ld s  ", suite->name, done(suite),
			       suite->failed, (long)(time(NULL) - suite->start));
	}
	fflush(stdout);
}

static void clear_progress(void)
{
	if (isatty(STDOUT_FILENO))
		fputs("\r\033[K", stdout);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void keep_failure(const struct suite *suite, const char *line)
{
	int number = failure_count++;

	if (number < FAILURES_REPEATED &&
	    asprintf(&failures[number], "%s: %s", suite->name, line) < 0)
		die("tally: asprintf");
}

static void repeat_failures(void)
{
	int i;

	if (!failure_count)
		return;
	puts("What failed:");
	for (i = 0; i < failure_count && i < FAILURES_REPEATED; i++)
		printf("    %s\n", failures[i]);
	if (failure_count > FAILURES_REPEATED)
		printf("    ... and %d more\n", failure_count - FAILURES_REPEATED);
}

static void show(const struct suite *suite, const char *line)
{
	clear_progress();
	if (suite->failed < FAILURES_SHOWN)
		printf("    %s: %s\n", suite->name, line);
	else if (suite->failed == FAILURES_SHOWN)
		printf("    %s: ... more in %s\n", suite->name, suite->log_path);
	fflush(stdout);
}

static void fail(struct suite *suite, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What no line of the suite says itself. */
static void fail(struct suite *suite, const char *format, ...)
{
	char text[256];
	va_list words;

	va_start(words, format);
	vsnprintf(text, sizeof(text), format, words);
	va_end(words);
	fprintf(suite->log, "# tally: %s\n", text);
	clear_progress();
	printf("    %s: %s\n", suite->name, text);
	keep_failure(suite, text);
	suite->failed++;
}

static bool is_skip(const char *words)
{
	const char *mark = strstr(words, "# ");

	return mark && !strncasecmp(mark + 2, "skip", 4);
}

static void take_result(struct suite *suite, const char *line, bool good)
{
	char *end;
	const char *words = line + (good ? 2 : 6);
	long number = strtol(words, &end, 10);

	if (end != words && number != done(suite) + 1)
		suite->out_of_order = true;
	if (!good) {
		show(suite, line);
		keep_failure(suite, line);
		suite->failed++;
	} else if (is_skip(end)) {
		suite->skipped++;
	} else {
		suite->passed++;
	}
}

static void take_plan(struct suite *suite, const char *line)
{
	if (suite->plan >= 0)
		suite->out_of_order = true;
	suite->plan = atoi(line + 3);
}

static void take_bail(struct suite *suite, const char *line)
{
	show(suite, line);
	suite->bailed = true;
}

static void take_tap(struct suite *suite, const char *line)
{
	if (starts(line, "ok ") || !strcmp(line, "ok"))
		take_result(suite, line, true);
	else if (starts(line, "not ok"))
		take_result(suite, line, false);
	else if (starts(line, "1.."))
		take_plan(suite, line);
	else if (starts(line, "Bail out!"))
		take_bail(suite, line);
}

static void take_line(struct suite *suite, struct pipe_end *end)
{
	end->line[end->used] = '\0';
	fprintf(suite->log, "%s\n", end->line);
	if (end == &suite->out) {
		take_tap(suite, end->line);
	} else {
		clear_progress();
		fprintf(stderr, "    %s: %s\n", suite->name, end->line);
	}
	end->used = 0;
}

static void take_bytes(struct suite *suite, struct pipe_end *end, const char *bytes, ssize_t count)
{
	ssize_t i;

	for (i = 0; i < count; i++) {
		/* A carriage return rewrites a line of progress: only the last counts. */
		if (bytes[i] == '\n')
			take_line(suite, end);
		else if (bytes[i] == '\r')
			end->used = 0;
		else if (end->used < sizeof(end->line) - 1)
			end->line[end->used++] = bytes[i];
	}
}

static void read_end(struct suite *suite, struct pipe_end *end)
{
	char bytes[4096];
	ssize_t count = read(end->fd, bytes, sizeof(bytes));

	if (count > 0)
		return take_bytes(suite, end, bytes, count);
	if (count < 0 && errno == EINTR)
		return;
	if (end->used)
		take_line(suite, end);
	close(end->fd);
	end->fd = -1;
}

static bool is_open(const struct suite *suite)
{
	return suite->out.fd >= 0 || suite->err.fd >= 0;
}

/* What the suites say until one of them ends, or takes too long. */
static void follow(void)
{
	struct pollfd wait[2 * SUITES_MAX];
	int i;

	for (i = 0; i < at_once; i++) {
		wait[2 * i] = (struct pollfd){ .fd = running[i] ? running[i]->out.fd : -1,
					       .events = POLLIN };
		wait[2 * i + 1] = (struct pollfd){ .fd = running[i] ? running[i]->err.fd : -1,
						   .events = POLLIN };
	}
	if (poll(wait, 2 * at_once, 1000) > 0) {
		for (i = 0; i < at_once; i++) {
			if (wait[2 * i].revents)
				read_end(running[i], &running[i]->out);
			if (wait[2 * i + 1].revents)
				read_end(running[i], &running[i]->err);
		}
	}
	show_progress();
}

static void start(struct suite *suite, char *path)
{
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("tally: pipe");
	suite->pid = fork();
	if (suite->pid < 0)
		die("tally: fork");
	if (!suite->pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		execl(path, path, NULL);
		dprintf(STDERR_FILENO, "%s: %s\n", path, strerror(errno));
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	suite->out.fd = out[0];
	suite->err.fd = err[0];
}

static void judge(struct suite *suite, int status)
{
	if (suite->overdue)
		fail(suite, "not done after %d s", LIMIT_SECONDS);
	else if (suite->bailed)
		fail(suite, "gave up");
	else if (suite->plan < 0)
		fail(suite, "ended without a plan, after %d", done(suite));
	else if (suite->plan != done(suite) || suite->out_of_order)
		fail(suite, "planned %d and reported %d%s", suite->plan, done(suite),
		     suite->out_of_order ? ", out of order" : "");
	if (WIFSIGNALED(status))
		fail(suite, "ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) && !suite->failed)
		fail(suite, "ended with status %d", WEXITSTATUS(status));
}

static void print_counts(int good, int bad, int left_out)
{
	printf("%d passed, %d failed", good, bad);
	if (left_out)
		printf(", %d skipped", left_out);
}

static void conclude(struct suite *suite)
{
	clear_progress();
	printf("%-20s ", suite->name);
	print_counts(suite->passed, suite->failed, suite->skipped);
	printf(" (%ld s)\n", (long)(time(NULL) - suite->start));
	fflush(stdout);
	passed += suite->passed;
	failed += suite->failed;
	skipped += suite->skipped;
}

static struct suite *begin(char *path, const char *logs)
{
	struct suite *suite = calloc(1, sizeof(*suite));
	const char *slash = strrchr(path, '/');

	if (!suite)
		die("tally: calloc");
	suite->plan = -1;
	suite->start = time(NULL);
	suite->name = slash ? slash + 1 : path;
	snprintf(suite->log_path, sizeof(suite->log_path), "%s/%s.tap", logs, suite->name);
	suite->log = fopen(suite->log_path, "we");
	if (!suite->log)
		die(suite->log_path);
	if (!isatty(STDOUT_FILENO)) {
		printf("%-20s ...\n", suite->name);
		fflush(stdout);
	}
	start(suite, path);
	return suite;
}

static void finish(struct suite *suite)
{
	int status;

	if (interrupted || suite->overdue)
		kill(-suite->pid, SIGTERM);
	while (waitpid(suite->pid, &status, 0) < 0 && errno == EINTR)
		;
	judge(suite, status);
	fclose(suite->log);
	conclude(suite);
	free(suite);
}

static bool is_over(struct suite *suite)
{
	suite->overdue = time(NULL) - suite->start > LIMIT_SECONDS;
	return interrupted || suite->overdue || !is_open(suite);
}

/* Ends those that are over; returns how many run on. */
static int finish_some(void)
{
	int i, count = 0;

	for (i = 0; i < at_once; i++) {
		if (running[i] && is_over(running[i])) {
			finish(running[i]);
			running[i] = NULL;
		}
		count += !!running[i];
	}
	return count;
}

static void start_some(char ***paths, const char *logs)
{
	int i;

	for (i = 0; i < at_once && **paths && !interrupted; i++)
		if (!running[i])
			running[i] = begin(*(*paths)++, logs);
}

static void run(char **paths, const char *logs)
{
	do {
		start_some(&paths, logs);
		follow();
	} while (finish_some() || (*paths && !interrupted));
}

static void read_jobs(void)
{
	const char *jobs = getenv("JOBS");
	int number = jobs ? atoi(jobs) : SUITES_DEFAULT;

	at_once = number < 1 ? 1 : number > SUITES_MAX ? SUITES_MAX : number;
}

static void on_signal(int number)
{
	interrupted = number;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };

	if (argc < 2) {
		fputs("usage: tally LOGS SUITE...\n", stderr);
		return 2;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	read_jobs();
	run(argv + 2, argv[1]);
	repeat_failures();
	print_counts(passed, failed, skipped);
	putchar('\n');
	/* No suite at all proves nothing. */
	return failed || interrupted || !passed;
}
