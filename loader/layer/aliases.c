// SPDX-License-Identifier: GPL-2.0-only
#include "layer/aliases.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/sysctl-modes.h"
#include "layer/guest-rules.h"
#include "layer/netns-records.h"
#include "layer/pins.h"
#include "layer/vhost.h"
#include "lib/array.h"
#include "lib/lock.h"
#include "lib/log.h"

/* The map, with all that is read while the lock is held. */
struct aliases {
	int map, counters, lock;
	struct netns_records records;
	struct cid_line *guest;
	size_t guests, guest_room;
	struct alias_entry {
		struct alias_key key;
		struct alias value;
	} * entry;
	size_t entries, entry_room;
};

/* --- The map --- */

static int make_map(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	int map = bpf_map_create(BPF_MAP_TYPE_HASH, PIN_ALIASES, sizeof(struct alias_key),
				 sizeof(struct alias), MAX_ALIASES, &options);

	if (map < 0)
		return map;
	if (!bpf_obj_pin(map, PIN_DIR "/" PIN_ALIASES))
		return map;
	close(map);
	return -errno;
}

int aliases_open(void)
{
	int map = pin_open_map(PIN_ALIASES);

	if (map == -ENOENT)
		map = make_map();
	return map < 0 ? log_errno(-map, "map " PIN_ALIASES) : map;
}

static void add_guest(const struct cid_line *line, void *arg)
{
	struct aliases *aliases = arg;

	*array_add(aliases->guest, aliases->guests, aliases->guest_room) = *line;
}

/* All writers hold the lock, so no key is removed during the walk. */
static void read_entries(struct aliases *aliases)
{
	struct alias_key key, *previous = NULL;
	struct alias_entry *entry;

	while (!bpf_map_get_next_key(aliases->map, previous, &key)) {
		entry = array_add(aliases->entry, aliases->entries, aliases->entry_room);
		entry->key = key;
		if (bpf_map_lookup_elem(aliases->map, &key, &entry->value))
			aliases->entries--;
		previous = &key;
	}
}

static bool lives(const struct aliases *aliases, const struct alias_entry *entry)
{
	struct netns_record record;

	return !netns_records_read(&aliases->records, entry->key.netns, &record) &&
	       record.created_ns == entry->value.netns_created_ns;
}

/* Removes the aliases of namespaces that have gone. */
static void remove_left_over(struct aliases *aliases)
{
	size_t i, kept = 0;

	for (i = 0; i < aliases->entries; i++) {
		if (lives(aliases, &aliases->entry[i]))
			aliases->entry[kept++] = aliases->entry[i];
		else
			bpf_map_delete_elem(aliases->map, &aliases->entry[i].key);
	}
	aliases->entries = kept;
}

static void aliases_close(struct aliases *aliases)
{
	netns_records_close(&aliases->records);
	if (aliases->map >= 0)
		close(aliases->map);
	if (aliases->counters >= 0)
		close(aliases->counters);
	if (aliases->lock >= 0)
		lock_release(aliases->lock);
	free(aliases->guest);
	free(aliases->entry);
}

static int load(struct aliases *aliases)
{
	int ret;

	aliases->map = aliases_open();
	if (aliases->map < 0)
		return aliases->map;
	aliases->counters = pin_open_map(PIN_COUNTERS);
	if (aliases->counters < 0)
		return log_errno(-aliases->counters, "map " PIN_COUNTERS);
	ret = vhost_each_cid_of(aliases->records.state->generation, add_guest, aliases);
	if (ret)
		return ret;
	read_entries(aliases);
	remove_left_over(aliases);
	return 0;
}

/* Says what is wrong; aliases_close() is never wrong. */
static int aliases_start(struct aliases *aliases)
{
	int ret;

	*aliases =
		(struct aliases){ .map = -1, .counters = -1, .lock = -1, .records.namespaces = -1 };
	ret = pin_check_caller();
	if (ret)
		return ret;
	aliases->lock = lock_take();
	if (aliases->lock < 0)
		return aliases->lock;
	ret = netns_records_open(&aliases->records);
	return ret ? ret : load(aliases);
}

