/* SPDX-License-Identifier: GPL-2.0-only */
/* In the place of loader/lib/log.c in a unit test: what was said last, instead of stderr. */
#ifndef TESTS_FAKE_LOG_H
#define TESTS_FAKE_LOG_H

extern char said[512];

#endif /* TESTS_FAKE_LOG_H */
