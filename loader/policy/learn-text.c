// SPDX-License-Identifier: GPL-2.0-only
/* What was learned, as a policy file. A line must not be longer than its reader takes. */
#include <stdlib.h>
#include <string.h>

#include "lib/memory.h"
#include "lib/printable.h"
#include "policy/ini-line.h"
#include "policy/learn.h"

#define NAMES_MOST 4
#define WORD_SIZE  32
#define LIST_MOST  64 /* bytes of a list of ranges, so that a line is not too long */
#define RANGE_SIZE 24

/* --- Comments --- */

static void put_words(FILE *out, const struct words *words)
{
	char word[WORD_SIZE];
	size_t i;

	for (i = 0; i < words->count && i < NAMES_MOST; i++) {
		printable(word, sizeof(word), words->word[i] ?: "(no name)", WORD_SIZE);
		fprintf(out, "%s%s", i ? ", " : "", word);
	}
	if (words->count > NAMES_MOST)
		fprintf(out, " and %zu more", words->count - NAMES_MOST);
}

static void put_peers(FILE *out, const struct learned_rule *rule)
{
	if (rule->peer == OUTSIDE) {
		fputs("the host", out);
		return;
	}
	if (rule->peer == BY_CID)
		fputs("guests of ", out);
	put_words(out, &rule->peers);
}

static size_t width_of(const struct ranges *ranges)
{
	size_t i, width = 0;

	for (i = 0; i < ranges->count; i++)
		width += 1ULL + ranges->range[i].last - ranges->range[i].first;
	return width;
}

static void put_ends(FILE *out, const struct learned_rule *rule)
{
	if (rule->verb == CONNECT) {
		put_words(out, &rule->own);
		fputs(" to ", out);
		put_peers(out, rule);
	} else {
		put_peers(out, rule);
		fputs(" to ", out);
		put_words(out, &rule->own);
	}
}

static void put_comment(FILE *out, const struct learned_rule *rule)
{
	size_t width = width_of(&rule->ports);

	fprintf(out, "# %llu %s from ", rule->calls, rule->calls == 1 ? "call" : "calls");
	put_ends(out, rule);
	if (width > rule->seen)
		fprintf(out, "; %zu of these %zu ports", rule->seen, width);
	fputc('\n', out);
}

/* --- Rules --- */

static int range_text(char text[RANGE_SIZE], const struct range *range)
{
	if (range->first == range->last)
		return snprintf(text, RANGE_SIZE, "%u", range->first);
	return snprintf(text, RANGE_SIZE, "%u-%u", range->first, range->last);
}

/* Of the ranges from `first` on, those that fit into one line: the first that does not. */
static size_t line_end(const struct ranges *ranges, size_t first)
{
	size_t i, length = 0;
	char text[RANGE_SIZE];

	for (i = first; i < ranges->count; i++) {
		length += range_text(text, &ranges->range[i]) + 1;
		if (length > LIST_MOST)
			break;
	}
	return i;
}

static void put_ranges(FILE *out, const struct ranges *ranges, size_t first)
{
	size_t end = line_end(ranges, first), i;
	char text[RANGE_SIZE];

	for (i = first; i < end; i++) {
		range_text(text, &ranges->range[i]);
		fprintf(out, "%s%s", i > first ? "," : "", text);
	}
}

static void put_peer(FILE *out, const struct learned_rule *rule, size_t cids)
{
	switch (rule->peer) {
	case OUTSIDE:
		fputs("host", out);
		break;
	case BY_CID:
		fputs("guest ", out);
		put_ranges(out, &rule->cids, cids);
		break;
	default:
		fprintf(out, "%s %s", rule->peer == BY_POLICY ? "policy" : "namespace", rule->name);
	}
}

static void put_line(FILE *out, const struct learned_rule *rule, size_t cids, size_t ports)
{
	fprintf(out, "Allow=%s ", rule->verb == CONNECT ? "connect to" : "accept from");
	put_peer(out, rule, cids);
	fputs(" port ", out);
	put_ranges(out, &rule->ports, ports);
	fputc('\n', out);
}

void learn_put_rule(FILE *out, const struct learned_rule *rule)
{
	size_t cids = 0, ports;

	put_comment(out, rule);
	do {
		for (ports = 0; ports < rule->ports.count; ports = line_end(&rule->ports, ports))
			put_line(out, rule, cids, ports);
		cids = line_end(&rule->cids, cids);
	} while (cids < rule->cids.count);
}

static void put_rules(FILE *out, const struct learned_policy *policy)
{
	size_t i;

	for (i = 0; i < policy->rules; i++)
		learn_put_rule(out, &policy->rule[i]);
}

/* --- Files --- */

/* The namespace was local when this was seen, and is to be so whoever makes it. */
static void put_new(FILE *out, const struct learned_policy *policy)
{
	fprintf(out,
		"[Match]\n"
		"Name=%s\n"
		"\n"
		"[Namespace]\n"
		"Mode=local\n"
		"\n"
		"[Rules]\n",
		policy->netns);
	put_rules(out, policy);
}

/* Returns whether the rules were put below this line. */
static bool put_old_line(FILE *out, const struct learned_policy *policy, struct ini_line line)
{
	struct ini_line bare = ini_line_strip(line);

	if (policy->before->audit && ini_line_sets(bare, "Audit"))
		fputs("# Taken out by vsockctl learn, so that what was not seen is refused:\n#",
		      out);
	fprintf(out, "%.*s\n", (int)line.length, line.text);
	if (!ini_line_is(bare, "[Rules]"))
		return false;
	put_rules(out, policy);
	return true;
}

/* All that stood there stays, but for Audit=. */
static void put_changed(FILE *out, const struct learned_policy *policy, const char *text,
			size_t size)
{
	const char *end = text + size, *next;
	bool done = false;

	for (; text < end; text = next + 1) {
		next = memchr(text, '\n', end - text) ?: end;
		done |= put_old_line(out, policy, (struct ini_line){ text, next - text });
	}
	if (done)
		return;
	fputs("\n[Rules]\n", out);
	put_rules(out, policy);
}

void learn_put_policy(FILE *out, const struct learned_policy *policy, const char *text, size_t size)
{
	/* One byte more, so that a line ends in what is no blank. */
	char *copy = text ? memory_checked(strndup(text, size)) : NULL;

	if (copy)
		put_changed(out, policy, copy, strlen(copy));
	else
		put_new(out, policy);
	free(copy);
}
