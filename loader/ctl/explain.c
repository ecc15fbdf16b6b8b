// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl explain: whether one end may call another, why, and what would change it. */
#include "policy/explain.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/command.h"
#include "events/event-format.h"
#include "kernel/mode-names.h"
#include "kernel/netns-names.h"
#include "kernel/sysctl-modes.h"
#include "layer/guests.h"
#include "lib/json.h"
#include "lib/keywords.h"
#include "lib/log.h"
#include "lib/printable.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define LINE_SIZE    (PATH_MAX + 1024)
#define HELPS	     4
#define WORD_SIZE    (NETNS_WORD_SIZE + GUEST_WORD_SIZE + 8)

/* An end as it was named, and as it is shown. */
struct side {
	struct place place;
	struct netns ns; /* fd is -1 unless the end is a namespace */
	char word[WORD_SIZE];
	char guest[GUEST_NAME_SIZE];	 /* what a guest is called, or "" */
	char rule[NETNS_WORD_SIZE + 16]; /* how rules name it, or "" if they cannot */
	char file[PATH_MAX];		 /* of its policy, or "" */
};

struct request {
	struct side from, to;
	__u32 port;
	int type;
	const char *type_name;
	struct netns_names names;
};

/* What there is to say. */
struct report {
	struct explanation why;
	int unsupported; /* errno of socket(): this kernel has no such type */
	int error;	 /* that connect() fails with */
	char help[HELPS][LINE_SIZE];
	size_t helps;
};

/* --- What is asked --- */

static int wrong(const char *what, const char *word)
{
	log_error(EINVAL, "explain: %s: %s", word, what);
	return USAGE;
}

static int parse_number(const char *text, __u32 least, __u32 *number)
{
	char *end;
	unsigned long long value;

	if (!*text || text[strspn(text, "0123456789")])
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || value < least || value >= VMADDR_PORT_ANY)
		return -EINVAL;
	*number = value;
	return 0;
}

static void name_guest(struct side *side, const struct guest_list *guests)
{
	const char *name = guests_name(guests, side->place.cid);

	if (name)
		snprintf(side->guest, sizeof(side->guest), "%s", name);
	guest_word(side->word, side->place.cid, name);
	snprintf(side->rule, sizeof(side->rule), "guest %u", side->place.cid);
}

/* By its CID, else by what it is called. */
static int find_guest(struct side *side, const char *word)
{
	struct guest_list guests = {};
	int ret = guests_load(&guests);

	if (!word[strspn(word, "0123456789")])
		ret = parse_number(word, VMADDR_CID_HOST + 1, &side->place.cid);
	else if (!ret)
		ret = resolve_guest(&guests, word, &side->place.cid);
	if (!ret)
		name_guest(side, &guests);
	guests_free(&guests);
	return ret;
}

static int take_guest(struct side *side, const char *word)
{
	int ret = word && *word ? find_guest(side, word) : -EINVAL;

	if (ret == -EINVAL)
		return wrong("guest needs a name, or a CID of 3 or more", word ?: "guest");
	side->place.netns = NETNS_UNKNOWN;
	return ret;
}

static void take_host(struct side *side)
{
	side->place = (struct place){ .netns = NETNS_NONE, .cid = VMADDR_CID_HOST };
	snprintf(side->word, sizeof(side->word), "the host of this machine");
	snprintf(side->rule, sizeof(side->rule), "host");
}

static int take_netns(struct side *side, const char *what)
{
	int ret = strcmp(what, NETNS_INIT_NAME) ? netns_open(&side->ns, what)
						: netns_open_init(&side->ns);

	if (ret) {
		side->ns.fd = -1;
		return ret;
	}
	side->place.netns = side->ns.id;
	if (kernel_has_modes())
		ret = sysctl_mode_get(&side->ns, knob_name(NS_MODE), &side->place.native);
	return ret ? log_errno(-ret, "ns_mode of %s", what) : 0;
}

/* Returns how many words it took, a failure, or 0 after wrong usage. */
static int take_side(struct side *side, char **words, int count)
{
	int ret;

	if (!count)
		return 0;
	if (!strcmp(words[0], "guest")) {
		ret = take_guest(side, count > 1 ? words[1] : NULL);
		return ret == USAGE ? 0 : ret ?: 2;
	}
	if (!strcmp(words[0], "host")) {
		take_host(side);
		return 1;
	}
	ret = take_netns(side, words[0]);
	return ret ? ret : 1;
}

static int check_sides(const struct request *request)
{
	const struct side *from = &request->from, *to = &request->to;

	if (from->place.cid && to->place.cid)
		return wrong("guests and the host do not reach each other through this machine",
			     to->word);
	return 0;
}

static int usage(void)
{
	log_error(EINVAL,
		  "usage: vsockctl explain FROM TO PORT, where FROM and TO are a namespace, "
		  "'guest CID', 'guest NAME' or 'host'");
	return USAGE;
}

