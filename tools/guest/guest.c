// SPDX-License-Identifier: GPL-2.0-only
/* A guest without a machine: one mode a run, or many commands in a row (serve.c). */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX 0xffffffffULL

static void print_error(int error, const char *format, va_list args)
{
	fprintf(stderr, "guest: ");
	vfprintf(stderr, format, args);
	if (error)
		fprintf(stderr, ": %s", strerror(error < 0 ? -error : error));
	fputc('\n', stderr);
}

int fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(error, format, args);
	va_end(args);
	return EXIT_FAILURE;
}

int wrong_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(0, format, args);
	va_end(args);
	fputs("Try 'guest --help'.\n", stderr);
	return USAGE;
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static void print_help(void)
{
	puts("Usage: guest --cid N [OPTION...] MODE\n"
	     "\n"
	     "Drives /dev/vhost-vsock and plays the guest's side of virtio-vsock itself: a guest\n"
	     "without a virtual machine.\n"
	     "\n"
	     "Modes:\n"
	     "  listen PORT    prints READY, then one line an event: accepted, closed, reset\n"
	     "      --echo         send back what comes (as without an option)\n"
	     "      --hold         accept and say nothing\n"
	     "      --reset        refuse\n"
	     "      --silent       never answer\n"
	     "      --count N      end after N connections\n"
	     "  connect PORT   from the guest to the host; prints ok or an errno's name\n"
	     "      --message TEXT send this\n"
	     "      --expect TEXT  and want this back\n"
	     "  raw            injects one packet, prints the next that comes within --wait\n"
	     "  reset          the same with --op rst\n"
	     "      --src-cid N --src-port N --dst-cid N --dst-port N --len N --flags N\n"
	     "      --buf-alloc N --fwd-cnt N --type stream|seqpacket|N\n"
	     "      --op request|response|rst|shutdown|rw|credit-update|credit-request|N\n"
	     "      --message TEXT data behind the header\n"
	     "      --wait SECONDS (1)\n"
	     "  serve          commands from stdin, one line each; without --cid it opens nothing\n"
	     "\n"
	     "Options:\n"
	     "      --device PATH     instead of " VHOST_DEVICE "\n"
	     "      --fd N            a device that is open already\n"
	     "      --netns NAME      enter this namespace first (a name or a path)\n"
	     "      --seqpacket       connect with SOCK_SEQPACKET (6.1 and later)\n"
	     "      --timeout SECONDS for connecting and each transfer (10)\n"
	     "  -h, --help\n"
	     "\n"
	     "Commands of serve:");
	print_serve_help();
	puts("\nExit status: 0, 1 for a failure, 2 for wrong usage.");
}

/* Options whose values need no look at them, or a look that other options need, too. */
enum {
	OPTION_CID = 256,
	OPTION_DEVICE,
	OPTION_FD,
	OPTION_NETNS,
	OPTION_TIMEOUT,
	OPTION_WAIT,
	OPTION_SEQPACKET,
	OPTION_ANSWER,
	OPTION_COUNT,
	OPTION_MESSAGE,
	OPTION_EXPECT,
	OPTION_FIELD,
};

static const struct option known[] = {
	{ "cid", required_argument, NULL, OPTION_CID },
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "fd", required_argument, NULL, OPTION_FD },
	{ "netns", required_argument, NULL, OPTION_NETNS },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "wait", required_argument, NULL, OPTION_WAIT },
	{ "seqpacket", no_argument, NULL, OPTION_SEQPACKET },
	{ "echo", no_argument, NULL, OPTION_ANSWER },
	{ "hold", no_argument, NULL, OPTION_ANSWER },
	{ "reset", no_argument, NULL, OPTION_ANSWER },
	{ "silent", no_argument, NULL, OPTION_ANSWER },
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "message", required_argument, NULL, OPTION_MESSAGE },
	{ "expect", required_argument, NULL, OPTION_EXPECT },
	{ "src-cid", required_argument, NULL, OPTION_FIELD },
	{ "dst-cid", required_argument, NULL, OPTION_FIELD },
	{ "src-port", required_argument, NULL, OPTION_FIELD },
	{ "dst-port", required_argument, NULL, OPTION_FIELD },
	{ "len", required_argument, NULL, OPTION_FIELD },
	{ "type", required_argument, NULL, OPTION_FIELD },
	{ "op", required_argument, NULL, OPTION_FIELD },
	{ "flags", required_argument, NULL, OPTION_FIELD },
	{ "buf-alloc", required_argument, NULL, OPTION_FIELD },
	{ "fwd-cnt", required_argument, NULL, OPTION_FIELD },
	{ "help", no_argument, NULL, 'h' },
	{},
};

