// SPDX-License-Identifier: Apache-2.0
/* The manager's socket and the spool: what one server leaves to the next. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "server/calls.h"
#include "server/control/control.h"
#include "server/data_lock.h"
#include "server/journal.h"
#include "server/spool.h"

struct scene {
	uv_loop_t loop;
	char dir[64], path[96];
	struct tc_control *control;
	int adopted_fd, adopted_pid;
	char adopted_room[TC_ID_SIZE];
	char asked[64];
};

static void on_adopt(void *user, int fd, int pid, const struct tc_channel_message *adopt)
{
	struct scene *scene = user;
	scene->adopted_fd = fd;
	scene->adopted_pid = pid;
	memcpy(scene->adopted_room, adopt->room, sizeof(scene->adopted_room));
}

static bool on_request(void *user, const char *request, struct tc_buf *reply)
{
	struct scene *scene = user;
	snprintf(scene->asked, sizeof(scene->asked), "%s", request);
	tc_buf_puts(reply, "{\"ok\":true}");
	return strcmp(request, "status") == 0;
}

static const struct tc_control_events events = {.adopt = on_adopt, .request = on_request};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	scene->adopted_fd = -1;
	uv_loop_init(&scene->loop);
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/tricall-over-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(scene->path, sizeof(scene->path), "%s/manager.sock", scene->dir);
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;
	char command[96];
	tc_control_close(scene->control);
	uv_run(&scene->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&scene->loop), 0);
	if (scene->adopted_fd >= 0) {
		close(scene->adopted_fd);
	}
	snprintf(command, sizeof(command), "rm -r %s", scene->dir);
	assert_int_equal(system(command), 0);
	free(scene);
	return 0;
}

static int open_control(struct scene *scene)
{
	return tc_control_create(&scene->control, &scene->loop, scene->path, &events, scene);
}

static int dial(struct scene *scene)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	strcpy(at.sun_path, scene->path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* What comes until the other end closes. */
static size_t hear(struct scene *scene, int fd, char *out, size_t size)
{
	size_t len = 0;
	for (;;) {
		ssize_t n = recv(fd, out + len, size - 1 - len, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			out[len] = '\0';
			return len;
		}
		if (n > 0) {
			len += (size_t)n;
		} else {
			uv_run(&scene->loop, UV_RUN_ONCE);
		}
	}
}

static void ask(struct scene *scene, const char *line, char *answer, size_t size)
{
	int fd = dial(scene);
	assert_int_equal(send(fd, line, strlen(line), 0), strlen(line));
	hear(scene, fd, answer, size);
	close(fd);
}

