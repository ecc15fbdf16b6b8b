// SPDX-License-Identifier: GPL-2.0-only
#include "lib/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int number_parse(const char *text, __u32 least, __u32 most, __u32 *number)
{
	unsigned long long value;

	if (!*text || text[strspn(text, "0123456789")])
		return -EINVAL;
	errno = 0;
	value = strtoull(text, NULL, 10);
	if (errno || value < least || value > most)
		return -EINVAL;
	*number = value;
	return 0;
}
