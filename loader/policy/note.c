// SPDX-License-Identifier: GPL-2.0-only
#include "policy/note.h"

#include <stdarg.h>

#include "lib/array.h"
#include "lib/memory.h"

void note_add(struct notes *notes, const struct policy *policy, unsigned int line,
	      const char *format, ...)
{
	struct note note = { .file = policy->file, .line = line };
	va_list args;

	va_start(args, format);
	note.text = memory_vprintf(format, args);
	va_end(args);
	*array_add(notes->note, notes->count, notes->room) = note;
}