static void a_request_gets_a_line_and_the_connection_is_closed(void **state)
{
	struct scene *scene = *state;
	char answer[256];
	assert_int_equal(open_control(scene), 0);
	struct stat st;
	assert_int_equal(stat(scene->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	ask(scene, "{\"type\":\"status\"}\n", answer, sizeof(answer));
	assert_string_equal(answer, "{\"ok\":true}\n");
	assert_string_equal(scene->asked, "status");
}

static void nonsense_is_told_what_was_expected(void **state)
{
	static const char *const bad[] = {"hello\n", "[]\n", "{\"type\":\"x\"}\n", "{\"type\":7}\n",
					  "\n"};
	struct scene *scene = *state;
	assert_int_equal(open_control(scene), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char answer[256];
		ask(scene, bad[i], answer, sizeof(answer));
		assert_non_null(strstr(answer, "expected"));
	}
}

static void a_line_without_an_end_is_cut_off(void **state)
{
	struct scene *scene = *state;
	char junk[8192], answer[64];
	memset(junk, 'x', sizeof(junk));
	assert_int_equal(open_control(scene), 0);
	int fd = dial(scene);
	size_t sent = 0;
	while (sent < 80 * 1024) {
		ssize_t n = send(fd, junk, sizeof(junk), MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN) {
			break;
		}
		sent += n > 0 ? (size_t)n : 0;
		uv_run(&scene->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(hear(scene, fd, answer, sizeof(answer)), 0);
	close(fd);
}

static void an_orb_is_handed_on_with_its_stream_whole(void **state)
{
	static const char lines[] = "{\"type\":\"adopt\",\"roomId\":\"r\",\"sessionId\":\"s\"}\n"
				    "{\"type\":\"pong\",\"id\":1}\n";
	struct scene *scene = *state;
	char rest[256];
	assert_int_equal(open_control(scene), 0);
	int fd = dial(scene);
	assert_int_equal(send(fd, lines, sizeof(lines) - 1, 0), sizeof(lines) - 1);
	while (scene->adopted_fd < 0) {
		uv_run(&scene->loop, UV_RUN_ONCE);
	}
	assert_int_equal(scene->adopted_pid, getpid());
	assert_string_equal(scene->adopted_room, "r");
	ssize_t n = recv(scene->adopted_fd, rest, sizeof(rest) - 1, 0);
	assert_true(n > 0);
	rest[n] = '\0';
	assert_string_equal(rest, "{\"type\":\"pong\",\"id\":1}\n");
	/* And back. */
	assert_int_equal(send(scene->adopted_fd, "x\n", 2, 0), 2);
	uv_run(&scene->loop, UV_RUN_NOWAIT);
	assert_int_equal(recv(fd, rest, sizeof(rest), 0), 2);
	close(fd);
}

static void the_socket_of_a_dead_server_is_replaced_and_tells_when_it_died(void **state)
{
	struct scene *scene = *state;
	assert_int_equal(tc_control_last_life(scene->path), 0);
	assert_int_equal(open_control(scene), 0);
	tc_control_close(scene->control);
	scene->control = NULL;
	uv_run(&scene->loop, UV_RUN_DEFAULT);
	struct timespec times[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
	assert_int_equal(utimensat(AT_FDCWD, scene->path, times, 0), 0);
	assert_int_equal(tc_control_last_life(scene->path), 1000000000);
	assert_int_equal(open_control(scene), 0);
	assert_true(tc_control_last_life(scene->path) > 1000000000);
}

static void a_server_that_lives_keeps_its_socket(void **state)
{
	struct scene *scene = *state;
	struct tc_control *second = NULL;
	assert_int_equal(open_control(scene), 0);
	assert_int_equal(tc_control_create(&second, &scene->loop, scene->path, &events, scene),
			 -EADDRINUSE);
	assert_null(second);
}

/* --- the spool --- */

static void a_data_folder_has_one_server_until_it_is_gone(void **state)
{
	struct scene *scene = *state;
	char why[512] = "", holder[64];
	int fd = -1, other = -1;
	assert_int_equal(tc_data_lock_holder(scene->dir), 0); /* no file yet */
	assert_int_equal(tc_data_lock_take(scene->dir, &fd, why, sizeof(why)), 0);
	assert_int_equal(tc_data_lock_holder(scene->dir), getpid());
	assert_int_equal(tc_data_lock_take(scene->dir, &other, why, sizeof(why)), -EBUSY);
	snprintf(holder, sizeof(holder), "(process %d)", (int)getpid());
	assert_non_null(strstr(why, holder));
	assert_non_null(strstr(why, scene->dir));
	assert_int_equal(tc_data_lock_holder(scene->dir), getpid()); /* asking takes nothing */
	close(fd);
	assert_int_equal(tc_data_lock_holder(scene->dir), 0);

	pid_t child = fork();
	if (child == 0) { /* one that is killed lets go of nothing by itself */
		if (tc_data_lock_take(scene->dir, &fd, why, sizeof(why)) == 0) {
			raise(SIGKILL);
		}
		_exit(1);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(tc_data_lock_holder(scene->dir), 0);
	assert_int_equal(tc_data_lock_take(scene->dir, &fd, why, sizeof(why)), 0);
	close(fd);
}

static void what_cannot_be_locked_is_told_in_a_line(void **state)
{
	char why[512] = "";
	int fd = -1;
	assert_int_equal(tc_data_lock_take("/proc/x", &fd, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "data folder /proc/x: No such file"));
	assert_int_equal(tc_data_lock_take("/dev/null", &fd, why, sizeof(why)), -ENOTDIR);
	assert_int_equal(fd, -1);
}

static void write_file(struct scene *scene, const char *name, const char *text)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", scene->dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static bool exists(struct scene *scene, const char *name)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", scene->dir, name);
	return access(path, F_OK) == 0;
}

static void last_words_are_stored_and_their_file_goes(void **state)
{
	struct scene *scene = *state;
	char why[256];
	struct tc_store *store = NULL;
	struct tc_journal *journal = NULL;
	struct tc_spool *spool = NULL;
	struct tc_store_config config = {.data_dir = scene->dir};
	assert_int_equal(tc_store_open(&store, &config, why, sizeof(why)), 0);
	struct tc_call call = {.id = "s1", .room = "r", .started_ms = 1};
	assert_int_equal(tc_store_call_add(store, &call), 0);
	assert_int_equal(tc_journal_create(&journal, &scene->loop, store, NULL, NULL), 0);
	assert_int_equal(tc_spool_create(&spool, scene->dir, journal), 0);
	write_file(scene, "s1-7.ndjson",
		   "{\"type\":\"utterance\",\"sessionId\":\"s1\",\"utteranceId\":\"u1\",\"userId\":"
		   "\"c\",\"text\":\"last\",\"startMs\":1,\"endMs\":2}\n"
		   "nonsense\n"
		   "{\"type\":\"session_summary\",\"sessionId\":\"s1\",\"summary\":{\"progress\":"
		   "\"Good\"}}\n");
	write_file(scene, "s1-8.ndjson.half", "{\"type\":\"utter");
	tc_spool_take(spool);
	tc_spool_take(spool); /* it is on its way: not twice */
	tc_spool_tick(spool);
	assert_true(exists(scene, "s1-7.ndjson"));
	while (tc_journal_counts(journal).waiting > 0) {
		uv_run(&scene->loop, UV_RUN_ONCE);
	}
	assert_int_equal(tc_journal_counts(journal).written, 2);
	tc_spool_tick(spool);
	assert_false(exists(scene, "s1-7.ndjson"));
	assert_true(exists(scene, "s1-8.ndjson.half"));
	tc_spool_destroy(spool);
	tc_journal_destroy(journal);
	tc_store_close(store);
}

/* --- calls --- */

static int began, ended;

static void on_began(void *user, const struct tc_call *call)
{
	began++;
}

static void on_ended(void *user, const struct tc_call *call)
{
	ended++;
}

static void a_call_of_the_server_before_goes_on_under_its_name(void **state)
{
	static const struct tc_calls_events calls_events = {.began = on_began, .ended = on_ended};
	struct tc_calls *calls = NULL;
	struct tc_calls_config config = {.clock = tc_clock_system(), .grace_ms = 60000};
	struct tc_call before = {.id = "s1", .room = "r", .coach = "a", .started_ms = 5};
	assert_int_equal(tc_calls_create(&calls, &config, &calls_events, NULL), 0);
	assert_int_equal(tc_calls_resume(calls, &before), 0);
	assert_int_equal(tc_calls_resume(calls, &before), -EEXIST);
	assert_string_equal(tc_calls_get(calls, "r", "x", "y")->id, "s1");
	tc_calls_people(calls, "r", 1);
	assert_int_equal(began, 0); /* it had */
	tc_calls_end(calls, "r");
	assert_int_equal(ended, 1);
	tc_calls_destroy(calls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_gets_a_line_and_the_connection_is_closed,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(nonsense_is_told_what_was_expected, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_line_without_an_end_is_cut_off, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_orb_is_handed_on_with_its_stream_whole, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			the_socket_of_a_dead_server_is_replaced_and_tells_when_it_died, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_server_that_lives_keeps_its_socket, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_data_folder_has_one_server_until_it_is_gone,
						set_up, tear_down),
		cmocka_unit_test(what_cannot_be_locked_is_told_in_a_line),
		cmocka_unit_test_setup_teardown(last_words_are_stored_and_their_file_goes, set_up,
						tear_down),
		cmocka_unit_test(a_call_of_the_server_before_goes_on_under_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
