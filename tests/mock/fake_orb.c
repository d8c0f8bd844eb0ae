// SPDX-License-Identifier: Apache-2.0
/* An orb program that behaves as its first argument says, to test the manager against.
 *
 * WORD[,WORD...]: what it does in order; see the table at the end. A well-behaved one ("ready")
 * says orb_ready and a heartbeat, answers pings, and on shutdown_graceful says a session_summary,
 * then exits with 0. Started as our own orb is, without such an argument, it takes FAKE_ORB.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/channel.h"

static int channel_fd = -1;
static const char *room = "?";
static bool deaf, works;
static int stuck; /* pongs that tell of a stuck recognizer; -1: for ever */

static void write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd pfd = {.fd = fd, .events = POLLOUT};
			poll(&pfd, 1, -1);
		} else if (n <= 0) {
			exit(3); /* the manager is gone */
		} else {
			data += n;
			len -= (size_t)n;
		}
	}
}

static void say(const char *text)
{
	write_all(channel_fd, text, strlen(text));
}

static void say_buf(struct tc_buf *line)
{
	write_all(channel_fd, line->data, line->len);
	tc_buf_finish(line);
}

static void say_utterance(const char *id, const char *text)
{
	struct tc_buf line;
	tc_buf_init(&line);
	tc_channel_put_utterance(&line, room, "s",
				 &(struct tc_channel_utterance){id, "u", text, 0, 1});
	say_buf(&line);
}

static void do_beat(void)
{
	struct tc_channel_metrics metrics;
	struct tc_buf line;
	tc_buf_init(&line);
	tc_channel_metrics_init(&metrics);
	metrics.cpu_percent = 12.5;
	metrics.memory_mb = 64;
	tc_channel_put_heartbeat(&line, room, 1, &metrics);
	say_buf(&line);
}

static void do_ready(void)
{
	struct tc_buf line;
	tc_buf_init(&line);
	tc_channel_put_ready(&line, room, "connected", NULL, 0);
	say_buf(&line);
	do_beat();
}

static void do_half(void)
{
	struct pollfd none;
	say("{\"type\":\"orb_ready\",\"ro");
	poll(&none, 0, 30); /* lets the half arrive alone */
	say("omId\":\"");
	say(room);
	say("\"}\n");
}

static void do_garbage(void)
{
	say("this is no JSON\n[]\n{\"type\":7}\n{\"cmd\":\"NODE_X\",\"type\":\"orb_ready\"}\n");
	say("{\"type\":\"orb_ready\",\"roomId\":\"someone-elses\"}\n");
}

static void do_deaf(void)
{
	deaf = true;
}

static void do_stubborn(void)
{
	deaf = true;
	signal(SIGTERM, SIG_IGN);
}

static void do_stuck(void)
{
	stuck = -1;
}

/* For ten pings, where the limit is four. */
static void do_stuck_a_while(void)
{
	stuck = 10;
}

static void do_spin(void)
{
	for (volatile unsigned turn = 0;; turn++) { /* an int would overflow in seconds */
	}
}

/* Works all the time, yet hears what it is told. */
static void do_busy(void)
{
	works = true;
}

/* What is touched counts. */
static void do_eat(void)
{
	const size_t size = 60u << 20;
	volatile char *memory = malloc(size);
	for (size_t at = 0; memory && at < size; at += 1024) {
		memory[at] = 1;
	}
}

static void do_exit0(void)
{
	exit(0);
}

static void do_exit64(void)
{
	exit(64);
}

static void do_exit69(void)
{
	exit(69);
}

static void do_refused(void)
{
	struct tc_buf line;
	tc_buf_init(&line);
	tc_channel_put_error(&line, room, "three people are in already", true);
	say_buf(&line);
	exit(69);
}

static void do_last_words(void)
{
	say_utterance("last", "said right before the end");
	exit(0);
}

static void do_leave(void)
{
	say("{\"type\":\"session_summary\",\"sessionId\":\"s\",\"reason\":\"idle_timeout\","
	    "\"summary\":{}}\n");
	exit(0);
}

static void do_crash(void)
{
	raise(SIGKILL);
}

static void do_flood(void)
{
	for (;;) {
		say_utterance("f", "a flood");
	}
}

