/* SPDX-License-Identifier: GPL-2.0-only */
/* Those who are in a namespace with one right or another over it. */
#ifndef TESTS_CALLER_H
#define TESTS_CALLER_H

#include "lib/ns.h"

/*
 * In a process of its own, which goes on as
 *
 *	owner     root of the user namespace that the namespace belongs to (NS_BY_NOBODY)
 *	capless   the same without any capability, also after an exec
 *	user      who has made that user namespace, outside of it and without capabilities
 *	stranger  another user
 *	other     root of another user namespace
 *
 * inside the namespace. 0 or an errno; EINVAL for another word.
 */
int caller_become(const struct ns *ns, const char *who);

#endif /* TESTS_CALLER_H */
