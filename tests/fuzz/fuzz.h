/* SPDX-License-Identifier: GPL-2.0-only */
/* What the harnesses have in common: each takes any bytes, and nothing of theirs may go wrong. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The one function of a harness; libFuzzer's or replay.c's main() calls it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Dies, and so tells that this input is a fault. */
void check(bool good);

/* What is printed to standard output goes nowhere from now on. */
void hush(void);

/* A descriptor from which these bytes can be read, as from a file. */
int file_of(const void *data, size_t size);

/* What the input has left, taken from its front; zeros once there is nothing more. */
struct bytes {
	const uint8_t *data;
	size_t size;
};

void take_bytes(struct bytes *bytes, void *copy, size_t size);
uint8_t take_byte(struct bytes *bytes);

#endif