static int parse_type(struct request *request, const char *type)
{
	static const char *const names[] = { "stream", "dgram", "seqpacket" };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int found = type ? keywords_find(type, names, COUNT(names)) : 0;

	if (found < 0)
		return wrong("--type is stream, seqpacket or dgram", type);
	request->type = types[found];
	request->type_name = names[found];
	return 0;
}

static int parse(struct request *request, const struct options *options, int argc, char **argv)
{
	int ret = parse_type(request, options->type), took, more;

	if (ret)
		return ret;
	took = take_side(&request->from, argv, argc);
	if (took <= 0)
		return took ? took : USAGE;
	more = take_side(&request->to, argv + took, argc - took);
	if (more < 0)
		return more;
	if (!more || argc != took + more + 1)
		return usage();
	if (parse_number(argv[took + more], 0, &request->port))
		return wrong("not a port", argv[took + more]);
	return check_sides(request);
}

/* --- What it comes from --- */

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

/* Where its mode comes from, as far as that can be read. */
static void put_mode(char line[LINE_SIZE], const struct side *side, const struct explained_end *end)
{
	const struct policy *policy = end->policy;

	if (policy && policy->sets_mode && policy->mode == LOCAL)
		snprintf(line, LINE_SIZE, "it is local: %s:%u: Mode=local", side->file,
			 policy->mode_line);
	else
		snprintf(line, LINE_SIZE,
			 "it is local, by set ns_mode, by its maker's "
			 "child_ns_mode, or by an earlier policy");
}

static void put_rule(char line[LINE_SIZE], const struct side *side, const struct explained_end *end)
{
	if (end->rule)
		snprintf(line, LINE_SIZE, "%s:%u: %s=%s", side->file, end->rule->line,
			 end->rule->decision == DENY ? "Deny" : "Allow", end->rule->text);
	else
		snprintf(line, LINE_SIZE, "a rule of its policy");
}

static const char *unknown_text(const struct side *side, const struct explained_end *end)
{
	if (side->place.cid && end->view.netns == NETNS_UNKNOWN)
		return "no guest that it could reach has this CID, or the namespace it was "
		       "started in is gone";
	if (end->record.binding[0].policy == POLICY_PENDING ||
	    end->record.binding[1].policy == POLICY_PENDING)
		return "it was made during a reload, which has not given it a policy yet";
	return "it cannot be identified: its tenant has more namespaces than it may have";
}

/* Why an end agrees or does not. */
static void put_reason(char line[LINE_SIZE], const struct side *side,
		       const struct explained_end *end)
{
	switch (end->view.reason) {
	case PERMITTED:
		if (end->rule)
			put_rule(line, side, end);
		else
			snprintf(line, LINE_SIZE, "no rule and no mode is against it");
		break;
	case REASON_MODE:
		put_mode(line, side, end);
		break;
	case REASON_UNKNOWN:
		snprintf(line, LINE_SIZE, "%s", unknown_text(side, end));
		break;
	case REASON_HELD:
		snprintf(line, LINE_SIZE, "it is new, and policies have not been matched yet");
		break;
	default:
		put_rule(line, side, end);
	}
}

static const char *agrees(const struct explained_end *end)
{
	if (end->view.reason == PERMITTED)
		return "agrees";
	return end->view.audited ? "refuses, and is audited only" : "refuses";
}

/* --- What would change it --- */

