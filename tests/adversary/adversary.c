// SPDX-License-Identifier: GPL-2.0-only
/* Looks for what crosses between namespaces that may not talk; see --help. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "name.h"
#include "ns.h"
#include "search.h"
#include "tap.h"

struct options {
	double seconds;
	unsigned long calls;
	uint64_t seed;
	const char *replay;
	bool expect_leak, all, verbose;
};

static const char help[] =
	"usage: adversary [OPTION...]\n"
	"\n"
	"Plays random calls in namespaces that may not talk, and looks for bytes, connections,\n"
	"resets and credit that cross. Needs a lab machine. Status 1 if something crosses.\n"
	"\n"
	"  --seconds N      how long (60)\n"
	"  --calls N        ends after so many calls instead\n"
	"  --seed N         the same plans again\n"
	"  --all            goes on after the first finding; each kind is shown once\n"
	"  --replay PLAN    a file, or the plan itself: calls with semicolons between\n"
	"  --verbose        with --replay: what each call came to\n"
	"  --expect-leak    status 1 if nothing crosses\n";

static struct ns namespaces[NAMESPACES], nursery;
static struct search search;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void make(struct ns *ns, const char *name, const struct ns *parent)
{
	int err = ns_make(ns, name, parent, NS_BY_ROOT);

	if (err)
		tap_bail("namespace %s: %s", name, strerror(err));
}

static void make_namespaces(void)
{
	struct ns *init = &namespaces[NAMESPACES - 1];
	struct said said;

	if (ns_init(init))
		tap_bail("no workers");
	must("modprobe vhost_vsock; mkdir -p /run/netns");
	make(&nursery, "nursery", init);
	command(&said, "build/vsockctl -n nursery set child_ns_mode local");
	if (said.status)
		printf("# no local namespaces: %s", said.err);
	make(&namespaces[0], "a", &nursery);
	make(&namespaces[1], "b", &nursery);
}

static void remove_namespaces(void)
{
	ns_remove(&namespaces[0]);
	ns_remove(&namespaces[1]);
	ns_remove(&nursery);
}

static bool kernel_has(const char *symbol)
{
	struct said said;

	command(&said, "grep -q ' %s' /proc/kallsyms", symbol);
	return !said.status;
}

static void prepare(const struct options *options)
{
	int netns[NAMESPACES], i;

	make_namespaces();
	for (i = 0; i < NAMESPACES; i++)
		netns[i] = namespaces[i].fd;
	run_prepare(netns);
	search.namespaces = NAMESPACES;
	search.checks_source = kernel_has("vsock_check_source");
	search.random = options->seed * 0x9e3779b97f4a7c15ULL | 1;
	printf("# seed %llu%s\n", (unsigned long long)options->seed,
	       search.checks_source ? ", the kernel checks sources" : "");
}

static void show_plan(const struct plan *plan)
{
	static struct outcome outcome;
	char call[64], result[64];
	const struct seen *seen;
	int ns, i;

	run_plan(plan, &outcome);
	for (ns = 0; ns < NAMESPACES; ns++)
		for (i = 0; i < outcome.count[ns]; i++) {
			seen = &outcome.seen[ns][i];
			snprintf(call, sizeof(call), "%c%d at the end", 'A' + ns, seen->slot);
			if (seen->op >= 0)
				op_print(&plan->ops[seen->op], call, sizeof(call));
			seen_print(seen, result, sizeof(result));
			printf("    %-20s %s\n", call, result);
		}
}

/* What each saw, call by call: together, and each alone. */
static void show(const struct plan *plan)
{
	struct plan alone;
	int ns;

	run_care(true);
	puts("together:");
	show_plan(plan);
	for (ns = 0; ns < NAMESPACES; ns++) {
		if (!plan_has(plan, ns))
			continue;
		plan_of(plan, ns, &alone);
		printf("%c alone:\n", 'A' + ns);
		show_plan(&alone);
	}
}

