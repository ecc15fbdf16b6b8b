/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces as user space sees them: names, paths, pids, identities. */
#ifndef NETNS_H
#define NETNS_H

#include <linux/types.h>
#include <stdbool.h>

#include "vsock-bpfd.h"

#define NETNS_DIR "/run/netns"

/* How the initial namespace is called. Only a Name= that says exactly this means it. */
#define NETNS_INIT_NAME "(init)"

struct netns {
	int fd; /* an open nsfs file: keeps the namespace alive */
	netns_id id;
	__u32 inode;
};

/*
 * Opens the namespace that `what` names: a name under /run/netns, a path, or a pid;
 * NULL is the caller's own. Says what is wrong and returns -ENOENT, -ESRCH, -EINVAL
 * or the errno of what failed.
 */
int netns_open(struct netns *ns, const char *what);

/* Opens the namespace of an nsfs file and says nothing; -EINVAL for another file. */
int netns_try(struct netns *ns, const char *path);

/*
 * The same, if nobody but root can have put it there: -EPERM where a folder on the way, links
 * followed, is not root's own or may be written by others.
 */
int netns_try_trusted(struct netns *ns, const char *path);

/* The one that is mounted on a name under /run/netns; -EINVAL if none is. Says nothing. */
int netns_open_named(struct netns *ns, const char *name);

/* The initial namespace: that of process 1. */
int netns_open_init(struct netns *ns);

void netns_close(struct netns *ns);

/* Whether namespaces have cookies that user space can learn (5.14 on). */
bool netns_has_cookie(void);

/* Runs work(arg) inside the namespace and comes back. Returns its result or -errno. */
int netns_run(const struct netns *ns, int (*work)(void *arg), void *arg);

#endif
