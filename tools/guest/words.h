/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets, errors and numbers as words that people and scripts read and write. */
#ifndef GUEST_WORDS_H
#define GUEST_WORDS_H

#include "virtio-vsock.h"

#define GUEST_PACKET_WORD_MAX 160

/* "ok" for 0, else the errno's name ("ECONNRESET"), of either sign. */
const char *guest_error_word(int error);

/* "request 7:1024 -> 2:1234 stream len 0 flags 0 buf_alloc 262144 fwd_cnt 0" */
void guest_packet_word(const struct virtio_vsock_hdr *hdr, char word[GUEST_PACKET_WORD_MAX]);

/*
 * Sets a header's field: src-cid, src-port, dst-cid, dst-port, len, type, op, flags,
 * buf-alloc or fwd-cnt; type and op also by name. 0, -ENOENT for no such field, or
 * -EINVAL for no such value.
 */
int guest_set_field(struct virtio_vsock_hdr *hdr, const char *field, const char *value);

/* 0 or -EINVAL; decimal, or hexadecimal with 0x. */
int guest_number(const char *text, uint64_t max, uint64_t *number);
/* "1.5": seconds as ms, 0 or -EINVAL. */
int guest_seconds(const char *text, int *ms);
/* "echo", "hold", "reset", "silent" */
int guest_answer_of(const char *text, enum guest_answer *answer);

/* Enters a network namespace: a name under /run/netns, or a path. 0 or -errno. */
int guest_enter_netns(const char *name);

#endif
