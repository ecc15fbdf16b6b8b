/* SPDX-License-Identifier: GPL-2.0-only */
/* Between what is preloaded and who watches it. */
#ifndef TESTS_FAIL_H
#define TESTS_FAIL_H

/* For prctl(), which knows no such order: main() is next. */
#define FAIL_MARK 0x4641494c

/* Where an allocation came from that has failed. */
#define FAIL_SHOWN "/tmp/shown"

#endif
