// SPDX-License-Identifier: GPL-2.0-only
/* Policy files: libinih takes lines apart, what comes before and after is checked here. */
#include "policy/read.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/keywords.h"
#include "lib/memory.h"
#include "policy/glob.h"
#include "policy/ini-line.h"
#include "policy/mistakes.h"
#include "policy/rule.h"

enum section {
	MATCH_SECTION,
	NAMESPACE_SECTION,
	RULES_SECTION,
	SECTIONS
};

static const char *const sections[] = { "Match", "Namespace", "Rules" };

enum key {
	NAME,
	PATH,
	CGROUP,
	ANNOTATION,
	POD,
	GUEST_CIDS,
	MODE,
	CHILD_MODE,
	AUDIT,
	LOG,
	INHERIT,
	ALLOWS,
	DENIES,
	KEYS
};

static const char *const keys[] = { "Name",    "Path",	"Cgroup",    "Annotation", "Pod",
				    "Guest",   "Mode",	"ChildMode", "Audit",	   "Log",
				    "Inherit", "Allow", "Deny" };

/* Where the keys of each section begin. */
static const enum key first_key[] = { NAME, MODE, ALLOWS, KEYS };

struct reader {
	struct policies *policies;
	struct policy *policy;
	const char *next, *end; /* of the file's text */
	unsigned int line;
	size_t before;			/* mistakes of other files */
	bool begun;			/* a section has begun, or tried to */
	unsigned int section[SECTIONS]; /* lines of them, 0: not there */
	unsigned int key[KEYS];		/* lines where they stand last */
};

#define mistake(reader, ...)                                                                       \
	policies_mistake((reader)->policies, (reader)->policy->file, (reader)->line, __VA_ARGS__)

static void add_glob(struct globs *globs, const char *glob)
{
	*array_add(globs->glob, globs->count, globs->room) = memory_strdup(glob);
}

static const char *name_mistake(const char *glob)
{
	return strchr(glob, '/') ? "a name has no slash; Path= is for paths" : NULL;
}

static const char *path_mistake(const char *glob)
{
	return *glob != '/' && *glob != '*' ? "begins with neither / nor *" : NULL;
}

static const char *annotation_mistake(const char *glob)
{
	const char *equals = strchr(glob, '=');

	if (!equals || equals == glob)
		return "not KEY=GLOB";
	if (strcspn(glob, "*?[") < (size_t)(equals - glob))
		return "a glob can only come after the '='";
	return NULL;
}

/* Neither a namespace nor a name of Kubernetes has a slash in it. */
static const char *pod_mistake(const char *glob)
{
	const char *slash = strchr(glob, '/');

	return !slash || slash == glob || !slash[1] || strchr(slash + 1, '/') ? "not NAMESPACE/NAME"
									      : NULL;
}

static void take_globs(struct reader *reader, enum key key, const char *value)
{
	static const char *(*const special[])(const char *) = { name_mistake, path_mistake,
								path_mistake, annotation_mistake,
								pod_mistake };
	struct globs *const globs[] = { &reader->policy->names, &reader->policy->paths,
					&reader->policy->cgroups, &reader->policy->annotations,
					&reader->policy->pods };
	char *copy = memory_strdup(value), *glob, *rest;
	const char *reason;

	for (glob = strtok_r(copy, " \t", &rest); glob; glob = strtok_r(NULL, " \t", &rest)) {
		reason = glob_foreign_mistake(glob);
		if (!reason)
			reason = special[key](glob);
		if (!reason)
			reason = glob_mistake(glob);
		if (!reason && key != ANNOTATION && glob_has_comma(glob))
			reason = "values are separated by blanks, not by commas";
		if (reason)
			mistake(reader, "%s=%s: %s", keys[key], glob, reason);
		add_glob(globs[key], glob);
	}
	free(copy);
}

/* Words of CIDs and ranges, separated by blanks or by commas. */
static void take_guests(struct reader *reader, const char *value)
{
	char *copy = memory_strdup(value), *word, *rest, *reason;

	for (word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		if (!rule_parse_cids(&reader->policy->guests, word, &reason))
			continue;
		mistake(reader, "Guest=%s", reason);
		free(reason);
	}
	free(copy);
}

static void take_mode(struct reader *reader, enum key key, const char *value, bool *sets,
		      enum vsock_mode *mode)
{
	/* In the order of enum vsock_mode. */
	static const char *const modes[] = { "global", "local" };
	int found = keywords_find(value, modes, ARRAY_SIZE(modes));

	if (found < 0) {
		mistake(reader, "%s=%s: neither global nor local%s", keys[key], value,
			keywords_hint(value, modes, ARRAY_SIZE(modes)).text);
		return;
	}
	*sets = true;
	*mode = found;
}

