/* SPDX-License-Identifier: GPL-2.0-only */
/* Events as structured entries of the journal, or lines on stdout where there is none. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "event-text.h"

/* `journalctl MESSAGE_ID=...` finds them. */
#define MESSAGE_REFUSED "ab039bc89f464d0eafc293fb6c5c5837"
#define MESSAGE_AUDITED "85de618cd92b4850bc0f69636412d34a"
#define MESSAGE_SEALED	"37e46889c1a449cf94578f9add0a5e9e"
#define MESSAGE_DROPPED "835034859b1c4bf1b46006270b73d0df"

void journal_event(const struct told *told);
void journal_dropped(const struct dropped *dropped);

#endif
