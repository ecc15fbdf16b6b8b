// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a table of scenarios on the kernel at hand and prints "CASE<TAB>RESULT" for
 * each, below a line with what the kernel has that its name does not tell. Knows of no layer and of
 * no expected result: tests/tables/compare.c holds two such lists against each other.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/command.h"
#include "tables/scenario.h"

#define NS_MAX 64

static struct ns namespaces[NS_MAX];
static int namespace_count;

void table_fail(const struct row *row, const char *format, ...)
{
	va_list words;

	fprintf(stderr, "scenario: %s:%d: ", row->path, row->number);
	va_start(words, format);
	vfprintf(stderr, format, words);
	va_end(words);
	fputc('\n', stderr);
	exit(1);
}

void table_open(struct row *row, const char *path)
{
	memset(row, 0, sizeof(*row));
	row->path = path;
	row->file = fopen(path, "re");
	if (!row->file)
		table_fail(row, "%s", strerror(errno));
}

static void cut(struct row *row)
{
	char *rest = row->line, *word;

	row->line[strcspn(row->line, "#\n")] = '\0';
	for (row->count = 0; (word = strsep(&rest, " \t"));) {
		if (!*word)
			continue;
		if (row->count == WORDS_MAX - 1)
			table_fail(row, "too many words");
		row->words[row->count++] = word;
	}
	row->words[row->count] = NULL;
}

bool table_next(struct row *row)
{
	while (fgets(row->line, sizeof(row->line), row->file)) {
		row->number++;
		cut(row);
		if (row->count)
			return true;
	}
	fclose(row->file);
	return false;
}

struct ns *find_ns(const char *name)
{
	int i;

	for (i = 0; i < namespace_count; i++)
		if (!strcmp(namespaces[i].name, name))
			return &namespaces[i];
	return NULL;
}

static int make(struct ns *ns, const struct row *row, const char *name, char *const words[])
{
	const struct ns *parent;
	enum ns_maker maker;

	if (!strcmp(words[0], "at") && !strcmp(words[1], "boot"))
		return ns_init(ns);
	if (strcmp(words[0], "by") || !words[2] || strcmp(words[2], "in") || !words[3])
		table_fail(row, "wanted: by root|nobody in NAMESPACE");
	parent = find_ns(words[3]);
	if (!parent)
		table_fail(row, "there is no namespace %s yet", words[3]);
	maker = strcmp(words[1], "nobody") ? NS_BY_ROOT : NS_BY_NOBODY;
	return ns_make(ns, name, parent, maker);
}

struct ns *add_ns(const struct row *row, const char *name, int first_word)
{
	struct ns *ns = &namespaces[namespace_count];
	int err;

	if (namespace_count == NS_MAX || find_ns(name) || row->count < first_word + 2)
		table_fail(row, "cannot have this namespace");
	err = make(ns, row, name, row->words + first_word);
	if (err)
		table_fail(row, "cannot make %s: %s", name, strerror(err));
	namespace_count++;
	return ns;
}

static const char *netns_of(const char *name)
{
	return strcmp(name, "init") ? name : NULL;
}

/* The table says the mode too, for its reader; here it is held to what it says. */
static void make_namespace(const struct row *row)
{
	char *words[] = { "get", "ns_mode", NULL };
	struct ctl_said said;

	if (row->count < 5)
		table_fail(row, "wanted: namespace NAME MODE HOW");
	add_ns(row, row->words[1], 3);
	ctl_run(&said, netns_of(row->words[1]), words);
	printf("%s ns_mode\t%s\n", row->words[1], ctl_word(&said));
	if (strcmp(ctl_word(&said), row->words[2]))
		table_fail(row, "%s is to be %s, and is: %s", row->words[1], row->words[2],
			   ctl_word(&said));
}

static void set_children(const struct row *row)
{
	char *words[] = { "set", "child_ns_mode", row->words[2], NULL };
	struct ctl_said said;

	if (row->count != 3 || !find_ns(row->words[1]))
		table_fail(row, "wanted: children NAMESPACE MODE");
	ctl_run(&said, netns_of(row->words[1]), words);
	if (strcmp(ctl_word(&said), "ok"))
		table_fail(row, "cannot set child_ns_mode: %s", ctl_word(&said));
}

bool table_namespaces(const struct row *row)
{
	if (!strcmp(row->words[0], "namespace"))
		make_namespace(row);
	else if (!strcmp(row->words[0], "children"))
		set_children(row);
	else
		return false;
	return true;
}

int find_type(const char *name)
{
	if (!strcmp(name, "stream"))
		return SOCK_STREAM;
	if (!strcmp(name, "seqpacket"))
		return SOCK_SEQPACKET;
	return -1;
}

void remove_all_ns(void)
{
	while (namespace_count)
		ns_remove(&namespaces[--namespace_count]);
}

const char *errno_word(int err)
{
	const char *name;

	if (!err)
		return "ok";
	if (err == ETIME)
		return "timeout";
	name = strerrorname_np(err);
	return name ?: "unknown-errno";
}

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static const char usage[] = "usage: scenario [-c VSOCKCTL] loopback|guests|knobs TABLE\n";

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "c:")) != -1) {
		if (option != 'c')
			goto wrong;
		ctl_path = optarg;
	}
	if (argc - optind != 2)
		goto wrong;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (kernel_has("vsock_check_source"))
		puts("# +check");
	if (!strcmp(argv[optind], "loopback"))
		run_loopback(argv[optind + 1]);
	else if (!strcmp(argv[optind], "guests"))
		run_guests(argv[optind + 1]);
	else if (!strcmp(argv[optind], "knobs"))
		run_knobs(argv[optind + 1]);
	else
		goto wrong;
	remove_all_ns();
	return 0;
wrong:
	fputs(usage, stderr);
	return 2;
}
