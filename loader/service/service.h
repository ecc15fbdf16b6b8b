/* SPDX-License-Identifier: GPL-2.0-only */
/* The service: attached once, then it waits for modules and signals. */
#ifndef SERVICE_H
#define SERVICE_H

#include "layer/programs.h"
#include "lib/config.h"

/*
 * Attaches, tells systemd, and stays until SIGTERM or SIGINT; enforcement outlives it.
 * SIGHUP reads the configuration at `config_path` and the policies in `policy_dir` again, which
 * are read by themselves when they change. Says what is wrong.
 */
int service_run(const char *config_path, const char *policy_dir);

/*
 * Attaches once, says what came of it, and writes the child_ns_mode that sysctl.d has, if the
 * kernel does not know it. Says what is wrong; a mistake there is found before anything is
 * attached.
 */
int service_attach(const struct config *config, enum coverage coverage);

#endif
