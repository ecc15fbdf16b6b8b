// SPDX-License-Identifier: GPL-2.0-only
/* vsock-bpfd: brings the layer into the kernel, which holds it from then on. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "layer/layer.h"
#include "lib/config.h"
#include "lib/exit-status.h"
#include "lib/libbpf-log.h"
#include "lib/libbpf-version.h"
#include "lib/log.h"
#include "lib/version.h"
#include "policy/switch.h"
#include "service/service.h"

enum option_id {
	OPTION_ONCE = 256,
	OPTION_DETACH,
	OPTION_CONFIG,
	OPTION_POLICY_DIR,
	OPTION_VERBOSE,
};

struct options {
	int (*run)(const struct options *options);
	const char *config;
	const char *policy_dir;
};

static int serve(const struct options *options)
{
	return service_run(options->config, options->policy_dir);
}

static int attach_once(const struct options *options)
{
	struct policy_set policies = {};
	struct config config;
	bool in_force;
	int ret = config_read(&config, options->config);

	/* Mistakes are found before anything is attached. */
	if (!ret)
		ret = policy_prepare_dir(&policies, options->policy_dir);
	if (!ret)
		ret = service_attach(&config, policy_coverage(&policies));
	if (!ret)
		ret = policy_switch(&policies, &in_force);
	policy_set_close(&policies);
	return ret < 0 ? ret : 0;
}

static int detach(const struct options *options)
{
	int found = layer_detach();

	if (found < 0)
		return found;
	log_info(found ? "detached; nothing is isolated any more" : "nothing was attached");
	return 0;
}

static void print_help(void)
{
	puts("Usage: vsock-bpfd [--once | --detach] [--config FILE] [--policy-dir D]\n"
	     "                  [--verbose]\n"
	     "\n"
	     "Network namespaces for AF_VSOCK on kernels without net.vsock.ns_mode.\n"
	     "\n"
	     "Without an option it stays in the foreground and tells systemd when enforcement\n"
	     "is live. The kernel holds enforcement: it outlives this program.\n"
	     "\n"
	     "      --once          attach and end; enforcement stays\n"
	     "      --detach        remove everything that is attached, and all modes\n"
	     "      --config FILE   instead of " CONFIG_FILE "\n"
	     "      --policy-dir D  instead of " POLICY_DIR "\n"
	     "      --verbose       with what libbpf and the kernel's verifier say\n"
	     "  -h, --help\n"
	     "  -V, --version\n"
	     "\n"
	     "Exit status: 0, 1 for a failure, 2 for wrong usage.");
}

static int choose_action(struct options *options, int (*run)(const struct options *options))
{
	if (options->run != serve && options->run != run)
		return log_error(EINVAL, "--once and --detach exclude each other");
	options->run = run;
	return 0;
}

static int take_option(struct options *options, int option)
{
	switch (option) {
	case OPTION_ONCE:
		return choose_action(options, attach_once);
	case OPTION_DETACH:
		return choose_action(options, detach);
	case OPTION_CONFIG:
		options->config = optarg;
		return 0;
	case OPTION_POLICY_DIR:
		options->policy_dir = optarg;
		return 0;
	case OPTION_VERBOSE:
		libbpf_log_verbose();
		return 0;
	case 'h':
		print_help();
		exit(EXIT_SUCCESS);
	case 'V':
		version_print("vsock-bpfd");
		exit(EXIT_SUCCESS);
	default:
		return -EINVAL;
	}
}

static int parse_options(struct options *options, int argc, char **argv)
{
	/* clang-format off */
	static const struct option known[] = {
		{ "once",	no_argument,		NULL, OPTION_ONCE },
		{ "detach",	no_argument,		NULL, OPTION_DETACH },
		{ "config",	required_argument,	NULL, OPTION_CONFIG },
		{ "policy-dir",	required_argument,	NULL, OPTION_POLICY_DIR },
		{ "verbose",	no_argument,		NULL, OPTION_VERBOSE },
		{ "help",	no_argument,		NULL, 'h' },
		{ "version",	no_argument,		NULL, 'V' },
		{ NULL,		0,			NULL, 0 },
	};
	/* clang-format on */
	int option, ret;

	while ((option = getopt_long(argc, argv, "hV", known, NULL)) != -1) {
		ret = take_option(options, option);
		if (ret)
			return ret;
	}
	return optind == argc ? 0 : log_error(EINVAL, "%s: unexpected argument", argv[optind]);
}

int main(int argc, char **argv)
{
	struct options options = { .run = serve, .policy_dir = POLICY_DIR };

	if (parse_options(&options, argc, argv)) {
		fputs("Try 'vsock-bpfd --help'.\n", stderr);
		return USAGE;
	}
	if (geteuid())
		return log_errno(EPERM, "needs root"), EXIT_FAILURE;
	if (check_libbpf_version())
		return EXIT_FAILURE;
	return options.run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
