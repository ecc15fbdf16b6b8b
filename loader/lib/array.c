// SPDX-License-Identifier: GPL-2.0-only
#include "lib/array.h"

#include <stdint.h>
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

int array_by_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}
