/* SPDX-License-Identifier: GPL-2.0-only */
/* A few lines about what is not as it should be, each with what to do. */
#ifndef FINDINGS_H
#define FINDINGS_H

#define FINDINGS     8
#define FINDING_SIZE 320

struct findings {
	int count;
	char text[FINDINGS][FINDING_SIZE];
};

/* One more than there is room for is left out. */
void findings_add(struct findings *findings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