static int take_field(struct options *options, const char *name)
{
	options->has_len |= !strcmp(name, "len");
	options->has_src_cid |= !strcmp(name, "src-cid");
	return guest_set_field(&options->hdr, name, optarg);
}

static int take_fd(struct options *options)
{
	uint64_t number;
	int ret = guest_number(optarg, INT32_MAX, &number);

	options->fd = number;
	return ret;
}

static int take_option(struct options *options, int option, const char *name)
{
	switch (option) {
	case OPTION_CID:
		options->has_cid = true;
		return guest_number(optarg, UINT64_MAX, &options->cid);
	case OPTION_DEVICE:
		options->device = optarg;
		return 0;
	case OPTION_FD:
		return take_fd(options);
	case OPTION_NETNS:
		options->netns = optarg;
		return 0;
	case OPTION_TIMEOUT:
		return guest_seconds(optarg, &options->timeout);
	case OPTION_WAIT:
		return guest_seconds(optarg, &options->wait);
	case OPTION_SEQPACKET:
		options->seqpacket = true;
		options->hdr.type = VIRTIO_VSOCK_TYPE_SEQPACKET;
		return 0;
	case OPTION_ANSWER:
		return guest_answer_of(name, &options->answer);
	case OPTION_COUNT:
		return guest_number(optarg, UINT64_MAX, &options->count);
	case OPTION_MESSAGE:
		options->message = optarg;
		return 0;
	case OPTION_EXPECT:
		options->expect = optarg;
		return 0;
	}
	return take_field(options, name);
}

static int parse_options(struct options *options, int argc, char **argv)
{
	int option, which = 0;

	while ((option = getopt_long(argc, argv, "h", known, &which)) != -1) {
		if (option == 'h') {
			print_help();
			exit(EXIT_SUCCESS);
		}
		if (option == '?')
			return wrong_usage("wrong option");
		if (take_option(options, option, known[which].name))
			return wrong_usage("--%s %s: not a value for this option",
					   known[which].name, optarg);
	}
	if (options->device && options->fd >= 0)
		return wrong_usage("--device and --fd exclude each other");
	return 0;
}

