// SPDX-License-Identifier: GPL-2.0-only
#include "policy/explain.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <string.h>

#include "kernel/sysctl-modes.h"
#include "lib/log.h"
#include "policy/reason.h"
#include "policy/trial.h"

static int open_in_force(struct explainer *explainer)
{
	int ret = netns_records_open(&explainer->records);

	if (!ret)
		ret = policy_set_in_force(&explainer->set, &explainer->records);
	return ret ? ret : verdict_open_pinned(&explainer->verdict);
}

/* A kernel with modes has no layer until there are policies: the verdict over nothing allows. */
static int open_trial(struct explainer *explainer, const char *dir)
{
	int ret = verdict_open_private(&explainer->verdict);

	explainer->is_trial = true;
	if (!ret && dir)
		ret = trial_make(explainer->verdict, &explainer->set, dir);
	if (!ret)
		explainer->records = trial_records(explainer->verdict);
	return ret;
}

int explainer_open(struct explainer *explainer, const char *dir)
{
	*explainer = (struct explainer){ .records.namespaces = -1 };
	explainer->is_native = kernel_has_modes();
	explainer->layered = netns_records_exist();
	if (dir || (explainer->is_native && !explainer->layered))
		return open_trial(explainer, dir);
	return open_in_force(explainer);
}

void explainer_close(struct explainer *explainer)
{
	verdict_close(explainer->verdict);
	policy_set_close(&explainer->set);
	if (!explainer->is_trial)
		netns_records_close(&explainer->records);
}

/* --- Where a decision comes from --- */

static int read_end(const struct explainer *explainer, const struct view_of_end *view, __u32 cid,
		    struct explained_end *end)
{
	end->view = *view;
	if (view->netns == NETNS_NONE || view->netns == NETNS_UNKNOWN)
		return 0;
	if (netns_records_read(&explainer->records, view->netns, &end->record))
		return log_error(EIO, "map of namespaces");
	end->policy =
		policy_of_end(&explainer->set, &explainer->records,
			      &(struct end){ .netns = view->netns, .cid = cid }, &end->record);
	return 0;
}

static bool is_apart(const struct explained_end *end)
{
	return end->policy && policy_is_for_guests(end->policy);
}

/* By modes alone: natively a guest is an end of its namespace, whatever its own policy says. */
static bool objects_natively(const struct explained_end *end)
{
	return end->view.by_mode && !is_apart(end);
}

static struct peer peer_of(const struct explainer *explainer, const struct explained_end *end,
			   const struct place *place)
{
	__u32 number = end->record.binding[explainer->set.half].name;
	struct peer peer = { .outside = end->view.netns == NETNS_NONE };

	if (peer.outside)
		return peer;
	peer.cid = place->cid;
	peer.policy = end->policy ? end->policy->name : NULL;
	peer.name = is_apart(end) ? NULL : peer_names_at(&explainer->set.names, number);
	return peer;
}

static const struct rule *find_rule(const struct explained_end *end, const struct place *place,
				    enum rule_verb verb, const struct peer *peer, __u32 port)
{
	if (!end->policy)
		return NULL;
	switch (end->view.reason) {
	case REASON_RULE:
		return reason_rule(end->policy, DENY, verb, peer, port);
	case REASON_BIND:
		return reason_own_rule(end->policy, BIND, port);
	case REASON_GUEST:
		return reason_own_rule(end->policy, GUEST, place->cid);
	case PERMITTED:
		return reason_rule(end->policy, ALLOW, verb, peer, port);
	default:
		return NULL;
	}
}

static const struct policy_file *file_of(const struct policy_set *set, const struct policy *policy)
{
	size_t i;

	for (i = 0; i < set->files.count; i++)
		if (!strcmp(set->files.file[i].path, policy->file))
			return &set->files.file[i];
	return NULL;
}

static bool has_bytes(const char *path, const struct policy_file *kept)
{
	char *paths[] = { (char *)path };
	struct policy_files files;
	bool same;

	policy_files_read_all(&files, paths, 1);
	same = files.count == 1 && !files.file[0].error && files.file[0].size == kept->size &&
	       !memcmp(files.file[0].bytes, kept->bytes, kept->size);
	policy_files_free(&files);
	return same;
}

void explain_file(const struct explainer *explainer, const struct policy *policy,
		  char path[PATH_MAX])
{
	const struct policy_file *kept = file_of(&explainer->set, policy);

	if (kept && !explainer->is_trial) {
		snprintf(path, PATH_MAX, POLICY_DIR "/%s", kept->base);
		if (has_bytes(path, kept))
			return;
	}
	snprintf(path, PATH_MAX, "%s", policy->file);
}

/* --- The verdict --- */

static int refuse_unknown_owner(const struct explainer *explainer, const struct place *place)
{
	if (place->cid <= VMADDR_CID_HOST || explainer->layered)
		return 0;
	return log_error(ENOTSUP,
			 "guest %u: while nothing is attached it is not known which namespace "
			 "has which guest",
			 place->cid);
}

static int ask(struct explainer *explainer, const struct place *from, const struct place *to,
	       __u32 port, struct verdict_answer *answer)
{
	const struct place *local = from->cid ? to : from;
	struct verdict_question question = {
		.caller_netns = from->netns,
		.caller_cid = from->cid,
		.called_netns = to->netns,
		.called_cid = to->cid,
		.port = port,
		.native = local->native,
	};
	int ret = refuse_unknown_owner(explainer, from);

	if (!ret)
		ret = refuse_unknown_owner(explainer, to);
	return ret ? ret : verdict_ask(explainer->verdict, &question, answer);
}

/* A kernel that has modes has applied its own; a guest that it hides has no owner here. */
static bool kernel_refuses(const struct explainer *explainer, const struct verdict_answer *answer,
			   const struct place *from, const struct place *to)
{
	if (!explainer->is_native || answer->caller.netns == answer->called.netns)
		return false;
	return from->native == LOCAL || to->native == LOCAL;
}

int explain_call(struct explainer *explainer, const struct place *from, const struct place *to,
		 __u32 port, struct explanation *explanation)
{
	struct explained_end *caller = &explanation->caller, *called = &explanation->called;
	struct verdict_answer answer;
	struct peer peer;
	int ret;

	*explanation = (struct explanation){};
	ret = ask(explainer, from, to, port, &answer);
	if (!ret)
		ret = read_end(explainer, &answer.caller, from->cid, caller);
	if (!ret)
		ret = read_end(explainer, &answer.called, to->cid, called);
	if (ret)
		return ret;
	peer = peer_of(explainer, called, to);
	caller->rule = find_rule(caller, from, CONNECT, &peer, port);
	peer = peer_of(explainer, caller, from);
	called->rule = find_rule(called, to, ACCEPT, &peer, port);
	explanation->needs_gates = answer.needs_gates;
	explanation->kernel_refuses = kernel_refuses(explainer, &answer, from, to);
	explanation->allowed = answer.allowed && !explanation->kernel_refuses;
	explanation->modes_agree = explainer->is_native
					   ? !explanation->kernel_refuses
					   : !objects_natively(caller) && !objects_natively(called);
	return 0;
}
