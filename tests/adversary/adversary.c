// SPDX-License-Identifier: GPL-2.0-only
/* Looks for what crosses between namespaces that may not talk; see --help. */
#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <signal.h>
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
	const char *replay, *known;
	int expect_leak, all, verbose, bare, storm, open_guests;
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
	"  --known KERNEL   first the known attacks: with --bare those that leak on 5.10, 6.1, "
	"6.12\n"
	"                   or 7 have to, without it none may\n"
	"  --open-guests    where the kernel does not check sources, what guests forge into\n"
	"                   connections with other guests is shown and counts for nothing, and\n"
	"                   the known attacks guest-... have to leak\n"
	"  --storm          meanwhile the service starts, is killed, and reloads, again and again\n"
	"  --verbose        with --replay: what each call came to\n"
	"  --bare           makes nothing local\n"
	"  --expect-leak    status 1 if nothing crosses\n";

#define POLICIES "/run/adversary.d"
#define WHERE	 "# Leaks without the layer on"

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

/* Where the kernel has modes itself, what is looked at is what comes on top. */
static void apply_policies(void)
{
	must("mkdir -p " POLICIES);
	must("printf '[Match]\\nName=a\\n[Namespace]\\nMode=local\\n' >" POLICIES "/a.policy");
	must("printf '[Match]\\nName=b\\n[Namespace]\\nMode=local\\n' >" POLICIES "/b.policy");
	must("build/vsock-bpfd --once --policy-dir " POLICIES);
}

static void make_namespaces(bool bare)
{
	struct ns *init = &namespaces[NAMESPACES - 1];
	bool native = !access("/proc/sys/net/vsock/ns_mode", F_OK);

	if (ns_init(init))
		tap_bail("no workers");
	must("modprobe vsock_loopback && modprobe vhost_vsock && mkdir -p /run/netns");
	make(&nursery, "nursery", init);
	if (!native && !bare)
		must("mkdir -p " POLICIES " && build/vsockctl -n nursery set child_ns_mode local");
	make(&namespaces[0], "a", &nursery);
	make(&namespaces[1], "b", &nursery);
	if (native && !bare)
		apply_policies();
}

static void remove_namespaces(void)
{
	ns_remove(&namespaces[0]);
	ns_remove(&namespaces[1]);
	ns_remove(&nursery);
}

