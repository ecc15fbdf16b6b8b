/* SPDX-License-Identifier: GPL-2.0-only */
/* The layer while figures are taken. All of it ends the program if it fails. */
#ifndef BENCH_LAYER_H
#define BENCH_LAYER_H

#include <sys/types.h>

#include "bench.h"

#define SERVICE "build/vsock-bpfd"
#define CONTROL "build/vsockctl"

void layer_start(void);
void layer_stop(void);
/* From here on the other namespace is local. */
void layer_isolate(void);
/* Up to so many namespaces. */
void layer_fill(int namespaces);

/* A policy of the initial namespace with so many rules: its file, and in force. */
void layer_write_rules(int count);
void layer_rule(int count);
void layer_remove_rules(void);

/* The service until enforcement is live; until it has ended. */
pid_t service_up(void);
void service_down(pid_t pid);

void measure_memory(const struct bench_case *where);

#endif
