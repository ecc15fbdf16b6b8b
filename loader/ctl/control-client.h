/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket of the service, SOCK_SEQPACKET, for root alone. The client sends one
 * packet with a word. The answer is a packet whose first line is "ok" or "failed", with
 * lines for people below: "FILE:LINE: reason", say. After "monitor" and "ok" follow the
 * events, each a packet with one line of JSON.
 */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#define CONTROL_DIR	   "/run/vsock-bpfd"
#define CONTROL_SOCKET	   CONTROL_DIR "/control"
#define CONTROL_WORD_SIZE  32
#define CONTROL_ANSWER_MAX 65536

#define CONTROL_OK     "ok\n"
#define CONTROL_FAILED "failed\n"

/*
 * Says the word to the service; what it answers for people goes to stdout, or to stderr if
 * it failed. Returns a descriptor that the rest can be read from, -ENOTCONN if there is no
 * service, or -EBADMSG if it failed; says why.
 */
int control_client_ask(const char *word);

#endif