/* --- Which CID is free --- */

static const struct alias_entry *find_entry(const struct aliases *aliases, netns_id netns,
					    __u32 cid, enum alias_way way)
{
	const struct alias_entry *entry;
	size_t i;

	for (i = 0; i < aliases->entries; i++) {
		entry = &aliases->entry[i];
		if (entry->key.netns == netns && entry->key.cid == cid && entry->key.way == way)
			return entry;
	}
	return NULL;
}

static const struct device *guest_with(const struct aliases *aliases, __u32 cid)
{
	size_t i;

	for (i = 0; i < aliases->guests; i++)
		if (aliases->guest[i].cid == cid)
			return &aliases->guest[i].device;
	return NULL;
}

/* Whether it is a guest of this namespace, and not of an earlier one with the same identity. */
static bool is_own(const struct aliases *aliases, const struct device *device, netns_id netns)
{
	struct counters of;

	return device && device->owner == netns &&
	       !bpf_map_lookup_elem(aliases->counters, &netns, &of) &&
	       device->owner_since_ns == of.since_ns;
}

static bool is_reserved(const struct aliases *aliases, __u32 cid)
{
	size_t i;

	for (i = 0; i < aliases->entries; i++)
		if (aliases->entry[i].key.way == TO_ALIAS && aliases->entry[i].key.cid == cid)
			return true;
	return false;
}

static bool may_have(const struct aliases *aliases, const struct netns_record *record, __u32 cid)
{
	return !guest_with(aliases, cid) && !is_reserved(aliases, cid) &&
	       !guest_rules_deny(&aliases->records, record, cid);
}

/* --- Reserving --- */

static int refuse_used(__u32 alias, __u32 cid, const struct device *device)
{
	if (alias == cid)
		return log_error(EADDRINUSE, "CID %u: a guest of this namespace has it (pid %u)",
				 alias, device->pid);
	return log_error(EADDRINUSE, "CID %u: a guest of this namespace has it, as %u (pid %u)",
			 alias, cid, device->pid);
}

/* How many CIDs that nobody has are tried: the policy may deny some of them. */
#define DENIED_TRIES 64

static int choose(const struct aliases *aliases, const struct netns_record *record, __u32 alias,
		  __u32 *cid)
{
	size_t most = aliases->guests + aliases->entries + DENIED_TRIES, tries;

	*cid = alias;
	for (tries = 0; !may_have(aliases, record, *cid); tries++) {
		if (tries == most)
			return log_error(
				EACCES,
				"CID %u: neither it nor any from %u on is free and allowed "
				"by the policy of this namespace",
				alias, FIRST_OWN_CID);
		*cid = FIRST_OWN_CID + tries;
	}
	return 0;
}

static void forget(const struct aliases *aliases, netns_id netns, __u32 alias, __u32 cid)
{
	struct alias_key there = { netns, alias, TO_REAL }, back = { netns, cid, TO_ALIAS };

	bpf_map_delete_elem(aliases->map, &there);
	bpf_map_delete_elem(aliases->map, &back);
}

static int keep(const struct aliases *aliases, const struct netns *ns,
		const struct netns_record *record, __u32 alias, __u32 cid)
{
	struct alias_key there = { ns->id, alias, TO_REAL }, back = { ns->id, cid, TO_ALIAS };
	struct alias real = { .netns_created_ns = record->created_ns, .cid = cid };
	struct alias known = { .netns_created_ns = record->created_ns, .cid = alias };
	int ret = 0;

	if (bpf_map_update_elem(aliases->map, &back, &known, BPF_ANY) ||
	    bpf_map_update_elem(aliases->map, &there, &real, BPF_ANY))
		ret = -errno;
	if (ret)
		forget(aliases, ns->id, alias, cid);
	return ret ? log_errno(-ret, "map " PIN_ALIASES) : 0;
}

