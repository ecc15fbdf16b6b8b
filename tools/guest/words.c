// SPDX-License-Identifier: GPL-2.0-only
#include "words.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *const ops[] = {
	[VIRTIO_VSOCK_OP_INVALID] = "invalid",
	[VIRTIO_VSOCK_OP_REQUEST] = "request",
	[VIRTIO_VSOCK_OP_RESPONSE] = "response",
	[VIRTIO_VSOCK_OP_RST] = "rst",
	[VIRTIO_VSOCK_OP_SHUTDOWN] = "shutdown",
	[VIRTIO_VSOCK_OP_RW] = "rw",
	[VIRTIO_VSOCK_OP_CREDIT_UPDATE] = "credit-update",
	[VIRTIO_VSOCK_OP_CREDIT_REQUEST] = "credit-request",
};

static const char *const types[] = {
	[VIRTIO_VSOCK_TYPE_STREAM] = "stream",
	[VIRTIO_VSOCK_TYPE_SEQPACKET] = "seqpacket",
};

static const char *const answers[] = {
	[GUEST_HOLD] = "hold",
	[GUEST_ECHO] = "echo",
	[GUEST_RESET] = "reset",
	[GUEST_SILENT] = "silent",
};

#define FIELD(name, member)                                                                        \
	{                                                                                          \
		name, offsetof(struct virtio_vsock_hdr, member),                                   \
			sizeof(((struct virtio_vsock_hdr *)0)->member)                             \
	}

static const struct field {
	const char *name;
	size_t offset, size;
} fields[] = {
	FIELD("src-cid", src_cid),
	FIELD("dst-cid", dst_cid),
	FIELD("src-port", src_port),
	FIELD("dst-port", dst_port),
	FIELD("len", len),
	FIELD("type", type),
	FIELD("op", op),
	FIELD("flags", flags),
	FIELD("buf-alloc", buf_alloc),
	FIELD("fwd-cnt", fwd_cnt),
};

const char *guest_error_word(int error)
{
	const char *name;

	if (!error)
		return "ok";
	name = strerrorname_np(error < 0 ? -error : error);
	return name ?: "EUNKNOWN";
}

static const char *name_of(const char *const names[], size_t count, unsigned int number,
			   char room[8])
{
	if (number < count && names[number])
		return names[number];
	snprintf(room, 8, "%hu", (unsigned short)number);
	return room;
}

void guest_packet_word(const struct virtio_vsock_hdr *hdr, char word[GUEST_PACKET_WORD_MAX])
{
	char op[8], type[8];

	snprintf(word, GUEST_PACKET_WORD_MAX,
		 "%s %llu:%u -> %llu:%u %s len %u flags %u buf_alloc %u fwd_cnt %u",
		 name_of(ops, COUNT(ops), hdr->op, op), (unsigned long long)hdr->src_cid,
		 hdr->src_port, (unsigned long long)hdr->dst_cid, hdr->dst_port,
		 name_of(types, COUNT(types), hdr->type, type), hdr->len, hdr->flags,
		 hdr->buf_alloc, hdr->fwd_cnt);
}

static int number_of(const char *const names[], size_t count, const char *text)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (names[i] && !strcmp(names[i], text))
			return i;
	return -1;
}

int guest_number(const char *text, uint64_t max, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, &end, strncmp(text, "0x", 2) ? 10 : 16);
	return *end || errno || *number > max ? -EINVAL : 0;
}

static int field_value(const char *field, const char *text, uint64_t max, uint64_t *value)
{
	int number = -1;

	if (!strcmp(field, "op"))
		number = number_of(ops, COUNT(ops), text);
	else if (!strcmp(field, "type"))
		number = number_of(types, COUNT(types), text);
	if (number < 0)
		return guest_number(text, max, value);
	*value = number;
	return 0;
}

int guest_set_field(struct virtio_vsock_hdr *hdr, const char *field, const char *text)
{
	const struct field *known;
	uint64_t value;
	int ret;

	for (known = fields; known < fields + COUNT(fields); known++)
		if (!strcmp(known->name, field))
			break;
	if (known == fields + COUNT(fields))
		return -ENOENT;
	ret = field_value(field, text, UINT64_MAX >> (64 - 8 * known->size), &value);
	if (!ret)
		memcpy((char *)hdr + known->offset, &value, known->size);
	return ret;
}

int guest_seconds(const char *text, int *ms)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0 && seconds < INT_MAX / 1000))
		return -EINVAL;
	*ms = seconds * 1000;
	return 0;
}

int guest_answer_of(const char *text, enum guest_answer *answer)
{
	int number = number_of(answers, COUNT(answers), text);

	if (number < 0)
		return -EINVAL;
	*answer = number;
	return 0;
}

int guest_enter_netns(const char *name)
{
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : "/run/netns/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return ret;
}
