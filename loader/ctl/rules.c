// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl rules: the policies in force, in the words of their files, and who has which. */
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/command.h"
#include "events/event-format.h"
#include "kernel/netns-homes.h"
#include "kernel/netns-names.h"
#include "layer/guests.h"
#include "layer/modes.h"
#include "layer/netns-records.h"
#include "layer/vhost.h"
#include "lib/array.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "policy/policies.h"
#include "policy/set.h"
#include "policy/survey.h"

/* A namespace that has a policy; sorted by identity. */
struct holder {
	netns_id id;
	const struct policy *policy;
};

/* A guest with a policy of its own. */
struct guest_holder {
	__u32 cid;
	const struct policy *policy;
};

struct view {
	struct policy_set set;
	struct survey survey;
	struct netns_names names, homes;
	netns_id init;
	struct holder *holder;
	size_t count;
	struct guest_list known; /* what guests are called */
	struct guest_holder *guest;
	size_t guests, guest_room;
};

/* --- What there is --- */

static const struct policy *policy_of_id(const struct view *view, netns_id id)
{
	const struct holder key = { .id = id }, *found;

	found = view->count ? bsearch(&key, view->holder, view->count, sizeof(key), array_by_u64)
			    : NULL;
	return found ? found->policy : NULL;
}

static void add_holders(struct view *view, const struct netns_records *records,
			const struct map_keys *ids)
{
	struct netns_record record;
	const struct policy *policy;
	size_t i;

	view->holder = memory_checked(calloc(ids->count + 1, sizeof(*view->holder)));
	for (i = 0; i < ids->count; i++) {
		if (netns_records_read(records, ids->key[i], &record))
			continue;
		policy = policy_in_record(&view->set, &record);
		if (policy)
			view->holder[view->count++] = (struct holder){ ids->key[i], policy };
	}
}

static int find_holders(struct view *view)
{
	struct netns_records records;
	struct map_keys ids;
	int ret;

	if (!view->set.policies.count)
		return 0;
	ret = netns_records_open(&records);
	if (ret)
		return ret;
	view->init = records.state->init;
	netns_records_ids(&records, &ids);
	add_holders(view, &records, &ids);
	map_walk_free(&ids);
	netns_records_close(&records);
	return 0;
}

static void add_guest(const struct cid_line *line, void *arg)
{
	struct view *view = arg;
	const struct policy *policy = policy_of_guest(&view->set, line->cid);

	if (policy && line->device.owner == view->init)
		*array_add(view->guest, view->guests, view->guest_room) =
			(struct guest_holder){ line->cid, policy };
}

static int by_cid(const void *a, const void *b)
{
	const struct guest_holder *x = a, *y = b;

	return x->cid < y->cid ? -1 : x->cid > y->cid;
}

/* A name that cannot be read is not shown. Says what is wrong. */
static int find_guests(struct view *view)
{
	int ret;

	if (!policies_have_guests(&view->set.policies))
		return 0;
	ret = vhost_each_cid(add_guest, view);
	if (view->guests)
		qsort(view->guest, view->guests, sizeof(*view->guest), by_cid);
	guests_load(&view->known);
	return ret;
}

static int view_open(struct view *view)
{
	int ret = policy_set_open(&view->set);

	if (ret)
		return ret;
	netns_names_load(&view->names);
	netns_homes_load(&view->homes);
	ret = survey_take(&view->survey, &view->set.policies);
	if (!ret)
		ret = find_holders(view);
	return ret ? ret : find_guests(view);
}

static void view_close(struct view *view)
{
	free(view->guest);
	guests_free(&view->known);
	free(view->holder);
	survey_free(&view->survey);
	netns_names_free(&view->names);
	netns_names_free(&view->homes);
	policy_set_close(&view->set);
}

/* --- For people --- */

static void print_word(const struct view *view, netns_id id)
{
	char word[NETNS_WORD_SIZE];

	netns_word(word, id,
		   netns_names_find(&view->names, id) ?: netns_names_find(&view->homes, id));
	fputs(word, stdout);
}

static void print_guest(const struct view *view, __u32 cid)
{
	char word[GUEST_WORD_SIZE];

	guest_word(word, cid, guests_name(&view->known, cid));
	fputs(word, stdout);
}

static void print_holders(const struct view *view, const struct policy *policy)
{
	const char *before = "    held by ";
	size_t i;

	for (i = 0; i < view->count; i++) {
		if (view->holder[i].policy != policy)
			continue;
		fputs(before, stdout);
		print_word(view, view->holder[i].id);
		before = ", ";
	}
	for (i = 0; i < view->guests; i++) {
		if (view->guest[i].policy != policy)
			continue;
		fputs(before, stdout);
		print_guest(view, view->guest[i].cid);
		before = ", ";
	}
	puts(*before == ',' ? "" : "    held by nobody");
}

struct shadow {
	const struct view *view;
	const struct policy *policy;
	struct json_object *list; /* NULL: for people */
};

