/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lack of memory ends the program with a line that says so, here and nowhere else. That changes
 * nothing of what is in force: the kernel holds it, and whatever is written is written by steps
 * after each of which a program may die.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdarg.h>

/* Returns what it is given, unless that is NULL. */
void *memory_checked(void *memory);

/* A copy, and texts made as by printf() and vprintf(); the caller frees them. */
char *memory_strdup(const char *text);
char *memory_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *memory_vprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

#endif
