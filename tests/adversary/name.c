// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "model.h"
#include "name.h"

static const char *name_bytes(const struct finding *finding)
{
	if (finding->role == ROLE_GUEST)
		return "bytes-to-guest";
	if (finding->role == ROLE_CHILD)
		return finding->from_role == ROLE_CHILD ? "cross-accept" : "ghost-to-child";
	if (finding->from_role == ROLE_CHILD)
		return "half-open-bytes";
	return finding->both_ways ? "ghost-channel" : "ghost-bytes";
}

/* Whether a packet of this kind crosses to a socket in this state. */
static bool crosses(const struct model *model, int op, bool established, int sender)
{
	return model->crosses[CLASS(op, established, 0, sender)] ||
	       model->crosses[CLASS(op, established, 1, sender)];
}

static bool crosses_from_any(const struct model *model, int op, bool established)
{
	return crosses(model, op, established, BY_NOBODY) ||
	       crosses(model, op, established, BY_DIALLED) ||
	       crosses(model, op, established, BY_CHILD) ||
	       crosses(model, op, established, BY_SEALED);
}

static const char *how_reset(const struct model *model)
{
	if (crosses(model, P_SHUTDOWN, true, BY_SEALED))
		return "sealed-close";
	if (crosses_from_any(model, P_SHUTDOWN, true))
		return "ghost-close";
	if (crosses_from_any(model, P_RST, true))
		return "forged-reset";
	if (crosses_from_any(model, P_REQUEST, false))
		return "dialled-while-connecting";
	return "other";
}

static const char *how(const struct model *model, const struct finding *finding)
{
	if (finding->kind == LEAK_RESET)
		return how_reset(model);
	if (finding->kind == LEAK_CREDIT && finding->with.what == SAW_FILL)
		return finding->with.value < finding->alone.value ? "less" : "more";
	return finding->with.what == SAW_CID ? "cid" : "";
}

const char *leak_name(const struct plan *plan, const struct finding *finding, bool checks_source)
{
	static char name[64];
	struct model model;
	const char *end;
	int i;

	if (plan_forges(plan)) {
		snprintf(name, sizeof(name), "guest-%s%s", leak_words[finding->kind],
			 is_forging(plan, finding) ? "" : "-elsewhere");
		return name;
	}
	if (is_bytes(finding))
		return name_bytes(finding);
	model_begin(&model, checks_source);
	for (i = 0; i < plan->count; i++)
		model_op(&model, &plan->ops[i]);
	model_end(&model, plan);
	end = how(&model, finding);
	snprintf(name, sizeof(name), "%s%s%s%s", leak_words[finding->kind], *end ? "-" : "", end,
		 finding->established ? "" : "-unconnected");
	return name;
}
