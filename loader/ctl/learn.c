// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl learn: from what was refused, audited or logged to the policies that allow it. */
#include "policy/learn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/follow.h"
#include "events/event-read.h"
#include "lib/array.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "policy/files.h"
#include "policy/mistakes.h"
#include "policy/policies.h"
#include "policy/switch.h"

#define SECONDS_MOST (366 * 24 * 3600ULL)

struct lesson {
	const struct options *options;
	unsigned long long seconds;
	struct policy_files files; /* of the directory */
	struct policies policies;
	struct learned learned;
	unsigned long long line; /* of a log */
};

/* A policy as it would be. */
struct result {
	char *text;
	size_t size;
};

/* --- What is asked --- */

static int wrong(const char *what, const char *word)
{
	log_error(EINVAL, "learn: %s: %s", word, what);
	return USAGE;
}

/* 90s, 10m, 1h, 2d; seconds without a letter. */
static int parse_time(const char *text, unsigned long long *seconds)
{
	static const struct {
		const char *unit;
		unsigned int seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 24 * 3600 } };
	size_t digits = strspn(text, "0123456789"), i;

	for (i = 0; digits && digits < 10 && i < ARRAY_SIZE(units); i++)
		if (!strcmp(text + digits, units[i].unit))
			*seconds = strtoull(text, NULL, 10) * units[i].seconds;
	return *seconds && *seconds <= SECONDS_MOST
		       ? 0
		       : wrong("not a time as 90s, 10m, 1h or 2d, of a year at most", text);
}

static int parse(struct lesson *lesson)
{
	const struct options *options = lesson->options;

	if (options->seconds && options->from_log)
		return wrong("either a log or what comes from now on", "--for, --from-log");
	if (options->apply_audit && options->from_log)
		return wrong("nothing is audited while a log is read", "--apply-audit, --from-log");
	return options->seconds ? parse_time(options->seconds, &lesson->seconds) : 0;
}

/* --- Lines --- */

static struct seen_end end_of(const struct end *end, const char *name,
			      const struct bound_end *bound)
{
	return (struct seen_end){
		.name = name,
		.policy = bound->policy,
		.cid = end->netns == NETNS_NONE ? 0 : end->cid,
		.is_outside = end->netns == NETNS_NONE,
		.is_unknown = end->netns == NETNS_UNKNOWN,
		.is_local = bound->mode && !strcmp(bound->mode, "local"),
	};
}

static void note_event(struct lesson *lesson, const struct named_event *named)
{
	struct learned *learned = &lesson->learned;
	const struct event *event = &named->event;
	struct seen_call call = {
		.from = end_of(&event->origin, named->origin, &named->origin_bound),
		.to = end_of(&event->target, named->target, &named->target_bound),
		.port = event->target.port,
		.reason = event->reason,
		.verb = event->verb,
		.audited = event->kind == EVENT_AUDITED ||
			   (event->kind == EVENT_ACCEPTED && lesson->options->apply_audit),
		.within = event->origin.netns == event->target.netns,
	};

	if (event->kind == EVENT_SEALED)
		learn_leave_out(learned, LEFT_SEALED, 1);
	else if (event->kind == EVENT_ACCEPTED)
		learn_note_accepted(learned, &call);
	else
		learn_note(learned, &call);
}

static int note_line(struct lesson *lesson, const char *text, size_t size)
{
	struct read_line line;
	int ret = event_read(&line, text, size);

	if (!ret && line.kind == LINE_EVENT)
		note_event(lesson, &line.event);
	else if (!ret && line.kind == LINE_DROPPED)
		learn_leave_out(&lesson->learned, LEFT_DROPPED, line.count);
	event_read_free(&line);
	return ret;
}

static bool take_line(char *line, size_t size, void *arg)
{
	return !note_line(arg, line, size) ||
	       log_error(EBADMSG, "a line of the service that this program does not know");
}

