// SPDX-License-Identifier: Apache-2.0
/* The nest's manager side against real processes (tests/mock/fake_nest.c). */
#include "server/orbs/nest.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "base/log.h"
#include "mock/oom.h"
#include "server/orbs/child.h"

#define DEADLINE_MS 60000

static const char *fake_nest; /* path, from the command line */

struct world {
	uv_loop_t loop;
	struct tc_nest *nest;
	char log[32768];
	char hello[512]; /* what the newest orb said of itself */
	struct tc_child *child;
	struct tc_child_exit exit;
	bool exited, freed, closed, late;
	int started; /* processes that came later than they were asked for */
	int asked;   /* whether the nest has what it needs */
	int lacks;   /* so often it has not */
	int fds;     /* open before anything was started */
};

static int count_fds(void)
{
	int count = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}

static void on_log(void *user, enum tc_log_level level, const char *topic, const char *tag,
		   const char *text)
{
	struct world *w = user;
	size_t n = strlen(w->log);
	snprintf(w->log + n, sizeof(w->log) - n, "%s\n", text);
}

static void on_late(uv_timer_t *timer)
{
	((struct world *)timer->data)->late = true;
}

static void on_timer_closed(uv_handle_t *handle)
{
	handle->data = NULL;
}

static void wait_for(struct world *w, bool (*there)(const struct world *, const void *),
		     const void *arg)
{
	uv_timer_t deadline;
	uv_timer_init(&w->loop, &deadline);
	deadline.data = w;
	uv_update_time(&w->loop);
	uv_timer_start(&deadline, on_late, DEADLINE_MS, 0);
	while (!there(w, arg) && !w->late) {
		uv_run(&w->loop, UV_RUN_ONCE);
	}
	uv_close((uv_handle_t *)&deadline, on_timer_closed);
	while (deadline.data) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
	}
	if (w->late) {
		print_error("%s\n", w->log);
	}
	assert_false(w->late);
}

static bool has_log(const struct world *w, const void *text)
{
	return strstr(w->log, text) != NULL;
}

static bool has_spare(const struct world *w, const void *not_this)
{
	int spare = tc_nest_info(w->nest).spare;
	return spare && (!not_this || spare != *(const int *)not_this);
}

static int on_needs(void *user, char *why, size_t size)
{
	struct world *w = user;
	snprintf(why, size, "its model is missing");
	return w->asked++ < w->lacks ? -ENOENT : 0;
}

static struct world *open_lacking_world(const char *mode, int spares, int lacks)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->lacks = lacks;
	w->fds = count_fds();
	assert_int_equal(uv_loop_init(&w->loop), 0);
	tc_log_set_sink(on_log, w);
	char text[64];
	snprintf(text, sizeof(text), "FAKE_NEST=%s", mode);
	char *env[] = {text, NULL};
	/* Short only where it is to run out: a good one is not judged by a busy machine. */
	struct tc_nest_config config = {.loop = &w->loop,
					.program = fake_nest,
					.envp = env,
					.spares = spares,
					.load_ms = strcmp(mode, "mute") ? 60000 : 300,
					.ping_ms = strcmp(mode, "deaf") ? 5000 : 50,
					.warm_ms = strcmp(mode, "stuck") ? 60000 : 200,
					.take_ms = strcmp(mode, "mute") ? 60000 : 100,
					.back_off_ms = 20,
					.needs = on_needs,
					.user = w};
	assert_int_equal(tc_nest_create(&w->nest, &config), 0);
	return w;
}

static struct world *open_world_of(const char *mode, int spares)
{
	return open_lacking_world(mode, spares, 0);
}

static struct world *open_world(const char *mode)
{
	return open_world_of(mode, 1);
}

static void on_closed(void *user)
{
	((struct world *)user)->closed = true;
}

static bool is_closed(const struct world *w, const void *arg)
{
	return w->closed;
}