static void prepare(const struct options *options)
{
	int netns[NAMESPACES], i;

	make_namespaces(options->bare);
	for (i = 0; i < NAMESPACES; i++)
		netns[i] = namespaces[i].fd;
	run_prepare(netns);
	search.namespaces = NAMESPACES;
	search.checks_source = kernel_has("vsock_check_source");
	search.random = options->seed * 0x9e3779b97f4a7c15ULL | 1;
	tap_diag("seed %llu%s", (unsigned long long)options->seed,
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

static bool read_plan(const char *path, char text[65536])
{
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	text[fread(text, 1, 65535, file)] = '\0';
	fclose(file);
	return true;
}

static int replay(const struct options *options)
{
	static char text[65536];
	struct finding finding;
	struct plan plan;
	bool is_file = read_plan(options->replay, text);

	if (!plan_parse(&plan, is_file ? text : options->replay))
		return 2;
	run_care(true);
	if (options->verbose)
		show(&plan);
	if (!judge(&plan, &finding)) {
		puts("nothing crosses");
		return options->expect_leak;
	}
	printf("%s: ", leak_name(&plan, &finding, search.checks_source));
	finding_print("", &finding);
	return !options->expect_leak;
}

static bool are_guests_open(const struct options *options)
{
	return options->open_guests && !search.checks_source;
}

/* Whether it says that it leaks on this kernel without the layer. */
static bool leaks_on(const char *text, const char *kernel)
{
	const char *start = strstr(text, WHERE);
	char line[256], *word, *rest = line;

	if (!start)
		tap_bail("a known attack does not say where it leaks");
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(start, "\n"), start);
	while ((word = strsep(&rest, " ")))
		if (!strcmp(word, kernel))
			return true;
	return false;
}

#define TRIES 10 /* of what has to leak: a busy machine can let a packet come too late */

static bool leaks_within(int tries, const struct plan *plan, struct finding *finding)
{
	while (tries--)
		if (judge(plan, finding) != LEAK_NONE)
			return true;
	return false;
}

/* Without the layer those leak that say so, with it none. */
static void replay_known(const struct options *options, const char *path)
{
	static char text[65536];
	struct finding finding;
	struct plan plan;
	bool leaks, has_to = options->bare;

	if (!read_plan(path, text) || !plan_parse(&plan, text))
		tap_bail("%s: cannot be read", path);
	if (options->bare && !leaks_on(text, options->known))
		return;
	has_to |= are_guests_open(options) && !strncmp(basename(path), "guest-", 6);
	leaks = leaks_within(has_to ? TRIES : 1, &plan, &finding);
	tap_ok(leaks == has_to, "%s %s", basename(path), leaks ? "leaks" : "does not leak");
	if (leaks)
		finding_print("# ", &finding);
}

static void replay_all_known(const struct options *options)
{
	glob_t files;
	size_t i;

	if (glob("tests/adversary/known/*", 0, NULL, &files))
		tap_bail("no known attacks");
	run_care(true);
	for (i = 0; i < files.gl_pathc; i++)
		replay_known(options, files.gl_pathv[i]);
	run_care(false);
	globfree(&files);
}

#define KNOWN_MAX 64
#define ENOUGH	  3 /* of findings that look alike are made shorter and named; then one in SOME */
#define SOME	  100

struct known {
	struct finding finding;
	bool open;
	int count;
};

static struct known known[KNOWN_MAX];
static char names[KNOWN_MAX][64];
static int known_count, name_count, name_open;

/* Whether those that look like it have been looked at often enough. */
static bool is_known(const struct finding *finding, bool open)
{
	int i;

	for (i = 0; i < known_count; i++)
		if (same_finding(&known[i].finding, finding) && known[i].open == open)
			return ++known[i].count > ENOUGH && known[i].count % SOME;
	if (known_count < KNOWN_MAX)
		known[known_count++] = (struct known){ *finding, open, 0 };
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

/*
 * Whether it is what is open and nothing else. So that this hides nothing, the plan is judged once
 * more without what is forged; what is left takes the place of the finding.
 */
static bool is_open(const struct options *options, struct plan *plan, struct finding *finding)
{
	struct finding other;
	struct plan rest;

	if (!are_guests_open(options) || !is_forging(plan, finding))
		return false;
	plan_without_forged(plan, &rest);
	if (!judge(&rest, &other))
		return true;
	*plan = rest;
	*finding = other;
	return false;
}

static void report(struct plan *plan, struct finding *finding, double since, bool open)
{
	double found = seconds() - since;
	bool again = shorten(plan, finding);
	const char *name = leak_name(plan, finding, search.checks_source);

	/* Bytes that came once have come. */
	if ((!again && !is_bytes(finding)) || is_named(name))
		return;
	tap_diag("%s after %.1f s, %lu calls%s:", name, found, run_calls,
		 again ? "" : ", once and not again");
	finding_print("# ", finding);
	plan_print(plan, "#     ");
	name_open += open && is_forging(plan, finding);
}

static bool goes_on(const struct options *options, double since)
{
	if (name_count > name_open && !options->all)
		return false;
	if (options->calls)
		return run_calls < options->calls;
	return seconds() - since < options->seconds;
}

static void look(const struct options *options)
{
	double since = seconds();
	struct finding finding;
	struct plan plan;
	bool open;

	search_prepare(&search);
	while (goes_on(options, since)) {
		search_next(&search, &plan);
		if (!judge(&plan, &finding))
			continue;
		open = is_open(options, &plan, &finding);
		if (!is_known(&finding, open))
			report(&plan, &finding, since, open);
	}
	tap_diag("%lu calls in %lu plans of %lu drawn, %.1f s", run_calls, search.tried,
		 search.drawn, seconds() - since);
	tap_ok((name_count > name_open) == options->expect_leak,
	       "%d kinds of leaks in %lu calls, seed %llu", name_count, run_calls,
	       (unsigned long long)options->seed);
}

static void take_option(struct options *options, int option)
{
	switch (option) {
	case 's':
		options->seconds = atof(optarg);
		break;
	case 'c':
		options->calls = strtoul(optarg, NULL, 0);
		break;
	case 'e':
		options->seed = strtoull(optarg, NULL, 0);
		break;
	case 'r':
		options->replay = optarg;
		break;
	case 'k':
		options->known = optarg;
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	case '?':
		exit(2);
	}
}

static struct options parse(int argc, char *argv[])
{
	static struct options options = { .seconds = 60 };
	const struct option names[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "calls", required_argument, NULL, 'c' },
		{ "seed", required_argument, NULL, 'e' },
		{ "replay", required_argument, NULL, 'r' },
		{ "known", required_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ "all", no_argument, &options.all, 1 },
		{ "expect-leak", no_argument, &options.expect_leak, 1 },
		{ "verbose", no_argument, &options.verbose, 1 },
		{ "bare", no_argument, &options.bare, 1 },
		{ "storm", no_argument, &options.storm, 1 },
		{ "open-guests", no_argument, &options.open_guests, 1 },
		{},
	};
	int option;

	options.seed = time(NULL);
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		take_option(&options, option);
	return options;
}

/* The service comes, is killed and does not matter; reloads change nothing. */
static pid_t start_storm(void)
{
	return start_command("sh -c 'while :; do "
			     "build/vsock-bpfd --policy-dir " POLICIES " 2>/dev/null & sleep 2; "
			     "kill -9 $!; build/vsock-bpfd --once --policy-dir " POLICIES
			     "; done'");
}

static int run(const struct options *options)
{
	pid_t storm = options->storm ? start_storm() : 0;

	if (options->known)
		replay_all_known(options);
	look(options);
	if (storm)
		kill(storm, SIGKILL);
	return tap_end();
}

int main(int argc, char *argv[])
{
	struct options options = parse(argc, argv);
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	prepare(&options);
	status = options.replay ? replay(&options) : run(&options);
	remove_namespaces();
	return status;
}
