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

size_t array_slot(const void *key, const void *array, size_t count, size_t size,
		  int (*compare)(const void *element, const void *key))
{
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare((const char *)array + middle * size, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int array_by_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}