/* Nothing is left: no handle, no descriptor, no child, dead or alive. */
static void close_world(struct world *w)
{
	tc_nest_close(w->nest, on_closed, w);
	assert_false(w->closed); /* not from inside the call */
	wait_for(w, is_closed, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(count_fds(), w->fds);
	tc_log_set_sink(NULL, NULL);
	free(w);
}

/* --- an orb out of it --- */

static void on_message(void *user, struct tc_json object)
{
	struct world *w = user;
	snprintf(w->hello, sizeof(w->hello), "%.*s", (int)object.len, object.at);
}

static void on_next_line(void *user, struct tc_buf *out)
{
}

static void on_exited(void *user, struct tc_child_exit how)
{
	struct world *w = user;
	w->exit = how;
	w->exited = true;
}

static void on_started(void *user)
{
	((struct world *)user)->started++;
}

static void on_freed(void *user)
{
	((struct world *)user)->freed = true;
}

static bool has_hello(const struct world *w, const void *arg)
{
	return w->hello[0] != '\0';
}

static bool has_exited(const struct world *w, const void *arg)
{
	return w->exited;
}

static bool is_freed(const struct world *w, const void *arg)
{
	return w->freed;
}

static int ask_for(struct world *w, const char *program, const char *flag, const char *who)
{
	static const struct tc_child_events events = {.message = on_message,
						      .next_line = on_next_line,
						      .exited = on_exited,
						      .started = on_started};
	char name[64], why[256];
	snprintf(name, sizeof(name), "WHO=%s", who);
	char *argv[] = {(char *)program, (char *)flag, NULL}, *envp[] = {name, NULL};
	w->hello[0] = '\0';
	w->exited = w->freed = false;
	struct tc_child_config config = {.loop = &w->loop,
					 .argv = argv,
					 .envp = envp,
					 .work_dir = "/",
					 .tag = "orb",
					 .nest = w->nest};
	return tc_child_spawn(&w->child, &config, &events, w, why, sizeof(why));
}

static int ask(struct world *w, const char *flag, const char *who)
{
	return ask_for(w, "/bin/false", flag, who); /* where there is no spare */
}

static void let_go(struct world *w)
{
	wait_for(w, has_exited, NULL);
	tc_child_close(w->child, on_freed, w);
	wait_for(w, is_freed, NULL);
}

static void a_spare_becomes_the_orb_it_is_ordered_to_be(void **state)
{
	struct world *w = open_world("good");
	wait_for(w, has_spare, NULL);
	int spare = tc_nest_info(w->nest).spare;
	assert_int_equal(ask(w, "--exit=41", "ann"), 0);
	assert_int_equal(tc_child_pid(w->child), spare);
	wait_for(w, has_hello, NULL);
	char ours[32];
	snprintf(ours, sizeof(ours), "\"parent\":%d", (int)getpid());
	assert_non_null(strstr(w->hello, "\"who\":\"ann\""));
	assert_non_null(strstr(w->hello, "\"dir\":\"/\""));
	assert_non_null(strstr(w->hello, "\"leads\":true"));
	assert_non_null(strstr(w->hello, ours)); /* we are its parent, so we learn how it ends */
	tc_child_signal(w->child, SIGTERM);
	let_go(w);
	assert_true(w->exit.signaled);
	assert_int_equal(w->exit.status, SIGTERM);
	wait_for(w, has_spare, &spare);
	assert_int_equal(tc_nest_info(w->nest).taken, 1);
	assert_non_null(strstr(w->log, "the nest is good")); /* its lines come to our log */
	close_world(w);
}

static void who_has_waited_long_enough_for_a_spare_is_executed(void **state)
{
	struct world *w = open_world("mute");
	assert_int_equal(ask(w, "--exit=0", "ann"), 0);
	assert_int_equal(tc_child_pid(w->child), 0);
	let_go(w);
	assert_int_equal(w->started, 1);
	assert_int_equal(w->exit.status, 1); /* of /bin/false */
	assert_int_equal(tc_nest_info(w->nest).missed, 1);
	wait_for(w, has_log, "ending (the engines are not loaded in time)");
	wait_for(w, has_log, "down -> loading (started again)");
	close_world(w);
}

static void an_order_too_large_for_the_socket_is_executed(void **state)
{
	struct world *w = open_world("good");
	wait_for(w, has_spare, NULL);
	char *large = malloc(200 * 1024);
	assert_non_null(large);
	memset(large, 'x', 200 * 1024 - 1);
	large[200 * 1024 - 1] = '\0';
	char *argv[] = {(char[]){"/bin/false"}, NULL}, *envp[] = {large, NULL};
	struct tc_child_config config = {.argv = argv, .envp = envp, .tag = "orb"};
	pid_t pid;
	int pidfd, none[3] = {-1, -1, -1};
	assert_int_equal(tc_nest_take(w->nest, &config, none, &pid, &pidfd), -EMSGSIZE);
	assert_true(has_spare(w, NULL));
	free(large);
	close_world(w);
}

static void what_cannot_be_executed_after_the_wait_is_told(void **state)
{
	struct world *w = open_world("mute");
	assert_int_equal(ask_for(w, "/nowhere/orb", "--exit=0", "ann"), 0);
	let_go(w);
	assert_int_equal(w->started, 0);
	assert_true(w->exit.never);
	assert_int_equal(w->exit.err, -ENOENT);
	close_world(w);
}

static void one_that_waits_can_be_called_off(void **state)
{
	struct world *w = open_world("mute");
	assert_int_equal(ask(w, "--exit=0", "ann"), 0);
	tc_child_signal(w->child, SIGTERM); /* there is nobody yet */
	assert_false(w->exited);
	tc_child_kill(w->child);
	tc_child_kill(w->child);
	assert_false(w->exited); /* not from inside the call */
	let_go(w);
	assert_true(w->exit.never);
	assert_int_equal(w->exit.err, 0);
	assert_int_equal(tc_nest_info(w->nest).missed, 0);
	close_world(w);
}

static void nobody_waits_for_a_nest_that_died(void **state)
{
	struct world *w = open_world("dies");
	assert_int_equal(ask(w, "--exit=0", "ann"), 0);
	assert_int_equal(tc_child_pid(w->child), 0); /* it is coming up */
	let_go(w);
	assert_int_equal(w->exit.status, 1);
	assert_non_null(strstr(w->log, "executed instead"));
	close_world(w);
}

#define TOGETHER 8

static bool have_all(const struct world *w, const void *arg)
{
	return w->started == *(const int *)arg;
}

/* From a spare that is ready, or from one that is forked for them. */
static void expect_all_forked(struct world *w, int ready)
{
	struct tc_child *orbs[TOGETHER];
	int later = TOGETHER - ready;
	for (int i = 0; i < TOGETHER; i++) {
		assert_int_equal(ask(w, "--exit=0", "ann"), 0);
		orbs[i] = w->child;
		assert_true((tc_child_pid(w->child) != 0) == (i < ready));
	}
	wait_for(w, have_all, &later);
	assert_int_equal(tc_nest_info(w->nest).missed, 0);
	assert_int_equal(tc_nest_info(w->nest).taken, TOGETHER);
	assert_int_equal(tc_nest_info(w->nest).waited, later);
	wait_for(w, has_spare, NULL);
	for (int i = 0; i < TOGETHER; i++) {
		w->child = orbs[i];
		w->exited = w->freed = false;
		assert_int_not_equal(tc_child_pid(orbs[i]), 0);
		tc_child_kill(orbs[i]);
		let_go(w);
	}
	close_world(w);
}

static void eight_at_once_are_all_forked(void **state)
{
	struct world *w = open_world("good");
	wait_for(w, has_spare, NULL);
	expect_all_forked(w, 1);
}

static void who_comes_while_the_nest_loads_waits_for_it(void **state)
{
	expect_all_forked(open_world("good"), 0);
}

static void who_waits_for_spares_that_die_goes_with_the_nest(void **state)
{
	struct world *w = open_world("frail");
	assert_int_equal(ask(w, "--exit=0", "ann"), 0);
	wait_for(w, has_log, "another in 20 ms");
	assert_int_equal(tc_child_pid(w->child), 0);
	kill(tc_nest_info(w->nest).pid, SIGKILL);
	let_go(w);
	assert_int_equal(w->exit.status, 1);
	close_world(w);
}

/* What `signal` does to the spare (`effect` for waitid()) is seen when somebody asks, though nobody
 * has told the loop yet; another follows. */
static void expect_not_handed_out(struct world *w, int signal, int effect)
{
	wait_for(w, has_spare, NULL);
	int spare = tc_nest_info(w->nest).spare;
	kill(spare, signal);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)spare, &info, effect | WNOWAIT), 0);
	assert_int_equal(ask(w, "--exit=0", "ann"), 0);
	wait_for(w, has_hello, NULL);
	assert_int_not_equal(tc_child_pid(w->child), spare);
	assert_int_equal(tc_nest_info(w->nest).missed, 0);
	tc_child_kill(w->child);
	let_go(w);
	wait_for(w, has_spare, &spare);
}

