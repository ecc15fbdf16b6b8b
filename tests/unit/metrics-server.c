// SPDX-License-Identifier: GPL-2.0-only
/* Numbers by HTTP: what is answered, and what clients cannot do to others or to the service. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "events/metrics.h"
#include "lib/fake-log.h"
#include "lib/memory.h"
#include "service/metrics-server.h"
#include "unit.h"

#define SECONDS 1000000000LL
#define MANY	(6 * METRICS_CLIENTS) /* more than the library would take by itself */

static char folder[] = "/tmp/unit-XXXXXX";
static char path[64];
static struct listen_address port, local;
static struct metrics_server *server;
static sd_event *event;
static const char *wrong;
static int fails, collected, lines;

/* What the layer would say. */

int metrics_collect(struct metrics *metrics, const struct netns_names *names)
{
	(void)metrics;
	(void)names;
	collected++;
	return fails;
}

void metrics_free(struct metrics *metrics)
{
	(void)metrics;
}

void metrics_print(FILE *out, const struct metrics *metrics)
{
	int i;

	(void)metrics;
	for (i = 0; i < lines; i++)
		fprintf(out, "vsock_bpfd_line %d\n", i);
	fputs("# EOF\n", out);
}

const char *alive_wrong(const struct alive *alive, const struct layer_report *report)
{
	(void)alive;
	(void)report;
	return wrong;
}

const struct netns_names *names_watch_names(const struct names_watch *watch)
{
	(void)watch;
	return NULL;
}

/* --- Clients, in the same loop --- */

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECONDS + time.tv_nsec;
}

static void turn(void)
{
	assert_true(sd_event_run(event, 20000) >= 0);
}

static int call(const struct listen_address *to)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	long long end = now() + 60 * SECONDS;

	assert_return_code(fd, errno);
	while (connect(fd, &to->any, to->size) && errno != EISCONN) {
		assert_true(errno == EAGAIN || errno == EINPROGRESS || errno == EALREADY);
		assert_true(now() < end);
		turn();
	}
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Everything up to the end of the connection, for which it waits. */
static char *hear(int fd)
{
	static char text[1 << 20];
	long long end = now() + 60 * SECONDS;
	size_t length = 0;
	ssize_t size;

	while ((size = recv(fd, text + length, sizeof(text) - 1 - length, 0)) != 0) {
		if (size > 0)
			length += size;
		else if (errno == ECONNRESET)
			break;
		assert_true(now() < end);
		turn();
	}
	text[length] = '\0';
	close(fd);
	return text;
}

static char *ask(const struct listen_address *to, const char *request)
{
	int fd = call(to);

	say(fd, request);
	return hear(fd);
}

static void answers(const char *request, const char *status, const char *body)
{
	const struct listen_address *to = metrics_server_where(server);
	const char *text = ask(to, request);
	char head[64];

	snprintf(head, sizeof(head), "HTTP/1.1 %s", status);
	if (strncmp(text, head, strlen(head)) || !strstr(text, "\r\nConnection: close\r\n") ||
	    !strstr(text, "\r\n\r\n") || strcmp(strstr(text, "\r\n\r\n") + 4, body))
		fail_msg("to '%s' it said '%s'", request, text);
}

#define GET(what) "GET " what " HTTP/1.1\r\nHost: a\r\n\r\n"

static size_t open_files(void)
{
	size_t count = 0;
	int fd;

	for (fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* --- A server for each case --- */

static int start(const struct listen_address *where)
{
	wrong = NULL;
	fails = collected = 0;
	lines = 2;
	said[0] = '\0';
	return metrics_server_open(&server, event, where, NULL);
}

static int begin(void **state)
{
	(void)state;
	server = NULL;
	return sd_event_new(&event) < 0;
}

static int end(void **state)
{
	(void)state;
	metrics_server_close(server);
	sd_event_unref(event);
	return 0;
}

/* A port that is free; another program has hardly taken it before we do. */
static in_port_t free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_return_code(bind(fd, (struct sockaddr *)&address, size), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&address, &size), errno);
	close(fd);
	return ntohs(address.sin_port);
}