static void take_bool(struct reader *reader, enum key key, const char *value, bool *flag)
{
	if (keywords_bool(value, flag))
		mistake(reader, "%s=%s: neither yes nor no", keys[key], value);
}

static void take_log(struct reader *reader, const char *value)
{
	static const char *const logs[] = { "accepted" };

	if (keywords_find(value, logs, ARRAY_SIZE(logs)) < 0)
		mistake(reader, "Log=%s: not accepted, which is all that can be logged%s", value,
			keywords_hint(value, logs, ARRAY_SIZE(logs)).text);
	else
		reader->policy->log_accepted = true;
}

static void take_rule(struct reader *reader, enum key key, const char *value)
{
	struct policy *policy = reader->policy;
	struct rule rule;
	char *reason;

	if (rule_parse(&rule, key == ALLOWS ? ALLOW : DENY, value, &reason)) {
		mistake(reader, "%s", reason);
		free(reason);
		rule_free(&rule);
		return;
	}
	rule.line = reader->line;
	*array_add(policy->rule, policy->rules, policy->room) = rule;
}

static void take(struct reader *reader, enum key key, const char *value)
{
	struct policy *policy = reader->policy;

	switch (key) {
	case GUEST_CIDS:
		take_guests(reader, value);
		break;
	case MODE:
		policy->mode_line = reader->line;
		take_mode(reader, key, value, &policy->sets_mode, &policy->mode);
		break;
	case CHILD_MODE:
		take_mode(reader, key, value, &policy->sets_child_mode, &policy->child_mode);
		break;
	case AUDIT:
		take_bool(reader, key, value, &policy->audit);
		break;
	case LOG:
		take_log(reader, value);
		break;
	case INHERIT:
		take_bool(reader, key, value, &policy->inherit);
		break;
	case ALLOWS:
	case DENIES:
		take_rule(reader, key, value);
		break;
	default:
		take_globs(reader, key, value);
	}
}

static void unknown_key(struct reader *reader, int section, const char *name)
{
	int elsewhere = keywords_find(name, keys, KEYS), other = SECTIONS;

	if (elsewhere < 0) {
		mistake(reader, "%s=: no such key in [%s]%s", name, sections[section],
			keywords_hint(name, keys + first_key[section],
				      first_key[section + 1] - first_key[section])
				.text);
		return;
	}
	while (first_key[--other] > (enum key)elsewhere)
		;
	mistake(reader, "%s=: belongs in [%s], not in [%s]", name, sections[other],
		sections[section]);
}

static bool may_repeat(enum key key)
{
	return key < MODE || key >= ALLOWS;
}

/* Called by libinih for every Key=value, while the reader is at its line. */
static int on_key(void *arg, const char *section_name, const char *name, const char *value)
{
	struct reader *reader = arg;
	int section = keywords_find(section_name, sections, SECTIONS), key;

	/* Its line is a mistake already. */
	if (section < 0)
		return 1;
	key = keywords_find(name, keys, KEYS);
	if (key < (int)first_key[section] || key >= (int)first_key[section + 1]) {
		unknown_key(reader, section, name);
	} else if (!*value) {
		mistake(reader, "%s=: missing value", name);
	} else if (reader->key[key] && !may_repeat(key)) {
		mistake(reader, "%s=: is already in line %u", name, reader->key[key]);
	} else {
		reader->key[key] = reader->line;
		take(reader, key, value);
	}
	return 1;
}

/* The line is a [Section]. */
static void look_at_section(struct reader *reader, struct ini_line line)
{
	char *name = memory_checked(strndup(line.text + 1, line.length - 2));
	int section;

	section = keywords_find(name, sections, SECTIONS);
	if (section < 0)
		mistake(reader, "[%s]: no such section%s", name,
			keywords_hint(name, sections, SECTIONS).text);
	else if (reader->section[section])
		mistake(reader, "[%s]: is already in line %u", name, reader->section[section]);
	else
		reader->section[section] = reader->line;
	free(name);
}

/* Whether libinih may have the line. */
static bool look_at(struct reader *reader, struct ini_line line, size_t most)
{
	bool begun = reader->begun;
	char *reason = ini_line_mistake(line, most);

	reader->begun |= line.length && *line.text == '[';
	if (reason) {
		mistake(reader, "%s", reason);
		free(reason);
		return false;
	}
	if (ini_line_is_empty(line))
		return false;
	if (*line.text == '[') {
		look_at_section(reader, line);
		return true;
	}
	/* The first is enough: it is the section that is missing, not each key that is wrong. */
	if (!begun)
		mistake(reader, "there is no [Section] before it");
	reader->begun = true;
	return begun;
}