static int read_lines(struct lesson *lesson, FILE *file, const char *path)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t size;
	int ret = 0;

	while (!ret && (size = getline(&text, &room, file)) >= 0) {
		lesson->line++;
		if (size && text[size - 1] == '\n')
			size--;
		if (note_line(lesson, text, size))
			ret = log_error(EBADMSG,
					"%s:%llu: not a line of 'vsockctl monitor --json' or "
					"'journalctl -o json'",
					path, lesson->line);
	}
	if (!ret && ferror(file))
		ret = log_errno(errno, "%s", path);
	free(text);
	return ret;
}

static int read_log(struct lesson *lesson, const char *path)
{
	FILE *file;
	int ret;

	if (!strcmp(path, "-"))
		return read_lines(lesson, stdin, "standard input");
	file = fopen(path, "re");
	if (!file)
		return log_errno(errno, "%s", path);
	ret = read_lines(lesson, file, path);
	fclose(file);
	return ret;
}

static int listen_live(struct lesson *lesson)
{
	struct follower follower = { .word = lesson->options->apply_audit ? "audit" : "monitor",
				     .seconds = lesson->seconds,
				     .take = take_line,
				     .arg = lesson };
	int ret;

	if (geteuid())
		return log_errno(EPERM, "needs root");
	ret = follow_service(&follower);
	if (ret && lesson->options->apply_audit)
		log_error(ENOTCONN,
			  "where the service was killed, Audit=yes stays until it starts; "
			  "the files are as they were");
	return ret;
}

/* --- What comes of it --- */

static const struct policy_file *file_of(const struct lesson *lesson, const struct policy *policy)
{
	size_t i;

	for (i = 0; policy && i < lesson->files.count; i++)
		if (!strcmp(lesson->files.file[i].path, policy->file))
			return &lesson->files.file[i];
	return NULL;
}

static void write_text(const struct lesson *lesson, const struct learned_policy *policy,
		       struct result *result)
{
	const struct policy_file *before = file_of(lesson, policy->before);
	FILE *out = memory_checked(open_memstream(&result->text, &result->size));

	learn_put_policy(out, policy, before ? before->bytes : NULL, before ? before->size : 0);
	fclose(out);
	memory_checked(result->text);
}

static void add_file(struct policy_files *files, const char *dir, const char *name,
		     const char *bytes, size_t size)
{
	struct policy_file *file;

	files->file =
		memory_checked(reallocarray(files->file, files->count + 1, sizeof(*files->file)));
	file = &files->file[files->count++];
	*file = (struct policy_file){ .path = memory_printf("%s/%s", dir, name), .size = size };
	file->base = strrchr(file->path, '/') + 1;
	file->bytes = memory_checked(malloc(size + 1));
	memcpy(file->bytes, bytes, size);
}

static bool is_learned(const struct learned *learned, const struct policy_file *file)
{
	size_t i, length = strlen(file->base) - strlen(POLICY_ENDING);

	for (i = 0; i < learned->count; i++)
		if (strlen(learned->policy[i].name) == length &&
		    !strncmp(learned->policy[i].name, file->base, length))
			return true;
	return false;
}

/* The directory as it would be, with what was learned in place of what was there. */
static void make_set(const struct lesson *lesson, const struct result *results, const char *dir,
		     struct policy_files *files)
{
	const struct policy_file *file;
	char *name;
	size_t i;

	*files = (struct policy_files){};
	for (i = 0; i < lesson->files.count; i++) {
		file = &lesson->files.file[i];
		if (policy_file_is_policy(file) && !is_learned(&lesson->learned, file))
			add_file(files, dir, file->base, file->bytes, file->size);
	}
	for (i = 0; i < lesson->learned.count; i++) {
		name = memory_printf("%s" POLICY_ENDING, lesson->learned.policy[i].name);
		add_file(files, dir, name, results[i].text, results[i].size);
		free(name);
	}
}

/* Nothing is printed that could not be put in force. */
static int check_set(const struct lesson *lesson, const struct result *results)
{
	struct policies policies;
	struct policy_files files;
	int ret;

	make_set(lesson, results, "learned", &files);
	ret = policies_parse(&policies, &files);
	if (ret)
		policies_log_mistakes(&policies);
	else
		ret = policy_check(&policies);
	policies_free(&policies);
	policy_files_free(&files);
	return ret;
}

