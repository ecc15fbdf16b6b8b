/* SPDX-License-Identifier: GPL-2.0-only */
/* The folder of what lives until the next boot: the control socket, the policies in force. */
#ifndef RUN_DIR_H
#define RUN_DIR_H

#define RUN_DIR "/run/vsock-bpfd"

/* Root's alone, if it was not there before. Says what is wrong. */
int run_dir_make(void);

#endif