static int replay(const struct options *options)
{
	static char text[65536];
	struct finding finding;
	struct plan plan;
	FILE *file = fopen(options->replay, "re");

	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	if (!plan_parse(&plan, file ? text : options->replay))
		return 2;
	if (options->verbose)
		show(&plan);
	if (!judge(&plan, &finding)) {
		puts("nothing crosses");
		return options->expect_leak;
	}
	printf("%s: ", leak_name(&plan, &finding, search.checks_source));
	finding_print(&finding);
	return !options->expect_leak;
}

#define KNOWN_MAX   64
#define ENOUGH	    3 /* of findings that look alike are made shorter and named; then one in SOME */
#define SOME	    100

struct known {
	struct finding finding;
	int count;
};

static struct known known[KNOWN_MAX];
static char names[KNOWN_MAX][64];
static int known_count, name_count;

/* Whether those that look like it have been looked at often enough. */
static bool is_known(const struct finding *finding)
{
	int i;

	for (i = 0; i < known_count; i++)
		if (same_finding(&known[i].finding, finding))
			return ++known[i].count > ENOUGH && known[i].count % SOME;
	if (known_count < KNOWN_MAX)
		known[known_count++].finding = *finding;
	return false;
}

static bool is_named(const char *name)
{
	int i;

	for (i = 0; i < name_count; i++)
		if (!strcmp(names[i], name))
			return true;
	if (name_count < KNOWN_MAX)
		snprintf(names[name_count++], sizeof(names[0]), "%s", name);
	return false;
}

static void report(struct plan *plan, struct finding *finding, double since)
{
	double found = seconds() - since;
	bool again = shorten(plan, finding);
	const char *name = leak_name(plan, finding, search.checks_source);

	/* Bytes that came once have come. */
	if ((!again && !is_bytes(finding)) || is_named(name))
		return;
	printf("%s after %.1f s, %lu calls%s:\n", name, found, run_calls,
	       again ? "" : ", once and not again");
	finding_print(finding);
	plan_print(plan, "    ");
}

static bool goes_on(const struct options *options, double since)
{
	if (name_count && !options->all)
		return false;
	if (options->calls)
		return run_calls < options->calls;
	return seconds() - since < options->seconds;
}

static int look(const struct options *options)
{
	double since = seconds();
	struct finding finding;
	struct plan plan;

	while (goes_on(options, since)) {
		search_next(&search, &plan);
		if (judge(&plan, &finding) && !is_known(&finding))
			report(&plan, &finding, since);
	}
	printf("# %lu calls in %lu plans of %lu drawn, %.1f s: %d kinds of leaks\n", run_calls,
	       search.tried, search.drawn, seconds() - since, name_count);
	return !name_count == options->expect_leak;
}

static struct options parse(int argc, char *argv[])
{
	static const struct option names[] = {
		{ "seconds", required_argument, NULL, 's' }, { "calls", required_argument, NULL, 'c' },
		{ "seed", required_argument, NULL, 'e' },    { "all", no_argument, NULL, 'a' },
		{ "replay", required_argument, NULL, 'r' },  { "expect-leak", no_argument, NULL, 'l' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },	     {}
	};
	struct options options = { .seconds = 60, .seed = time(NULL) };
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 's':
			options.seconds = atof(optarg);
			break;
		case 'c':
			options.calls = strtoul(optarg, NULL, 0);
			break;
		case 'e':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'a':
			options.all = true;
			break;
		case 'r':
			options.replay = optarg;
			break;
		case 'l':
			options.expect_leak = true;
			break;
		case 'v':
			options.verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			exit(2);
		}
	}
	return options;
}

int main(int argc, char *argv[])
{
	struct options options = parse(argc, argv);
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	prepare(&options);
	status = options.replay ? replay(&options) : look(&options);
	remove_namespaces();
	return status;
}
