// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs in a lab machine with --icount: measures this kernel without the layer, with it,
 * and with hooks that do nothing in its place. Prints lines
 *
 *	CASE<TAB>NAMESPACES<TAB>RULES<TAB>OPERATION<TAB>FIGURE
 *
 * The figure is the median of many calls of an operation. A case that comes twice is measured
 * twice: the lesser figure counts.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "kernel/kernel-probe.h"
#include "layer.h"
#include "vsock.h"

static bool quick;

static void fill_100(void)
{
	layer_fill(100);
}

static void fill_10000(void)
{
	layer_fill(10000);
}

static void rule_100(void)
{
	layer_rule(100);
}

static void rule_10000(void)
{
	layer_rule(10000);
}

static void stop(void)
{
	layer_remove_rules();
	layer_stop();
}

/*
 * In this order. "without" is what all but "local" is held against, "without-other" is
 * that for "local": the same, in a namespace that was made.
 */
/* clang-format off */
static const struct bench_case cases[] = {
	/* case		 where	   namesp. rules isolating native */
	{ "without",	   IN_INIT,	1, 0, false, true,  NULL },
	{ "without-other", IN_OTHER,	1, 0, false, true,  NULL },
	{ "global",	   IN_INIT,	1, 0, false, false, layer_start },
	{ "beside",	   IN_INIT,	1, 0, true,  true,  layer_isolate },
	{ "local",	   IN_OTHER,	1, 0, true,  true,  NULL },
	{ "beside",	   IN_INIT,   100, 0, true,  false, fill_100 },
	{ "local",	   IN_OTHER,  100, 0, true,  false, NULL },
	{ "beside",	   IN_INIT, 10000, 0, true,  false, fill_10000 },
	{ "local",	   IN_OTHER,10000, 0, true,  false, NULL },
	{ "beside",	   IN_INIT, 10000, 100, true, false, rule_100 },
	{ "beside",	   IN_INIT, 10000, 10000, true, false, rule_10000 },
	{ "local",	   IN_OTHER,10000, 10000, true, false, NULL },
	{ "without",	   IN_INIT,	1, 0, false, false, stop },
	{ "without-other", IN_OTHER,	1, 0, false, false, NULL },
	{ "floor",	   IN_INIT,	1, 0, false, false, floor_start },
	{ NULL },
};
/* clang-format on */

/* A listener on the other side, in sight unless somebody is local. */
static int open_stranger(const struct bench_case *where)
{
	int fd;

	enter(where->place == IN_INIT ? other_netns : init_netns);
	fd = new_listener(PORT_STRANGER);
	enter(init_netns);
	return fd;
}

static void measure_here(const struct bench_case *where)
{
	run_first();
	enter(where->place == IN_INIT ? init_netns : other_netns);
	sleep(REST);
	measure_all(where, loopback_operations);
	measure_all(where, socket_operations);
	measure_all(where, guest_operations);
	if (!quick)
		measure_all(where, namespace_operations);
}

/* A process of its own, so that all start alike. */
static void measure_case(const struct bench_case *where)
{
	int stranger, status;
	pid_t pid;

	if (where->prepare)
		where->prepare();
	stranger = open_stranger(where);
	pid = fork();
	if (pid < 0)
		err(EXIT_FAILURE, "fork");
	if (!pid) {
		measure_here(where);
		exit(EXIT_SUCCESS);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		errx(EXIT_FAILURE, "case %s was not measured", where->name);
	close(stranger);
}

static bool has_layer(const struct bench_case *where)
{
	return where->isolating || !strcmp(where->name, "global");
}

static void measure_cases(bool native)
{
	const struct bench_case *where;

	for (where = cases; where->name; where++) {
		if ((native && !where->native) || (quick && where->namespaces > 1 && !where->rules))
			continue;
		measure_case(where);
		if (native || quick || !has_layer(where) || where->place != IN_INIT)
			continue;
		measure_memory(where);
		measure_all(where, tick_operations);
	}
}

/* The first one of this name and, behind a comma, number of rules. */
static bool is_named(const struct bench_case *where, const char *name)
{
	size_t length = strcspn(name, ",");

	return !strncmp(where->name, name, length) && !where->name[length] &&
	       where->rules == (name[length] ? atoi(name + length + 1) : 0);
}

static void profile(const char *operation, const char *name)
{
	const struct bench_case *where;

	only_operation = operation;
	for (where = cases; where->name && !is_named(where, name); where++)
		if (where->prepare)
			where->prepare();
	if (!where->name)
		errx(EXIT_FAILURE, "there is no case %s", name);
	measure_case(where);
	if (has_layer(where))
		measure_all(where, tick_operations);
}

static void measure_service(void)
{
	static const struct bench_case service = { .name = "service", .namespaces = 1 };

	measure_all(&service, service_operations);
}

static void usage(void)
{
	puts("Usage: bench [--service | --hooks | --floor-hooks | --quick | --verdict]\n"
	     "       bench --profile OPERATION CASE[,RULES]\n"
	     "\n"
	     "In a lab machine: measures what the layer costs; see tools/bench/run.\n"
	     "\n"
	     "  --quick        without most of what takes long: to try something out\n"
	     "  --verdict      the decision alone, on the machine at hand: attaches nothing\n"
	     "  --service      the times of the service alone\n"
	     "  --profile      one operation in one case alone; see tools/bench/profile\n"
	     "  --hooks        what each hook costs, instead\n"
	     "  --floor-hooks  what each would cost with a program that returns at once");
}

int main(int argc, char **argv)
{
	/* clang-format off */
	static const struct option known[] = {
		{ "quick",	 no_argument, NULL, 'q' },
		{ "service",	 no_argument, NULL, 's' },
		{ "profile",	 no_argument, NULL, 'p' },
		{ "hooks",	 no_argument, NULL, 'k' },
		{ "verdict",	 no_argument, NULL, 'v' },
		{ "floor-hooks", no_argument, NULL, 'f' },
		{ "help",	 no_argument, NULL, 'h' },
		{ NULL,		 0,	      NULL, 0 },
	};
	/* clang-format on */
	struct kernel kernel;
	int option = getopt_long(argc, argv, "h", known, NULL);

	if (option == 'h') {
		usage();
		return EXIT_SUCCESS;
	}
	if (option == 'v') {
		measure_verdict();
		return EXIT_SUCCESS;
	}
	kernel_probe(&kernel);
	world_open();
	if (option == 'p' && argc == optind + 2) {
		profile(argv[optind], argv[optind + 1]);
		return EXIT_SUCCESS;
	}
	if (option == 's') {
		measure_service();
		return EXIT_SUCCESS;
	}
	if (option == 'k' || option == 'f') {
		measure_hooks(option == 'f');
		return EXIT_SUCCESS;
	}
	quick = option == 'q';
	if ((option != -1 && !quick) || optind != argc)
		return 2;
	measure_cases(kernel.native);
	if (!kernel.native && !quick)
		measure_service();
	return EXIT_SUCCESS;
}
