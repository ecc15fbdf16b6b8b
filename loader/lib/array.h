/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays, and those that grow at their end. */
#ifndef ARRAY_H
#define ARRAY_H

#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

/* The array, moved perhaps, with room for one more than `count`; `room` is how many it has. */
void *array_grow(void *array, size_t count, size_t *room, size_t size);

/* A pointer to one more element, which has no value yet. */
#define array_add(array, count, room)                                                              \
	((array) = array_grow((array), (count), &(room), sizeof(*(array))), &(array)[(count)++])

/*
 * Where an element that is `key` by `compare` stands in a sorted array, the first of several, or
 * belongs. compare() gets an element, then the key.
 */
size_t array_slot(const void *key, const void *array, size_t count, size_t size,
		  int (*compare)(const void *element, const void *key));

/* For qsort(), bsearch() and array_slot(): elements that are, or begin with, a number of 64 bits.
 */
int array_by_u64(const void *a, const void *b);

#endif
