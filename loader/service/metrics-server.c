// SPDX-License-Identifier: GPL-2.0-only
/*
 * libmicrohttpd without a thread of its own: it runs when its descriptor is readable, or its time
 * has come, and never waits. It would let a client stay that sends a byte now and then; here each
 * connection has an end, and the oldest makes room for a new one.
 */
#include "service/metrics-server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "events/metrics.h"
#include "layer/alive.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/pace.h"
#include "service/microhttpd.h"

/* For one connection: the request, and the head of what is answered. */
#define REQUEST_MAX 8192

/* Those that were cut and those that are not yet, while the library gets to it. */
#define LIBRARY_CLIENTS (4 * METRICS_CLIENTS)

struct page {
	unsigned int status;
	const char *type;
	char *text;
	size_t size;
};

struct client {
	struct client *next; /* a younger one */
	struct MHD_Connection *connection;
	__u64 since;
	bool cut;
};

struct metrics_server {
	const struct microhttpd *http;
	struct listen_address where;
	const struct names_watch *names;
	struct MHD_Daemon *daemon;
	sd_event_source *io, *timer;
	struct client *clients;
	size_t count; /* of those that are not cut */
	struct page metrics, health;
	struct pace pace; /* of collecting */
};

/* --- What is answered --- */

static void set_line(struct page *page, unsigned int status, const char *line)
{
	free(page->text);
	*page = (struct page){ .status = status, .type = "text/plain; charset=utf-8" };
	page->text = memory_printf("%s\n", line);
	page->size = strlen(page->text);
}

static void set_numbers(struct page *page, const struct metrics *metrics)
{
	FILE *out;

	free(page->text);
	*page = (struct page){ .status = MHD_HTTP_OK,
			       .type = "text/plain; version=0.0.4; charset=utf-8" };
	out = memory_checked(open_memstream(&page->text, &page->size));
	metrics_print(out, metrics);
	fclose(out);
	memory_checked(page->text);
}

static void set_health(struct page *page, const struct metrics *metrics)
{
	const char *wrong = alive_wrong(&metrics->alive, &metrics->report);

	if (wrong)
		set_line(page, MHD_HTTP_SERVICE_UNAVAILABLE, wrong);
	else
		set_line(page, MHD_HTTP_OK, "whole");
}

static void collect(struct metrics_server *server)
{
	struct metrics metrics = {};
	int ret = metrics_collect(&metrics, names_watch_names(server->names));

	if (ret) {
		set_line(&server->metrics, MHD_HTTP_SERVICE_UNAVAILABLE, strerror(-ret));
		set_line(&server->health, MHD_HTTP_SERVICE_UNAVAILABLE, strerror(-ret));
	} else {
		set_numbers(&server->metrics, &metrics);
		set_health(&server->health, &metrics);
	}
	metrics_free(&metrics);
}

/* Whoever asks often must not have us collect all the time. */
static void renew(struct metrics_server *server)
{
	if (!pace_begin(&server->pace))
		return;
	collect(server);
	pace_end(&server->pace);
}

