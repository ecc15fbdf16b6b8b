// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures what AF_VSOCK and its neighbours cost, one thread, in nanoseconds of the
 * machine's clock. In a lab machine started with --icount that clock counts
 * instructions, and figures repeat whatever the machine at hand is doing.
 *
 * Prints "OPERATION<TAB>COST" for each: the least of several rounds, per operation.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <linux/vm_sockets.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS	 5
#define PORT	 5000
#define MAX_SIZE 65536

struct bench {
	int listener;	  /* in the namespace of who measures */
	int out, in;	  /* ends of a connection */
	unsigned int cid; /* where connects go */
	size_t size;	  /* of messages */
};

static unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static int new_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd < 0)
		err(EXIT_FAILURE, "socket");
	return fd;
}

static struct sockaddr_vm address(unsigned int cid, unsigned int port)
{
	return (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
}

static int try_connect(int fd, unsigned int cid, unsigned int port)
{
	struct sockaddr_vm to = address(cid, port);

	return connect(fd, (struct sockaddr *)&to, sizeof(to)) ? -errno : 0;
}

static int new_listener(unsigned int port)
{
	struct sockaddr_vm at = address(VMADDR_CID_ANY, port);
	int fd = new_socket(AF_VSOCK);

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 8))
		err(EXIT_FAILURE, "listen on port %u", port);
	return fd;
}

static unsigned long long time_connect(struct bench *bench)
{
	unsigned long long start, end;
	int fd = new_socket(AF_VSOCK), ret;

	start = now();
	ret = try_connect(fd, bench->cid, PORT);
	end = now();
	if (ret)
		errx(EXIT_FAILURE, "connect: %s", strerror(-ret));
	close(accept(bench->listener, NULL, NULL));
	close(fd);
	return end - start;
}

static unsigned long long time_accept(struct bench *bench)
{
	unsigned long long start, end;
	int fd = new_socket(AF_VSOCK), child;

	if (try_connect(fd, bench->cid, PORT))
		err(EXIT_FAILURE, "connect");
	start = now();
	child = accept(bench->listener, NULL, NULL);
	end = now();
	close(child);
	close(fd);
	return end - start;
}

/* The whole life of a connection: the worker's share cannot hide behind the end of connect(). */
static unsigned long long time_connection(struct bench *bench)
{
	unsigned long long start = now();
	int fd = new_socket(AF_VSOCK), child;

	if (try_connect(fd, bench->cid, PORT))
		err(EXIT_FAILURE, "connect");
	child = accept(bench->listener, NULL, NULL);
	close(fd);
	close(child);
	return now() - start;
}

/* To a port on which nobody, or nobody who may be seen, listens. */
static unsigned long long time_refused(struct bench *bench)
{
	unsigned long long start, end;
	int fd = new_socket(AF_VSOCK), ret;

	start = now();
	ret = try_connect(fd, bench->cid, PORT + 1);
	end = now();
	if (ret != -ECONNRESET)
		errx(EXIT_FAILURE, "refused: %s", strerror(-ret));
	close(fd);
	return end - start;
}

static unsigned long long time_bind(struct bench *bench)
{
	struct sockaddr_vm at = address(VMADDR_CID_ANY, VMADDR_PORT_ANY);
	unsigned long long start, end;
	int fd = new_socket(AF_VSOCK);

	(void)bench;
	start = now();
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		err(EXIT_FAILURE, "bind");
	end = now();
	close(fd);
	return end - start;
}

static unsigned long long time_socket(int family)
{
	unsigned long long start = now();
	int fd = new_socket(family);
	unsigned long long end = now();

	close(fd);
	return end - start;
}

static unsigned long long time_tcp_socket(struct bench *bench)
{
	(void)bench;
	return time_socket(AF_INET);
}

static unsigned long long time_unix_socket(struct bench *bench)
{
	(void)bench;
	return time_socket(AF_UNIX);
}

static void pass(int from, int to, size_t size)
{
	static char buffer[MAX_SIZE];
	size_t done = 0;
	ssize_t got;

	if (send(from, buffer, size, 0) != (ssize_t)size)
		err(EXIT_FAILURE, "send");
	while (done < size) {
		got = recv(to, buffer, size - done, 0);
		if (got <= 0)
			err(EXIT_FAILURE, "recv");
		done += got;
	}
}

static unsigned long long time_message(struct bench *bench)
{
	unsigned long long start = now();

	pass(bench->out, bench->in, bench->size);
	pass(bench->in, bench->out, bench->size);
	return now() - start;
}

static void connect_pair(struct bench *bench)
{
	bench->out = new_socket(AF_VSOCK);
	if (try_connect(bench->out, bench->cid, PORT))
		err(EXIT_FAILURE, "connect");
	bench->in = accept(bench->listener, NULL, NULL);
	if (bench->in < 0)
		err(EXIT_FAILURE, "accept");
}

static void unix_pair(struct bench *bench)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		err(EXIT_FAILURE, "socketpair");
	bench->out = ends[0];
	bench->in = ends[1];
}

static void close_pair(struct bench *bench)
{
	close(bench->out);
	close(bench->in);
}

/* The least of the rounds: what is above it is somebody else's. */
static void measure(const char *name, unsigned long long (*once)(struct bench *), int count,
		    struct bench *bench)
{
	unsigned long long sum, least = ~0ULL;
	int round, i;

	for (i = 0; i < count / 10 + 1; i++)
		once(bench);
	for (round = 0; round < ROUNDS; round++) {
		sum = 0;
		for (i = 0; i < count; i++)
			sum += once(bench);
		if (sum / count < least)
			least = sum / count;
	}
	printf("%s\t%llu\n", name, least);
	fflush(stdout);
}

static void measure_all(struct bench *bench)
{
	static const size_t sizes[] = { 1, 4096, MAX_SIZE };
	char name[32];
	size_t i;

	measure("connect", time_connect, 200, bench);
	measure("connection", time_connection, 200, bench);
	measure("refused", time_refused, 200, bench);
	measure("accept", time_accept, 200, bench);
	measure("bind", time_bind, 200, bench);
	measure("tcp-socket", time_tcp_socket, 500, bench);
	measure("unix-socket", time_unix_socket, 500, bench);
	connect_pair(bench);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		bench->size = sizes[i];
		snprintf(name, sizeof(name), "message-%zu", sizes[i]);
		measure(name, time_message, 100, bench);
	}
	close_pair(bench);
	unix_pair(bench);
	for (i = 0; i < 2; i++) {
		bench->size = sizes[i];
		snprintf(name, sizeof(name), "unix-message-%zu", sizes[i]);
		measure(name, time_message, 200, bench);
	}
	close_pair(bench);
}

int main(void)
{
	struct bench bench = { .cid = VMADDR_CID_LOCAL };

	bench.listener = new_listener(PORT);
	measure_all(&bench);
	return 0;
}
