// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/explain.h"
#include "kernel/mode-names.h"
#include "kernel/sysctl-modes.h"
#include "lib/array.h"
#include "lib/keywords.h"
#include "lib/log.h"
#include "lib/number.h"

static int wrong(const char *what, const char *word)
{
	log_error(EINVAL, "explain: %s: %s", word, what);
	return USAGE;
}

static void name_guest(struct side *side, const struct guest_list *guests)
{
	const char *name = guests_name(guests, side->place.cid);

	if (name)
		snprintf(side->guest, sizeof(side->guest), "%s", name);
	guest_word(side->word, side->place.cid, name);
	snprintf(side->rule, sizeof(side->rule), "guest %u", side->place.cid);
}

/* By its CID, else by what it is called. */
static int find_guest(struct side *side, const char *word)
{
	struct guest_list guests = {};
	int ret = guests_load(&guests);

	if (!word[strspn(word, "0123456789")])
		ret = number_parse(word, VMADDR_CID_HOST + 1, VMADDR_CID_ANY - 1, &side->place.cid);
	else if (!ret)
		ret = resolve_guest(&guests, word, &side->place.cid);
	if (!ret)
		name_guest(side, &guests);
	guests_free(&guests);
	return ret;
}

static int take_guest(struct side *side, const char *word)
{
	int ret = word && *word ? find_guest(side, word) : -EINVAL;

	if (ret == -EINVAL)
		return wrong("guest needs a name, or a CID of 3 or more", word ?: "guest");
	side->place.netns = NETNS_UNKNOWN;
	return ret;
}

static void take_host(struct side *side)
{
	side->place = (struct place){ .netns = NETNS_NONE, .cid = VMADDR_CID_HOST };
	snprintf(side->word, sizeof(side->word), "the host of this machine");
	snprintf(side->rule, sizeof(side->rule), "host");
}

static int take_netns(struct side *side, const char *what)
{
	int ret = strcmp(what, NETNS_INIT_NAME) ? netns_open(&side->ns, what)
						: netns_open_init(&side->ns);

	if (ret) {
		side->ns.fd = -1;
		return ret;
	}
	side->place.netns = side->ns.id;
	if (kernel_has_modes())
		ret = sysctl_mode_get(&side->ns, knob_name(NS_MODE), &side->place.native);
	return ret ? log_errno(-ret, "ns_mode of %s", what) : 0;
}

/* Returns how many words it took, a failure, or 0 after wrong usage. */
static int take_side(struct side *side, char **words, int count)
{
	int ret;

	if (!count)
		return 0;
	if (!strcmp(words[0], "guest")) {
		ret = take_guest(side, count > 1 ? words[1] : NULL);
		return ret == USAGE ? 0 : ret ?: 2;
	}
	if (!strcmp(words[0], "host")) {
		take_host(side);
		return 1;
	}
	ret = take_netns(side, words[0]);
	return ret ? ret : 1;
}

static int check_sides(const struct request *request)
{
	const struct side *from = &request->from, *to = &request->to;

	if (from->place.cid && to->place.cid)
		return wrong("guests and the host do not reach each other through this machine",
			     to->word);
	return 0;
}

static int usage(void)
{
	log_error(EINVAL,
		  "usage: vsockctl explain FROM TO PORT, where FROM and TO are a namespace, "
		  "'guest CID', 'guest NAME' or 'host'");
	return USAGE;
}

static int parse_type(struct request *request, const char *type)
{
	static const char *const names[] = { "stream", "dgram", "seqpacket" };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int found = type ? keywords_find(type, names, ARRAY_SIZE(names)) : 0;

	if (found < 0)
		return wrong("--type is stream, seqpacket or dgram", type);
	request->type = types[found];
	request->type_name = names[found];
	return 0;
}

int explain_request_parse(struct request *request, const struct options *options, int argc,
			  char **argv)
{
	int ret, took, more;

	*request = (struct request){ .from.ns.fd = -1, .to.ns.fd = -1 };
	ret = parse_type(request, options->type);
	if (ret)
		return ret;
	took = take_side(&request->from, argv, argc);
	if (took <= 0)
		return took ? took : USAGE;
	more = take_side(&request->to, argv + took, argc - took);
	if (more < 0)
		return more;
	if (!more || argc != took + more + 1)
		return usage();
	if (number_parse(argv[took + more], 0, VMADDR_PORT_ANY - 1, &request->port))
		return wrong("not a port", argv[took + more]);
	return check_sides(request);
}

void explain_request_close(struct request *request)
{
	netns_close(&request->from.ns);
	netns_close(&request->to.ns);
}