/* --- Files --- */

static bool is_same_folder(const char *a, const char *b)
{
	struct stat one, two;

	return !stat(a, &one) && !stat(b, &two) && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino;
}

static int write_file(int dir, const char *name, const struct result *result)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *file;
	bool failed;

	if (fd < 0)
		return -errno;
	file = memory_checked(fdopen(fd, "w"));
	fwrite(result->text, 1, result->size, file);
	failed = ferror(file);
	if (fclose(file) || failed) {
		unlinkat(dir, name, 0);
		return -EIO;
	}
	return 0;
}

/* All of them, or none. */
static int write_files(const struct lesson *lesson, const struct result *results, int dir)
{
	const struct learned *learned = &lesson->learned;
	char name[NAME_MAX + 1];
	size_t i, done;
	int ret = 0;

	for (done = 0; !ret && done < learned->count; done++) {
		snprintf(name, sizeof(name), "%s" POLICY_ENDING, learned->policy[done].name);
		ret = write_file(dir, name, &results[done]);
	}
	if (!ret)
		return 0;
	log_errno(-ret, "%s/%s: nothing is written", lesson->options->output, name);
	for (i = 0; i + 1 < done; i++) {
		snprintf(name, sizeof(name), "%s" POLICY_ENDING, learned->policy[i].name);
		unlinkat(dir, name, 0);
	}
	return ret;
}

static const char *folder(const struct lesson *lesson)
{
	return lesson->options->policy_dir ?: POLICY_DIR;
}

/* The service would put them in force. */
static int refuse_live_folder(const struct lesson *lesson)
{
	const char *path = lesson->options->output;

	if (!is_same_folder(path, POLICY_DIR) && !is_same_folder(path, folder(lesson)))
		return 0;
	return log_error(EINVAL, "%s: what is written there is put in force; another directory",
			 path);
}

static int write_to(const struct lesson *lesson, const struct result *results)
{
	const char *path = lesson->options->output;
	bool made = !mkdir(path, 0755);
	int dir, ret;

	if (!made && errno != EEXIST)
		return log_errno(errno, "%s", path);
	/* Once more: it may not have been there before. */
	ret = refuse_live_folder(lesson);
	if (ret && made)
		rmdir(path);
	if (ret)
		return ret;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return log_errno(errno, "%s", path);
	ret = write_files(lesson, results, dir);
	close(dir);
	return ret;
}

/* --- What is said --- */

static void print_text(const struct lesson *lesson, const struct result *results)
{
	const struct learned_policy *policy;
	size_t i;

	for (i = 0; i < lesson->learned.count; i++) {
		policy = &lesson->learned.policy[i];
		printf("%s# %s/%s" POLICY_ENDING "%s\n%s", i ? "\n" : "", folder(lesson),
		       policy->name, policy->before ? ", changed" : "", results[i].text);
	}
}

static bool has_learned(const struct learned *learned, const struct policy *policy)
{
	size_t i;

	for (i = 0; i < learned->count; i++)
		if (learned->policy[i].before == policy)
			return true;
	return false;
}

/* Its file stays as it is: nothing is refused by it. */
static void say_still_audited(const struct lesson *lesson)
{
	const struct policy *policy;
	size_t i;

	for (i = 0; i < lesson->policies.count; i++) {
		policy = &lesson->policies.policy[i];
		if (policy->audit && !has_learned(&lesson->learned, policy))
			fprintf(stderr, "note: %s: nothing to learn, and Audit=yes stays\n",
				policy->file);
	}
}

static void say_left_out(const struct learned *learned)
{
	int why;

	for (why = LEARNED + 1; why < LEFT_OUTS; why++)
		if (learned->calls[why])
			fprintf(stderr, "left out: %llu %s: %s\n", learned->calls[why],
				learned->calls[why] == 1 ? "call" : "calls",
				learn_left_out_text(why));
	if (!learned->count)
		fputs("nothing was learned\n", stderr);
}

static struct json_object *rules_json(const struct learned_policy *policy)
{
	struct json_object *list = json_object_new_array(), *object;
	char *text;
	size_t size, i;
	FILE *out;

