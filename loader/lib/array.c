// SPDX-License-Identifier: GPL-2.0-only
#include "lib/array.h"

#include <stdlib.h>

#include "lib/memory.h"

#define FIRST_ROOM 16

void *array_grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? 2 * *room : FIRST_ROOM;
	return memory_checked(reallocarray(array, *room, size));
}
