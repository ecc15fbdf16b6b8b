// SPDX-License-Identifier: GPL-2.0-only
#include "service/service.h"

#include <errno.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "kernel/sysctl-modes.h"
#include "layer/layer.h"
#include "layer/own-cids.h"
#include "lib/log.h"
#include "service/child-default.h"
#include "service/keeper.h"
#include "service/policy-watch.h"
#include "service/public-server.h"
#include "service/telemetry.h"

#define SETTLE_USEC 200000

struct service {
	const char *config_path, *policy_dir;
	struct config config;
	sd_event *event;
	struct names_watch *names;
	struct policy_watch *policies;
	struct telemetry *telemetry;
	struct keeper *keeper;
	struct public_server *public;
	unsigned int auditors; /* clients that want Audit=yes in all policies */
	int uevents;	       /* netlink socket */
};

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

static int attach(const struct config *config, enum coverage coverage)
{
	int outcome = layer_attach(config->load_modules, coverage);

	if (outcome < 0)
		return outcome;
	log_info("%s", outcome_text(outcome));
	return 0;
}

/*
 * A child_ns_mode that was written before stays, and CIDs=own may not be possible: that is said,
 * and the rest goes on.
 */
int service_attach(const struct config *config, enum coverage coverage)
{
	struct child_default children = {};
	int ret = child_default_read(&children);

	if (!ret)
		ret = attach(config, coverage);
	if (!ret)
		ret = child_default_apply(&children);
	child_default_free(&children);
	if (ret >= 0)
		own_cids_follow(config->own_cids);
	return ret > 0 ? 0 : ret;
}

/* The same later, when there is little to say. */
static int attach_again(const struct config *config)
{
	int outcome = layer_attach(config->load_modules, RECORDING);

	if (outcome == LAYER_ATTACHED || outcome == LAYER_UPGRADED)
		log_info("%s", outcome_text(outcome));
	return outcome < 0 ? outcome : 0;
}

/* Where the kernel has modes, everybody has its sysctls. One service alone listens. */
static void follow_public(struct service *service)
{
	bool wanted = service->config.public_socket && !kernel_has_modes() &&
		      telemetry_listens(service->telemetry);

	if (wanted && !service->public)
		service->public = public_server_start(service->event);
	else if (!wanted)
		service->public = public_server_stop(service->public);
}

/* The sockets that it listens at, and what it tells, are those of now. */
static int follow(struct service *service)
{
	int ret = telemetry_follow(service->telemetry, &service->config);

	follow_public(service);
	return ret;
}

/*
 * A module of AF_VSOCK came by itself: it is hooked, too. Until then the gates refuse
 * what comes through it, as they cannot tell who sent it.
 */
static int on_settled(sd_event_source *source, uint64_t now, void *arg)
{
	struct service *service = arg;

	attach_again(&service->config);
	follow(service);
	return 0;
}

/* The kernel tells of a module before it has started it; several come at once. */
static int on_uevent(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	static const char prefix[] = "add@/module/";
	struct service *service = arg;
	bool ours = false;
	char text[4096];
	ssize_t size;

	while ((size = recv(fd, text, sizeof(text) - 1, 0)) > 0) {
		text[size] = '\0';
		if (!strncmp(text, prefix, strlen(prefix)) && strstr(text, "vsock")) {
			log_info("module %s came", text + strlen(prefix));
			ours = true;
		}
	}
	if (!ours)
		return 0;
	return sd_event_add_time_relative(service->event, NULL, CLOCK_MONOTONIC, SETTLE_USEC, 0,
					  on_settled, service);
}

static int put_in_force(struct service *service, const struct child_default *children)
{
	int ret, own_cids;

	policy_watch_set_patience(service->policies, service->config.hold_sec);
	ret = attach_again(&service->config);
	if (ret)
		return ret;
	ret = child_default_apply(children);
	own_cids = own_cids_follow(service->config.own_cids);
	if (policy_watch_reload(service->policies) < 0)
		return -EINVAL;
	return ret > 0 ? -EBUSY : ret ? ret : own_cids;
}

/* A mistake leaves the old configuration in force. Everything is said that went wrong. */
static int reload(void *arg)
{
	struct service *service = arg;
	struct child_default children = {};
	struct config config;
	int ret, listening;

	sd_notify(0, "RELOADING=1");
	ret = config_read(&config, service->config_path);
	if (!ret)
		ret = child_default_read(&children);
	if (!ret) {
		service->config = config;
		ret = put_in_force(service, &children);
		listening = follow(service);
		ret = ret ?: listening;
	}
	child_default_free(&children);
	sd_notify(0, "READY=1");
	return ret;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	reload(arg);
	return 0;
}

