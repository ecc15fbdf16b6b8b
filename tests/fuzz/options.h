/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command lines: the words of one stand between bytes of zero, or in lines. Included before the
 * program's own main(), which becomes program_main().
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <getopt.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define WORDS 64

static jmp_buf on_exit_to;
static int acted; /* how often something was to be done */

/* --help, --version. */
__attribute__((noreturn)) static void leave(int status)
{
	check(!status);
	longjmp(on_exit_to, 1);
}

static int split(char *text, size_t size, char **words)
{
	char *end = text + size;
	int count = 0;

	while (text < end && count < WORDS) {
		words[count++] = text;
		while (text < end && *text && *text != '\n')
			text++;
		if (text < end)
			*text++ = '\0';
	}
	return count;
}

/* As main() gets them: in memory that ends where they do, behind a NULL. */
static int run_words(int (*program)(int argc, char **argv), const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1), *name = strdup("program");
	char *words[WORDS + 2] = { name };
	volatile int status = 0;
	int count;

	check(text && name);
	memcpy(text, data, size);
	count = split(text, size, words + 1);
	words[count + 1] = NULL;
	hush();
	acted = 0;
	opterr = 0;
	/* Begins anew, also with what getopt keeps of a word that it was amid. */
	optind = 0;
	if (!setjmp(on_exit_to))
		status = program(count + 1, words);
	free(text);
	free(name);
	return status;
}

/* Where hush() has an effect. */
#undef stderr
#define stderr stdout

#define main program_main
#define exit leave

#endif
