// SPDX-License-Identifier: GPL-2.0-only
#include "service/dropped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/memory.h"

/* Origins that have gone leave the table when it would grow. */
static void forget_gone(struct dropped_list *drops)
{
	size_t i, kept = 0;
	__u64 dropped;

	for (i = 0; i < drops->count; i++)
		if (drops->read(drops->entry[i].id, &dropped, drops->arg) != -ENOENT)
			drops->entry[kept++] = drops->entry[i];
	drops->count = kept;
}

static void make_room(struct dropped_list *drops)
{
	if (drops->count < drops->room)
		return;
	forget_gone(drops);
	if (drops->count < drops->room / 2)
		return;
	drops->room = drops->room ? 2 * drops->room : 64;
	drops->entry =
		memory_checked(reallocarray(drops->entry, drops->room, sizeof(*drops->entry)));
}

/* Where it is, or belongs. */
static size_t slot_of(const struct dropped_list *drops, netns_id id)
{
	return array_slot(&id, drops->entry, drops->count, sizeof(*drops->entry), array_by_u64);
}

static struct dropped_entry *entry_of(struct dropped_list *drops, netns_id id)
{
	size_t slot = slot_of(drops, id);
	struct dropped_entry *entry;

	if (slot < drops->count && drops->entry[slot].id == id)
		return &drops->entry[slot];
	make_room(drops);
	/* Others may have left. */
	slot = slot_of(drops, id);
	entry = &drops->entry[slot];
	memmove(entry + 1, entry, (drops->count - slot) * sizeof(*entry));
	drops->count++;
	*entry = (struct dropped_entry){ .id = id };
	return entry;
}

void dropped_start(struct dropped_list *drops, netns_id id, __u64 dropped)
{
	entry_of(drops, id)->seen = dropped;
}

void dropped_note(struct dropped_list *drops, netns_id id)
{
	entry_of(drops, id)->recent = true;
}

bool dropped_look(struct dropped_list *drops, void (*each)(netns_id id, __u64 count, void *arg),
		  void *arg)
{
	struct dropped_entry *entry;
	bool again = false;
	__u64 dropped;
	size_t i;

	for (i = 0; i < drops->count; i++) {
		entry = &drops->entry[i];
		if (!entry->recent)
			continue;
		entry->recent = false;
		if (drops->read(entry->id, &dropped, drops->arg))
			continue;
		/* Another namespace of the same identity has started from 0. */
		if (dropped < entry->seen)
			entry->seen = 0;
		if (dropped == entry->seen)
			continue;
		each(entry->id, dropped - entry->seen, arg);
		entry->seen = dropped;
		entry->recent = again = true;
	}
	return again;
}

void dropped_free(struct dropped_list *drops)
{
	free(drops->entry);
	drops->entry = NULL;
	drops->count = drops->room = 0;
}
