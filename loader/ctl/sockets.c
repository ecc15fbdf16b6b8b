// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl sockets: all AF_VSOCK sockets of all namespaces, and the processes that have them. */
#include "layer/sockets.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/command.h"
#include "events/event-format.h"
#include "kernel/netns-homes.h"
#include "kernel/netns-names.h"
#include "kernel/sysctl-modes.h"
#include "layer/guests.h"
#include "layer/netns-records.h"
#include "layer/vhost.h"
#include "lib/array.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/printable.h"
#include "lib/text-table.h"

#define COMM_SIZE (sizeof(((struct socket_line *)NULL)->comm) + 1)
#define END_SIZE  (48 + NETNS_WORD_SIZE + GUEST_NAME_SIZE)

/* States of the kernel, which has TCP's. */
enum state {
	CONNECTED = 1,
	CONNECTING = 2,
	CLOSED = 7,
	LISTENING = 10,
	CLOSING = 11,
};

/* The owners of guests, where that is known. */
struct guest {
	__u32 cid;
	netns_id owner;
};

struct view {
	struct socket_list list;
	struct netns_names names, homes;
	struct guest_list named; /* guests by what they are called */
	struct guest *guest;
	size_t guests, room;
	netns_id only; /* NETNS_NONE: all */
	bool listening;
};

static const char *state_name(const struct socket_line *line)
{
	if (line->holder == NOT_ACCEPTED)
		return "not accepted";
	switch (line->state) {
	case CONNECTED:
		return "connected";
	case CONNECTING:
		return "connecting";
	case LISTENING:
		return "listening";
	case CLOSING:
		return "closing";
	case CLOSED:
		return line->port == VMADDR_PORT_ANY ? "unbound" : "bound";
	default:
		return "unknown";
	}
}

static const char *type_name(const struct socket_line *line)
{
	switch (line->type) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "dgram";
	case SOCK_SEQPACKET:
		return "seqpacket";
	default:
		return "unknown";
	}
}

static const char *name_of(const struct view *view, netns_id id)
{
	return netns_names_find(&view->names, id) ?: netns_names_find(&view->homes, id);
}

static bool is_shown(const struct view *view, const struct socket_line *line)
{
	if (view->only != NETNS_NONE && line->netns != view->only)
		return false;
	return !view->listening || line->state == LISTENING;
}

/* The index after the last line of the same socket. */
static size_t socket_end(const struct view *view, size_t first)
{
	size_t i = first;

	while (i < view->list.count && view->list.line[i].address == view->list.line[first].address)
		i++;
	return i;
}

/* --- Guests --- */

static void add_guest(const struct cid_line *line, void *arg)
{
	struct view *view = arg;

	*array_add(view->guest, view->guests, view->room) =
		(struct guest){ .cid = line->cid, .owner = line->device.owner };
}

static const struct guest *find_guest(const struct view *view, __u32 cid)
{
	size_t i;

	for (i = 0; i < view->guests; i++)
		if (view->guest[i].cid == cid)
			return &view->guest[i];
	return NULL;
}

static void load_guests(struct view *view)
{
	/* The rest can be shown without. */
	guests_load(&view->named);
	if (!kernel_has_modes() && netns_records_exist())
		vhost_each_cid(add_guest, view);
}

/* --- For people --- */

/* "*:1234", "42:1234", "-" */
static void end_word(char word[END_SIZE], __u32 cid, __u32 port)
{
	if (port == VMADDR_PORT_ANY)
		snprintf(word, END_SIZE, "-");
	else if (cid == VMADDR_CID_ANY)
		snprintf(word, END_SIZE, "*:%u", port);
	else
		snprintf(word, END_SIZE, "%u:%u", cid, port);
}

/* "42:1234 (guest web of pod1)": without what is not known. */
static void peer_word(char word[END_SIZE], const struct view *view, const struct socket_line *line)
{
	const struct guest *guest = find_guest(view, line->peer_cid);
	const char *name = guests_name(&view->named, line->peer_cid);
	char netns[NETNS_WORD_SIZE];
	size_t length;

	end_word(word, line->peer_cid, line->peer_port);
	if ((!guest && !name) || line->peer_port == VMADDR_PORT_ANY)
		return;
	netns_word(netns, guest ? guest->owner : NETNS_NONE,
		   guest ? name_of(view, guest->owner) : NULL);
	length = strlen(word);
	snprintf(word + length, END_SIZE - length, " (guest%s%s%s%s)", name ? " " : "", name ?: "",
		 guest ? " of " : "", guest ? netns : "");
}

static void add_count(struct table *table, bool counted, __u32 count)
{
	if (counted)
		table_add(table, "%u", count);
	else
		table_add(table, "-");
}

/* "nginx 12, 13; other 14" would be shorter; this one can be searched for. */
static void add_processes(struct table *table, const struct view *view, size_t first, size_t end)
{
	char comm[COMM_SIZE], *text = NULL;
	size_t size, i;
	FILE *out = memory_checked(open_memstream(&text, &size));

	for (i = first; i < end; i++) {
		const struct socket_line *line = &view->list.line[i];

		if (!line->pid)
			continue;
		printable(comm, sizeof(comm), line->comm, sizeof(line->comm));
		fprintf(out, "%s%s(%u)", i > first ? " " : "", comm, line->pid);
	}
	fclose(out);
	table_add(table, "%s", *text ? text : "-");
	free(text);
}