static void a_dead_spare_is_never_handed_out(void **state)
{
	struct world *w = open_world("good");
	expect_not_handed_out(w, SIGKILL, WEXITED);
	assert_int_equal(ask(w, "--exit=0", "bob"), 0);
	wait_for(w, has_hello, NULL);
	tc_child_kill(w->child);
	let_go(w);
	close_world(w);
}

static void an_orb_and_the_spare_outlive_the_nest(void **state)
{
	struct world *w = open_world("good");
	wait_for(w, has_spare, NULL);
	int first = tc_nest_info(w->nest).spare;
	assert_int_equal(ask(w, "--exit=0", "ann"), 0);
	wait_for(w, has_hello, NULL);
	wait_for(w, has_spare, &first);
	int second = tc_nest_info(w->nest).spare, nest = tc_nest_info(w->nest).pid;
	kill(nest, SIGKILL);
	wait_for(w, has_log, "down (ended by signal 9)");
	assert_false(w->exited);
	assert_int_equal(tc_nest_info(w->nest).spare, second);
	struct tc_child *ann = w->child;
	assert_int_equal(ask(w, "--exit=0", "bob"), 0);
	assert_int_equal(tc_child_pid(w->child), second);
	wait_for(w, has_hello, NULL);
	tc_child_kill(w->child);
	let_go(w);
	wait_for(w, has_spare, &second); /* of the next nest */
	assert_int_not_equal(tc_nest_info(w->nest).pid, nest);
	w->child = ann;
	w->exited = w->freed = false;
	tc_child_kill(ann);
	let_go(w);
	close_world(w);
}

