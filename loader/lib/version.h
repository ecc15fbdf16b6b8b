/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VERSION_H
#define VERSION_H

/* What --version says of a program: the version, and the commit that it was built from. */
void version_print(const char *program);

#endif
