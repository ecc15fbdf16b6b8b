/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the command share. */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <stdbool.h>

#include "virtio-vsock.h"
#include "words.h"

#define USAGE 2

struct options {
	const char *device, *netns;
	int fd; /* -1: open the device */
	bool has_cid;
	uint64_t cid;
	int timeout, wait; /* ms */
	/* listen */
	enum guest_answer answer;
	uint64_t count; /* 0: no end */
	/* connect, raw */
	const char *message, *expect;
	bool seqpacket;
	struct virtio_vsock_hdr hdr;
	bool has_len, has_src_cid;
};

/* Prints "guest: text: strerror" to stderr; without strerror for error 0. Returns 1. */
int fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, and where help is. Returns 2. */
int wrong_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line on stdout, at once. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Into the namespace, open, owner, rings, CID, running: says what went wrong. 0 or 1. */
int bring_up(struct guest *guest, const struct options *options);

/* Modes: an exit status each. */
int serve(const struct options *options);
void print_serve_help(void);

#endif