static void one_that_does_not_answer_is_replaced(void **state)
{
	struct world *w = open_world("deaf");
	wait_for(w, has_log, "up -> ending (hung)");
	wait_for(w, has_log, "ending -> down");
	wait_for(w, has_log, "down -> loading (started again)");
	close_world(w);
}

static void one_of_another_version_is_not_used(void **state)
{
	struct world *w = open_world("foreign");
	wait_for(w, has_log, "another version of aiorb");
	assert_int_equal(tc_nest_info(w->nest).spare, 0);
	close_world(w);
}

static void one_that_dies_is_started_again_ever_more_slowly(void **state)
{
	struct world *w = open_world("dies");
	wait_for(w, has_log, "the next is started in 20 ms");
	wait_for(w, has_log, "the next is started in 40 ms");
	wait_for(w, has_log, "the next is started in 80 ms");
	close_world(w);
}

static void nothing_is_started_while_something_is_missing(void **state)
{
	struct world *w = open_lacking_world("good", 1, 3);
	assert_int_equal(tc_nest_info(w->nest).starts, 0);
	wait_for(w, has_spare, NULL);
	assert_int_equal(w->asked, 4);
	assert_int_equal(tc_nest_info(w->nest).starts, 1);
	const char *line = "not started: its model is missing\n";
	const char *said = strstr(w->log, line);
	assert_non_null(said);
	assert_null(strstr(said + strlen(line), line)); /* once */
	w->lacks = 99;                                  /* it is gone again, and so is the nest */
	kill(tc_nest_info(w->nest).pid, SIGKILL);
	wait_for(w, has_log, "down (ended by signal 9)");
	wait_for(w, has_log, "orbs go on, the next is started");
	w->log[0] = '\0';
	wait_for(w, has_log, line);
	assert_int_equal(tc_nest_info(w->nest).starts, 1);
	close_world(w); /* while it looks for it */
}

