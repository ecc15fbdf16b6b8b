// SPDX-License-Identifier: GPL-2.0-only
/*
 *	connect to PEER [port LIST]	bind [port LIST]
 *	accept from PEER [port LIST]	guest [LIST]
 *
 * PEER is anyone, host, guests, guest LIST, namespace NAME or policy NAME.
 */
#include "policy/rule.h"

#include <ctype.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/keywords.h"
#include "lib/memory.h"
#include "policy/glob.h"

/* The largest number of both is a wildcard, which no packet carries. */
#define FIRST_CID (VMADDR_CID_HOST + 1)
#define LAST	  (VMADDR_PORT_ANY - 1)

struct parser {
	struct rule *rule;
	char *word; /* the current one, NULL after the last */
	char *rest; /* of the line */
	char **reason;
};

static int wrong(struct parser *parser, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int wrong(struct parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	*parser->reason = memory_vprintf(format, args);
	va_end(args);
	return -EINVAL;
}

/* Goes to the next word, and takes this one over into the rule's text. */
static void advance(struct parser *parser)
{
	char *text = parser->rule->text;

	parser->word = strtok_r(NULL, " \t", &parser->rest);
	if (!parser->word)
		return;
	if (*text)
		strcat(text, " ");
	strcat(text, parser->word);
}

/* *text moves past the digits. */
static int take_number(struct parser *parser, const char **text, const char *what, __u32 least,
		       __u32 *number)
{
	unsigned long long value = 0;

	if (!isdigit((unsigned char)**text))
		return wrong(parser, "%s: numbers, ranges like 8-15, and commas, without blanks",
			     parser->word);
	for (; isdigit((unsigned char)**text); ++*text)
		if (value <= LAST)
			value = 10 * value + (**text - '0');
	if (value < least || value > LAST)
		return wrong(parser, "%s: %s are %u to %u", parser->word, what, least, LAST);
	*number = value;
	return 0;
}

static void add_range(struct ranges *ranges, struct range range)
{
	*array_add(ranges->range, ranges->count, ranges->room) = range;
}

static int take_range(struct parser *parser, const char **text, const char *what, __u32 least,
		      struct ranges *ranges)
{
	struct range range;
	int ret;

	ret = take_number(parser, text, what, least, &range.first);
	range.last = range.first;
	if (!ret && **text == '-') {
		++*text;
		ret = take_number(parser, text, what, least, &range.last);
	}
	if (ret)
		return ret;
	if (range.last < range.first)
		return wrong(parser, "%s: %u-%u: the range is reversed", parser->word, range.first,
			     range.last);
	add_range(ranges, range);
	return 0;
}

/* The whole word: 80,443,8000-8100. */
static int take_ranges(struct parser *parser, const char *what, __u32 least, struct ranges *ranges)
{
	const char *text = parser->word;
	int ret;

	ret = take_range(parser, &text, what, least, ranges);
	while (!ret && *text == ',') {
		text++;
		ret = take_range(parser, &text, what, least, ranges);
	}
	if (!ret && *text)
		ret = wrong(parser, "%s: numbers, ranges like 8-15, and commas, without blanks",
			    parser->word);
	return ret;
}

static int take_list(struct parser *parser, const char *what, __u32 least, struct ranges *ranges)
{
	int ret = take_ranges(parser, what, least, ranges);

	if (!ret)
		advance(parser);
	return ret;
}

static void take_all(struct ranges *ranges)
{
	add_range(ranges, (struct range){ .first = 0, .last = ~0U });
}

static const char cids_of_guests[] = "CIDs of guests";

static int take_cids(struct parser *parser)
{
	return take_list(parser, cids_of_guests, FIRST_CID, &parser->rule->cids);
}

static int take_ports(struct parser *parser)
{
	if (!parser->word) {
		take_all(&parser->rule->ports);
		return 0;
	}
	if (strcmp(parser->word, "port"))
		return wrong(parser, "%s: here only port LIST may follow%s", parser->word,
			     keywords_hint(parser->word, (const char *const[]){ "port" }, 1).text);
	advance(parser);
	if (!parser->word)
		return wrong(parser, "port: missing number");
	return take_list(parser, "ports", 0, &parser->rule->ports);
}

static int take_name(struct parser *parser, const char *what)
{
	if (!parser->word)
		return wrong(parser, "%s: missing name", what);
	if (is_glob(parser->word))
		return wrong(parser,
			     "%s %s: rules take exact names; give those namespaces a policy, "
			     "and name it",
			     what, parser->word);
	if (strchr(parser->word, '/'))
		return wrong(parser, "%s %s: a name, not a path", what, parser->word);
	parser->rule->name = memory_strdup(parser->word);
	advance(parser);
	return 0;
}

/* The words are in the order of these. */
enum peer_word {
	WORD_ANYONE,
	WORD_HOST,
	WORD_GUESTS,
	WORD_GUEST,
	WORD_NAMESPACE,
	WORD_POLICY
};

static int take_peer(struct parser *parser, const char *link)
{
	static const char *const words[] = { "anyone", "host",	    "guests",
					     "guest",  "namespace", "policy" };
	static const enum rule_peer peers[] = {
		ANYONE, OUTSIDE, BY_CID, BY_CID, BY_NAME, BY_POLICY
	};
	int found;

	if (!parser->word)
		return wrong(parser, "%s: missing peer", link);
	found = keywords_find(parser->word, words, ARRAY_SIZE(words));
	if (found < 0)
		return wrong(parser,
			     "%s: neither anyone, host, guests, guest CID, namespace NAME nor "
			     "policy NAME%s",
			     parser->word,
			     keywords_hint(parser->word, words, ARRAY_SIZE(words)).text);
	parser->rule->peer = peers[found];
	advance(parser);
	switch (found) {
	case WORD_GUESTS:
		take_all(&parser->rule->cids);
		return 0;
	case WORD_GUEST:
		if (!parser->word)
			return wrong(parser, "guest: missing CID (write 'guests' for all)");
		return take_cids(parser);
	case WORD_NAMESPACE:
	case WORD_POLICY:
		return take_name(parser, words[found]);
	default:
		return 0;
	}
}

/* "to", "from" */
static int take_link(struct parser *parser, const char *verb, const char *link)
{
	if (!parser->word)
		return wrong(parser, "%s: missing '%s' and peer", verb, link);
	if (strcmp(parser->word, link))
		return wrong(parser, "%s: '%s' has to follow, not '%s'", verb, link, parser->word);
	advance(parser);
	return 0;
}

static int take_connection(struct parser *parser, const char *verb, const char *link)
{
	int ret = take_link(parser, verb, link);

	if (!ret)
		ret = take_peer(parser, link);
	return ret ? ret : take_ports(parser);
}

static int take_guest(struct parser *parser)
{
	if (parser->word)
		return take_cids(parser);
	take_all(&parser->rule->cids);
	return 0;
}

static int take_rule(struct parser *parser)
{
	/* In the order of enum rule_verb. */
	static const char *const verbs[] = { "connect", "accept", "bind", "guest" };
	int found;

	if (!parser->word)
		return wrong(parser, "missing rule, for example: connect to guests port 22");
	found = keywords_find(parser->word, verbs, ARRAY_SIZE(verbs));
	if (found < 0)
		return wrong(parser, "%s: a rule begins with connect, accept, bind or guest%s",
			     parser->word,
			     keywords_hint(parser->word, verbs, ARRAY_SIZE(verbs)).text);
	if (parser->rule->decision == ALLOW && (found == BIND || found == GUEST))
		return wrong(parser,
			     "%s is allowed unless a rule denies it: only Deny=%s is a rule",
			     verbs[found], verbs[found]);
	parser->rule->verb = found;
	advance(parser);
	switch (found) {
	case CONNECT:
		return take_connection(parser, "connect", "to");
	case ACCEPT:
		return take_connection(parser, "accept", "from");
	case BIND:
		return take_ports(parser);
	default:
		return take_guest(parser);
	}
}

int rule_parse(struct rule *rule, enum decision decision, const char *text, char **reason)
{
	struct parser parser = { .rule = rule, .reason = reason };
	char *copy = memory_strdup(text);
	int ret;

	*rule = (struct rule){ .decision = decision,
			       .text = memory_checked(calloc(1, strlen(text) + 1)) };
	parser.rest = copy;
	advance(&parser);
	ret = take_rule(&parser);
	if (!ret && parser.word)
		ret = wrong(&parser, "%s: nothing may follow here", parser.word);
	free(copy);
	return ret;
}

int rule_parse_cids(struct ranges *cids, const char *text, char **reason)
{
	struct parser parser = { .word = (char *)text, .reason = reason };

	return take_ranges(&parser, cids_of_guests, FIRST_CID, cids);
}

void rule_free(struct rule *rule)
{
	free(rule->name);
	free(rule->cids.range);
	free(rule->ports.range);
	free(rule->text);
}

const struct range *range_at(const struct ranges *ranges, __u64 number)
{
	size_t i;

	for (i = 0; i < ranges->count; i++)
		if (ranges->range[i].first <= number && number <= ranges->range[i].last)
			return &ranges->range[i];
	return NULL;
}

bool ranges_cover(const struct ranges *wide, const struct ranges *narrow)
{
	const struct range *found;
	size_t i;

	for (i = 0; i < narrow->count; i++) {
		found = range_at(wide, narrow->range[i].first);
		if (!found || found->last < narrow->range[i].last)
			return false;
	}
	return true;
}

/* Whether a range of `b` begins in `a`. */
static bool begins_in(const struct ranges *a, const struct ranges *b, __u32 *number)
{
	size_t i;

	for (i = 0; i < b->count; i++) {
		*number = b->range[i].first;
		if (range_at(a, *number))
			return true;
	}
	return false;
}

bool ranges_overlap(const struct ranges *a, const struct ranges *b, __u32 *number)
{
	return begins_in(a, b, number) || begins_in(b, a, number);
}
