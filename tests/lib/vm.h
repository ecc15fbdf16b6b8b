/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that plays a hypervisor and the guest in it (tools/guest), as told over a
 * socketpair; in between the guest answers by itself. It has one device at a time, and
 * one connection.
 *
 * Every vm_…() returns 0 or a positive errno; ETIME stands for something that did not
 * happen within VM_LIMIT_MS.
 */
#ifndef TESTS_VM_H
#define TESTS_VM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define VM_LIMIT_MS 30000

struct vm {
	pid_t pid;
	int channel;
};

int vm_start(struct vm *vm);
void vm_stop(struct vm *vm);

/* Enters a namespace. Devices that it has opened do not move. */
int vm_enter(struct vm *vm, int netns);

/* Opens the device and does nothing more; that one can be handed over. */
int vm_open(struct vm *vm);
int vm_give(struct vm *vm, int *fd);
int vm_take(struct vm *vm, int fd);
/* Owner, rings, CID; and what makes it run. */
int vm_set_up(struct vm *vm, uint64_t cid);
int vm_set_cid(struct vm *vm, uint64_t cid);
int vm_run(struct vm *vm);
/* All of it. */
int vm_up(struct vm *vm, uint64_t cid);
int vm_close(struct vm *vm);

/* A port of the guest; how many requests it has seen. */
int vm_listen(struct vm *vm, unsigned int port);
int vm_count_requests(struct vm *vm, unsigned int port, unsigned int *count);

/* From the guest to the host, SOCK_STREAM or SOCK_SEQPACKET. */
int vm_connect(struct vm *vm, int type, unsigned int port);
/*
 * A request that claims to come from another CID, and behind it one to a port where
 * nobody listens. EADDRNOTAVAIL if only the second is answered.
 */
int vm_connect_as(struct vm *vm, uint64_t cid, unsigned int port, unsigned int free_port);

/* The guest's half of what tests/lib/worker.h says about messages. */
int vm_say(struct vm *vm, unsigned int token);
int vm_reply(struct vm *vm, unsigned int port, unsigned int token);
int vm_hear(struct vm *vm, unsigned int token);

#endif /* TESTS_VM_H */
