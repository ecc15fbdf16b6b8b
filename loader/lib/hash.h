/* SPDX-License-Identifier: GPL-2.0-only */
/* FNV-1a: tells apart builds and sets of files, resists nobody. */
#ifndef HASH_H
#define HASH_H

#include <linux/types.h>
#include <stddef.h>

#define HASH_START 0xcbf29ce484222325ULL

static inline __u64 hash_bytes(__u64 hash, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;
	size_t i;

	for (i = 0; i < size; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ULL;
	return hash;
}

#endif