static int open_device(struct guest *guest, const struct options *options)
{
	int fd = options->fd;

	if (options->device) {
		fd = open(options->device, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return fail(errno, "%s", options->device);
	}
	if (guest_open(guest, fd))
		return fail(errno, VHOST_DEVICE);
	return 0;
}

static int start(struct guest *guest, const struct options *options)
{
	int ret;

	ret = guest_set_owner(guest);
	if (ret)
		return fail(ret, "taking the device as its owner");
	ret = guest_set_up(guest);
	if (ret)
		return fail(ret, "setting up the rings");
	ret = guest_set_cid(guest, options->cid);
	if (ret)
		return fail(ret, "setting CID %llu", (unsigned long long)options->cid);
	ret = guest_start(guest);
	return ret ? fail(ret, "starting the device") : 0;
}

int bring_up(struct guest *guest, const struct options *options)
{
	int ret;

	if (options->netns) {
		ret = guest_enter_netns(options->netns);
		if (ret)
			return fail(ret, "namespace %s", options->netns);
	}
	if (open_device(guest, options))
		return EXIT_FAILURE;
	if (options->seqpacket)
		guest->type = VIRTIO_VSOCK_TYPE_SEQPACKET;
	if (!start(guest, options))
		return 0;
	guest_close(guest);
	return EXIT_FAILURE;
}

/* listen */

/* Connections that came and went. */
static uint64_t ended;

static void print_event(struct guest_conn *conn, enum guest_event event)
{
	if (event == GUEST_ACCEPTED) {
		say("accepted 2:%u", conn->host_port);
		return;
	}
	say("%s 2:%u %llu bytes", conn->error ? "reset" : "closed", conn->host_port,
	    (unsigned long long)conn->received);
	ended++;
}

/* Connections that are refused or never answered count by their requests. */
static bool has_count(const struct guest *guest, const struct options *options)
{
	bool accepts = options->answer == GUEST_ECHO || options->answer == GUEST_HOLD;

	return options->count && (accepts ? ended : guest->listeners->requests) >= options->count;
}

static int run_listen(struct guest *guest, const struct options *options, uint64_t port)
{
	int ret;

	guest->on_event = print_event;
	ret = guest_listen(guest, port, options->answer);
	if (ret)
		return fail(ret, "port %llu", (unsigned long long)port);
	say("READY");
	while (!has_count(guest, options)) {
		ret = guest_pump(guest, -1);
		if (ret < 0 && ret != -EINTR)
			return fail(ret, "waiting");
	}
	/* So that the last answer is on its way before the device goes. */
	guest_pump(guest, 100);
	return 0;
}

/* connect */

static int transfer(struct guest_conn *conn, const struct options *options)
{
	size_t size = options->expect ? strlen(options->expect) : 0;
	char answer[PACKET_DATA_MAX];
	ssize_t got;
	int ret;

	if (options->message) {
		ret = guest_send(conn, options->message, strlen(options->message),
				 options->timeout);
		if (ret)
			return ret;
	}
	if (!size)
		return 0;
	if (size > sizeof(answer))
		return -EMSGSIZE;
	got = guest_receive(conn, answer, size, options->timeout);
	if (got < 0)
		return got;
	if ((size_t)got == size && !memcmp(answer, options->expect, size))
		return 0;
	fail(0, "expected '%s', got '%.*s'", options->expect, (int)got, answer);
	return -EBADMSG;
}

static int run_connect(struct guest *guest, const struct options *options, uint64_t port)
{
	struct guest_conn *conn;
	int ret;

	ret = guest_connect(guest, port, options->timeout, &conn);
	if (!ret) {
		ret = transfer(conn, options);
		guest_disconnect(conn, options->timeout);
	}
	say("%s", guest_error_word(ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* raw, reset */

static int run_raw(struct guest *guest, const struct options *options)
{
	size_t size = options->message ? strlen(options->message) : 0;
	struct virtio_vsock_hdr hdr = options->hdr;
	char word[GUEST_PACKET_WORD_MAX];
	struct packet packet;
	int ret;

	if (!options->has_src_cid)
		hdr.src_cid = options->cid;
	if (!options->has_len)
		hdr.len = size;
	guest_packet_word(&hdr, word);
	ret = guest_inject(guest, &hdr, options->message, size);
	if (ret)
		return fail(ret, "%s", word);
	say("sent %s", word);
	ret = guest_next_packet(guest, &packet, options->wait);
	if (ret && ret != -ETIMEDOUT)
		return fail(ret, "waiting");
	if (ret) {
		say("nothing");
		return 0;
	}
	guest_packet_word(&packet.hdr, word);
	say("got %s", word);
	return 0;
}

static int run_with_port(struct guest *guest, const struct options *options, const char *mode,
			 const char *port)
{
	uint64_t number;

	guest_number(port, PORT_MAX, &number);
	if (!strcmp(mode, "listen"))
		return run_listen(guest, options, number);
	return run_connect(guest, options, number);
}

static int check_mode(const char *mode, int words, const char *port)
{
	bool wants_port = !strcmp(mode, "listen") || !strcmp(mode, "connect");
	uint64_t number;

	if (!wants_port && strcmp(mode, "raw") && strcmp(mode, "reset") && strcmp(mode, "serve"))
		return wrong_usage("%s: no such mode", mode);
	if (words != wants_port)
		return wrong_usage("%s wants %s", mode, wants_port ? "one PORT" : "no argument");
	if (wants_port && guest_number(port, PORT_MAX, &number))
		return wrong_usage("%s: not a port", port);
	return 0;
}

static int run(struct options *options, const char *mode, const char *port)
{
	struct guest guest;
	int ret;

	if (!strcmp(mode, "serve"))
		return serve(options);
	if (!options->has_cid)
		return wrong_usage("%s wants --cid", mode);
	if (bring_up(&guest, options))
		return EXIT_FAILURE;
	if (!strcmp(mode, "reset") && !options->hdr.op)
		options->hdr.op = VIRTIO_VSOCK_OP_RST;
	if (port)
		ret = run_with_port(&guest, options, mode, port);
	else
		ret = run_raw(&guest, options);
	guest_close(&guest);
	return ret;
}

int main(int argc, char **argv)
{
	struct options options = {
		.fd = -1,
		.timeout = 10000,
		.wait = 1000,
		.answer = GUEST_ECHO,
		.hdr = { .dst_cid = 2,
			 .type = VIRTIO_VSOCK_TYPE_STREAM,
			 .buf_alloc = GUEST_BUFFER },
	};
	const char *mode;
	int ret;

	ret = parse_options(&options, argc, argv);
	if (ret)
		return ret;
	mode = argv[optind];
	if (!mode)
		return wrong_usage("no mode given");
	ret = check_mode(mode, argc - optind - 1, argv[optind + 1]);
	return ret ?: run(&options, mode, argv[optind + 1]);
}
