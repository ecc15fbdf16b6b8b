// SPDX-License-Identifier: GPL-2.0-only
/*
 * call32 PORT: connects to a port over loopback by the calls of i386. Static and without a library,
 * so that it needs none of 32 bits. Status 0 if it is connected.
 */
#define NR_EXIT	      1
#define NR_SOCKETCALL 102
#define SYS_SOCKET    1
#define SYS_CONNECT   3
#define AF_VSOCK      40
#define SOCK_STREAM   1
#define CID_LOCAL     1

struct address {
	unsigned short family, reserved;
	unsigned int port, cid;
	unsigned char rest[4];
};

static long call(long number, long first, void *second)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(number), "b"(first), "c"(second) : "memory");
	return ret;
}

static unsigned int number(const char *text)
{
	unsigned int value = 0;

	for (; *text; text++)
		value = value * 10 + *text - '0';
	return value;
}

__attribute__((used)) static void run(char **stack)
{
	long how[3] = { AF_VSOCK, SOCK_STREAM, 0 };
	struct address to = { .family = AF_VSOCK, .cid = CID_LOCAL };
	long with[3] = { 0, (long)&to, sizeof(to) };

	/* The number of arguments, then the arguments. */
	to.port = number(stack[2]);
	with[0] = call(NR_SOCKETCALL, SYS_SOCKET, how);
	call(NR_EXIT, call(NR_SOCKETCALL, SYS_CONNECT, with) != 0, 0);
}

__asm__(".globl _start\n_start:\tmovl %esp, %eax\n\tpushl %eax\n\tcall run\n");