static int prepare(void **state)
{
	char text[32];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/socket", folder);
	snprintf(text, sizeof(text), "127.0.0.1:%u", free_port());
	return listen_address_parse(&port, text) || listen_address_parse(&local, path);
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

/* --- What is answered --- */

static void test_pages(void **state)
{
	(void)state;
	assert_int_equal(start(&port), 0);
	answers(GET("/metrics"), "200", "vsock_bpfd_line 0\nvsock_bpfd_line 1\n# EOF\n");
	assert_non_null(strstr(ask(&port, GET("/metrics")),
			       "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	answers(GET("/metrics?name=a"), "200", "vsock_bpfd_line 0\nvsock_bpfd_line 1\n# EOF\n");
	answers("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "200", "");
	answers(GET("/healthz"), "200", "whole\n");
	answers(GET("/"), "404", "only /metrics and /healthz\n");
	answers(GET("/metrics/"), "404", "only /metrics and /healthz\n");
	answers(GET("/../etc/passwd"), "404", "only /metrics and /healthz\n");
	answers("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "405",
		"only GET\n");
	answers("DELETE /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "405", "only GET\n");
}

static void test_local(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(start(&local), 0);
	answers(GET("/healthz"), "200", "whole\n");
	assert_return_code(stat(path, &st), errno);
	assert_int_equal(st.st_mode & 0777, 0666);
	metrics_server_close(server);
	server = NULL;
	assert_int_equal(access(path, F_OK), -1);
}

static void test_not_whole(void **state)
{
	(void)state;
	assert_int_equal(start(&port), 0);
	wrong = "programs are missing";
	answers(GET("/healthz"), "503", "programs are missing\n");
	answers(GET("/metrics"), "200", "vsock_bpfd_line 0\nvsock_bpfd_line 1\n# EOF\n");
}

static void test_unknown(void **state)
{
	(void)state;
	assert_int_equal(start(&port), 0);
	fails = -EPERM;
	answers(GET("/healthz"), "503", "Operation not permitted\n");
	answers(GET("/metrics"), "503", "Operation not permitted\n");
}

/* Many who ask at once have it collected once, but nobody is shown what is long gone. */
static void test_collected_once(void **state)
{
	long long begin;
	int i;

	(void)state;
	assert_int_equal(start(&local), 0);
	begin = now();
	for (i = 0; i < 20; i++)
		answers(GET("/healthz"), "200", "whole\n");
	assert_true(collected >= 1 && collected <= 1 + (now() - begin) / SECONDS);
	wrong = "silent";
	while (!strstr(ask(&local, GET("/healthz")), "silent"))
		assert_true(now() < begin + 60 * SECONDS);
}

/* --- Clients that are slow, many, or mad --- */

static void test_oldest_goes(void **state)
{
	const struct listen_address *where[] = { &port, &local };
	int fd[MANY], i, round;
	long long began;

	(void)state;
	for (round = 0; round < 2; round++) {
		assert_int_equal(start(where[round]), 0);
		began = now();
		for (i = 0; i < MANY; i++) {
			fd[i] = call(where[round]);
			send(fd[i], "GET /metrics HTTP/1.1\r\n", 23, MSG_NOSIGNAL);
			turn();
		}
		answers(GET("/healthz"), "200", "whole\n");
		/* Before the time of the first of them is over. */
		assert_true(now() - began < 4 * SECONDS);
		/* One of the last is still heard. */
		say(fd[MANY - 1], "Host: a\r\n\r\n");
		assert_non_null(strstr(hear(fd[MANY - 1]), "# EOF"));
		for (i = 0; i < MANY - 1; i++)
			close(fd[i]);
		metrics_server_close(server);
		server = NULL;
	}
}

/* A byte now and then is no reason to stay, nor is an answer that is not read, nor silence. */
static void drip(const int *fd, long long *next)
{
	if (now() < *next)
		return;
	send(fd[0], "a", 1, MSG_NOSIGNAL);
	send(fd[1], "a", 1, MSG_NOSIGNAL);
	*next += SECONDS / 10;
}

/* The clients keep their ends, the servers do not, and meanwhile others are answered. */
static void test_slow(void **state)
{
	struct metrics_server *second;
	long long begin = now(), next = begin;
	size_t before;
	int fd[4], i;

	(void)state;
	assert_int_equal(start(&port), 0);
	assert_int_equal(metrics_server_open(&second, event, &local, NULL), 0);
	lines = 40000;
	before = open_files();
	fd[0] = call(&port);
	fd[1] = call(&local);
	fd[2] = call(&local);
	fd[3] = call(&local);
	say(fd[0], "GET /metrics HTTP/1.1\r\nA: ");
	say(fd[1], "GET /metrics HTTP/1.1\r\nA: ");
	say(fd[2], GET("/metrics"));
	while (open_files() != before + 8)
		turn();
	answers(GET("/healthz"), "200", "whole\n");
	while (open_files() != before + 4) {
		drip(fd, &next);
		assert_true(now() < begin + 60 * SECONDS);
		turn();
	}
	for (i = 0; i < 4; i++)
		close(fd[i]);
	metrics_server_close(second);
}

static void test_nonsense(void **state)
{
	static char big[64 * 1024];
	int fd;

	(void)state;
	assert_int_equal(start(&port), 0);
	assert_null(strstr(ask(&port, "nonsense\r\n\r\n"), "200 OK"));
	assert_null(strstr(ask(&port, "GET /metrics HTTP/9.9\r\n\r\n"), "# EOF"));
	memset(big, 'a', sizeof(big) - 1);
	memcpy(big, "GET /", 5);
	fd = call(&port);
	send(fd, big, sizeof(big) - 1, MSG_NOSIGNAL);
	assert_null(strstr(hear(fd), "200 OK"));
	answers(GET("/healthz"), "200", "whole\n");
}

/* Nobody is left waiting, and nothing of a connection remains. */
static void test_closed_early(void **state)
{
	size_t before;
	int i;

	(void)state;
	assert_int_equal(start(&port), 0);
	answers(GET("/healthz"), "200", "whole\n");
	before = open_files();
	for (i = 0; i < MANY; i++) {
		int fd = call(&port);

		say(fd, GET("/metrics"));
		close(fd);
		turn();
	}
	answers(GET("/healthz"), "200", "whole\n");
	while (open_files() != before)
		turn();
}

/* --- Places that are taken --- */

static void test_taken(void **state)
{
	struct metrics_server *second = NULL;

	(void)state;
	assert_int_equal(start(&port), 0);
	assert_int_equal(metrics_server_open(&second, event, &port, NULL), -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(said, port.text));
	answers(GET("/healthz"), "200", "whole\n");
	metrics_server_close(server);
	assert_int_equal(start(&local), 0);
	assert_int_equal(metrics_server_open(&second, event, &local, NULL), -EADDRINUSE);
	answers(GET("/healthz"), "200", "whole\n");
}

/* A killed service leaves its socket; what is no socket is not ours to remove. */
static void test_left(void **state)
{
	int fd = listen_address_open(&local, 1);

	(void)state;
	assert_return_code(fd, errno);
	close(fd);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(start(&local), 0);
	answers(GET("/healthz"), "200", "whole\n");
	metrics_server_close(server);
	server = NULL;
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(start(&local), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pages, begin, end),
		cmocka_unit_test_setup_teardown(test_local, begin, end),
		cmocka_unit_test_setup_teardown(test_not_whole, begin, end),
		cmocka_unit_test_setup_teardown(test_unknown, begin, end),
		cmocka_unit_test_setup_teardown(test_collected_once, begin, end),
		cmocka_unit_test_setup_teardown(test_oldest_goes, begin, end),
		cmocka_unit_test_setup_teardown(test_slow, begin, end),
		cmocka_unit_test_setup_teardown(test_nonsense, begin, end),
		cmocka_unit_test_setup_teardown(test_closed_early, begin, end),
		cmocka_unit_test_setup_teardown(test_taken, begin, end),
		cmocka_unit_test_setup_teardown(test_left, begin, end),
	};

	return cmocka_run_group_tests_name("metrics-server", tests, prepare, clean);
}
