/* SPDX-License-Identifier: GPL-2.0-only */
/* What people read: one line on stderr for each thing that went wrong. */
#ifndef LOG_H
#define LOG_H

#include <stdio.h>

/* Prints "PROGRAM: text" to stderr. Returns -error, so that callers can pass it on. */
int log_error(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with ": strerror(error)" after the text. */
int log_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line on stdout about what was done. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Each line of the functions above goes to `copy`, too, until it is NULL. */
void log_copy(FILE *copy);

/* The same, and nowhere else: what strangers ask for must not fill the journal. */
void log_divert(FILE *to);

#endif
