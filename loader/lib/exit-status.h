/* SPDX-License-Identifier: GPL-2.0-only */
/* Beyond EXIT_SUCCESS and EXIT_FAILURE. */
#ifndef EXIT_STATUS_H
#define EXIT_STATUS_H

#define USAGE	2 /* wrong usage, which was said */
#define REFUSED 3 /* of explain: the call that it was asked about is refused */

#endif
