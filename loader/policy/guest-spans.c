// SPDX-License-Identifier: GPL-2.0-only
/* All numbers where a Guest= begins or ends are known first, so each policy fills whole spans. */
#include "policy/guest-spans.h"

#include <stdlib.h>

#include "lib/array.h"
#include "lib/memory.h"
#include "policy/match.h"

static void add(struct guest_spans *spans, __u64 first)
{
	*array_add(spans->span, spans->count, spans->room) =
		(struct guest_span){ .first = first, .policy = NO_POLICY };
}

static void add_ends(struct guest_spans *spans, const struct ranges *guests)
{
	size_t i;

	for (i = 0; i < guests->count; i++) {
		add(spans, guests->range[i].first);
		add(spans, guests->range[i].last + 1ULL);
	}
}

static void sort(struct guest_spans *spans)
{
	size_t i, kept = 1;

	qsort(spans->span, spans->count, sizeof(*spans->span), array_by_u64);
	for (i = 1; i < spans->count; i++)
		if (spans->span[i].first != spans->span[kept - 1].first)
			spans->span[kept++] = spans->span[i];
	spans->count = kept;
}

static size_t span_from(const struct guest_spans *spans, __u64 first)
{
	const struct guest_span *span =
		bsearch(&first, spans->span, spans->count, sizeof(*span), array_by_u64);

	return span - spans->span;
}

/* This span, or the next one without a policy. The way there gets shorter each time. */
static size_t next_free(size_t *next, size_t at)
{
	while (next[at] != at)
		at = next[at] = next[next[at]];
	return at;
}

static void fill(struct guest_spans *spans, size_t *next, const struct range *range, size_t policy)
{
	size_t end = span_from(spans, range->last + 1ULL);
	size_t at = next_free(next, span_from(spans, range->first));

	for (; at < end; at = next_free(next, at)) {
		spans->span[at].policy = policy;
		next[at] = at + 1;
	}
}

/* Later policies find it filled. */
static void fill_all(struct guest_spans *spans, const struct policies *policies)
{
	size_t *next = memory_checked(calloc(spans->count + 1, sizeof(*next)));
	const struct ranges *guests;
	size_t i, j;

	for (i = 0; i <= spans->count; i++)
		next[i] = i;
	for (i = 0; i < policies->count; i++) {
		guests = &policies->policy[i].guests;
		for (j = 0; j < guests->count; j++)
			fill(spans, next, &guests->range[j], i);
	}
	free(next);
}

void guest_spans_make(struct guest_spans *spans, const struct policies *policies)
{
	size_t i;

	*spans = (struct guest_spans){};
	for (i = 0; i < policies->count; i++)
		add_ends(spans, &policies->policy[i].guests);
	if (!spans->count)
		return;
	add(spans, 0);
	sort(spans);
	fill_all(spans, policies);
}
