/* SPDX-License-Identifier: GPL-2.0-only */
/* What libbpf and the kernel's verifier say: nothing, unless the user asks for it. */
#ifndef LIBBPF_LOG_H
#define LIBBPF_LOG_H

/* From here on libbpf prints by what was asked for. */
void libbpf_log_start(void);

/* The user asks for it, on stderr. */
void libbpf_log_verbose(void);

#endif
