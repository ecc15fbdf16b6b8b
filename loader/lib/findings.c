// SPDX-License-Identifier: GPL-2.0-only
#include "lib/findings.h"

#include <stdarg.h>
#include <stdio.h>

void findings_add(struct findings *findings, const char *format, ...)
{
	va_list args;

	if (findings->count == FINDINGS)
		return;
	va_start(args, format);
	vsnprintf(findings->text[findings->count++], FINDING_SIZE, format, args);
	va_end(args);
}
