// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/command.h"
#include "lib/array.h"
#include "lib/libbpf-log.h"
#include "lib/libbpf-version.h"
#include "lib/log.h"
#include "lib/version.h"
#include "policy/policy.h"

#define MANY 1000000

static const struct command {
	const char *name, *arguments, *help;
	int (*run)(const struct options *options, int argc, char **argv);
	int min, max; /* number of arguments */
	bool anybody; /* else for root alone */
} commands[] = {
	/* clang-format off */
	{ "get", "KNOB", "print ns_mode or child_ns_mode", command_get, 1, 1, true },
	{ "set", "KNOB MODE", "set child_ns_mode, once, or ns_mode to local", command_set, 2, 2, true },
	{ "list", "", "namespaces with their modes", command_list, 0, 0, false },
	{ "cid", "[N]", "the CID to start a guest with, for its namespace to know it as N", command_cid, 0, 1, false },
	{ "cids", "", "guests: CID, owner namespace, process", command_cids, 0, 0, false },
	{ "rules", "", "the policies in force, and who has which", command_rules, 0, 0, false },
	{ "check", "[FILE...]", "whether policy files could be put in force", command_check, 0, MANY, true },
	{ "reload", "", "the service reads its files again", command_reload, 0, 0, false },
	{ "status", "", "what isolates on this machine, and whether it is whole", command_status, 0, 0, false },
	{ "monitor", "", "what is refused, as it happens; --all: connections, too; -n for one namespace", command_monitor, 0, 0, false },
	{ "metrics", "", "numbers for Prometheus", command_metrics, 0, 0, false },
	{ "explain", "FROM TO PORT", "whether FROM may call TO, why, and what would change it", command_explain, 3, 5, false },
	{ "sockets", "", "all sockets, who talks to whom; -n for one namespace", command_sockets, 0, 0, false },
	{ "resolve", "NAME", "the CID of the guest with this name", command_resolve, 1, 1, false },
	{ "learn", "", "policies that would allow what is refused, audited or logged; puts none in force", command_learn, 0, 0, true },
	{ "doctor", "", "what this kernel offers, and what to do about what is missing", command_doctor, 0, 0, false },
	/* clang-format on */
};

#define COMMANDS (ARRAY_SIZE(commands))

static void print_help(void)
{
	size_t i;

	puts("Usage: vsockctl [OPTION...] COMMAND\n"
	     "\n"
	     "Shows and sets how network namespaces isolate AF_VSOCK.\n"
	     "\n"
	     "Commands:");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-7s %-13s %s\n", commands[i].name, commands[i].arguments,
		       commands[i].help);
	puts("\n"
	     "KNOB is ns_mode or child_ns_mode, MODE is global or local.\n"
	     "FROM and TO are a namespace as for -n, guest CID, guest NAME, or host.\n"
	     "\n"
	     "Options:\n"
	     "  -n, --netns NETNS   a name under /run/netns, a path, or a pid; default: own\n"
	     "      --json          for programs\n"
	     "      --for TIME      learn: from what comes within 90s, 10m, 1h or 2d\n"
	     "      --from-log FILE learn: from lines of monitor --json, or journalctl -o json\n"
	     "      --apply-audit   learn: with Audit=yes in all policies until it ends\n"
	     "      --output DIR    learn: write files there, and overwrite none\n"
	     "      --policy-dir D  what check and learn read instead of " POLICY_DIR ";\n"
	     "                      explain: as if these policies were in force\n"
	     "      --all           monitor: also connections, where a policy has Log=accepted\n"
	     "      --release       cid: give up the reservation of N\n"
	     "      --listening     sockets: only those that listen\n"
	     "      --type TYPE     explain: stream, seqpacket or dgram; default: stream\n"
	     "      --verbose       with what libbpf and the kernel's verifier say\n"
	     "  -h, --help\n"
	     "  -V, --version\n"
	     "\n"
	     "Exit status: 0, 1 for a failure, 2 for wrong usage; explain: 3 for refused.");
}

static const struct option known[] = {
	{ "for", required_argument, NULL, 'f' },
	{ "from-log", required_argument, NULL, 'r' },
	{ "output", required_argument, NULL, 'o' },
	{ "netns", required_argument, NULL, 'n' },
	{ "all", no_argument, NULL, 'a' },
	{ "apply-audit", no_argument, NULL, 'A' },
	{ "json", no_argument, NULL, 'j' },
	{ "release", no_argument, NULL, 'x' },
	{ "listening", no_argument, NULL, 'l' },
	{ "policy-dir", required_argument, NULL, 'p' },
	{ "type", required_argument, NULL, 't' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{},
};

/* Where an option without an argument is noted, or NULL. */
static bool *flag_of(struct options *options, int option)
{
	switch (option) {
	case 'a':
		return &options->all;
	case 'A':
		return &options->apply_audit;
	case 'j':
		return &options->json;
	case 'l':
		return &options->listening;
	case 'x':
		return &options->release;
	default:
		return NULL;
	}
}

/* Where the argument of an option is noted, or NULL. */
static const char **text_of(struct options *options, int option)
{
	switch (option) {
	case 'f':
		return &options->seconds;
	case 'n':
		return &options->netns;
	case 'o':
		return &options->output;
	case 'p':
		return &options->policy_dir;
	case 'r':
		return &options->from_log;
	case 't':
		return &options->type;
	default:
		return NULL;
	}
}

static int take_option(struct options *options, int option)
{
	bool *flag = flag_of(options, option);
	const char **text = text_of(options, option);

	if (flag)
		*flag = true;
	else if (text)
		*text = optarg;
	else if (option == 'v')
		libbpf_log_verbose();
	else
		return -EINVAL;
	return 0;
}

static int parse_options(struct options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "n:hV", known, NULL)) != -1) {
		if (option == 'h') {
			print_help();
			exit(EXIT_SUCCESS);
		}
		if (option == 'V') {
			version_print("vsockctl");
			exit(EXIT_SUCCESS);
		}
		if (take_option(options, option))
			return -EINVAL;
	}
	return optind;
}

static int usage(void)
{
	fputs("Try 'vsockctl --help'.\n", stderr);
	return USAGE;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int run_command(const struct options *options, int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);

	if (!command) {
		log_error(EINVAL, "%s: no such command", argv[0]);
		return usage();
	}
	if (argc - 1 < command->min || argc - 1 > command->max) {
		log_error(EINVAL, "usage: vsockctl [OPTION...] %s%s%s", command->name,
			  *command->arguments ? " " : "", command->arguments);
		return USAGE;
	}
	if (!command->anybody && geteuid())
		return log_errno(EPERM, "needs root");
	return command->run(options, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	struct options options = {};
	int first = parse_options(&options, argc, argv), ret;

	if (first < 0)
		return usage();
	if (first == argc) {
		log_error(EINVAL, "no command given");
		return usage();
	}
	if (check_libbpf_version())
		return EXIT_FAILURE;
	ret = run_command(&options, argc - first, argv + first);
	return ret < 0 ? EXIT_FAILURE : ret;
}

int print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object,
					    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED));
	json_object_put(object);
	return 0;
}
