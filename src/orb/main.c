// SPDX-License-Identifier: Apache-2.0
/* aiorb: the AI participant of one room. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "orb/args.h"
#include "orb/manager_link.h"
#include "orb/nest/nest.h"
#include "orb/sandbox.h"
#include "orb/session/engines.h"
#include "orb/session/session.h"
#include "orb/stacks.h"

TC_LOG_TOPIC("orb.main");

struct program {
	struct tc_session *session;
	int signal_fd;
	int signals;
};

static void on_signal(void *user)
{
	struct program *program = user;
	struct signalfd_siginfo info;
	if (read(program->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return;
	}
	if (++program->signals > 1) {
		_exit(TC_EXIT_DEFECT); /* asked twice: at once */
	}
	TC_INFO(NULL, "%s", strsignal((int)info.ssi_signo));
	tc_session_end(program->session, "server_shutdown", TC_EXIT_OK);
}

/* Before any thread exists, so that all of them inherit it: signals come on the loop only. */
static int block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* a terminal or a server that went away is no reason to */
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void no_message(void *user, const struct tc_channel_message *message)
{
}

static void no_close(void *user)
{
}

/* One line to whoever reads us, and the same to the manager, if one started us. */
static int give_up(struct tc_loop *loop, const struct tc_orb_args *args, const char *why)
{
	static const struct tc_manager_link_events events = {.message = no_message,
							     .closed = no_close};
	struct tc_manager_link *link = NULL;
	TC_ERROR(NULL, "%s", why);
	if (tc_manager_link_create(&link, loop, &events, NULL) == 0) {
		struct tc_buf line;
		tc_buf_init(&line);
		tc_channel_put_error(&line, args->room, why, true);
		tc_manager_link_send(link, &line); /* the first: its socket has room */
		tc_manager_link_destroy(link);
		tc_buf_finish(&line);
	}
	return TC_EXIT_DEFECT;
}

static int run(const struct tc_orb_args *args)
{
	struct program program = {.signal_fd = block_signals()};
	struct tc_loop *loop = NULL;
	int exit_code = TC_EXIT_DEFECT;
	if (program.signal_fd < 0 || tc_loop_create(&loop) != 0) {
		TC_ERROR(NULL, "cannot start: %s", strerror(errno));
		return exit_code;
	}
	char why[4600];
	if (tc_engines_model_check(args, why, sizeof(why)) != 0) {
		exit_code = give_up(loop, args, why);
		tc_loop_destroy(loop);
		close(program.signal_fd);
		return exit_code;
	}
	struct tc_watch *watch = tc_loop_watch(loop, program.signal_fd, on_signal, &program);
	if (watch && tc_session_create(&program.session, loop, args) == 0) {
		tc_loop_run(loop);
		exit_code = tc_session_destroy(program.session);
	}
	tc_watch_cancel(watch);
	tc_loop_destroy(loop);
	close(program.signal_fd);
	return exit_code;
}

static int usage(const char *error)
{
	fprintf(stderr, "aiorb: %s\n", error);
	return TC_EXIT_USAGE;
}

static int help(bool version)
{
	struct tc_buf text;
	tc_buf_init(&text);
	if (version) {
		tc_buf_puts(&text, "aiorb " TC_VERSION "\n");
	} else {
		tc_orb_args_help(&text);
	}
	fputs(tc_buf_str(&text), stdout);
	tc_buf_finish(&text);
	return 0;
}

/* Executed, or forked off the nest: from here on there is no difference. */
static int orb(int argc, char **argv)
{
	prctl(PR_SET_NAME, "aiorb"); /* what ps and pgrep look for; the nest has other names */
	struct tc_orb_args args;
	char error[256] = "";
	int exit_code = TC_EXIT_USAGE;
	if (tc_orb_args_parse(&args, argc, argv, error, sizeof(error)) != 0) {
		usage(error);
	} else if (tc_log_init(args.log_level,
			       strcmp(args.log_format, "json") == 0 ? TC_LOG_JSON : TC_LOG_TEXT) !=
		   0) {
		usage("ORB_LOG_LEVEL: expected LEVEL[,GLOB=LEVEL...] with error, warn, info, debug "
		      "or trace");
	} else if (tc_engines_check(&args, error, sizeof(error)) != 0 ||
		   tc_manager_link_check(error, sizeof(error)) != 0) {
		usage(error);
	} else {
		tc_sandbox_enter();
		exit_code = run(&args);
	}
	tc_orb_args_finish(&args);
	return exit_code;
}

int main(int argc, char **argv)
{
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "--version") == 0)) {
		return help(argv[1][2] == 'v');
	}
	tc_sandbox_no_core();
	tc_stacks_init();
	if (argc >= 2 && strcmp(argv[1], "--nest") == 0) {
		return tc_orb_nest_main(argc, argv, orb);
	}
	return orb(argc, argv);
}
