/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket of the service, SOCK_SEQPACKET, for root alone. The client sends one
 * packet with a word. The answer is a packet whose first line is "ok" or "failed", with
 * lines for people below: "FILE:LINE: reason", say. After "monitor" and "ok" follow the
 * events, each a packet with one line of JSON. "audit" is answered in the same way, and all
 * policies have Audit=yes until the client goes.
 *
 * The public socket, of the same kind, is for everybody. The packet is "get KNOB" or "set KNOB
 * MODE", about the namespace in which the caller's socket was made; the answer is as above.
 */
#ifndef CONTROL_PROTOCOL_H
#define CONTROL_PROTOCOL_H

#include "lib/run-dir.h"

#define CONTROL_SOCKET	   RUN_DIR "/control"
#define CONTROL_WORD_SIZE  32
#define PUBLIC_SOCKET	   "/run/vsock-bpfd.public"
#define PUBLIC_ANSWER_MAX  1024
#define CONTROL_ANSWER_MAX 65536

#define CONTROL_OK     "ok\n"
#define CONTROL_FAILED "failed\n"

#endif
