// SPDX-License-Identifier: GPL-2.0-only
/* tests/tables/knobs.table: what vsockctl says. */
#include <string.h>

#include "tables/scenario.h"

static char section[64];
static int step;

static void begin(const struct row *row)
{
	if (row->count != 2)
		table_fail(row, "wanted: section NAME");
	snprintf(section, sizeof(section), "%s", row->words[1]);
	step = 0;
}

static void run_as(const struct row *row, struct ctl_said *said)
{
	const struct ns *ns = find_ns(row->words[0]);

	if (!ns)
		table_fail(row, "there is no namespace %s yet", row->words[0]);
	ctl_run_as(said, ns, row->words[2], row->words + 3);
}

static void run_step(const struct row *row)
{
	const char *netns = row->words[0];
	struct ctl_said said;
	int i;

	if (row->count > 2 && !strcmp(row->words[1], "as"))
		run_as(row, &said);
	else
		ctl_run(&said, strcmp(netns, "init") ? netns : NULL, row->words + 1);
	printf("%s %d: %s", section, ++step, netns);
	for (i = 1; i < row->count; i++)
		printf(" %s", row->words[i]);
	printf("\t%s\n", ctl_word(&said));
}

void run_knobs(const char *table)
{
	struct row row;

	for (table_open(&row, table); table_next(&row);) {
		if (!strcmp(row.words[0], "section"))
			begin(&row);
		else if (!strcmp(row.words[0], "namespace"))
			add_ns(&row, row.words[1], 2);
		else
			run_step(&row);
	}
}