/* On kernels with modes the first policy brings the programs, and with them their events. */
static void on_applied(void *arg)
{
	struct service *service = arg;

	follow(service);
}

/* This, too, can bring the programs: Audit=yes is a reason to ask verdicts. */
static int begin_audit(void *arg)
{
	struct service *service = arg;
	int ret = policy_watch_audit(service->policies, true);

	if (ret)
		return ret;
	service->auditors++;
	on_applied(service);
	return 0;
}

static void end_audit(void *arg)
{
	struct service *service = arg;

	if (!--service->auditors)
		policy_watch_audit(service->policies, false);
}

/* What vsockctl asks for on the control socket. */
static const struct control_word words[] = {
	{ "reload", reload, NULL },
	{ "audit", begin_audit, end_audit },
	{},
};

/* The kernel's own events: there is no udev in a container. */
static int watch_modules(struct service *service)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	service->uevents = fd;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return sd_event_add_io(service->event, NULL, fd, EPOLLIN, on_uevent, service);
}

static int watch_signals(struct service *service)
{
	int ret = sd_event_add_signal(service->event, NULL, SIGTERM, NULL, NULL);

	if (ret >= 0)
		ret = sd_event_add_signal(service->event, NULL, SIGINT, NULL, NULL);
	if (ret >= 0)
		ret = sd_event_add_signal(service->event, NULL, SIGHUP, on_hangup, service);
	return ret;
}

/* sd-event wants signals blocked; done early, one that comes while attaching is not lost. */
static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

static void on_named(void *arg)
{
	struct service *service = arg;

	if (service->policies)
		policy_watch_named(service->policies);
}

static void on_made(void *arg)
{
	struct service *service = arg;

	policy_watch_made(service->policies);
}

/* Watches before it attaches: a module or a file that comes in between is not missed. */
static int watch(struct service *service)
{
	int ret = sd_event_new(&service->event);

	if (ret >= 0)
		ret = watch_signals(service);
	if (ret >= 0)
		ret = watch_modules(service);
	if (ret >= 0)
		ret = names_watch_start(&service->names, service->event, on_named, service);
	if (ret < 0)
		return log_errno(-ret, "event loop");
	service->policies =
		policy_watch_start(service->event, service->policy_dir, on_applied, service);
	return service->policies ? 0 : -EIO;
}

static void observe(struct service *service)
{
	struct telemetry_needs needs = {
		.event = service->event,
		.words = words,
		.made = on_made,
		.arg = service,
		.names = service->names,
	};

	service->telemetry = telemetry_start(&needs);
	follow(service);
}

/* Attaches what is missing, then puts the policies in force again, as new maps have none. */
static int mend(void *arg)
{
	struct service *service = arg;
	int ret = attach_again(&service->config);

	if (!ret && policy_watch_reload(service->policies) < 0)
		ret = -EINVAL;
	if (!ret)
		own_cids_follow(service->config.own_cids);
	follow(service);
	return ret;
}

static void keep(struct service *service)
{
	struct keeper_needs needs = { .event = service->event, .mend = mend, .arg = service };

	service->keeper = keeper_start(&needs);
}

/* Policies are in force before enforcement is reported as live. */
static int start(struct service *service)
{
	int ret = watch(service);

	if (!ret)
		ret = policy_watch_read(service->policies);
	if (!ret)
		ret = service_attach(&service->config, policy_watch_coverage(service->policies));
	if (!ret) {
		policy_watch_set_patience(service->policies, service->config.hold_sec);
		ret = policy_watch_switch(service->policies) < 0 ? -EINVAL : 0;
	}
	if (ret)
		return ret;
	observe(service);
	keep(service);
	return 0;
}

static int loop(struct service *service)
{
	int ret;

	sd_notify(0, "READY=1\nSTATUS=Enforcement is live.");
	ret = sd_event_loop(service->event);
	if (ret < 0)
		return log_errno(-ret, "event loop");
	log_info(kernel_has_modes()
			 ? "ending"
			 : "ending; enforcement stays ('vsock-bpfd --detach' removes it)");
	return 0;
}

int service_run(const char *config_path, const char *policy_dir)
{
	struct service service = {
		.config_path = config_path,
		.policy_dir = policy_dir,
		.uevents = -1,
	};
	int ret = config_read(&service.config, config_path);

	if (ret)
		return ret;
	block_signals();
	ret = start(&service);
	if (!ret)
		ret = loop(&service);
	public_server_stop(service.public);
	keeper_stop(service.keeper);
	telemetry_stop(service.telemetry);
	policy_watch_end(service.policies);
	names_watch_stop(service.names);
	sd_event_unref(service.event);
	if (service.uevents >= 0)
		close(service.uevents);
	return ret;
}
