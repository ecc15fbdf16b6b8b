/* SPDX-License-Identifier: GPL-2.0-only */
/* Events as structured entries of the journal, or lines on stdout where there is none. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "events/event-format.h"

/* `journalctl MESSAGE_ID=...` finds them. */
#define MESSAGE_REFUSED	 "ab039bc89f464d0eafc293fb6c5c5837"
#define MESSAGE_AUDITED	 "85de618cd92b4850bc0f69636412d34a"
#define MESSAGE_SEALED	 "37e46889c1a449cf94578f9add0a5e9e"
#define MESSAGE_ACCEPTED "138d8168c5f3420b8c994d022147e0da"
#define MESSAGE_DROPPED	 "835034859b1c4bf1b46006270b73d0df"
#define MESSAGE_WRONG	 "5f2c4a1ce3c84b0fa8b7d1f6c0b3a9de"

void journal_event(const struct named_event *named);
void journal_dropped(const struct dropped_events *dropped);

/* What is attached does not work: loud, or where there is no journal on stderr. */
void journal_wrong(const char *text);

#endif
