// SPDX-License-Identifier: GPL-2.0-only
/* tests/tables/guests.table: who reaches whose guest, and whom a guest reaches. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tables/scenario.h"
#include "lib/vm.h"

enum direction {
	TO_GUEST,
	TO_HOST,
};

/* How the host's side comes by its socket: as in loopback.c. */
enum origin {
	OWN,
	PASSED,
	MOVED,
	NONE, /* nobody listens */
};

/* What there is behind the CID. */
enum machine {
	RUNNING,
	NO_MACHINE,
	NOT_RUNNING,
	/* The device was opened in the guest's namespace and is used in the host's process's. */
	HANDED_OVER,
	/* Its requests claim to be another's. */
	LYING,
};

static const struct way {
	const char *name;
	enum direction direction;
	enum machine machine;
	enum origin origin;
	enum connect_how how;
} ways[] = {
	/* clang-format off */
	{ "blocking",        TO_GUEST, RUNNING,     OWN,    CONNECT_BLOCKING },
	{ "nonblocking",     TO_GUEST, RUNNING,     OWN,    CONNECT_NONBLOCKING },
	{ "io_uring",        TO_GUEST, RUNNING,     OWN,    CONNECT_IO_URING },
	{ "second",          TO_GUEST, RUNNING,     OWN,    CONNECT_TWICE },
	{ "no-family",       TO_GUEST, RUNNING,     OWN,    CONNECT_UNSPEC },
	{ "no-listener",     TO_GUEST, RUNNING,     NONE,   CONNECT_BLOCKING },
	{ "scm",             TO_GUEST, RUNNING,     PASSED, CONNECT_BLOCKING },
	{ "setns",           TO_GUEST, RUNNING,     MOVED,  CONNECT_BLOCKING },
	{ "device-passed",   TO_GUEST, HANDED_OVER, OWN,    CONNECT_BLOCKING },
	{ "not-running",     TO_GUEST, NOT_RUNNING, OWN,    CONNECT_BLOCKING },
	{ "no-guest",        TO_GUEST, NO_MACHINE,  OWN,    CONNECT_BLOCKING },

	{ "guest",           TO_HOST,  RUNNING,     OWN,    CONNECT_BLOCKING },
	{ "guest-to-nobody", TO_HOST,  RUNNING,     NONE,   CONNECT_BLOCKING },
	{ "guest-to-scm",    TO_HOST,  RUNNING,     PASSED, CONNECT_BLOCKING },
	{ "guest-to-setns",  TO_HOST,  RUNNING,     MOVED,  CONNECT_BLOCKING },
	{ "guest-passed",    TO_HOST,  HANDED_OVER, OWN,    CONNECT_BLOCKING },
	{ "guest-lies",      TO_HOST,  LYING,       OWN,    CONNECT_BLOCKING },
	/* clang-format on */
};

#define WAYS_MAX (sizeof(ways) / sizeof(ways[0]))

/* The set that the table puts each of them in. */
static char sets[WAYS_MAX][16];

/* A hypervisor, and one that devices are handed to or that claims a CID again. */
static struct vm machines[2];
static struct worker walker;
static unsigned int next_port = 20000;
/* Never one twice: natively each local namespace has its own, here they are one table. */
static unsigned int next_cid = 10000;

