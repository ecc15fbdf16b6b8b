// SPDX-License-Identifier: GPL-2.0-only
#include "lib/version.h"

#include <stdio.h>

#include "build-id.h"

void version_print(const char *program)
{
	printf("%s " VERSION " (" BUILD_ID ")\n", program);
}
