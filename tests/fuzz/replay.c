// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where there is no libFuzzer: a harness gets each file of its corpus as it is, cut short at some
 * places, and with bytes changed, always the same ones. Prints how many inputs that were.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define LONGEST 65536
#define CUTS	8

static uint64_t seed = 1;
static unsigned long inputs;
static FILE *out; /* harnesses may close their own */

static uint64_t below(uint64_t limit)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % limit;
}

/* In memory of its own, so that a byte too far is seen. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + !size);

	check(copy != NULL);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	inputs++;
}

static void change(uint8_t *copy, size_t *size)
{
	size_t at = below(*size), length = 1 + below(8);

	switch (below(4)) {
	case 0:
		copy[at] ^= 1 << below(8);
		break;
	case 1:
		copy[at] = below(256);
		break;
	case 2:
		/* Something goes, */
		length = length < *size - at ? length : *size - at;
		memmove(copy + at, copy + at + length, *size - at - length);
		*size -= length;
		break;
	default:
		/* or comes twice. */
		length = length < *size - at ? length : *size - at;
		if (*size + length > LONGEST)
			break;
		memmove(copy + at + length, copy + at, *size - at);
		*size += length;
	}
}

static void run_changed(const uint8_t *data, size_t size, long count)
{
	static uint8_t copy[LONGEST];
	size_t now;
	int changes;

	while (count-- > 0) {
		memcpy(copy, data, size);
		now = size;
		for (changes = 1 + below(6); changes && now; changes--)
			change(copy, &now);
		run(copy, now);
	}
}

static void replay(const char *dir, const char *name, long count)
{
	static uint8_t data[LONGEST];
	char path[4096];
	size_t size;
	FILE *file;
	int i;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	check(file != NULL);
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	/* The last one that is shown is the one that dies. */
	fprintf(out, "# %s\n", path);
	fflush(out);
	run(data, size);
	for (i = 0; i < CUTS; i++)
		run(data, below(size + 1));
	run_changed(data, size, count);
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int count, i;

	if (argc != 3) {
		fprintf(stderr, "usage: %s CORPUS CHANGES\n", argv[0]);
		return 2;
	}
	out = fdopen(dup(STDOUT_FILENO), "w");
	check(out != NULL);
	count = scandir(argv[1], &names, NULL, alphasort);
	check(count > 2);
	for (i = 0; i < count; i++) {
		if (*names[i]->d_name != '.')
			replay(argv[1], names[i]->d_name, atol(argv[2]));
		free(names[i]);
	}
	free(names);
	fprintf(out, "%lu inputs\n", inputs);
	return fclose(out) ? 1 : 0;
}
