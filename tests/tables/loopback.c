// SPDX-License-Identifier: GPL-2.0-only
/* tests/tables/loopback.table: who reaches whom. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "tables/scenario.h"

#ifndef VMADDR_CID_LOCAL
#define VMADDR_CID_LOCAL 1
#endif

/* How a side comes by its socket, and in which namespace it then uses it. */
enum origin {
	ORIGIN_NONE,
	ORIGIN_OWN,
	ORIGIN_PASSED,
	ORIGIN_MOVED,
};

static const struct way {
	const char *name;
	enum connect_how how;
	enum origin connector;
	enum origin listener;
	unsigned int cid;
} ways[] = {
	/* clang-format off */
	{ "blocking",        CONNECT_BLOCKING,        ORIGIN_OWN,    ORIGIN_OWN,    VMADDR_CID_LOCAL },
	{ "nonblocking",     CONNECT_NONBLOCKING,     ORIGIN_OWN,    ORIGIN_OWN,    VMADDR_CID_LOCAL },
	{ "io_uring",        CONNECT_IO_URING,        ORIGIN_OWN,    ORIGIN_OWN,    VMADDR_CID_LOCAL },
	{ "io_uring-inline", CONNECT_IO_URING_INLINE, ORIGIN_OWN,    ORIGIN_OWN,    VMADDR_CID_LOCAL },
	{ "second",          CONNECT_TWICE,           ORIGIN_OWN,    ORIGIN_OWN,    VMADDR_CID_LOCAL },
	{ "no-family",       CONNECT_UNSPEC,          ORIGIN_OWN,    ORIGIN_OWN,    VMADDR_CID_LOCAL },
	{ "host-cid",        CONNECT_BLOCKING,        ORIGIN_OWN,    ORIGIN_OWN,    VMADDR_CID_HOST },
	{ "no-listener",     CONNECT_BLOCKING,        ORIGIN_OWN,    ORIGIN_NONE,   VMADDR_CID_LOCAL },
	{ "scm",             CONNECT_BLOCKING,        ORIGIN_PASSED, ORIGIN_OWN,    VMADDR_CID_LOCAL },
	{ "setns",           CONNECT_BLOCKING,        ORIGIN_MOVED,  ORIGIN_OWN,    VMADDR_CID_LOCAL },
	{ "scm-listener",    CONNECT_BLOCKING,        ORIGIN_OWN,    ORIGIN_PASSED, VMADDR_CID_LOCAL },
	{ "setns-listener",  CONNECT_BLOCKING,        ORIGIN_OWN,    ORIGIN_MOVED,  VMADDR_CID_LOCAL },
	/* clang-format on */
};

#define WAYS_MAX (sizeof(ways) / sizeof(ways[0]))

/* Those that the table lists, for "all". */
static const struct way *listed[WAYS_MAX];
static size_t listed_count;

/* Root's tasks that go from namespace to namespace, one for either side. */
static struct worker walkers[2];

/* One attempt: the two sides and what came of it so far. */
struct attempt {
	struct ns *listener_ns, *connector_ns;
	const struct way *way;
	int type;
	unsigned int port;
	struct worker *listener, *connector;
	char result[128];
};