static void add_row(struct table *table, const struct view *view, size_t first, size_t end)
{
	const struct socket_line *line = &view->list.line[first];
	char name[NETNS_WORD_SIZE], local[END_SIZE], peer[END_SIZE];

	netns_word(name, line->netns, name_of(view, line->netns));
	end_word(local, line->cid, line->port);
	peer_word(peer, view, line);
	table_add(table, "%s", type_name(line));
	table_add(table, "%s", state_name(line));
	table_add(table, "%s", name);
	table_add(table, "%s", local);
	table_add(table, "%s", peer);
	add_count(table, line->state == LISTENING, line->waiting);
	add_count(table, line->counted, line->sent);
	add_count(table, line->counted, line->read);
	add_count(table, line->holder == FILE_HOLDS, line->uid);
	add_processes(table, view, first, end);
}

static void print_sockets(const struct view *view)
{
	static const char *const head[] = { "TYPE",    "STATE", "NAMESPACE", "LOCAL", "PEER",
					    "WAITING", "SENT",	"READ",	     "UID",   "PROCESSES" };
	struct table table;
	size_t i, end;

	table_start(&table, 10, head);
	for (i = 0; i < view->list.count; i = end) {
		end = socket_end(view, i);
		if (is_shown(view, &view->list.line[i]))
			add_row(&table, view, i, end);
	}
	table_print(&table);
}

/* --- JSON --- */

static struct json_object *processes_json(const struct view *view, size_t first, size_t end)
{
	struct json_object *list = json_object_new_array(), *object;
	char comm[COMM_SIZE];
	size_t i;

	for (i = first; i < end; i++) {
		const struct socket_line *line = &view->list.line[i];

		if (!line->pid)
			continue;
		object = json_object_new_object();
		printable(comm, sizeof(comm), line->comm, sizeof(line->comm));
		json_add_number(object, "pid", line->pid);
		json_add_text(object, "process", comm);
		json_object_array_add(list, object);
	}
	return list;
}

static void add_netns_json(struct json_object *object, const struct view *view, netns_id id)
{
	const char *name = netns_names_find(&view->names, id);
	char word[NETNS_WORD_SIZE];

	netns_word(word, id, name);
	json_add_text(object, "namespace", name ? word : NULL);
	add_known_as(object, name ? NULL : netns_names_find(&view->homes, id));
	json_add_number(object, "identity", id);
}

static void add_ends_json(struct json_object *object, const struct view *view,
			  const struct socket_line *line)
{
	bool bound = line->port != VMADDR_PORT_ANY, peer = line->peer_port != VMADDR_PORT_ANY;
	const struct guest *guest = peer ? find_guest(view, line->peer_cid) : NULL;

	json_add_number_if(object, "cid", line->cid, bound && line->cid != VMADDR_CID_ANY);
	json_add_number_if(object, "port", line->port, bound);
	json_add_number_if(object, "peer_cid", line->peer_cid, peer);
	json_add_number_if(object, "peer_port", line->peer_port, peer);
	json_add_text(object, "peer_guest",
		      peer ? guests_name(&view->named, line->peer_cid) : NULL);
	json_add_number_if(object, "peer_guest_of", guest ? guest->owner : 0, guest);
}

static struct json_object *socket_json(const struct view *view, size_t first, size_t end)
{
	const struct socket_line *line = &view->list.line[first];
	struct json_object *object = json_object_new_object();

	json_add_text(object, "type", type_name(line));
	json_add_text(object, "state", state_name(line));
	add_netns_json(object, view, line->netns);
	add_ends_json(object, view, line);
	json_add_number_if(object, "waiting", line->waiting, line->state == LISTENING);
	json_add_number_if(object, "sent", line->sent, line->counted);
	json_add_number_if(object, "read", line->read, line->counted);
	json_add_number_if(object, "uid", line->uid, line->holder == FILE_HOLDS);
	json_object_object_add(object, "processes", processes_json(view, first, end));
	return object;
}

static void print_sockets_json(const struct view *view)
{
	struct json_object *list = json_object_new_array();
	size_t i, end;

	for (i = 0; i < view->list.count; i = end) {
		end = socket_end(view, i);
		if (is_shown(view, &view->list.line[i]))
			json_object_array_add(list, socket_json(view, i, end));
	}
	print_json(list);
}

/* --- All of it --- */

static int choose(struct view *view, const char *netns)
{
	struct netns ns;
	int ret;

	if (!netns)
		return 0;
	ret = netns_open(&ns, netns);
	if (ret)
		return ret;
	view->only = ns.id;
	netns_close(&ns);
	return 0;
}

/* Names come first: a namespace that is made meanwhile has none, and none gets another's. */
static int view_open(struct view *view, const struct options *options)
{
	int ret = choose(view, options->netns);

	view->listening = options->listening;
	if (ret)
		return ret;
	netns_names_load(&view->names);
	netns_homes_load(&view->homes);
	load_guests(view);
	return sockets_read(&view->list);
}

static void view_close(struct view *view)
{
	sockets_free(&view->list);
	guests_free(&view->named);
	netns_names_free(&view->homes);
	netns_names_free(&view->names);
	free(view->guest);
}

int command_sockets(const struct options *options, int argc, char **argv)
{
	struct view view = {};
	int ret = view_open(&view, options);

	if (!ret && options->json)
		print_sockets_json(&view);
	else if (!ret)
		print_sockets(&view);
	if (!ret && !view.list.tables_known && view.list.count)
		log_error(0, "the kernel does not tell where its tables are: sockets that no "
			     "process has "
			     "open are missing");
	view_close(&view);
	return ret;
}
