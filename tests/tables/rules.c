// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs tests/tables/rules.table, which says what its words mean. One process makes the sockets
 * of all namespaces and uses them; guests have processes of their own.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "lib/command.h"
#include "lib/ns.h"
#include "lib/tap.h"
#include "vsock-bpfd.h"
#include "kernel/netns.h"
#include "layer/quiesce.h"
#include "lib/vm.h"

#define BPFD	   "build/vsock-bpfd"
#define PINS	   "/sys/fs/bpf/vsock-bpfd"
#define DIR	   "/tmp/policy.d"
#define PLACES_MAX 8
#define WORDS_MAX  16
#define AUTO	   "auto"

/* A namespace of the case at hand; the first is the initial one, and stays. */
struct place {
	struct ns ns;
	struct vm vm;
	unsigned int cid; /* of its guest, 0: none */
	int listener;	  /* kept, or -1 */
	unsigned int port;
};

static struct place places[PLACES_MAX];
static size_t count;
static struct ns nursery;
static bool native;

static const char *table;
static unsigned int line_number;
static char title[256];
static FILE *policy;

/*
 * The policies of the case before are in force until the first of this one are, or something is
 * tried: each switch costs half a second. Nothing that the case makes meanwhile has one of them,
 * unless what it is made in does.
 */
static bool stale, of_parents;

/* What was told since the last try. */
static struct ring_buffer *ring;
static char told[256];

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void wrong(const char *format, ...)
{
	char text[256];
	va_list words;

	va_start(words, format);
	vsnprintf(text, sizeof(text), format, words);
	va_end(words);
	tap_bail("%s:%u: %s", table, line_number, text);
}

/* --- What is told --- */

static const char *const kinds[] = { "refused", "audited", "sealed", "made" };
static const char *const reasons[] = { "permitted", "mode",    "rule", "bind",
				       "guest",	    "unknown", "port", "held" };
static const char *const verbs[] = { "connect", "accept", "bind", "guest" };

static int on_event(void *arg, void *data, size_t size)
{
	const struct event *event = data;
	size_t used = strlen(told);

	(void)arg;
	(void)size;
	if (event->kind != EVENT_NEW_NETNS)
		snprintf(told + used, sizeof(told) - used, ", %s %s %s", kinds[event->kind],
			 reasons[event->reason], verbs[event->verb]);
	return 0;
}

/* The map comes with the layer, which on 7.x comes with the first policies. */
static void listen_for_events(void)
{
	int map = bpf_obj_get(PINS "/events");

	if (ring || map < 0)
		return;
	ring = ring_buffer__new(map, on_event, NULL, NULL);
	if (!ring)
		tap_bail("events: %s", strerror(errno));
}

static void hear(void)
{
	if (ring)
		ring_buffer__consume(ring);
}

static int word_at(const char *const *words, size_t size, const char *word)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (!strcmp(words[i], word))
			return i;
	wrong("%s?", word);
}

static __u64 counted(const struct place *place, const char *kind, const char *reason)
{
	int i = word_at(reasons, REASONS, reason), map = bpf_obj_get(PINS "/counters");
	struct counters counters = {};
	struct netns ns;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", place->ns.listener.pid);
	if (map < 0 || netns_try(&ns, path))
		tap_bail("counters of %s: %s", place->ns.name, strerror(errno));
	bpf_map_lookup_elem(map, &ns.id, &counters);
	netns_close(&ns);
	close(map);
	return strcmp(kind, "audited") ? counters.refused[i] : counters.audited[i];
}

/* --- Namespaces --- */

static struct place *find(const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(places[i].ns.name, name))
			return &places[i];
	wrong("there is no namespace %s", name);
}

static void make(const char *name, const struct ns *parent, enum ns_maker maker)
{
	struct place *place = &places[count];
	int err;

	if (count == PLACES_MAX)
		wrong("too many namespaces");
	err = ns_make(&place->ns, name, parent, maker);
	if (err)
		wrong("namespace %s: %s", name, strerror(err));
	place->listener = -1;
	count++;
}