/* A namespace that would have the policy if another one did not come first. */
static void show_shadow(struct resident *resident, void *arg)
{
	const struct shadow *shadow = arg;
	const struct policy *has = policy_of_id(shadow->view, resident->id);
	struct json_object *object;

	if (!has || has == shadow->policy || !policy_fits(shadow->policy, &resident->traits))
		return;
	if (!shadow->list) {
		fputs("    would also fit ", stdout);
		print_word(shadow->view, resident->id);
		printf(", which has %s\n", has->name);
		return;
	}
	object = json_object_new_object();
	json_add_number(object, "identity", resident->id);
	json_add_text(object, "policy", has->name);
	json_object_array_add(shadow->list, object);
}

static void print_settings(const struct policy *policy)
{
	printf("%s:", policy->name);
	if (policy->sets_mode)
		printf(" Mode=%s", mode_name(policy->mode));
	if (policy->sets_child_mode)
		printf(" ChildMode=%s", mode_name(policy->child_mode));
	if (policy->audit)
		printf(" Audit=yes");
	if (policy->log_accepted)
		printf(" Log=accepted");
	if (!policy->inherit)
		printf(" Inherit=no");
	putchar('\n');
}

static void print_policy(const struct view *view, const struct policy *policy)
{
	struct shadow shadow = { .view = view, .policy = policy };
	size_t i;

	print_settings(policy);
	print_holders(view, policy);
	survey_each(&view->survey, show_shadow, &shadow);
	for (i = 0; i < policy->rules; i++)
		printf("    %s=%s\n", policy->rule[i].decision == ALLOW ? "Allow" : "Deny",
		       policy->rule[i].text);
}

static void print_policies(const struct view *view)
{
	size_t i;

	if (!view->set.policies.count)
		puts("no policy is in force");
	for (i = 0; i < view->set.policies.count; i++)
		print_policy(view, &view->set.policies.policy[i]);
}

/* --- For programs --- */

static struct json_object *rules_json(const struct policy *policy)
{
	struct json_object *list = json_object_new_array(), *object;
	size_t i;

	for (i = 0; i < policy->rules; i++) {
		object = json_object_new_object();
		json_add_text(object, "decision",
			      policy->rule[i].decision == ALLOW ? "allow" : "deny");
		json_add_text(object, "rule", policy->rule[i].text);
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *holders_json(const struct view *view, const struct policy *policy)
{
	struct json_object *list = json_object_new_array(), *object;
	const char *name;
	size_t i;

	for (i = 0; i < view->count; i++) {
		if (view->holder[i].policy != policy)
			continue;
		name = netns_names_find(&view->names, view->holder[i].id);
		object = json_object_new_object();
		json_add_text(object, "name", name);
		add_known_as(object,
			     name ? NULL : netns_names_find(&view->homes, view->holder[i].id));
		json_add_number(object, "identity", view->holder[i].id);
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *guests_json(const struct view *view, const struct policy *policy)
{
	struct json_object *list = json_object_new_array(), *object;
	size_t i;

	for (i = 0; i < view->guests; i++) {
		if (view->guest[i].policy != policy)
			continue;
		object = json_object_new_object();
		json_add_number(object, "cid", view->guest[i].cid);
		json_add_text(object, "guest", guests_name(&view->known, view->guest[i].cid));
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *mode_json(bool set, enum vsock_mode mode)
{
	return set ? json_object_new_string(mode_name(mode)) : NULL;
}

static struct json_object *policy_json(const struct view *view, const struct policy *policy)
{
	struct json_object *object = json_object_new_object();
	struct shadow shadow = { view, policy, json_object_new_array() };

	survey_each(&view->survey, show_shadow, &shadow);
	json_add_text(object, "policy", policy->name);
	json_object_object_add(object, "mode", mode_json(policy->sets_mode, policy->mode));
	json_object_object_add(object, "child_mode",
			       mode_json(policy->sets_child_mode, policy->child_mode));
	json_add_bool(object, "audit", policy->audit);
	json_add_bool(object, "log_accepted", policy->log_accepted);
	json_add_bool(object, "inherit", policy->inherit);
	json_object_object_add(object, "rules", rules_json(policy));
	json_object_object_add(object, "namespaces", holders_json(view, policy));
	json_object_object_add(object, "guests", guests_json(view, policy));
	json_object_object_add(object, "shadowed", shadow.list);
	return object;
}

static void print_policies_json(const struct view *view)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < view->set.policies.count; i++)
		json_object_array_add(list, policy_json(view, &view->set.policies.policy[i]));
	print_json(list);
}

int command_rules(const struct options *options, int argc, char **argv)
{
	struct view view = {};
	int ret = view_open(&view);

	if (!ret && options->json)
		print_policies_json(&view);
	else if (!ret)
		print_policies(&view);
	view_close(&view);
	return ret;
}
