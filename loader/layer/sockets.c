// SPDX-License-Identifier: GPL-2.0-only
#include "layer/sockets.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kernel-probe.h"
#include "lib/array.h"
#include "lib/libbpf-log.h"
#include "lib/log.h"
#include "all-sockets.skel.h"

#define LIST_LINK    16	 /* sizeof(struct list_head) */
#define LIST_TRIES   100 /* of a list that keeps changing */
#define LINES_A_READ 64

static int load(struct all_sockets **skel, const struct kernel *kernel)
{
	int ret;

	libbpf_log_start();
	*skel = all_sockets__open();
	if (!*skel)
		return log_errno(errno, "BPF object");
	(*skel)->rodata->netns_has_cookie = kernel->netns_cookie;
	(*skel)->rodata->kworkers_deliver_others = kernel->other_transports;
	ret = all_sockets__load(*skel);
	return ret ? log_errno(-ret, "loading what reads sockets (--verbose tells more)") : 0;
}

static void add(struct socket_list *list, const struct socket_line *line)
{
	*array_add(list->line, list->count, list->room) = *line;
}

/* --- Of files --- */

static int read_lines(struct socket_list *list, int fd)
{
	struct socket_line lines[LINES_A_READ];
	size_t i, filled = 0;
	ssize_t size;

	do {
		size = read(fd, (char *)lines + filled, sizeof(lines) - filled);
		if (size < 0 && errno != EAGAIN)
			return -errno;
		filled += size > 0 ? size : 0;
		for (i = 0; i < filled / sizeof(*lines); i++)
			add(list, &lines[i]);
		memmove(lines, &lines[i], filled % sizeof(*lines));
		filled %= sizeof(*lines);
	} while (size);
	return 0;
}

static int read_files(struct socket_list *list, const struct all_sockets *skel)
{
	struct bpf_link *link = bpf_program__attach_iter(skel->progs.sockets_of_files, NULL);
	int ret = libbpf_get_error(link), fd;

	if (ret)
		return log_errno(-ret, "reading open files");
	fd = bpf_iter_create(bpf_link__fd(link));
	ret = fd < 0 ? fd : read_lines(list, fd);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return ret ? log_errno(-ret, "reading open files") : 0;
}

/* --- Of the kernel's tables --- */

static int run(const struct all_sockets *skel, __u64 head, __u64 entry, enum socket_link link)
{
	__u64 args[3] = { head, entry, link };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = args, .ctx_size_in = sizeof(args));

	return bpf_prog_test_run_opts(bpf_program__fd(skel->progs.sockets_of_list), &options);
}

/* -EAGAIN if it changed meanwhile. */
static int read_list_once(struct socket_list *list, const struct all_sockets *skel, __u64 head,
			  enum socket_link link)
{
	const struct socket_lines *lines = &skel->bss->lines;
	__u64 entry = 0;
	size_t i;
	int ret;

	do {
		ret = run(skel, head, entry, link);
		if (ret)
			return ret;
		for (i = 0; i < lines->count; i++)
			add(list, &lines->line[i]);
		entry = lines->next;
	} while (entry != LIST_END && entry != LIST_CHANGED);
	return entry == LIST_CHANGED ? -EAGAIN : 0;
}

static int read_list(struct socket_list *list, const struct all_sockets *skel, __u64 head,
		     enum socket_link link)
{
	size_t before = list->count;
	int tries, ret = -EAGAIN;

	for (tries = 0; tries < LIST_TRIES && ret == -EAGAIN; tries++) {
		list->count = before;
		ret = read_list_once(list, skel, head, link);
	}
	return ret == -EAGAIN ? 0 : ret;
}

static int read_tables(struct socket_list *list, const struct all_sockets *skel,
		       const struct kernel_addresses *addresses)
{
	int ret = 0, i;

	list->tables_known = addresses->bound_table && addresses->connected_table;
	for (i = 0; i < VSOCK_HASH_SIZE && list->tables_known && !ret; i++) {
		ret = read_list(list, skel, addresses->bound_table + i * LIST_LINK, BOUND_LINK);
		if (!ret)
			ret = read_list(list, skel, addresses->connected_table + i * LIST_LINK,
					CONNECTED_LINK);
	}
	return ret ? log_errno(-ret, "reading the kernel's tables of sockets") : 0;
}

/* --- Both --- */

/* By address; lines with a process come first, each once. */
static int by_socket(const void *a, const void *b)
{
	const struct socket_line *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->pid > y->pid ? -1 : x->pid < y->pid;
}

/* What was read of it first, for another process: it can have changed meanwhile. */
static void keep(struct socket_list *list, size_t kept, const struct socket_line *line)
{
	struct socket_line *first = kept ? &list->line[kept - 1] : NULL, copy = *line;

	if (first && first->address == line->address) {
		copy = *first;
		copy.pid = line->pid;
		memcpy(copy.comm, line->comm, sizeof(copy.comm));
	}
	list->line[kept] = copy;
}

/* A process can have it open more than once, and a table knows it, too. */
static void drop_repeated(struct socket_list *list)
{
	size_t kept = 0, i;

	if (list->count)
		qsort(list->line, list->count, sizeof(*list->line), by_socket);
	for (i = 0; i < list->count; i++) {
		const struct socket_line *line = &list->line[i];

		if (kept && list->line[kept - 1].address == line->address &&
		    (!line->pid || list->line[kept - 1].pid == line->pid))
			continue;
		keep(list, kept++, line);
	}
	list->count = kept;
}

static int compare(__u64 a, __u64 b)
{
	return a < b ? -1 : a > b;
}

/* For people: by namespace and port. */
static int by_place(const void *a, const void *b)
{
	const struct socket_line *x = a, *y = b;
	int ret = compare(x->netns, y->netns);

	if (!ret)
		ret = compare(x->port, y->port);
	if (!ret)
		ret = compare(x->peer_port, y->peer_port);
	return ret ? ret : by_socket(a, b);
}

/* Some are in the tables and had no process: what was opened since the files were read has one. */
static bool are_without_process(const struct socket_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (!list->line[i].pid && list->line[i].holder == FILE_HOLDS)
			return true;
	return false;
}

static int read_all(struct socket_list *list, const struct all_sockets *skel,
		    const struct kernel *kernel)
{
	int ret = read_files(list, skel);

	if (!ret)
		ret = read_tables(list, skel, &kernel->addresses);
	drop_repeated(list);
	if (!ret && are_without_process(list)) {
		ret = read_files(list, skel);
		drop_repeated(list);
	}
	if (list->count)
		qsort(list->line, list->count, sizeof(*list->line), by_place);
	return ret;
}

int sockets_read(struct socket_list *list)
{
	struct all_sockets *skel = NULL;
	struct kernel kernel;
	int ret;

	*list = (struct socket_list){};
	kernel_probe(&kernel);
	if (!kernel.vsock)
		return 0;
	ret = load(&skel, &kernel);
	if (!ret)
		ret = read_all(list, skel, &kernel);
	all_sockets__destroy(skel);
	return ret;
}

void sockets_free(struct socket_list *list)
{
	free(list->line);
	*list = (struct socket_list){};
}