static void spares_that_die_are_made_ever_more_slowly(void **state)
{
	struct world *w = open_world("frail");
	wait_for(w, has_log, "another in 0 ms");
	wait_for(w, has_log, "another in 20 ms");
	wait_for(w, has_log, "another in 40 ms");
	assert_int_equal(tc_nest_info(w->nest).starts, 1);
	close_world(w);
}

static void a_spare_that_never_gets_ready_is_killed(void **state)
{
	struct world *w = open_world("stuck");
	wait_for(w, has_log, "does not get ready");
	close_world(w);
}

static void other_settings_replace_nest_and_spare(void **state)
{
	struct world *w = open_world("good");
	wait_for(w, has_spare, NULL);
	struct tc_nest_info was = tc_nest_info(w->nest);
	char *same[] = {(char[]){"FAKE_NEST=good"}, NULL};
	char *other[] = {(char[]){"FAKE_NEST=good"}, (char[]){"MORE=1"}, NULL};
	assert_int_equal(tc_nest_renew(w->nest, same), 0);
	assert_int_equal(tc_nest_info(w->nest).spare, was.spare);
	assert_int_equal(tc_nest_renew(w->nest, other), 0);
	assert_int_equal(tc_nest_renew(w->nest, same), 0); /* and back, at once */
	wait_for(w, has_log, "down -> loading (replaced)");
	wait_for(w, has_spare, &was.spare);
	assert_int_not_equal(tc_nest_info(w->nest).pid, was.pid);
	close_world(w);
}

static void a_stopped_spare_is_never_handed_out(void **state)
{
	struct world *w = open_world("good");
	expect_not_handed_out(w, SIGSTOP, WSTOPPED);
	close_world(w);
}

static void a_stopped_spare_is_replaced_before_anybody_asks(void **state)
{
	struct world *w = open_world("good");
	wait_for(w, has_spare, NULL);
	int spare = tc_nest_info(w->nest).spare;
	kill(spare, SIGSTOP);
	wait_for(w, has_log, "is stopped; another is made"); /* with the next ping of the nest */
	wait_for(w, has_spare, &spare);
	close_world(w);
}

static bool has_three(const struct world *w, const void *arg)
{
	return tc_nest_info(w->nest).spares == 3;
}

static void several_rooms_at_once_get_a_spare_each(void **state)
{
	struct world *w = open_world_of("good", 3);
	struct tc_child *orbs[3];
	int pids[3];
	wait_for(w, has_three, NULL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(w, "--exit=0", "ann"), 0);
		orbs[i] = w->child;
		pids[i] = tc_child_pid(w->child);
	}
	assert_int_equal(tc_nest_info(w->nest).taken, 3);
	assert_int_equal(tc_nest_info(w->nest).missed, 0);
	assert_true(pids[0] != pids[1] && pids[1] != pids[2] && pids[0] != pids[2]);
	wait_for(w, has_three, NULL);
	for (int i = 0; i < 3; i++) {
		w->child = orbs[i];
		w->exited = w->freed = false;
		tc_child_kill(orbs[i]);
		let_go(w);
	}
	close_world(w);
}

