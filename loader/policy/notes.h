/* SPDX-License-Identifier: GPL-2.0-only */
/* What is good in policies and does not mean what its author may think. */
#ifndef POLICY_NOTES_H
#define POLICY_NOTES_H

#include "policy/note.h"

/* The policies must stay as long as the notes; notes_free() is never wrong. */
void notes_take(struct notes *notes, const struct policies *policies);
void notes_free(struct notes *notes);

#endif
