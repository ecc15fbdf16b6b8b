/* SPDX-License-Identifier: GPL-2.0-only */
/* libbpf, which is found when a program starts: another one than it was built with. */
#ifndef LIBBPF_VERSION_H
#define LIBBPF_VERSION_H

/* A newer one will do. Says so and returns -ELIBBAD if it is older. */
int check_libbpf_version(void);

#endif