static void clean_place(struct place *place)
{
	if (place->listener >= 0)
		close(place->listener);
	place->listener = -1;
	vm_stop(&place->vm);
	place->cid = 0;
}

static void clean_up(void)
{
	clean_place(&places[0]);
	while (count > 1) {
		clean_place(&places[--count]);
		ns_remove(&places[count].ns);
	}
}

static void enter(const struct ns *ns)
{
	if (setns(ns->fd, CLONE_NEWNET))
		tap_bail("setns: %s", strerror(errno));
}

static int socket_in(const struct place *place, int type)
{
	int fd;

	enter(&place->ns);
	fd = socket(AF_VSOCK, type | SOCK_CLOEXEC, 0);
	enter(&places[0].ns);
	if (fd < 0)
		tap_bail("socket: %s", strerror(errno));
	return fd;
}

static struct sockaddr_vm address(unsigned int cid, unsigned int port)
{
	return (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
}

static int bind_to(int fd, unsigned int port)
{
	struct sockaddr_vm any = address(VMADDR_CID_ANY, port);

	return bind(fd, (struct sockaddr *)&any, sizeof(any)) ? errno : 0;
}

static int dial(int fd, unsigned int cid, unsigned int port)
{
	struct sockaddr_vm to = address(cid, port);

	return connect(fd, (struct sockaddr *)&to, sizeof(to)) ? errno : 0;
}

/* --- Tries --- */

static const char *word_of(int err)
{
	return err ? strerrorname_np(err) ?: "?" : "ok";
}

/* Words of eight letters, either way. */
static int say(int fd, const char *word)
{
	return send(fd, word, strlen(word), MSG_NOSIGNAL) < 0 ? errno : 0;
}

static int hear_word(int fd, const char *word)
{
	struct timeval limit = { .tv_sec = 3 };
	char text[32] = "";

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (recv(fd, text, sizeof(text) - 1, 0) < 0)
		return errno;
	return strcmp(text, word) ? EBADMSG : 0;
}

static int accept_one(int listener)
{
	struct timeval limit = { .tv_sec = 3 };

	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

/* Nobody who was refused may be there to be accepted. */
static const char *refused(int listener, int err)
{
	fcntl(listener, F_SETFL, O_NONBLOCK);
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0 ? word_of(err) : "accepted";
}

static int listener_of(const struct place *place, int type, unsigned int port)
{
	int fd, err;

	if (place->listener >= 0 && place->port == port)
		return fcntl(place->listener, F_DUPFD_CLOEXEC, 0);
	fd = socket_in(place, type);
	err = bind_to(fd, port);
	if (err || listen(fd, 8))
		wrong("%s listens on port %u: %s", place->ns.name, port, strerror(errno));
	return fd;
}

/*
 * A port is no other namespace's before the last connection there has been taken down. Where the
 * kernel does not wait for that here, do_try() does.
 */
static void close_wholly(int fd)
{
	struct linger wait = { .l_onoff = 1, .l_linger = 10 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &wait, sizeof(wait));
	close(fd);
}

/* An errno's name. */
static const char *loopback(const struct place *from, const struct place *to, int type,
			    unsigned int port)
{
	int listener = listener_of(to, type, port), fd = socket_in(from, type), child = -1;
	int err = dial(fd, VMADDR_CID_LOCAL, port);
	const char *result;

	if (err) {
		result = refused(listener, err);
	} else {
		child = accept_one(listener);
		err = say(fd, "question") ?: hear_word(child, "question");
		err = err ?: say(child, "answer") ?: hear_word(fd, "answer");
		result = err ? "carries nothing" : "ok";
	}
	close_wholly(child);
	close(fd);
	close(listener);
	return result;
}

static const char *to_guest(const struct place *from, struct place *to, int type, unsigned int port)
{
	unsigned int before = 0, after = 0;
	int fd, err = to->cid ? vm_listen(&to->vm, port) : ENODEV;

	if (err && err != EADDRINUSE)
		wrong("no guest that listens in %s", to->ns.name);
	vm_count_requests(&to->vm, port, &before);
	fd = socket_in(from, type);
	err = dial(fd, to->cid, port);
	if (!err) {
		err = say(fd, "hello 7") ?: vm_reply(&to->vm, port, 7);
		err = (err ?: hear_word(fd, "welcome 7")) ? EPROTO : 0;
	} else {
		vm_count_requests(&to->vm, port, &after);
	}
	close(fd);
	if (after > before)
		return "requested";
	return err == EPROTO ? "carries nothing" : word_of(err);
}

static const char *from_guest(struct place *from, const struct place *to, int type,
			      unsigned int port)
{
	int listener = listener_of(to, type, port), child = -1, err;
	const char *result;

	if (!from->cid)
		wrong("no guest in %s", from->ns.name);
	err = vm_connect(&from->vm, type, port);
	if (err) {
		result = refused(listener, err);
		result = strcmp(result, "ECONNRESET") ? result : "reset";
	} else {
		child = accept_one(listener);
		err = vm_say(&from->vm, 7) ?: hear_word(child, "hello 7");
		err = err ?: say(child, "welcome 7") ?: vm_hear(&from->vm, 7);
		result = err ? "carries nothing" : "ok";
	}
	close(child);
	close(listener);
	return result;
}

/* What is told counts where the row says "ok", or what was told. */
static bool as_wanted(const char *result, const char *wanted)
{
	size_t length = strlen(result);

	if (strncmp(wanted, result, length))
		return false;
	if (!wanted[length] && strcmp(wanted, "ok"))
		return true;
	return !strcmp(wanted + length, told);
}

static void check(const char *what, const char *result, char *wanted)
{
	char *native_wanted = strstr(wanted, " | 7: ");

	hear();
	if (native_wanted)
		*native_wanted = '\0';
	if (native_wanted && native)
		wanted = native_wanted + strlen(" | 7: ");
	if (!tap_ok(as_wanted(result, wanted), "%s: %s: %s", title, what, wanted))
		tap_diag("line %u: %s%s", line_number, result, told);
	*told = '\0';
}

/* --- Words of the table --- */

static unsigned int port_of(const struct place *place, const char *text)
{
	char *end;
	unsigned long port;

	if (!strcmp(text, AUTO))
		return place->port;
	port = strtoul(text, &end, 10);
	if (*end || port > 0xfffffffeUL)
		wrong("port %s?", text);
	return port;
}

static bool is_guest(const char **name)
{
	bool guest = !strncmp(*name, "g:", 2);

	*name += guest ? 2 : 0;
	return guest;
}

/* FROM -> TO PORT */
static void do_try(char **words, size_t size, int type, const char *what, char *wanted)
{
	const char *from = words[0], *to = size == 4 ? words[2] : "", *result;
	bool from_is_guest, to_is_guest;
	unsigned int port;

	if (size != 4 || strcmp(words[1], "->"))
		wrong("wanted: try FROM -> TO PORT: RESULT");
	from_is_guest = is_guest(&from);
	to_is_guest = is_guest(&to);
	port = port_of(find(to), words[3]);
	quiesce_loopback();
	if (to_is_guest)
		result = to_guest(find(from), find(to), type, port);
	else if (from_is_guest)
		result = from_guest(find(from), find(to), type, port);
	else
		result = loopback(find(from), find(to), type, port);
	check(what, result, wanted);
}

static void word_try(char **words, size_t size, const char *what, char *wanted)
{
	do_try(words, size, SOCK_STREAM, what, wanted);
}

static void word_seqpacket(char **words, size_t size, const char *what, char *wanted)
{
	/* 5.14 on. */
	int fd = socket(AF_VSOCK, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return tap_diag("%s: this kernel has no such sockets", what);
	close(fd);
	do_try(words, size, SOCK_SEQPACKET, what, wanted);
}

static void word_bind(char **words, size_t size, const char *what, char *wanted)
{
	const struct place *place = find(words[0]);
	int fd = socket_in(place, SOCK_STREAM);

	if (size != 2)
		wrong("wanted: bind NAMESPACE PORT: RESULT");
	check(what, word_of(bind_to(fd, port_of(place, words[1]))), wanted);
	close(fd);
}

static void word_counts(char **words, size_t size, const char *what, char *wanted)
{
	char number[32];

	if (size != 3)
		wrong("wanted: counts NAMESPACE audited|refused REASON: NUMBER");
	snprintf(number, sizeof(number), "%llu", counted(find(words[0]), words[1], words[2]));
	check(what, number, wanted);
}

static void word_namespaces(char **words, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		make(words[i], &places[0].ns, NS_BY_ROOT);
}

static void word_local(char **words, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		make(words[i], &nursery, NS_BY_ROOT);
}

static void make_child(char **words, size_t size, enum ns_maker maker)
{
	if (size != 3 || strcmp(words[1], "in"))
		wrong("wanted: NAME in PARENT");
	make(words[0], &find(words[2])->ns, maker);
}

static void word_nobody(char **words, size_t size)
{
	make_child(words, size, NS_BY_NOBODY);
}

static void word_root(char **words, size_t size)
{
	make_child(words, size, NS_BY_ROOT);
}

static void word_guest(char **words, size_t size)
{
	struct place *place = find(words[0]);
	int err;

	if (size != 2)
		wrong("wanted: guest NAMESPACE CID");
	vm_stop(&place->vm);
	place->cid = atoi(words[1]);
	err = vm_start(&place->vm);
	err = err ?: vm_enter(&place->vm, place->ns.fd);
	err = err ?: vm_up(&place->vm, place->cid);
	if (err)
		wrong("guest %u: %s", place->cid, strerror(err));
}

static void word_cid(char **words, size_t size)
{
	struct place *place = find(words[0]);
	int err;

	if (size != 2 || !place->cid)
		wrong("wanted: cid NAMESPACE CID, where there is a guest");
	place->cid = atoi(words[1]);
	err = vm_set_cid(&place->vm, place->cid);
	if (err)
		wrong("guest %u: %s", place->cid, strerror(err));
}

static void need_fresh(void);

static void word_keep(char **words, size_t size)
{
	struct place *place = find(words[0]);

	if (size != 2)
		wrong("wanted: keep NAMESPACE PORT");
	need_fresh();
	place->port = port_of(place, words[1]);
	place->listener = listener_of(place, SOCK_STREAM, place->port);
}

/* A connect that fails leaves the socket with a port, and free to listen. */
static void word_autobind(char **words, size_t size)
{
	struct place *place = find(words[0]);
	struct sockaddr_vm own = {};
	socklen_t length = sizeof(own);
	int fd = socket_in(place, SOCK_STREAM), silent = socket_in(place, SOCK_STREAM);

	need_fresh();
	/* One that does not listen: a call to nobody would not be made on every kernel. */
	if (size != 1 || bind_to(silent, VMADDR_PORT_ANY) ||
	    getsockname(silent, (struct sockaddr *)&own, &length) ||
	    dial(fd, VMADDR_CID_LOCAL, own.svm_port) != ECONNRESET || listen(fd, 8) ||
	    getsockname(fd, (struct sockaddr *)&own, &length))
		wrong("a listener without bind: %s", strerror(errno));
	close(silent);
	place->listener = fd;
	place->port = own.svm_port;
	hear();
	*told = '\0';
}

static void word_policy(char **words, size_t size)
{
	char path[256];

	if (size != 1)
		wrong("wanted: policy FILE");
	snprintf(path, sizeof(path), DIR "/%s", words[0]);
	unlink(path);
	policy = fopen(path, "we");
	if (!policy)
		wrong("%s: %s", path, strerror(errno));
}

/* An empty file is no policy, and stands for one that goes. */
static void end_policy(void)
{
	if (!policy)
		return;
	fclose(policy);
	policy = NULL;
	must("find " DIR " -type f -empty -delete");
}

static void word_apply(char **words, size_t size)
{
	static struct said said;

	(void)words;
	if (size)
		wrong("wanted: apply");
	command(&said, BPFD " --once --policy-dir " DIR);
	if (said.status) {
		tap_said(&said);
		wrong("these policies are refused");
	}
	stale = false;
	listen_for_events();
	hear();
	*told = '\0';
}

static void need_fresh(void)
{
	if (stale)
		word_apply(NULL, 0);
}

static void begin_case(const char *text)
{
	clean_up();
	snprintf(title, sizeof(title), "%s", text);
	must("rm -rf " DIR " && mkdir " DIR);
	stale = true;
	if (of_parents)
		need_fresh();
	of_parents = false;
}

/* Of the initial namespace, or of all. */
static bool is_of_parents(const char *match)
{
	return strstr(match, "(init)") || strchr(match, '*');
}

static void write_line(const char *line)
{
	fprintf(policy, "%s\n", line);
	of_parents |= is_of_parents(line);
}

static const struct {
	const char *word;
	void (*run)(char **words, size_t size);
} doings[] = {
	{ "namespaces", word_namespaces },
	{ "local", word_local },
	{ "nobody", word_nobody },
	{ "root", word_root },
	{ "guest", word_guest },
	{ "cid", word_cid },
	{ "keep", word_keep },
	{ "autobind", word_autobind },
	{ "policy", word_policy },
	{ "apply", word_apply },
};

static const struct {
	const char *word;
	void (*run)(char **words, size_t size, const char *what, char *wanted);
} tries[] = {
	{ "try", word_try },
	{ "seqpacket", word_seqpacket },
	{ "bind", word_bind },
	{ "counts", word_counts },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static size_t cut(char *line, char **words)
{
	size_t size = 0;
	char *word;

	while ((word = strsep(&line, " ")))
		if (*word && size < WORDS_MAX)
			words[size++] = word;
	return size;
}

static bool do_word(const char *line)
{
	char copy[256], *words[WORDS_MAX + 1] = {};
	size_t size, i;

	snprintf(copy, sizeof(copy), "%s", line);
	size = cut(copy, words);
	if (!size)
		wrong("what is this?");
	for (i = 0; i < COUNT(doings); i++) {
		if (strcmp(doings[i].word, words[0]))
			continue;
		doings[i].run(words + 1, size - 1);
		return true;
	}
	return false;
}

static void do_line(const char *line)
{
	char copy[256], *words[WORDS_MAX + 1] = {}, *wanted;
	char what[256];
	size_t size, i;

	end_policy();
	if (!strncmp(line, "case ", 5))
		return begin_case(line + 5);
	if (do_word(line))
		return;
	snprintf(copy, sizeof(copy), "%s", line);
	wanted = strstr(copy, ": ");
	if (!wanted)
		wrong("what is this?");
	*wanted = '\0';
	wanted += 2;
	snprintf(what, sizeof(what), "%s", copy);
	size = cut(copy, words);
	need_fresh();
	for (i = 0; size && i < COUNT(tries); i++)
		if (!strcmp(tries[i].word, words[0]))
			return tries[i].run(words + 1, size - 1, what, wanted);
	wrong("what is this?");
}

static void run_table(const char *only)
{
	FILE *file = fopen(table, "re");
	bool wanted = false;
	char line[256];

	if (!file)
		tap_bail("%s: %s", table, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		line_number++;
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "case ", 5))
			wanted = !only || strstr(line, only);
		if (!wanted || !*line || *line == '#')
			continue;
		if (*line != '\t')
			do_line(line);
		else if (policy)
			write_line(line + 1);
		else
			wrong("text of no policy");
	}
	fclose(file);
}

static void start(void)
{
	int err;

	native = !access("/proc/sys/net/vsock/ns_mode", F_OK);
	must("modprobe vhost_vsock && chmod 666 /dev/vhost-vsock");
	/* The first prepares the folder, and what is mounted there before stays below. */
	must("ip netns add first && ip netns del first");
	count = 1;
	places[0].listener = -1;
	err = ns_init(&places[0].ns);
	if (!err)
		err = ns_make(&nursery, "nursery", &places[0].ns, NS_BY_ROOT);
	if (err)
		tap_bail("namespaces: %s", strerror(err));
	must("build/vsockctl -n nursery set child_ns_mode local");
}

/* TABLE, and if not all of it, a part of the title of a case. */
int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		tap_bail("usage: rules TABLE [CASE]");
	table = argv[1];
	start();
	run_table(argc > 2 ? argv[2] : NULL);
	clean_up();
	ns_remove(&nursery);
	return tap_end();
}
