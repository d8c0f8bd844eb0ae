// SPDX-License-Identifier: Apache-2.0
/* A nest program (proto/nest.h) that behaves as FAKE_NEST in its environment says, to test the
 * manager's side against: it forks at once, and its orbs exit with the code of their --exit=N.
 *
 * good · mute (no hello) · deaf (no pong) · foreign (says another version) · frail (its spares die
 * before they are ready) · stuck (its spares never get ready) · dies (at the first fork)
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pass.h"
#include "proto/nest.h"

static const char *mode = "good";

static bool is(const char *word)
{
	return strcmp(mode, word) == 0;
}

static void tell(int sock, enum tc_nest_word word, uint32_t value, int fd)
{
	struct tc_nest_note note;
	tc_nest_note_set(&note, word, value);
	note.version += is("foreign") ? 1 : 0;
	tc_pass_send(sock, &note, sizeof(note), &fd, fd >= 0);
}

/* An orb: tells who it is on its channel, waits for a line or the end, exits as it is told to. */
static int be_orb(const struct tc_nest_order *order, int channel)
{
	int code = 0;
	char text[512], line[64], dir[256] = "";
	for (int i = 0; i < order->argc; i++) {
		sscanf(order->argv[i], "--exit=%d", &code);
	}
	const char *env = "";
	for (char **at = order->envp; *at; at++) {
		env = strncmp(*at, "WHO=", 4) == 0 ? *at + 4 : env;
	}
	if (order->dir && chdir(order->dir) != 0) {
		return 99;
	}
	int n = snprintf(text, sizeof(text),
			 "{\"type\":\"hello\",\"who\":\"%s\",\"dir\":\"%s\",\"leads\":%s,"
			 "\"parent\":%d}\n",
			 env, getcwd(dir, sizeof(dir)), getpgrp() == getpid() ? "true" : "false",
			 (int)getppid());
	if (write(channel, text, (size_t)n) != n || read(channel, line, sizeof(line)) < 0) {
		return 98;
	}
	return code;
}

static int be_spare(int sock)
{
	static char packet[TC_NEST_ORDER_MAX];
	struct tc_nest_order order;
	int fds[TC_PASS_MAX];
	if (is("frail")) {
		return 7;
	}
	while (is("stuck")) {
		pause();
	}
	tell(sock, TC_NEST_READY, (uint32_t)getpid(), -1);
	int n = tc_pass_recv(sock, packet, sizeof(packet), fds);
	if (n <= 0 || tc_nest_order_take(&order, packet, (size_t)n) != 0) {
		return 0;
	}
	return be_orb(&order, fds[0]);
}

static void make_spare(void)
{
	int pair[2], ids[2];
	pid_t pid;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 || pipe(ids) < 0) {
		exit(1);
	}
	pid_t between = fork();
	if (between == 0) {
		pid = fork();
		if (pid == 0) {
			close(TC_NEST_FD);
			close(pair[0]);
			_exit(be_spare(pair[1]));
		}
		_exit(write(ids[1], &pid, sizeof(pid)) < 0);
	}
	waitpid(between, NULL, 0);
	if (read(ids[0], &pid, sizeof(pid)) != (ssize_t)sizeof(pid)) {
		exit(1);
	}
	tell(TC_NEST_FD, TC_NEST_SPARE, (uint32_t)pid, pair[0]);
	close(pair[0]);
	close(pair[1]);
	close(ids[0]);
	close(ids[1]);
}

int main(void)
{
	const char *said = getenv("FAKE_NEST");
	mode = said ? said : mode;
	signal(SIGPIPE, SIG_IGN);
	fprintf(stderr, "the nest is %s\n", mode);
	if (!is("mute")) {
		tell(TC_NEST_FD, TC_NEST_HELLO, 0, -1);
	}
	for (;;) {
		struct tc_nest_note note;
		int fds[TC_PASS_MAX];
		if (tc_pass_recv(TC_NEST_FD, &note, sizeof(note), fds) <= 0) {
			return 0;
		}
		if (note.word == TC_NEST_PING && !is("deaf")) {
			tell(TC_NEST_FD, TC_NEST_PONG, note.value, -1);
		} else if (note.word == TC_NEST_FORK && is("dies")) {
			return 5;
		} else if (note.word == TC_NEST_FORK) {
			make_spare();
		}
	}
}