static enum MHD_Result send_page(const struct microhttpd *http, struct MHD_Connection *connection,
				 const struct page *page)
{
	struct MHD_Response *response =
		http->create_response_from_buffer(page->size, page->text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result sent;

	if (!response)
		return MHD_NO;
	http->add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	http->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
	if (page->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		http->add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	sent = http->queue_response(connection, page->status, response);
	http->destroy_response(response);
	return sent;
}

static enum MHD_Result refuse(const struct microhttpd *http, struct MHD_Connection *connection,
			      unsigned int status, char *text)
{
	const struct page page = { status, "text/plain; charset=utf-8", text, strlen(text) };

	return send_page(http, connection, &page);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request)
{
	struct metrics_server *server = arg;
	const struct microhttpd *http = server->http;

	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return refuse(http, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n");
	if (strcmp(url, "/metrics") && strcmp(url, "/healthz"))
		return refuse(http, connection, MHD_HTTP_NOT_FOUND, "only /metrics and /healthz\n");
	renew(server);
	return send_page(http, connection,
			 !strcmp(url, "/metrics") ? &server->metrics : &server->health);
}

/* --- Who is connected --- */

static void add_client(struct metrics_server *server, struct MHD_Connection *connection,
		       struct client **added)
{
	struct client *client = memory_checked(calloc(1, sizeof(*client)));
	struct client **end;

	client->connection = connection;
	client->since = clock_usec();
	for (end = &server->clients; *end; end = &(*end)->next)
		;
	*added = *end = client;
	server->count++;
}

static void remove_client(struct metrics_server *server, struct client *client)
{
	struct client **at;

	for (at = &server->clients; *at != client; at = &(*at)->next)
		;
	*at = client->next;
	server->count -= !client->cut;
	free(client);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **client,
			  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		add_client(arg, connection, (struct client **)client);
	else
		remove_client(arg, *client);
}

/* The library finds it at its end. A UNIX socket does not tell that, so it is to look soon. */
static void cut(struct metrics_server *server, struct client *client)
{
	const union MHD_ConnectionInfo *info = server->http->get_connection_info(
		client->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	shutdown(info->connect_fd, SHUT_RDWR);
	server->http->set_connection_option(client->connection, MHD_CONNECTION_OPTION_TIMEOUT, 1U);
	client->cut = true;
	server->count--;
}

/* The oldest are the first. Returns when the next one has had its time; 0: nobody is there. */
static __u64 cut_clients(struct metrics_server *server)
{
	__u64 now = clock_usec();
	struct client *client;

	for (client = server->clients; client; client = client->next) {
		if (client->cut)
			continue;
		if (now - client->since < METRICS_CLIENT_USEC && server->count <= METRICS_CLIENTS)
			return client->since + METRICS_CLIENT_USEC;
		cut(server, client);
	}
	return 0;
}

/* --- When it runs --- */

static void wake_at(struct metrics_server *server, __u64 end)
{
	MHD_UNSIGNED_LONG_LONG wait;

	if (server->http->get_timeout(server->daemon, &wait) == MHD_YES) {
		__u64 then = clock_usec() + wait * 1000;

		if (!end || then < end)
			end = then;
	}
	if (end)
		sd_event_source_set_time(server->timer, end);
	sd_event_source_set_enabled(server->timer, end ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void run(struct metrics_server *server)
{
	server->http->run(server->daemon);
	wake_at(server, cut_clients(server));
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	run(arg);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t now, void *arg)
{
	run(arg);
	return 0;
}

/* --- All of it --- */

static int start_library(struct metrics_server *server)
{
	int fd = listen_address_open(&server->where, METRICS_CLIENTS);

	if (fd < 0)
		return fd;
	server->daemon = server->http->start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)LIBRARY_CLIENTS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_MAX,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
	if (server->daemon)
		return 0;
	listen_address_leave(&server->where);
	return -EIO;
}

/* What happens to the machine comes first in its turn. */
static int add_sources(struct metrics_server *server, sd_event *event)
{
	const union MHD_DaemonInfo *info =
		server->http->get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int ret = sd_event_add_io(event, &server->io, info->epoll_fd, EPOLLIN, on_io, server);

	if (ret >= 0)
		ret = sd_event_source_set_priority(server->io, SD_EVENT_PRIORITY_IDLE);
	if (ret >= 0)
		ret = sd_event_add_time(event, &server->timer, CLOCK_MONOTONIC, 0, 1, on_timer,
					server);
	if (ret >= 0)
		ret = sd_event_source_set_priority(server->timer, SD_EVENT_PRIORITY_IDLE);
	return ret < 0 ? ret : 0;
}

int metrics_server_open(struct metrics_server **server, sd_event *event,
			const struct listen_address *where, const struct names_watch *names)
{
	const struct microhttpd *http = microhttpd_load();
	struct metrics_server *new;
	int ret;

	if (!http)
		return -ENOENT;
	new = memory_checked(calloc(1, sizeof(*new)));
	new->http = http;
	new->where = *where;
	new->names = names;
	ret = start_library(new);
	if (!ret)
		ret = add_sources(new, event);
	if (ret) {
		metrics_server_close(new);
		return log_errno(-ret, "MetricsListen=%s", where->text);
	}
	*server = new;
	return 0;
}

void metrics_server_close(struct metrics_server *server)
{
	if (!server)
		return;
	sd_event_source_disable_unref(server->io);
	sd_event_source_disable_unref(server->timer);
	if (server->daemon) {
		server->http->stop_daemon(server->daemon);
		listen_address_leave(&server->where);
	}
	free(server->metrics.text);
	free(server->health.text);
	free(server);
}

const struct listen_address *metrics_server_where(const struct metrics_server *server)
{
	return &server->where;
}
