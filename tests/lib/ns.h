/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces to test in, each with a name under /run/netns and workers. */
#ifndef TESTS_NS_H
#define TESTS_NS_H

#include "lib/worker.h"

#define NS_NAME_MAX 32

enum ns_maker {
	NS_BY_ROOT,
	/* uid 65534, which needs a user namespace of its own for it */
	NS_BY_NOBODY,
};

/*
 * Two workers, so that who listens and who connects are two processes even where
 * both are in one namespace.
 */
struct ns {
	char name[NS_NAME_MAX];
	int fd;
	struct worker listener;
	struct worker connector;
};

/* The namespace that the caller is in, taken for init_net; it is named "init". */
int ns_init(struct ns *ns);

/* A new namespace, made by a task inside @parent. 0 or a positive errno. */
int ns_make(struct ns *ns, const char *name, const struct ns *parent, enum ns_maker maker);
void ns_remove(struct ns *ns);

#endif /* TESTS_NS_H */
