/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two programs with the same body, NAME_lsm and NAME_fmod_ret, of which the loader attaches one:
 * where BPF is not an active LSM, an lsm program attaches without an error and is never called.
 */
#ifndef GATE_H
#define GATE_H

#include "kernel.h"

#define GATE(name, lsm, fmod_ret, verdict, args...)                                                \
	SEC(lsm)                                                                                   \
	int BPF_PROG(name##_lsm, args)                                                             \
	{                                                                                          \
		return verdict;                                                                    \
	}                                                                                          \
	SEC(fmod_ret)                                                                              \
	int BPF_PROG(name##_fmod_ret, args)                                                        \
	{                                                                                          \
		return verdict;                                                                    \
	}

#endif
