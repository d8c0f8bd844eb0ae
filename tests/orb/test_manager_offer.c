// SPDX-License-Identifier: Apache-2.0
#include "orb/manager_link.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct tc_loop *loop;
	struct tc_manager_link *link;
	int parent; /* the other end */
	char dir[64], path[96];
	int listener;
	int closed, given_up, introduced, messages;
	enum tc_channel_type last;
};

static void on_message(void *user, const struct tc_channel_message *message)
{
	struct scene *scene = user;
	scene->messages++;
	scene->last = message->type;
}

static void on_closed(void *user)
{
	((struct scene *)user)->closed++;
}

static void on_introduce(void *user, struct tc_buf *out)
{
	static const char *const ids[] = {"a"};
	struct tc_channel_adopt adopt = {.room = "r",
					 .session = "s",
					 .coach = "a",
					 .client = "b",
					 .pid = 7,
					 .participants = ids,
					 .count = 1};
	((struct scene *)user)->introduced++;
	tc_channel_put_adopt(out, &adopt);
}

static void on_given_up(void *user)
{
	((struct scene *)user)->given_up++;
}

static int set_up(void **state)
{
	static const struct tc_manager_link_events events = {.message = on_message,
							     .closed = on_closed,
							     .introduce = on_introduce,
							     .given_up = on_given_up};
	struct scene *scene = calloc(1, sizeof(*scene));
	int pair[2];
	char number[16];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	snprintf(number, sizeof(number), "%d", pair[0]);
	setenv("NODE_CHANNEL_FD", number, 1);
	scene->parent = pair[1];
	scene->listener = -1;
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/tricall-link-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(scene->path, sizeof(scene->path), "%s/manager.sock", scene->dir);
	assert_int_equal(tc_loop_create(&scene->loop), 0);
	assert_int_equal(tc_manager_link_create(&scene->link, scene->loop, &events, scene), 0);
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;
	tc_manager_link_destroy(scene->link);
	tc_loop_destroy(scene->loop);
	if (scene->parent >= 0) {
		close(scene->parent);
	}
	if (scene->listener >= 0) {
		close(scene->listener);
	}
	unlink(scene->path);
	rmdir(scene->dir);
	unsetenv("NODE_CHANNEL_FD");
	free(scene);
	return 0;
}

static void lose_the_parent(struct scene *scene)
{
	close(scene->parent);
	scene->parent = -1;
	int before = scene->closed;
	while (scene->closed == before) {
		tc_loop_turn(scene->loop, true);
	}
	assert_false(tc_manager_link_up(scene->link));
}

static void listen_at(struct scene *scene)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	strcpy(at.sun_path, scene->path);
	scene->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(scene->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(scene->listener, 4), 0);
}

/* Turns the loop until the link has connected; its line is read. */
static void take_it(struct scene *scene, char *line, size_t size)
{
	while ((scene->parent = accept(scene->listener, NULL, NULL)) < 0) {
		assert_int_equal(errno, EAGAIN);
		tc_loop_turn(scene->loop, true);
	}
	ssize_t n = 0;
	size_t len = 0;
	while (len == 0 || line[len - 1] != '\n') {
		tc_loop_turn(scene->loop, false);
		n = recv(scene->parent, line + len, size - 1 - len, MSG_DONTWAIT);
		if (n > 0) {
			len += (size_t)n;
		}
	}
	line[len] = '\0';
}

static void say(struct scene *scene, const char *line)
{
	assert_int_equal(send(scene->parent, line, strlen(line), 0), strlen(line));
}

static void another_manager_takes_it_up(void **state)
{
	struct scene *scene = *state;
	char line[1024];
	lose_the_parent(scene);
	assert_int_equal(tc_manager_link_offer(scene->link, scene->path, 30000), 0);
	/* Nobody listens yet: it tries on. */
	listen_at(scene);
	take_it(scene, line, sizeof(line));
	assert_non_null(strstr(line, "\"type\":\"adopt\""));
	assert_false(tc_manager_link_up(scene->link));
	say(scene, "{\"type\":\"adopted\",\"token\":\"t\"}\n");
	while (scene->messages == 0) {
		tc_loop_turn(scene->loop, true);
	}
	assert_int_equal(scene->last, TC_CHANNEL_ADOPTED);
	assert_true(tc_manager_link_up(scene->link));

	struct tc_buf out;
	tc_buf_init(&out);
	tc_channel_put_error(&out, "r", "e", false);
	tc_manager_link_send(scene->link, &out);
	tc_buf_finish(&out);
	assert_true(recv(scene->parent, line, sizeof(line), 0) > 0);

	/* And again, should that one go, too. */
	lose_the_parent(scene);
	assert_int_equal(scene->closed, 2);
}

static void one_that_hangs_up_without_a_word_is_asked_again(void **state)
{
	struct scene *scene = *state;
	char line[1024];
	lose_the_parent(scene);
	listen_at(scene);
	assert_int_equal(tc_manager_link_offer(scene->link, scene->path, 30000), 0);
	take_it(scene, line, sizeof(line));
	close(scene->parent);
	take_it(scene, line, sizeof(line));
	assert_int_equal(scene->introduced, 2);
	assert_int_equal(scene->closed, 1);
	assert_int_equal(scene->given_up, 0);
}

static void when_nobody_comes_it_is_told_so(void **state)
{
	struct scene *scene = *state;
	lose_the_parent(scene);
	assert_int_equal(tc_manager_link_offer(scene->link, scene->path, 50), 0);
	while (!scene->given_up) {
		tc_loop_turn(scene->loop, true);
	}
	assert_int_equal(scene->introduced, 0);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	struct scene *scene = *state;
	char path[200];
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	lose_the_parent(scene);
	assert_int_equal(tc_manager_link_offer(scene->link, path, 50), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(another_manager_takes_it_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_hangs_up_without_a_word_is_asked_again,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(when_nobody_comes_it_is_told_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_path_that_is_too_long_is_refused, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