static void do_spew(void)
{
	static char line[4000];
	memset(line, 'o', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (;;) {
		write_all(STDOUT_FILENO, line, sizeof(line));
	}
}

static void do_print(void)
{
	static const char text[] = "out one\nout two\r\n\nan unfinished";
	write_all(STDOUT_FILENO, text, sizeof(text) - 1);
	write_all(STDERR_FILENO, "err one\n", 8);
}

static void do_hang_up(void)
{
	close(channel_fd);
	for (;;) {
		pause();
	}
}

static void do_no_read(void)
{
	for (;;) {
		pause();
	}
}

/* A child of its own that holds our descriptors and outlives us. */
static void do_litter(void)
{
	if (fork() == 0) {
		for (;;) {
			pause();
		}
	}
}

/* What it was started with, as utterances: descriptors, folder, arguments, environment. */
static void say_fds(void)
{
	char text[512] = "";
	DIR *folder = opendir("/proc/self/fd");
	int own = folder ? dirfd(folder) : -1;
	for (struct dirent *e; folder && (e = readdir(folder));) {
		int fd = atoi(e->d_name);
		if (e->d_name[0] != '.' && fd != own) {
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d ", fd);
		}
	}
	closedir(folder);
	say_utterance("fds", text);
}

static int arg_count;
static char **arg_list;

static void do_tell(void)
{
	static const char *const names[] = {"NODE_CHANNEL_FD",  "NODE_CHANNEL_SERIALIZATION_MODE",
					    "CPU_SERVER_HOST",  "CPU_WEBSOCKET_URL",
					    "ORB_TOKEN",        "ORB_LOG_LEVEL",
					    "API_KEYS",         "EXTRA",
					    "ORB_SESSION_ENDS", "ORB_SESSION_BEGAN",
					    "ORB_RESTORE"};
	char text[1024];
	say_fds();
	say_utterance("cwd", getcwd(text, sizeof(text)) ? text : "?");
	for (int i = 1; i < arg_count; i++) {
		say_utterance("arg", arg_list[i]);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		snprintf(text, sizeof(text), "%s=%s", names[i], value ? value : "(none)");
		say_utterance("env", text);
	}
	struct sigaction pipe_action;
	sigaction(SIGPIPE, NULL, &pipe_action);
	snprintf(text, sizeof(text), "sigpipe=%s group=%s",
		 pipe_action.sa_handler == SIG_DFL ? "default" : "other",
		 getpgrp() == getpid() ? "own" : "other");
	say_utterance("signals", text);
}

static const struct {
	const char *word;
	void (*run)(void);
} words[] = {
	{"ready", do_ready},     {"beat", do_beat},       {"half", do_half},
	{"garbage", do_garbage}, {"deaf", do_deaf},       {"stubborn", do_stubborn},
	{"exit64", do_exit64},   {"exit0", do_exit0},     {"exit69", do_exit69},
	{"refused", do_refused}, {"last", do_last_words}, {"crash", do_crash},
	{"flood", do_flood},     {"spew", do_spew},       {"print", do_print},
	{"hangup", do_hang_up},  {"noread", do_no_read},  {"litter", do_litter},
	{"tell", do_tell},       {"stuck", do_stuck},     {"awhile", do_stuck_a_while},
	{"leave", do_leave},     {"busy", do_busy},       {"spin", do_spin},
	{"eat", do_eat},
};

static void say_pong(int64_t id)
{
	static int64_t since_ms;
	struct timespec now;
	struct tc_buf line;
	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	since_ms = since_ms ? since_ms : ms;
	int64_t busy[TC_WORKERS] = {[TC_WORKER_RECOGNIZER] = stuck ? ms - since_ms : 0};
	stuck -= stuck > 0;
	tc_buf_init(&line);
	tc_channel_put_pong(&line, id, busy);
	say_buf(&line);
}

static void on_object(void *user, struct tc_json object)
{
	struct tc_channel_message message;
	if (tc_channel_parse(&message, object, NULL)) {
		return;
	}
	if (message.type == TC_CHANNEL_SHED) {
		char text[32];
		snprintf(text, sizeof(text), "level %d", (int)message.shed);
		say_utterance("shed", text);
	} else if (message.type == TC_CHANNEL_PING) {
		say_pong(message.ping);
	} else if (message.type == TC_CHANNEL_UPDATE_PARTICIPANTS) {
		char text[1024];
		snprintf(text, sizeof(text), "%.*s", (int)message.participants.len,
			 message.participants.at);
		say_utterance("participants", text);
	} else if (message.type == TC_CHANNEL_RESTORE) {
		char text[1024];
		snprintf(text, sizeof(text), "%s%s %.*s", message.status,
			 message.muted ? " muted" : "", (int)message.utterances.len,
			 message.utterances.at);
		say_utterance(message.elapsed_ms > 0 ? "restore-old" : "restore", text);
	} else if (message.type == TC_CHANNEL_STORED) {
		say_utterance("stored", message.summary_stored ? "summary" : message.utterance);
	} else if (message.type == TC_CHANNEL_SHUTDOWN_GRACEFUL && !deaf) {
		struct tc_buf line, summary;
		tc_buf_init(&line);
		tc_buf_init(&summary);
		tc_buf_putf(&summary, "{\"progress\":\"%s\"}", message.reason);
		tc_channel_put_summary(&line, &(struct tc_channel_summary){
						      .room = room,
						      .session = "s",
						      .summary = {summary.data, summary.len},
					      });
		say_buf(&line);
		exit(0);
	}
}

static void serve(void)
{
	static const struct tc_channel_events events = {.object = on_object};
	struct tc_channel_framer framer;
	char data[4096];
	tc_channel_framer_init(&framer, &events, NULL);
	for (;;) {
		struct pollfd pfd = {.fd = channel_fd, .events = POLLIN};
		while (works && poll(&pfd, 1, 0) == 0) {
		}
		ssize_t n = read(channel_fd, data, sizeof(data));
		if (n <= 0) {
			exit(0);
		}
		tc_channel_framer_push(&framer, data, (size_t)n);
	}
}

int main(int argc, char **argv)
{
	const char *fd = getenv("NODE_CHANNEL_FD");
	if (argc < 2 || !fd) {
		return 64;
	}
	const char *own = getenv("FAKE_ORB");
	arg_count = argc;
	arg_list = argv;
	channel_fd = atoi(fd);
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--room=", 7) == 0) {
			room = argv[i] + 7;
		}
	}
	char script[256];
	snprintf(script, sizeof(script), "%s", own ? own : argv[1]);
	char *save = NULL;
	for (char *word = strtok_r(script, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (strcmp(word, words[i].word) == 0) {
				words[i].run();
			}
		}
	}
	serve();
}
