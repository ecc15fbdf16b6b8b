/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel modules, through libkmod. */
#ifndef KMOD_H
#define KMOD_H

#include <stdbool.h>

/* Loads a module and what it needs. Built-in or loaded is success. Says why not. */
int module_load(const char *name);

/* Whether there is such a module for this kernel, loaded or not. */
bool module_known(const char *name);

/* Whether a module is loaded or built in. */
bool module_present(const char *name);

#endif
