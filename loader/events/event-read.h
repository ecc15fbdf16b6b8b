/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of `vsockctl monitor --json`, or of the journal as JSON, as events again. */
#ifndef EVENT_READ_H
#define EVENT_READ_H

#include "events/event-format.h"

enum line_kind {
	LINE_EVENT,
	LINE_DROPPED, /* `count` events of which nothing more is known */
	LINE_OTHER,   /* something else that the service says, or a later version */
};

struct read_line {
	enum line_kind kind;
	struct named_event event; /* its texts are those of `object` */
	__u64 count;
	struct json_object *object;
};

/*
 * Reads one line without its end. -EBADMSG for what no version prints; says nothing then.
 * event_read_free() is never wrong.
 */
int event_read(struct read_line *line, const char *text, size_t size);
void event_read_free(struct read_line *line);

#endif
