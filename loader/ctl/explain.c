// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl explain: whether one end may call another, why, and what would change it. */
#include "ctl/explain.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/exit-status.h"

static void name_side(struct request *request, struct side *side, const struct explained_end *end)
{
	const char *name = netns_names_find(&request->names, end->view.netns);
	char word[NETNS_WORD_SIZE], guest[GUEST_WORD_SIZE];

	if (side->place.netns == NETNS_NONE)
		return;
	netns_word(word, end->view.netns, name);
	if (side->place.cid) {
		guest_word(guest, side->place.cid, *side->guest ? side->guest : NULL);
		snprintf(side->word, sizeof(side->word), "%s of %s", guest, word);
		return;
	}
	snprintf(side->word, sizeof(side->word), "%s", word);
	if (name)
		snprintf(side->rule, sizeof(side->rule), "namespace %s", name);
	else if (end->policy)
		snprintf(side->rule, sizeof(side->rule), "policy %s", end->policy->name);
}

static void describe_side(struct request *request, const struct explainer *explainer,
			  struct side *side, const struct explained_end *end)
{
	name_side(request, side, end);
	if (end->policy)
		explain_file(explainer, end->policy, side->file);
}

/* What connect() says; a guest that calls sees a reset. */
static int error_of(const struct request *request)
{
	if (request->to.place.netns == NETNS_NONE && request->to.place.cid)
		return ENETUNREACH;
	if (!request->to.place.cid)
		return ECONNRESET;
	return request->type == SOCK_SEQPACKET ? ESOCKTNOSUPPORT : ENODEV;
}

/* Asks the kernel, which makes the socket and sends nothing; not if that would load the module. */
static int try_type(int type)
{
	int fd, error;

	if (type == SOCK_STREAM || access("/sys/module/vsock", F_OK))
		return 0;
	fd = socket(AF_VSOCK, type | SOCK_CLOEXEC, 0);
	error = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return error;
}

bool explain_is_allowed(const struct report *report)
{
	return report->why.allowed && !report->unsupported;
}

static int answer(struct request *request, struct explainer *explainer, bool json)
{
	struct report report = {};
	int ret = explain_call(explainer, &request->from.place, &request->to.place, request->port,
			       &report.why);

	if (ret)
		return ret;
	describe_side(request, explainer, &request->from, &report.why.caller);
	describe_side(request, explainer, &request->to, &report.why.called);
	report.unsupported = try_type(request->type);
	if (!explain_is_allowed(&report))
		report.error = report.unsupported ?: error_of(request);
	explain_change(&report, request);
	if (json)
		explain_print_json(request, &report);
	else
		explain_print(request, &report);
	return explain_is_allowed(&report) ? 0 : REFUSED;
}

static int explain(struct request *request, const struct options *options)
{
	struct explainer explainer;
	int ret = explainer_open(&explainer, options->policy_dir);

	if (!ret) {
		netns_names_load(&request->names);
		ret = answer(request, &explainer, options->json);
		netns_names_free(&request->names);
	}
	explainer_close(&explainer);
	return ret;
}

int command_explain(const struct options *options, int argc, char **argv)
{
	struct request request;
	int ret = explain_request_parse(&request, options, argc, argv);

	if (!ret)
		ret = explain(&request, options);
	explain_request_close(&request);
	return ret;
}
