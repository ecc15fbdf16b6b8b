// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>
#include <linux/vm_sockets.h>

#include "lib/hold.h"
#include "lib/tap.h"

#define PAGE 4096

static void withhold_page(struct hold *hold)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	hold->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	hold->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	range.range.start = (uintptr_t)hold->page;
	range.range.len = PAGE;
	if (hold->page == MAP_FAILED || hold->uffd < 0 || ioctl(hold->uffd, UFFDIO_API, &api) ||
	    ioctl(hold->uffd, UFFDIO_REGISTER, &range))
		tap_bail("userfaultfd: %m");
}

static void *hold_in_setsockopt(void *arg)
{
	struct hold *hold = arg;

	if (setsockopt(hold->socket, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, hold->page,
		       sizeof(uint64_t)))
		tap_bail("SO_VM_SOCKETS_BUFFER_SIZE: %m");
	return NULL;
}

void hold_lock(struct hold *hold, int socket)
{
	struct pollfd wait;
	struct uffd_msg fault;

	hold->socket = socket;
	withhold_page(hold);
	if (pthread_create(&hold->thread, NULL, hold_in_setsockopt, hold))
		tap_bail("no thread");
	wait = (struct pollfd){ .fd = hold->uffd, .events = POLLIN };
	if (poll(&wait, 1, HOLD_LIMIT_MS) != 1 ||
	    read(hold->uffd, &fault, sizeof(fault)) != sizeof(fault))
		tap_bail("setsockopt() does not read its argument");
}

void hold_release(struct hold *hold)
{
	union {
		uint64_t size;
		char page[PAGE];
	} value = { .size = 256 * 1024 };
	struct uffdio_copy copy = {
		.dst = (uintptr_t)hold->page,
		.src = (uintptr_t)&value,
		.len = PAGE,
	};

	if (ioctl(hold->uffd, UFFDIO_COPY, &copy))
		tap_bail("UFFDIO_COPY: %m");
	pthread_join(hold->thread, NULL);
	close(hold->uffd);
	munmap(hold->page, PAGE);
}

static void *run_call(void *arg)
{
	struct call *call = arg;

	call->tid = gettid();
	call->err = call->make(call->arg);
	call->done = true;
	return NULL;
}

void call_begin(struct call *call, int (*make)(void *arg), void *arg)
{
	memset(call, 0, sizeof(*call));
	call->make = make;
	call->arg = arg;
	if (pthread_create(&call->thread, NULL, run_call, call))
		tap_bail("no thread");
}

int call_end(struct call *call)
{
	pthread_join(call->thread, NULL);
	return call->err;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

/* Whether PATH/stat is that of a task whose name ends so, in state D. */
static bool is_waiting(const char *path, const char *name)
{
	char file[300], line[256] = "", *comm, *end;
	FILE *stat;

	snprintf(file, sizeof(file), "%s/stat", path);
	stat = fopen(file, "re");
	if (!stat)
		return false;
	if (!fgets(line, sizeof(line), stat))
		line[0] = '\0';
	fclose(stat);
	comm = strchr(line, '(');
	end = strrchr(line, ')');
	if (!comm || !end || end[1] != ' ')
		return false;
	*end = '\0';
	return end[2] == 'D' && ends_with(comm + 1, name);
}

void call_await_lock(const struct call *call)
{
	char path[64];
	int tries;

	for (tries = 0; tries < HOLD_LIMIT_MS; tries++) {
		snprintf(path, sizeof(path), "/proc/self/task/%d", call->tid);
		if (call->tid && is_waiting(path, ""))
			return;
		if (call->done)
			tap_bail("a call that should wait has ended: %s", strerror(call->err));
		usleep(1000);
	}
	tap_bail("a call that should wait does not");
}

static bool any_waiting(const char *place, const char *name)
{
	struct dirent *entry;
	bool found = false;
	char path[300];
	DIR *dir;

	dir = opendir(place);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", place, entry->d_name);
		found = *entry->d_name != '.' && is_waiting(path, name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* A kernel thread, or a thread of this process. */
static bool task_waits(const char *name)
{
	int tries;

	for (tries = 0; tries < HOLD_LIMIT_MS / 10; tries++) {
		if (any_waiting("/proc/self/task", name) || any_waiting("/proc", name))
			return true;
		usleep(10000);
	}
	return false;
}

/* From 6.4 on it is a thread of this process. */
bool vhost_worker_waits(void)
{
	char name[32];

	snprintf(name, sizeof(name), "vhost-%d", getpid());
	return task_waits(name);
}

/* A kworker, which has the name of its queue behind its own. */
void await_loopback_worker(void)
{
	if (!task_waits("+vsock-loopback"))
		tap_bail("the task that delivers over loopback does not wait");
}
