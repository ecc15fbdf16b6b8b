/* SPDX-License-Identifier: GPL-2.0-only */
/* libbpf, which is found when a program starts: another one than it was built with. */
#ifndef LIBRARY_H
#define LIBRARY_H

/* A newer one will do. Says so and returns -ELIBBAD if it is older. */
int library_check(void);

#endif
