// SPDX-License-Identifier: GPL-2.0-only
/* Names that others chose cannot speak to a terminal, nor break JSON. */
#include <string.h>

#include "lib/printable.h"
#include "unit.h"

static void becomes(const char *text, const char *wanted)
{
	char copy[64];

	memset(copy, 'x', sizeof(copy));
	printable(copy, sizeof(copy), text, strlen(text));
	assert_string_equal(copy, wanted);
}

static void test_kept(void **state)
{
	(void)state;
	becomes("", "");
	becomes("ncat", "ncat");
	becomes(" ~\"\\", " ~\"\\");
	becomes("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9f", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9f");
	becomes("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
		"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void test_control(void **state)
{
	(void)state;
	becomes("\033[2J", "?[2J");
	becomes("a\nb\tc\x7f", "a?b?c?");
	/* CSI in a single character. */
	becomes("\xc2\x9b"
		"2J",
		"??2J");
	becomes("\xc2\xa0", "\xc2\xa0");
}

static void test_no_utf8(void **state)
{
	(void)state;
	becomes("\xff\xfe", "??");
	becomes("\x80", "?");
	becomes("\xc0\xaf", "??"); /* longer than need be */
	becomes("\xe0\x80\xaf", "???");
	becomes("\xf0\x80\x80\xaf", "????");
	becomes("\xed\xa0\x80", "???");	     /* half a pair */
	becomes("\xf4\x90\x80\x80", "????"); /* beyond Unicode */
	becomes("\xe2\x82", "??");	     /* cut off */
	becomes("\xe2(\xa1", "?(?");
}

/* A comm need not end, and what does not fit is cut between characters. */
static void test_bounds(void **state)
{
	char copy[4];

	(void)state;
	printable(copy, sizeof(copy), "abcdef", 2);
	assert_string_equal(copy, "ab");
	printable(copy, sizeof(copy), "abcdef", 6);
	assert_string_equal(copy, "abc");
	printable(copy, sizeof(copy), "ab\xc3\xa9", 4);
	assert_string_equal(copy, "ab");
	printable(copy, sizeof(copy), "a\xc3\xa9z", 4);
	assert_string_equal(copy, "a\xc3\xa9");
	printable(copy, 1, "a", 1);
	assert_string_equal(copy, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_no_utf8),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("printable", tests, NULL, NULL);
}
