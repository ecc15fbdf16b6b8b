// SPDX-License-Identifier: GPL-2.0-only
/* What each user of the public socket may still ask for, while time is played. */
#include <string.h>

#include "service/callers.h"
#include "unit.h"

#define ALICE (TENANT_USER | 1000)
#define BOB   (TENANT_USER | 1001)

static struct callers callers;
static __u64 now;

static int begin(void **state)
{
	(void)state;
	memset(&callers, 0, sizeof(callers));
	now = 1000000000;
	return 0;
}

static bool asks(__u64 tenant)
{
	struct caller_account *account = callers_admit(&callers, tenant, now);

	if (account)
		callers_leave(account);
	return account;
}

static unsigned int ask_all(__u64 tenant)
{
	unsigned int count = 0;

	while (count < 10000 && asks(tenant))
		count++;
	return count;
}

static void test_burst(void **state)
{
	(void)state;
	assert_int_equal(ask_all(ALICE), CALLER_BURST);
	assert_false(asks(ALICE));
	/* Others have their own. */
	assert_int_equal(ask_all(BOB), CALLER_BURST);
}

static void test_rate(void **state)
{
	(void)state;
	ask_all(ALICE);
	now += CALLER_PERIOD_USEC - 1;
	assert_false(asks(ALICE));
	now += 1;
	assert_int_equal(ask_all(ALICE), 1);
	now += 5 * CALLER_PERIOD_USEC;
	assert_int_equal(ask_all(ALICE), 5);
	now += 1000000ULL * CALLER_PERIOD_USEC;
	assert_int_equal(ask_all(ALICE), CALLER_BURST);
}

static void test_connections(void **state)
{
	struct caller_account *account = NULL;
	int i;

	(void)state;
	for (i = 0; i < CALLER_CONNECTIONS; i++) {
		account = callers_admit(&callers, ALICE, now);
		assert_non_null(account);
	}
	assert_false(asks(ALICE));
	assert_true(asks(BOB));
	callers_leave(account);
	assert_true(asks(ALICE));
	/* What was refused cost nothing. */
	assert_int_equal(account->tokens, CALLER_BURST - CALLER_CONNECTIONS - 1);
}

/* More users than are remembered: the one who was quiet for longest is forgotten. */
static void test_many(void **state)
{
	struct caller_account *kept;
	int i;

	(void)state;
	kept = callers_admit(&callers, ALICE, now);
	assert_non_null(kept);
	now += 1;
	ask_all(BOB);
	for (i = 0; i < 10 * MAX_CALLERS; i++) {
		now += 1;
		assert_true(asks(TENANT_CONTAINER | (4026532000 + i)));
	}
	assert_int_equal(kept->tenant, ALICE);
	assert_int_equal(kept->connections, 1);
}

static void test_full(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MAX_CALLERS; i++)
		assert_non_null(callers_admit(&callers, TENANT_USER | (2000 + i), now));
	assert_false(asks(ALICE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_burst, begin),
		cmocka_unit_test_setup(test_rate, begin),
		cmocka_unit_test_setup(test_connections, begin),
		cmocka_unit_test_setup(test_many, begin),
		cmocka_unit_test_setup(test_full, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