/* Gives up a CID that a guest of another namespace has taken, or that the policy denies by now. */
static int reserve_anew(struct aliases *aliases, const struct netns *ns,
			const struct netns_record *record, __u32 alias, __u32 *cid)
{
	const struct alias_entry *entry = find_entry(aliases, ns->id, alias, TO_REAL);
	int ret = choose(aliases, record, alias, cid);

	if (ret)
		return ret;
	if (entry)
		forget(aliases, ns->id, alias, entry->value.cid);
	return keep(aliases, ns, record, alias, *cid);
}

static int reserve(struct aliases *aliases, const struct netns *ns,
		   const struct netns_record *record, __u32 alias, __u32 *cid)
{
	const struct alias_entry *entry = find_entry(aliases, ns->id, alias, TO_REAL);
	const struct device *guest;

	*cid = entry ? entry->value.cid : alias;
	guest = guest_with(aliases, *cid);
	if (is_own(aliases, guest, ns->id))
		return refuse_used(alias, *cid, guest);
	if (entry && !guest && !guest_rules_deny(&aliases->records, record, *cid))
		return 0;
	return reserve_anew(aliases, ns, record, alias, cid);
}

static int read_record(const struct aliases *aliases, const struct netns *ns,
		       struct netns_record *record)
{
	int ret = netns_records_read(&aliases->records, ns->id, record);

	if (!ret && record->mode == LOCAL && !record->created_ns)
		ret = -ENOSPC;
	return ret ? log_errno(-ret, "map " PIN_NAMESPACES) : 0;
}

int aliases_reserve(const struct netns *ns, __u32 alias, __u32 *cid)
{
	struct netns_record record;
	struct aliases aliases;
	int ret;

	*cid = alias;
	if (kernel_has_modes())
		return 0;
	ret = aliases_start(&aliases);
	if (!ret)
		ret = read_record(&aliases, ns, &record);
	if (!ret && record.mode == LOCAL)
		ret = reserve(&aliases, ns, &record, alias, cid);
	aliases_close(&aliases);
	return ret;
}

/* --- Releasing, listing --- */

static bool is_running(const struct aliases *aliases, const struct alias_entry *entry)
{
	return is_own(aliases, guest_with(aliases, entry->value.cid), entry->key.netns);
}

static int release(const struct aliases *aliases, const struct netns *ns, __u32 alias)
{
	const struct alias_entry *entry = find_entry(aliases, ns->id, alias, TO_REAL);

	if (!entry)
		return log_error(ENOENT, "CID %u: not reserved for this namespace", alias);
	if (is_running(aliases, entry))
		return refuse_used(alias, entry->value.cid, guest_with(aliases, entry->value.cid));
	forget(aliases, ns->id, alias, entry->value.cid);
	return 0;
}

int aliases_release(const struct netns *ns, __u32 alias)
{
	struct aliases aliases;
	int ret;

	if (kernel_has_modes())
		return log_error(ENOENT, "CID %u: this kernel needs no reservation", alias);
	ret = aliases_start(&aliases);
	if (!ret)
		ret = release(&aliases, ns, alias);
	aliases_close(&aliases);
	return ret;
}

static int by_netns(const void *a, const void *b)
{
	const struct alias_line *x = a, *y = b;

	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	return x->alias < y->alias ? -1 : x->alias > y->alias;
}

static void add_lines(struct alias_list *list, const struct aliases *aliases)
{
	const struct alias_entry *entry;
	size_t i;

	for (i = 0; i < aliases->entries; i++) {
		entry = &aliases->entry[i];
		if (entry->key.way != TO_REAL)
			continue;
		*array_add(list->line, list->count, list->room) = (struct alias_line){
			.netns = entry->key.netns,
			.alias = entry->key.cid,
			.cid = entry->value.cid,
			.unwritten = entry->value.unwritten,
			.running = is_running(aliases, entry),
		};
	}
	if (list->count)
		qsort(list->line, list->count, sizeof(*list->line), by_netns);
}

int aliases_list(struct alias_list *list)
{
	struct aliases aliases;
	int ret;

	*list = (struct alias_list){};
	if (kernel_has_modes())
		return 0;
	ret = aliases_start(&aliases);
	if (!ret)
		add_lines(list, &aliases);
	aliases_close(&aliases);
	return ret;
}