static void closing_while_it_loads_leaves_nothing(void **state)
{
	close_world(open_world("mute"));
	close_world(open_world("good"));
}

static void nothing_is_left_after_many_orbs(void **state)
{
	struct world *w = open_world("good");
	int last = 0, fds = 0;
	for (int i = 0; i < 30; i++) {
		wait_for(w, has_spare, &last);
		if (i == 1) {
			fds = count_fds();
		}
		last = tc_nest_info(w->nest).spare;
		assert_int_equal(ask(w, "--exit=0", "ann"), 0);
		assert_int_equal(tc_child_pid(w->child), last);
		wait_for(w, has_hello, NULL);
		tc_child_kill(w->child);
		let_go(w);
	}
	wait_for(w, has_spare, &last);
	assert_int_equal(count_fds(), fds);
	close_world(w);
}

static void create_survives_every_failed_allocation(void **state)
{
	uv_loop_t loop;
	char *env[] = {(char[]){"FAKE_NEST=good"}, NULL};
	/* Short only where it is to run out: a good one is not judged by a busy machine. */
	struct tc_nest_config config = {.loop = &loop, .program = fake_nest, .envp = env};
	assert_int_equal(uv_loop_init(&loop), 0);
	TC_OOM_LOOP(n)
	{
		struct tc_nest *nest = NULL;
		int err = tc_nest_create(&nest, &config);
		assert_true(err == 0 || err == -ENOMEM);
		tc_nest_close(nest, NULL, NULL);
		uv_run(&loop, UV_RUN_DEFAULT);
	}
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spare_becomes_the_orb_it_is_ordered_to_be),
		cmocka_unit_test(who_has_waited_long_enough_for_a_spare_is_executed),
		cmocka_unit_test(what_cannot_be_executed_after_the_wait_is_told),
		cmocka_unit_test(one_that_waits_can_be_called_off),
		cmocka_unit_test(nobody_waits_for_a_nest_that_died),
		cmocka_unit_test(eight_at_once_are_all_forked),
		cmocka_unit_test(who_comes_while_the_nest_loads_waits_for_it),
		cmocka_unit_test(who_waits_for_spares_that_die_goes_with_the_nest),
		cmocka_unit_test(an_order_too_large_for_the_socket_is_executed),
		cmocka_unit_test(a_dead_spare_is_never_handed_out),
		cmocka_unit_test(an_orb_and_the_spare_outlive_the_nest),
		cmocka_unit_test(one_that_does_not_answer_is_replaced),
		cmocka_unit_test(one_of_another_version_is_not_used),
		cmocka_unit_test(one_that_dies_is_started_again_ever_more_slowly),
		cmocka_unit_test(nothing_is_started_while_something_is_missing),
		cmocka_unit_test(spares_that_die_are_made_ever_more_slowly),
		cmocka_unit_test(a_spare_that_never_gets_ready_is_killed),
		cmocka_unit_test(other_settings_replace_nest_and_spare),
		cmocka_unit_test(a_stopped_spare_is_never_handed_out),
		cmocka_unit_test(a_stopped_spare_is_replaced_before_anybody_asks),
		cmocka_unit_test(several_rooms_at_once_get_a_spare_each),
		cmocka_unit_test(closing_while_it_loads_leaves_nothing),
		cmocka_unit_test(nothing_is_left_after_many_orbs),
		cmocka_unit_test(create_survives_every_failed_allocation),
	};
	assert_int_equal(argc, 2);
	fake_nest = argv[1];
	/* libuv keeps two descriptors from the first loop on. */
	uv_loop_t loop;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