/* One attempt: the two sides and what came of it so far. */
struct attempt {
	struct ns *guest_ns, *host_ns;
	const struct way *way;
	int type;
	unsigned int port, cid;
	struct vm *vm;
	struct worker *host;
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

static int hand_over(struct vm *from, struct vm *to)
{
	int fd = -1, err;

	err = vm_give(from, &fd);
	err = err ?: vm_take(to, fd);
	if (fd >= 0)
		close(fd);
	return err;
}

static int start_machine(struct attempt *this)
{
	int err;

	if (this->way->machine == NO_MACHINE)
		return 0;
	this->vm = &machines[0];
	err = vm_enter(this->vm, this->guest_ns->fd);
	err = err ?: vm_open(this->vm);
	if (!err && this->way->machine == HANDED_OVER) {
		this->vm = &machines[1];
		err = vm_enter(this->vm, this->host_ns->fd);
		err = err ?: hand_over(&machines[0], this->vm);
	}
	err = err ?: vm_set_up(this->vm, this->cid);
	if (!err && this->way->machine != NOT_RUNNING)
		err = vm_run(this->vm);
	if (!err && this->way->direction == TO_GUEST && this->way->origin != NONE)
		err = vm_listen(this->vm, this->port);
	return err;
}

/* The socket is the namespace's own, whoever uses it and wherever. */
static int make_socket(struct attempt *this)
{
	struct ns *own = this->host_ns, *other = this->guest_ns;
	int fd = -1, err;

	switch (this->way->origin) {
	case NONE:
	case OWN:
		this->host = this->way->direction == TO_HOST ? &own->listener : &own->connector;
		return worker_socket(this->host, this->type);
	case PASSED:
		this->host = &other->connector;
		err = worker_socket(&own->listener, this->type);
		err = err ?: worker_give(&own->listener, &fd);
		err = err ?: worker_take(this->host, fd);
		if (fd >= 0)
			close(fd);
		return err;
	case MOVED:
		this->host = &walker;
		err = worker_enter(&walker, own->fd);
		err = err ?: worker_socket(&walker, this->type);
		return err ?: worker_enter(&walker, other->fd);
	}
	return EINVAL;
}

/* "ok" only for a connection that carries a message either way. */
static void talk(struct attempt *this, int err)
{
	say(this, *this->result ? "," : "", err);
	if (err)
		strcat(this->result, " in place of a message");
}

static void talk_to_guest(struct attempt *this)
{
	int err;

	err = worker_say(this->host, this->port);
	err = err ?: vm_reply(this->vm, this->port, this->port);
	talk(this, err ?: worker_hear(this->host, this->port));
}

static void talk_to_host(struct attempt *this)
{
	int err;

	err = vm_say(this->vm, this->port);
	err = err ?: worker_reply(this->host, this->port);
	talk(this, err ?: vm_hear(this->vm, this->port));
}

static void connect_to_guest(struct attempt *this)
{
	struct connect_result result;
	unsigned int requests = 0;
	int i;

	worker_connect(this->host, this->way->how, this->cid, this->port, &result);
	for (i = 0; i < result.count && result.err[i]; i++)
		say(this, i ? "," : "", result.err[i]);
	if (i < result.count)
		return talk_to_guest(this);
	if (this->vm)
		vm_count_requests(this->vm, this->port, &requests);
	if (requests)
		strcat(this->result, "+requested");
}

static void connect_to_host(struct attempt *this)
{
	int err = 0;

	if (this->way->origin != NONE)
		err = worker_listen(this->host, this->port);
	if (err)
		return say(this, "listen:", err);
	if (this->way->machine == LYING)
		err = vm_connect_as(this->vm, this->cid + 1, this->port, next_port++);
	else
		err = vm_connect(this->vm, this->type, this->port);
	if (!err)
		return talk_to_host(this);
	say(this, "", err);
	if (this->way->origin != NONE && worker_expect_nobody(this->host))
		strcat(this->result, "+accepted");
}

static void run_attempt(struct attempt *this)
{
	int err = start_machine(this);

	if (err)
		return say(this, "guest:", err);
	err = make_socket(this);
	if (err)
		return say(this, "socket:", err);
	if (this->way->direction == TO_GUEST)
		connect_to_guest(this);
	else
		connect_to_host(this);
}

static void clean_up(struct attempt *this)
{
	if (this->host)
		worker_close(this->host);
	vm_close(&machines[0]);
	vm_close(&machines[1]);
}

static void print_case(const struct attempt *this, const char *type)
{
	if (this->way->direction == TO_GUEST)
		printf("%s=>guest.%s", this->host_ns->name, this->guest_ns->name);
	else
		printf("guest.%s=>%s", this->guest_ns->name, this->host_ns->name);
	printf(" %s %s\t%s\n", type, this->way->name, this->result);
}

static void find_sides(struct attempt *this, const struct row *row)
{
	this->guest_ns = find_ns(row->words[1]);
	this->host_ns = find_ns(row->words[2]);
	if (!this->guest_ns || !this->host_ns)
		table_fail(row, "no such namespace");
}

static void run_case(const struct row *row, const char *type, const struct way *way)
{
	struct attempt this = {
		.way = way,
		.type = find_type(type),
		.port = next_port++,
		.cid = next_cid,
	};

	next_cid += 2;
	find_sides(&this, row);
	if (this.type < 0)
		table_fail(row, "no such type");
	run_attempt(&this);
	clean_up(&this);
	print_case(&this, type);
}

/* A set's name, or a way's. */
static void run_named(const struct row *row, const char *type, const char *name)
{
	bool any = false;
	size_t i;

	for (i = 0; i < WAYS_MAX; i++) {
		if (strcmp(sets[i], name) && strcmp(ways[i].name, name))
			continue;
		run_case(row, type, &ways[i]);
		any = true;
	}
	if (!any)
		table_fail(row, "no way %s", name);
}

static void run_ways(const struct row *row, const char *type, const char *words)
{
	char names[256], *rest = names, *name;

	snprintf(names, sizeof(names), "%s", words);
	while ((name = strsep(&rest, ",")))
		run_named(row, type, name);
}

static void run_pair(const struct row *row)
{
	if (row->count != 5)
		table_fail(row, "wanted: pair GUEST HOST STREAM-WAYS SEQPACKET-WAYS");
	run_ways(row, "stream", row->words[3]);
	run_ways(row, "seqpacket", row->words[4]);
}

/* The CID of a guest in one namespace, claimed once more in another. */
static void run_reuse(const struct row *row)
{
	struct attempt this = { .cid = next_cid++ };
	int err;

	if (row->count != 3)
		table_fail(row, "wanted: reuse FIRST SECOND");
	find_sides(&this, row);
	err = vm_enter(&machines[0], this.guest_ns->fd);
	err = err ?: vm_up(&machines[0], this.cid);
	err = err ?: vm_enter(&machines[1], this.host_ns->fd);
	if (err)
		table_fail(row, "cannot start the first guest: %s", errno_word(err));
	err = vm_up(&machines[1], this.cid);
	clean_up(&this);
	printf("reuse of a CID of guest.%s by guest.%s\t%s\n", this.guest_ns->name,
	       this.host_ns->name, errno_word(err));
}

static void put_way(const struct row *row)
{
	const struct way *way = row->count == 3 ? find_way(row->words[1]) : NULL;

	if (!way)
		table_fail(row, "wanted: way NAME SET");
	snprintf(sets[way - ways], sizeof(sets[0]), "%s", row->words[2]);
}

static void start_processes(void)
{
	if (vm_start(&machines[0]) || vm_start(&machines[1]) || worker_start(&walker)) {
		perror("scenario: fork");
		exit(1);
	}
}

void run_guests(const char *table)
{
	double start = seconds();
	struct row row;

	start_processes();
	for (table_open(&row, table); table_next(&row);) {
		if (table_namespaces(&row))
			continue;
		if (!strcmp(row.words[0], "way"))
			put_way(&row);
		else if (!strcmp(row.words[0], "pair"))
			run_pair(&row);
		else if (!strcmp(row.words[0], "reuse"))
			run_reuse(&row);
		else
			table_fail(&row, "what is %s?", row.words[0]);
	}
	vm_stop(&machines[0]);
	vm_stop(&machines[1]);
	worker_stop(&walker);
	fprintf(stderr, "scenario: %s in %.1f s\n", table, seconds() - start);
}