/*
 * What libinih reads lines with. It gets them without the blanks in front that would make
 * them parts of the line before, and empty ones instead of those that are no good.
 */
static char *next_line(char *buffer, int room, void *arg)
{
	struct reader *reader = arg;
	const char *end;
	struct ini_line line;
	bool good;

	if (reader->next == reader->end)
		return NULL;
	end = memchr(reader->next, '\n', reader->end - reader->next);
	line.text = reader->next;
	line.length = (end ? end : reader->end) - line.text;
	reader->next = end ? end + 1 : reader->end;
	reader->line++;
	line = ini_line_strip(line);
	good = look_at(reader, line, room - 1);
	/* Keys after a bad section belong to no section, rather than to the one before. */
	if (!good && line.length && *line.text == '[')
		return strcpy(buffer, "[]");
	if (!good)
		line.length = 0;
	memcpy(buffer, line.text, line.length);
	buffer[line.length] = '\0';
	return buffer;
}

static bool means_init(const struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->names.count; i++)
		if (!strcmp(policy->names.glob[i], NETNS_INIT_NAME))
			return true;
	return false;
}

/* A guest has no other trait, makes no namespaces, binds no ports here, and starts no guests. */
static void look_at_guests(struct reader *reader)
{
	static const enum key of_children[] = { CHILD_MODE, INHERIT };
	const struct policy *policy = reader->policy;
	enum key key;
	size_t i;

	for (key = NAME; key < GUEST_CIDS; key++) {
		reader->line = reader->key[key];
		if (reader->line)
			mistake(reader,
				"%s=: is for namespaces, and this policy for guests: Guest= stands "
				"alone",
				keys[key]);
	}
	for (i = 0; i < ARRAY_SIZE(of_children); i++) {
		reader->line = reader->key[of_children[i]];
		if (reader->line)
			mistake(reader, "%s=: guests make no namespaces", keys[of_children[i]]);
	}
	for (i = 0; i < policy->rules; i++) {
		reader->line = policy->rule[i].line;
		if (policy->rule[i].verb == BIND || policy->rule[i].verb == GUEST)
			mistake(reader, "Deny=%s: rules for guests are about connect and accept",
				policy->rule[i].text);
	}
}

/* What only the whole file shows. */
static void look_at_all(struct reader *reader)
{
	const struct policy *policy = reader->policy;
	bool local = policy->sets_mode && policy->mode == LOCAL;

	/* What is missing may be what is wrong. */
	if (reader->policies->mistakes > reader->before)
		return;
	reader->line = reader->section[MATCH_SECTION];
	if (!reader->line)
		mistake(reader, "there is no [Match]: the policy would fit nothing");
	else if (!reader->key[NAME] && !reader->key[PATH] && !reader->key[CGROUP] &&
		 !reader->key[ANNOTATION] && !reader->key[POD] && !reader->key[GUEST_CIDS])
		mistake(reader, "[Match] needs Name=, Path=, Cgroup=, Annotation=, Pod= or Guest=");
	if (policy_is_for_guests(policy))
		return look_at_guests(reader);
	reader->line = reader->key[CHILD_MODE];
	if (local && policy->sets_child_mode && policy->child_mode == GLOBAL)
		mistake(reader, "ChildMode=global: a local namespace makes only local ones");
	reader->line = reader->key[MODE];
	if (local && means_init(policy))
		mistake(reader, "Mode=local: Name=%s stays global; ChildMode= is for what it makes",
			NETNS_INIT_NAME);
}

static struct policy *add_policy(struct policies *policies, const char *name, const char *file)
{
	struct policy *policy = array_add(policies->policy, policies->count, policies->room);

	*policy = (struct policy){
		.name = memory_strdup(name),
		.file = memory_strdup(file),
		.inherit = true,
	};
	return policy;
}

void policy_read(struct policies *policies, const char *name, const char *file, const char *text,
		 size_t size)
{
	struct reader reader = { .policies = policies, .policy = add_policy(policies, name, file) };
	int ret;

	reader.before = policies->mistakes;
	reader.end = text + size;
	/* The mark that editors of other systems begin UTF-8 with. */
	reader.next = text + (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0);
	ret = ini_parse_stream(next_line, &reader, on_key, &reader);
	if (ret > 0) {
		/* None is known that comes here; it would be no reason to go on. */
		reader.line = ret;
		mistake(&reader, "neither [Section] nor Key=value");
	} else if (ret) {
		errno = ENOMEM;
		memory_checked(NULL);
	}
	look_at_all(&reader);
}