static const struct way *find_way(const char *name)
{
	size_t i;

	for (i = 0; i < WAYS_MAX; i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	return NULL;
}

static void say(struct attempt *this, const char *what, int err)
{
	size_t used = strlen(this->result);

	snprintf(this->result + used, sizeof(this->result) - used, "%s%s", what, errno_word(err));
}

static int pass(struct worker *from, struct worker *to)
{
	int fd = -1, err;

	err = worker_give(from, &fd);
	if (!err)
		err = worker_take(to, fd);
	if (fd >= 0)
		close(fd);
	return err;
}

static int make_passed(struct worker *maker, struct worker *user, int type)
{
	int err = worker_socket(maker, type);

	return err ?: pass(maker, user);
}

static int make_moved(struct worker *walker, const struct ns *made, const struct ns *used, int type)
{
	int err = worker_enter(walker, made->fd);

	if (!err)
		err = worker_socket(walker, type);
	return err ?: worker_enter(walker, used->fd);
}

static int prepare_listener(struct attempt *this)
{
	struct ns *own = this->listener_ns, *other = this->connector_ns;

	switch (this->way->listener) {
	case ORIGIN_NONE:
		return 0;
	case ORIGIN_OWN:
		this->listener = &own->listener;
		return worker_socket(this->listener, this->type);
	case ORIGIN_PASSED:
		this->listener = &other->listener;
		return make_passed(&own->connector, this->listener, this->type);
	case ORIGIN_MOVED:
		this->listener = &walkers[0];
		return make_moved(this->listener, own, other, this->type);
	}
	return EINVAL;
}

static int prepare_connector(struct attempt *this)
{
	struct ns *own = this->connector_ns, *other = this->listener_ns;
	int err;

	switch (this->way->connector) {
	case ORIGIN_NONE:
		return EINVAL;
	case ORIGIN_OWN:
		this->connector = &own->connector;
		return worker_socket(this->connector, this->type);
	case ORIGIN_PASSED:
		this->connector = &other->connector;
		if (own != other)
			return make_passed(&own->connector, this->connector, this->type);
		/* Its one connecting process cannot pass to itself. */
		err = worker_enter(&walkers[1], own->fd);
		return err ?: make_passed(&walkers[1], this->connector, this->type);
	case ORIGIN_MOVED:
		this->connector = &walkers[1];
		return make_moved(this->connector, own, other, this->type);
	}
	return EINVAL;
}

/* "ok" only for a connection that carries a message either way. */
static void talk(struct attempt *this)
{
	const char *comma = *this->result ? "," : "";
	int err;

	if (!this->listener) {
		strcat(this->result, "connected to nobody");
		return;
	}
	err = worker_say(this->connector, this->port);
	if (!err)
		err = worker_reply(this->listener, this->port);
	if (!err)
		err = worker_hear(this->connector, this->port);
	say(this, comma, err);
	if (err)
		strcat(this->result, " in place of a message");
}

static void connect_sides(struct attempt *this)
{
	struct connect_result result;
	int i;

	worker_connect(this->connector, this->way->how, this->way->cid, this->port, &result);
	for (i = 0; i < result.count && result.err[i]; i++)
		say(this, i ? "," : "", result.err[i]);
	if (i < result.count)
		return talk(this);
	if (this->listener && worker_expect_nobody(this->listener))
		strcat(this->result, "+accepted");
}

static void run_attempt(struct attempt *this)
{
	int err = prepare_listener(this);

	if (err)
		return say(this, "socket:", err);
	if (this->listener)
		err = worker_listen(this->listener, this->port);
	if (err)
		return say(this, "listen:", err);
	err = prepare_connector(this);
	if (err)
		return say(this, "socket:", err);
	connect_sides(this);
}

static void run_case(const struct row *row, const char *type, const struct way *way)
{
	static unsigned int port = 20000;
	struct attempt this = {
		.listener_ns = find_ns(row->words[1]),
		.connector_ns = find_ns(row->words[2]),
		.way = way,
		.type = find_type(type),
		.port = port,
	};

	port++;
	if (!this.listener_ns || !this.connector_ns || this.type < 0)
		table_fail(row, "no such namespace or type");
	run_attempt(&this);
	if (this.connector)
		worker_close(this.connector);
	if (this.listener)
		worker_close(this.listener);
	printf("%s->%s %s %s\t%s\n", this.connector_ns->name, this.listener_ns->name, type,
	       way->name, this.result);
}

static void run_type(const struct row *row, const char *type)
{
	char names[256], *rest = names, *name;
	const struct way *way;
	size_t i;

	if (!strcmp(row->words[4], "all")) {
		for (i = 0; i < listed_count; i++)
			run_case(row, type, listed[i]);
		return;
	}
	snprintf(names, sizeof(names), "%s", row->words[4]);
	while ((name = strsep(&rest, ","))) {
		way = find_way(name);
		if (!way)
			table_fail(row, "no way %s", name);
		run_case(row, type, way);
	}
}

static void run_pair(const struct row *row)
{
	char types[64], *rest = types, *type;

	if (row->count != 5)
		table_fail(row, "wanted: pair LISTENER CONNECTOR TYPES WAYS");
	snprintf(types, sizeof(types), "%s", row->words[3]);
	while ((type = strsep(&rest, ",")))
		run_type(row, type);
}

static void list_way(const struct row *row)
{
	const struct way *way = row->count == 2 ? find_way(row->words[1]) : NULL;

	if (!way || listed_count == WAYS_MAX)
		table_fail(row, "there is no such way");
	listed[listed_count++] = way;
}

void run_loopback(const char *table)
{
	double start = seconds();
	struct row row;

	if (worker_start(&walkers[0]) || worker_start(&walkers[1])) {
		perror("scenario: fork");
		exit(1);
	}
	for (table_open(&row, table); table_next(&row);) {
		if (table_namespaces(&row))
			continue;
		if (!strcmp(row.words[0], "way"))
			list_way(&row);
		else if (!strcmp(row.words[0], "pair"))
			run_pair(&row);
		else
			table_fail(&row, "what is %s?", row.words[0]);
	}
	worker_stop(&walkers[0]);
	worker_stop(&walkers[1]);
	fprintf(stderr, "scenario: %s in %.1f s\n", table, seconds() - start);
}
