// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl check: whether policy files could be put in force. Changes nothing, needs no layer. */
#include <errno.h>
#include <stdio.h>

#include "ctl/command.h"
#include "lib/json.h"
#include "lib/log.h"
#include "policy/mistakes.h"
#include "policy/notes.h"
#include "policy/policies.h"
#include "policy/switch.h"

static size_t count_rules(const struct policies *policies)
{
	size_t i, count = 0;

	for (i = 0; i < policies->count; i++)
		count += policies->policy[i].rules;
	return count;
}

static struct json_object *mistakes_json(const struct policies *policies)
{
	struct json_object *list = json_object_new_array(), *object;
	const struct mistake *mistake;
	size_t i;

	for (i = 0; i < policies->mistakes && i < MISTAKES_KEPT; i++) {
		mistake = &policies->mistake[i];
		object = json_object_new_object();
		json_add_text(object, "file", mistake->file);
		json_add_number_if(object, "line", mistake->line, mistake->line);
		json_add_text(object, "reason", mistake->reason);
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *notes_json(const struct notes *notes)
{
	struct json_object *list = json_object_new_array(), *object;
	const struct note *note;
	size_t i;

	for (i = 0; i < notes->count; i++) {
		note = &notes->note[i];
		object = json_object_new_object();
		json_add_text(object, "file", note->file);
		json_add_number_if(object, "line", note->line, note->line);
		json_add_text(object, "text", note->text);
		json_object_array_add(list, object);
	}
	return list;
}

static void print_notes(const struct notes *notes)
{
	const struct note *note;
	size_t i;

	for (i = 0; i < notes->count; i++) {
		note = &notes->note[i];
		if (note->line)
			printf("note: %s:%u: %s\n", note->file, note->line, note->text);
		else
			printf("note: %s: %s\n", note->file, note->text);
	}
}

static void print_check_json(const struct policies *policies, const struct notes *notes, bool good)
{
	struct json_object *object = json_object_new_object();

	json_add_bool(object, "good", good);
	json_add_number(object, "policies", policies->count);
	json_add_number(object, "rules", count_rules(policies));
	json_object_object_add(object, "mistakes", mistakes_json(policies));
	json_object_object_add(object, "notes", notes_json(notes));
	print_json(object);
}

static void print_check(const struct policies *policies, const struct notes *notes)
{
	size_t rules = count_rules(policies);

	print_notes(notes);
	printf("%zu %s, %zu %s: good\n", policies->count,
	       policies->count == 1 ? "policy" : "policies", rules, rules == 1 ? "rule" : "rules");
}

int command_check(const struct options *options, int argc, char **argv)
{
	struct policies policies;
	struct notes notes = {};
	int ret;

	ret = argc ? policies_load_files(&policies, argv, argc)
		   : policies_load(&policies, options->policy_dir ?: POLICY_DIR);
	if (!ret)
		ret = policy_check(&policies);
	if (!ret)
		notes_take(&notes, &policies);
	if (options->json)
		print_check_json(&policies, &notes, !ret);
	else if (!ret)
		print_check(&policies, &notes);
	else
		policies_log_mistakes(&policies);
	notes_free(&notes);
	policies_free(&policies);
	return ret;
}