static void add_help(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_help(struct report *report, const char *format, ...)
{
	va_list words;

	if (report->helps == HELPS)
		return;
	va_start(words, format);
	vsnprintf(report->help[report->helps++], LINE_SIZE, format, words);
	va_end(words);
}

static void help_with_allow(struct report *report, const struct explained_end *end,
			    const struct side *side, const struct side *other, const char *verb,
			    __u32 port)
{
	if (!*other->rule) {
		add_help(report,
			 "%s needs a name (ip netns attach) or a policy, so that a rule "
			 "can be about it",
			 other->word);
		return;
	}
	if (end->policy)
		add_help(report, "%s, [Rules]: Allow=%s %s port %u", side->file, verb, other->rule,
			 port);
	else
		add_help(report, "a policy that fits %s, [Rules]: Allow=%s %s port %u", side->word,
			 verb, other->rule, port);
}

static void help_end(struct report *report, const struct explained_end *end,
		     const struct side *side, const struct side *other, const char *verb,
		     __u32 port)
{
	if (end->view.reason == PERMITTED || end->view.audited)
		return;
	if (end->view.reason == REASON_HELD) {
		add_help(report, "it ends by itself, after HoldSec= at the latest");
		return;
	}
	if (end->view.reason == REASON_UNKNOWN)
		return;
	if (end->rule)
		add_help(report, "%s:%u: without this line, or with one that does not have %s",
			 side->file, end->rule->line,
			 end->view.reason == REASON_GUEST ? "this CID" : "this port");
	if (end->view.by_mode)
		help_with_allow(report, end, side, other, verb, port);
}

static void find_help(struct report *report, const struct request *request)
{
	const struct explanation *why = &report->why;

	if (report->unsupported || why->allowed)
		return;
	if (why->kernel_refuses)
		add_help(report, "this kernel's own modes: no rule opens a namespace that is "
				 "local; it takes one that was made with child_ns_mode global");
	help_end(report, &why->caller, &request->from, &request->to, "connect to", request->port);
	help_end(report, &why->called, &request->to, &request->from, "accept from", request->port);
}

/* --- The answer --- */

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

static bool is_allowed(const struct report *report)
{
	return report->why.allowed && !report->unsupported;
}

static void print_end(const char *head, const struct side *side, const struct explained_end *end)
{
	char line[LINE_SIZE], plain[LINE_SIZE];

	put_reason(line, side, end);
	printable(plain, sizeof(plain), line, sizeof(line));
	printf("%-8s %s %s: %s\n", head, side->word, agrees(end), plain);
}

static void print_ends(const struct request *request, const struct report *report)
{
	const struct explanation *why = &report->why;

	if (why->kernel_refuses)
		printf("%-8s refuses by its own modes: an end is local\n", "kernel:");
	if (!why->needs_gates) {
		puts("verdict: none is asked for, as nothing is to be refused");
		return;
	}
	print_end("caller:", &request->from, &why->caller);
	print_end("called:", &request->to, &why->called);
}

static void print_report(const struct request *request, const struct report *report)
{
	char plain[LINE_SIZE];
	size_t i;

	printf("%s: connect from %s to %s port %u\n", is_allowed(report) ? "allowed" : "refused",
	       request->from.word, request->to.word, request->port);
	if (report->unsupported)
		printf("%-8s has no sockets of type %s: %s\n", "kernel:", request->type_name,
		       strerror(report->unsupported));
	print_ends(request, report);
	printf("%-8s a kernel with modes and without rules %s it\n",
	       "native:", report->why.modes_agree ? "allows" : "refuses");
	if (report->error)
		printf("%-8s %s (%s)\n", "error:", strerrorname_np(report->error),
		       strerror(report->error));
	for (i = 0; i < report->helps; i++) {
		printable(plain, sizeof(plain), report->help[i], LINE_SIZE);
		printf("%-8s %s\n", "change:", plain);
	}
}

/* --- JSON --- */

static struct json_object *end_json(const struct side *side, const struct explained_end *end)
{
	struct json_object *object = json_object_new_object();
	bool is_netns = end->view.netns != NETNS_NONE && end->view.netns != NETNS_UNKNOWN;
	bool by_policy_mode = end->view.reason == REASON_MODE && end->policy &&
			      end->policy->sets_mode && end->policy->mode == LOCAL;
	unsigned int line = end->rule	     ? end->rule->line
			    : by_policy_mode ? end->policy->mode_line
					     : 0;
	char text[LINE_SIZE];

	put_reason(text, side, end);
	json_add_text(object, "end", side->word);
	json_add_number_if(object, "identity", end->view.netns, is_netns);
	json_add_number_if(object, "cid", side->place.cid, side->place.cid);
	json_add_text(object, "guest", *side->guest ? side->guest : NULL);
	json_add_bool(object, "agrees", end->view.reason == PERMITTED);
	json_add_bool(object, "audited", end->view.audited);
	json_add_text(object, "reason",
		      end->view.reason ? event_reason_name(end->view.reason) : NULL);
	json_add_text(object, "policy", end->policy ? end->policy->name : NULL);
	json_add_text(object, "file", line ? side->file : NULL);
	json_add_number_if(object, "line", line, line);
	json_add_text(object, "rule", end->rule ? end->rule->text : NULL);
	json_add_text(object, "text", text);
	return object;
}

static void print_report_json(const struct request *request, const struct report *report)
{
	struct json_object *object = json_object_new_object(), *help = json_object_new_array();
	size_t i;

	json_add_bool(object, "allowed", is_allowed(report));
	json_add_text(object, "type", request->type_name);
	json_add_number(object, "port", request->port);
	json_object_object_add(object, "caller", end_json(&request->from, &report->why.caller));
	json_object_object_add(object, "called", end_json(&request->to, &report->why.called));
	json_add_bool(object, "verdict_asked", report->why.needs_gates);
	json_add_bool(object, "kernel_refuses", report->why.kernel_refuses || report->unsupported);
	json_add_bool(object, "modes_agree", report->why.modes_agree);
	json_add_text(object, "error", report->error ? strerrorname_np(report->error) : NULL);
	for (i = 0; i < report->helps; i++)
		json_object_array_add(help, json_object_new_string(report->help[i]));
	json_object_object_add(object, "change", help);
	print_json(object);
}

/* --- All of it --- */

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
	if (!is_allowed(&report))
		report.error = report.unsupported ?: error_of(request);
	find_help(&report, request);
	if (json)
		print_report_json(request, &report);
	else
		print_report(request, &report);
	return is_allowed(&report) ? 0 : REFUSED;
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
	struct request request = { .from.ns.fd = -1, .to.ns.fd = -1 };
	int ret = parse(&request, options, argc, argv);

	if (!ret)
		ret = explain(&request, options);
	if (request.from.ns.fd >= 0)
		netns_close(&request.from.ns);
	if (request.to.ns.fd >= 0)
		netns_close(&request.to.ns);
	return ret;
}
