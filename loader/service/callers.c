// SPDX-License-Identifier: GPL-2.0-only
#include "service/callers.h"

#include <stddef.h>

/* Of those without a connection, the one that has been quiet for longest gives its place. */
static bool is_better(const struct caller_account *account, const struct caller_account *other)
{
	if (account->connections)
		return false;
	return !other || account->refilled_usec < other->refilled_usec;
}

static struct caller_account *find(struct callers *callers, __u64 tenant, __u64 now_usec)
{
	struct caller_account *account, *quiet = NULL;

	for (account = callers->account; account < callers->account + MAX_CALLERS; account++) {
		if (account->tenant == tenant)
			return account;
		if (is_better(account, quiet))
			quiet = account;
	}
	if (!quiet)
		return NULL;
	*quiet = (struct caller_account){ .tenant = tenant,
					  .refilled_usec = now_usec,
					  .tokens = CALLER_BURST };
	return quiet;
}

static void refill(struct caller_account *account, __u64 now_usec)
{
	__u64 periods = (now_usec - account->refilled_usec) / CALLER_PERIOD_USEC;

	account->refilled_usec += periods * CALLER_PERIOD_USEC;
	account->tokens =
		periods > CALLER_BURST - account->tokens ? CALLER_BURST : account->tokens + periods;
}

struct caller_account *callers_admit(struct callers *callers, __u64 tenant, __u64 now_usec)
{
	struct caller_account *account = find(callers, tenant, now_usec);

	if (!account)
		return NULL;
	refill(account, now_usec);
	if (!account->tokens || account->connections >= CALLER_CONNECTIONS)
		return NULL;
	account->tokens--;
	account->connections++;
	return account;
}

void callers_leave(struct caller_account *account)
{
	account->connections--;
}
