// SPDX-License-Identifier: Apache-2.0
#include "orb/stacks.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "orb/symbols.h"

#define FRAMES         32
#define HANDLER_FRAMES 3   /* ours, and what the kernel returns to */
#define LINE           960 /* a line of the server's log takes 1000 bytes */
#define MAX_THREADS    64
/* A thread that does not answer by then is left out: it waits where no signal reaches it. */
#define THREAD_MS 20
#define SIGSTACK  (SIGRTMIN + 4)

static _Atomic int wanted;   /* the thread whose turn it is */
static _Atomic bool telling; /* one SIGQUIT at a time */
static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

struct line {
	char text[LINE];
	size_t len;
};

static void put(struct line *line, const char *text)
{
	size_t n = strlen(text);
	size_t left = sizeof(line->text) - 1 - line->len; /* one for the newline */
	n = n < left ? n : left;
	memcpy(line->text + line->len, text, n);
	line->len += n;
}

static void put_number(struct line *line, uintptr_t value, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits);
	digits[--at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put(line, digits + at);
}

static void finish(struct line *line)
{
	line->text[line->len++] = '\n';
	ssize_t n = write(STDERR_FILENO, line->text, line->len);
	(void)n;
}

/* libc.so.6+0x8b1c2: glibc finds it without a lock since 2.35, which dladdr() does not. */
static void put_module(struct line *line, void *address)
{
	struct dl_find_object found;
	if (_dl_find_object(address, &found) != 0) {
		put(line, "0x");
		put_number(line, (uintptr_t)address, 16);
		return;
	}
	const char *path = found.dlfo_link_map->l_name;
	const char *slash = strrchr(path, '/');
	put(line, !path[0] ? "aiorb" : slash ? slash + 1 : path);
	put(line, "+0x");
	put_number(line, (uintptr_t)address - found.dlfo_link_map->l_addr, 16);
}

static void put_frame(struct line *line, void *address)
{
	uintptr_t offset;
	/* The instruction behind the call may belong to the next function. */
	const char *name = tc_symbols_find((uintptr_t)address - 1, &offset);
	put(line, " < ");
	if (name) {
		put(line, name);
		put(line, "+0x");
		put_number(line, offset + 1, 16);
	} else {
		put_module(line, address);
	}
}

/* Of the thread we are in; `skip` frames are the handler's own. */
__attribute__((noinline)) static void tell_own(const char *what, int skip)
{
	void *frames[FRAMES];
	struct line line = {.len = 0};
	char name[16] = "?";
	prctl(PR_GET_NAME, name);
	int count = backtrace(frames, FRAMES);
	put(&line, what);
	put(&line, name);
	put(&line, " (");
	put_number(&line, (uintptr_t)gettid(), 10);
	put(&line, ")");
	for (int i = skip; i < count; i++) {
		put_frame(&line, frames[i]);
	}
	finish(&line);
}

static void on_stack(int signal_number)
{
	int err = errno;
	if (atomic_load(&wanted) == gettid()) {
		tell_own("stack of ", HANDLER_FRAMES);
		atomic_store(&wanted, 0);
	}
	errno = err;
}

static void ask(pid_t thread)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	atomic_store(&wanted, thread);
	if (tgkill(getpid(), thread, SIGSTACK) < 0) {
		return; /* it just ended */
	}
	for (int i = 0; i < THREAD_MS && atomic_load(&wanted) == thread; i++) {
		nanosleep(&ms, NULL);
	}
}

struct entry { /* of getdents64(2) */
	uint64_t inode;
	int64_t offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

static pid_t number_of(const char *name)
{
	pid_t number = 0;
	for (; *name >= '0' && *name <= '9'; name++) {
		number = number * 10 + (*name - '0');
	}
	return *name ? 0 : number;
}

static void ask_all(void)
{
	_Alignas(struct entry) char names[4096];
	pid_t own = gettid();
	int count = 0;
	long n;
	int tasks = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (tasks >= 0 && (n = syscall(SYS_getdents64, tasks, names, sizeof(names))) > 0) {
		for (long at = 0; at < n;) {
			const struct entry *entry = (const void *)(names + at);
			pid_t thread = number_of(entry->name);
			at += entry->size;
			if (thread > 0 && thread != own && count++ < MAX_THREADS) {
				ask(thread);
			}
		}
	}
	if (tasks >= 0) {
		close(tasks);
	}
}

static void on_quit(int signal_number)
{
	int err = errno;
	if (!atomic_exchange(&telling, true)) {
		tell_own("stack of ", HANDLER_FRAMES);
		ask_all();
		atomic_store(&wanted, 0);
		atomic_store(&telling, false);
	}
	errno = err;
}

/* SA_RESETHAND: what follows is what would have been. */
static void on_crash(int signal_number)
{
	struct line line = {.len = 0};
	put(&line, "crash: SIG");
	put(&line, sigabbrev_np(signal_number));
	finish(&line);
	tell_own("crash in ", HANDLER_FRAMES);
	raise(signal_number);
}

void tc_stacks_init(void)
{
	void *frame[1];
	struct sigaction action = {.sa_handler = on_quit, .sa_flags = SA_RESTART};
	(void)tc_symbols_init();   /* without it frames are told as module and offset */
	(void)backtrace(frame, 1); /* its first call opens a library */
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		sigdelset(&action.sa_mask, crashes[i]);
	}
	sigdelset(&action.sa_mask, SIGSTACK);
	sigaction(SIGQUIT, &action, NULL);
	sigaddset(&action.sa_mask, SIGSTACK);
	action.sa_handler = on_stack;
	sigaction(SIGSTACK, &action, NULL);
#ifndef __SANITIZE_ADDRESS__ /* which tells more of a crash than we could */
	action.sa_handler = on_crash;
	action.sa_flags = (int)SA_RESETHAND;
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		sigaction(crashes[i], &action, NULL);
	}
#endif
}
