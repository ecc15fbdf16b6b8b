// SPDX-License-Identifier: GPL-2.0-only
/* Many guests, each in a namespace of its own, in one process; and how long that takes. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/vm_sockets.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "virtio-vsock.h"
#include "words.h"

#define SWARM_MAX   1000
#define PORT	    5000
#define MESSAGE	    "swarm"
#define OWN_NETNS   "/proc/thread-self/ns/net"
#define CONNECT_MAX 10 /* seconds */

struct swarm {
	size_t count;
	uint64_t first_cid;
	bool one_namespace, check;
	struct guest guests[SWARM_MAX], *all[SWARM_MAX];
	int netns[SWARM_MAX]; /* or the namespace would go */
};

static int fail(int error, const char *what, size_t number)
{
	fprintf(stderr, "guest-swarm: guest %zu: %s: %s\n", number, what,
		strerror(error < 0 ? -error : error));
	return EXIT_FAILURE;
}

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int start_one(struct swarm *swarm, size_t i)
{
	int ret;

	if (!swarm->one_namespace && unshare(CLONE_NEWNET))
		return fail(errno, "new namespace", i);
	swarm->netns[i] = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
	if (swarm->netns[i] < 0)
		return fail(errno, OWN_NETNS, i);
	ret = guest_up(&swarm->guests[i], -1, swarm->first_cid + i);
	if (ret)
		return fail(ret, "starting", i);
	swarm->all[i] = &swarm->guests[i];
	ret = guest_listen(&swarm->guests[i], PORT, GUEST_ECHO);
	return ret ? fail(ret, "listening", i) : 0;
}

static int start_all(struct swarm *swarm)
{
	int own = open(OWN_NETNS, O_RDONLY | O_CLOEXEC), ret = 0;
	double begin = seconds();
	size_t i;

	if (own < 0)
		return fail(errno, OWN_NETNS, 0);
	for (i = 0; i < swarm->count && !ret; i++)
		ret = start_one(swarm, i);
	if (!ret && setns(own, CLONE_NEWNET))
		ret = fail(errno, "back to the first namespace", i);
	close(own);
	if (ret)
		return ret;
	printf("READY %zu guests in %.3f s\n", swarm->count, seconds() - begin);
	fflush(stdout);
	return 0;
}

/* As any client on the host. */
static int call_guest(uint64_t cid)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = PORT };
	struct timeval limit = { .tv_sec = CONNECT_MAX };
	char back[sizeof(MESSAGE)];
	int fd, error = 0;

	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(fd, MESSAGE, sizeof(back), MSG_NOSIGNAL) < 0 ||
	    recv(fd, back, sizeof(back), MSG_WAITALL) < 0)
		error = errno;
	else if (memcmp(back, MESSAGE, sizeof(back)))
		error = EBADMSG;
	close(fd);
	return error;
}

static int call_all(const struct swarm *swarm)
{
	double begin = seconds();
	size_t i;
	int ret;

	for (i = 0; i < swarm->count; i++) {
		ret = call_guest(swarm->first_cid + i);
		if (ret)
			return fail(ret, "calling", i);
	}
	printf("CHECKED %zu guests in %.3f s\n", swarm->count, seconds() - begin);
	fflush(stdout);
	return 0;
}

/* The guests answer in this process, so that another must call them. */
static int check(struct swarm *swarm)
{
	pid_t caller = fork();
	int status, ret = 0;

	if (caller < 0)
		return fail(errno, "fork", 0);
	if (!caller)
		_exit(call_all(swarm));
	while (!waitpid(caller, &status, WNOHANG) && !ret)
		ret = guest_pump_all(swarm->all, swarm->count, 50);
	if (ret)
		return fail(ret, "pumping", 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static void close_all(struct swarm *swarm)
{
	size_t i;

	for (i = 0; i < swarm->count; i++) {
		guest_close(&swarm->guests[i]);
		close(swarm->netns[i]);
	}
}

static void print_help(void)
{
	puts("Usage: guest-swarm [OPTION...]\n"
	     "\n"
	     "Starts guests, each in a new namespace, that echo on port 5000.\n"
	     "\n"
	     "  --count N        guests (50)\n"
	     "  --first-cid N    the others count up from it (1000)\n"
	     "  --one-namespace  all in this one\n"
	     "  --check          call each from this namespace, then end\n"
	     "  -h, --help\n"
	     "\n"
	     "Exit status: 0, 1 for a failure, 2 for wrong usage.");
}

static int parse(struct swarm *swarm, int argc, char **argv)
{
	static const struct option known[] = {
		{ "count", required_argument, NULL, 'n' },
		{ "first-cid", required_argument, NULL, 'f' },
		{ "one-namespace", no_argument, NULL, 'o' },
		{ "check", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	uint64_t number = 0;
	int option;

	while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		if (option == 'h') {
			print_help();
			exit(EXIT_SUCCESS);
		}
		if (option == 'o')
			swarm->one_namespace = true;
		else if (option == 'c')
			swarm->check = true;
		else if (option == '?' || guest_number(optarg, UINT32_MAX, &number))
			return 2;
		else if (option == 'n')
			swarm->count = number;
		else
			swarm->first_cid = number;
	}
	return optind < argc || !swarm->count || swarm->count > SWARM_MAX ? 2 : 0;
}

int main(int argc, char **argv)
{
	static struct swarm swarm = { .count = 50, .first_cid = 1000 };
	int ret;

	ret = parse(&swarm, argc, argv);
	if (ret) {
		fputs("Try 'guest-swarm --help'.\n", stderr);
		return ret;
	}
	ret = start_all(&swarm);
	if (ret)
		return ret;
	ret = swarm.check ? check(&swarm) : guest_pump_all(swarm.all, swarm.count, -1);
	close_all(&swarm);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
