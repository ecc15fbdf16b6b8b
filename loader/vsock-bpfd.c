// SPDX-License-Identifier: GPL-2.0-only
/* vsock-bpfd: brings the layer into the kernel, which holds it from then on. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "layer.h"
#include "report.h"

#define USAGE 2

enum action {
	SERVE,
	ONCE,
	DETACH,
	VERBOSE,
};

static void print_help(void)
{
	puts("Usage: vsock-bpfd [--once | --detach] [--verbose]\n"
	     "\n"
	     "Network namespaces for AF_VSOCK on kernels before 7.0.\n"
	     "\n"
	     "Without an option it stays in the foreground and tells systemd when enforcement\n"
	     "is live. The kernel holds enforcement: it outlives this program.\n"
	     "\n"
	     "      --once      attach and end; enforcement stays\n"
	     "      --detach    remove everything that is attached, and all modes\n"
	     "      --verbose   with what libbpf and the kernel's verifier say\n"
	     "  -h, --help\n"
	     "  -V, --version\n"
	     "\n"
	     "Exit status: 0, 1 for a failure, 2 for wrong usage.");
}

static int parse_options(int argc, char **argv, enum action *action)
{
	static const struct option known[] = {
		{ "once", no_argument, NULL, ONCE },	   { "detach", no_argument, NULL, DETACH },
		{ "verbose", no_argument, NULL, VERBOSE }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },	   {},
	};
	int option;

	*action = SERVE;
	while ((option = getopt_long(argc, argv, "hV", known, NULL)) != -1) {
		switch (option) {
		case ONCE:
		case DETACH:
			if (*action != SERVE && *action != (enum action)option)
				return fail(EINVAL, "--once and --detach exclude each other");
			*action = option;
			break;
		case VERBOSE:
			layer_verbose();
			break;
		case 'h':
			print_help();
			exit(EXIT_SUCCESS);
		case 'V':
			puts("vsock-bpfd " VERSION);
			exit(EXIT_SUCCESS);
		default:
			return -EINVAL;
		}
	}
	return optind == argc ? 0 : fail(EINVAL, "%s: unexpected argument", argv[optind]);
}

static const char *outcome_text(int outcome)
{
	static const char *const texts[] = {
		[LAYER_NATIVE] = "this kernel isolates by itself; nothing to attach",
		[LAYER_ATTACHED] = "attached; enforcement is live",
		[LAYER_UPGRADED] = "attached in place of an older set; enforcement is live",
		[LAYER_ADOPTED] = "already attached; enforcement is live",
	};

	return texts[outcome];
}

static int attach(void)
{
	int outcome = layer_attach();

	if (outcome < 0)
		return outcome;
	say("%s", outcome_text(outcome));
	return 0;
}

static int detach(void)
{
	int found = layer_detach();

	if (found < 0)
		return found;
	say(found ? "detached; nothing is isolated any more" : "nothing was attached");
	return 0;
}

/* There is nothing to read again yet; a service that dies of SIGHUP would be worse. */
static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	(void)source;
	(void)info;
	(void)arg;
	return 0;
}

static int wait_for_end(void)
{
	sd_event *event = NULL;
	int ret;

	ret = sd_event_new(&event);
	if (ret >= 0)
		ret = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (ret >= 0)
		ret = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	if (ret >= 0)
		ret = sd_event_add_signal(event, NULL, SIGHUP, on_hangup, NULL);
	if (ret >= 0) {
		sd_notify(0, "READY=1\nSTATUS=Enforcement is live.");
		ret = sd_event_loop(event);
	}
	sd_event_unref(event);
	return ret < 0 ? fail_errno(-ret, "event loop") : 0;
}

static int serve(void)
{
	sigset_t signals;
	int ret;

	/* Blocked before enforcement, so that one that comes early is not lost. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	ret = attach();
	if (ret)
		return ret;
	ret = wait_for_end();
	if (!ret)
		say("ending; enforcement stays ('vsock-bpfd --detach' removes it)");
	return ret;
}

int main(int argc, char **argv)
{
	static int (*const actions[])(void) = {
		[SERVE] = serve,
		[ONCE] = attach,
		[DETACH] = detach,
	};
	enum action action;

	if (parse_options(argc, argv, &action)) {
		fputs("Try 'vsock-bpfd --help'.\n", stderr);
		return USAGE;
	}
	return actions[action]() ? EXIT_FAILURE : EXIT_SUCCESS;
}
