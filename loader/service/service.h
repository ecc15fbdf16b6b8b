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

/* Attaches once and says what came of it. */
int service_attach(const struct config *config, enum coverage coverage);

#endif