	for (i = 0; i < policy->rules; i++) {
		out = memory_checked(open_memstream(&text, &size));
		learn_put_rule(out, &policy->rule[i]);
		fclose(out);
		object = json_object_new_object();
		json_add_text(object, "text", text);
		json_add_number(object, "calls", policy->rule[i].calls);
		json_object_array_add(list, object);
		free(text);
	}
	return list;
}

static struct json_object *policies_json(const struct lesson *lesson, const struct result *results)
{
	struct json_object *list = json_object_new_array(), *object;
	const struct learned_policy *policy;
	size_t i;

	for (i = 0; i < lesson->learned.count; i++) {
		policy = &lesson->learned.policy[i];
		object = json_object_new_object();
		json_add_text(object, "policy", policy->name);
		json_add_bool(object, "new", !policy->before);
		json_add_text(object, "text", results[i].text);
		json_object_object_add(object, "rules", rules_json(policy));
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *left_out_json(const struct learned *learned)
{
	struct json_object *list = json_object_new_array(), *object;
	int why;

	for (why = LEARNED + 1; why < LEFT_OUTS; why++) {
		if (!learned->calls[why])
			continue;
		object = json_object_new_object();
		json_add_number(object, "calls", learned->calls[why]);
		json_add_text(object, "text", learn_left_out_text(why));
		json_object_array_add(list, object);
	}
	return list;
}

static void print_learned_json(const struct lesson *lesson, const struct result *results)
{
	struct json_object *object = json_object_new_object();

	json_add_number(object, "learned", lesson->learned.calls[LEARNED]);
	json_object_object_add(object, "policies", policies_json(lesson, results));
	json_object_object_add(object, "left_out", left_out_json(&lesson->learned));
	print_json(object);
}

/* --- All of it --- */

static int put_out(const struct lesson *lesson, const struct result *results)
{
	int ret = check_set(lesson, results);

	if (!ret && lesson->options->output)
		ret = write_to(lesson, results);
	if (ret)
		return ret;
	if (lesson->options->json)
		print_learned_json(lesson, results);
	else if (!lesson->options->output)
		print_text(lesson, results);
	if (lesson->options->json)
		return 0;
	say_left_out(&lesson->learned);
	say_still_audited(lesson);
	return 0;
}

static int conclude(struct lesson *lesson)
{
	struct result *results;
	size_t i;
	int ret;

	learn_finish(&lesson->learned);
	results = memory_checked(calloc(lesson->learned.count + 1, sizeof(*results)));
	for (i = 0; i < lesson->learned.count; i++)
		write_text(lesson, &lesson->learned.policy[i], &results[i]);
	ret = put_out(lesson, results);
	for (i = 0; i < lesson->learned.count; i++)
		free(results[i].text);
	free(results);
	return ret;
}

static int read_policies(struct lesson *lesson)
{
	int ret = policy_files_read(&lesson->files, folder(lesson));

	if (!ret)
		ret = policies_parse(&lesson->policies, &lesson->files);
	if (ret)
		policies_log_mistakes(&lesson->policies);
	return ret;
}

/* If the service ends, what was learned until then is not lost. */
static int learn(struct lesson *lesson)
{
	int ret = read_policies(lesson), live = 0;

	if (!ret && lesson->options->output)
		ret = refuse_live_folder(lesson);
	if (ret)
		return ret;
	learn_begin(&lesson->learned, &lesson->policies);
	if (lesson->options->from_log)
		ret = read_log(lesson, lesson->options->from_log);
	else
		live = listen_live(lesson);
	if (!ret && (!live || lesson->learned.calls[LEARNED]))
		ret = conclude(lesson);
	return ret ?: live;
}

int command_learn(const struct options *options, int argc, char **argv)
{
	struct lesson lesson = { .options = options };
	int ret = parse(&lesson);

	if (!ret)
		ret = learn(&lesson);
	learn_free(&lesson.learned);
	policies_free(&lesson.policies);
	policy_files_free(&lesson.files);
	return ret;
}
