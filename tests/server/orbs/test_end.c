// SPDX-License-Identifier: Apache-2.0
/* The end of all of them, and what is left afterwards. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "mock/oom.h"
#include "server/orbs/world.h"

static void closing_asks_all_and_kills_who_stays(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "stubborn,ready");
	config.kill_grace_ms = 50;
	config.term_grace_ms = 50;
	config.max_orbs = 3;
	start_manager(w, &config);
	static const char *const rooms[] = {"r1", "r2", "r3", "r4"};
	for (int i = 0; i < 4; i++) {
		join(w, rooms[i], "a");
	}
	wait_state(w, "r3", TC_ORB_READY);
	close_manager(w);
	for (int i = 0; i < 3; i++) {
		assert_non_null(find_step(w, &(struct expected){rooms[i], TC_ORB_GONE, 1}));
	}
	close_world(w);
}

static void a_second_signal_kills_at_once(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "stubborn,ready"); /* 15 s otherwise */
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_READY);
	uint64_t before = uv_hrtime();
	tc_orbs_close(w->orbs, on_closed, w);
	tc_orbs_kill_all(w->orbs);
	wait_for(w, is_closed, NULL);
	assert_true(uv_hrtime() - before < 8000000000u);
	close_world(w);
}

static int open_fds(void)
{
	int count = 0;
	DIR *folder = opendir("/proc/self/fd");
	while (readdir(folder)) {
		count++;
	}
	closedir(folder);
	return count;
}

static void fifty_lives_leave_no_descriptor_and_no_zombie(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	start_manager(w, &config);
	int before = 0;
	uint64_t spawning = 0;
	for (int i = 1; i <= 51; i++) {
		uint64_t start = uv_hrtime();
		join(w, "r1", "a");
		spawning += uv_hrtime() - start;
		wait_state_n(w, "r1", TC_ORB_READY, i);
		tc_orbs_end(w->orbs, "r1", "session_complete");
		wait_state_n(w, "r1", TC_ORB_GONE, i);
		leave(w, "r1", "a");
		uv_run(&w->loop, UV_RUN_NOWAIT);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		before = i == 1 ? open_fds() : before; /* after the loop opened its own */
	}
	assert_int_equal(open_fds(), before);
	print_message("the loop was held up %.2f ms by a spawn\n", (double)spawning / 51 / 1e6);
	close_world(w);
}

static void without_memory_it_fails_whole(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	int err = -1;
	TC_OOM_LOOP(n)
	{
		w->closed = false;
		err = tc_orbs_create(&w->orbs, &config, &world_events, w);
		if (!err) {
			join(w, "r1", "a");
			tc_oom_disarm();
			close_manager(w);
		} else {
			assert_int_equal(err, -ENOMEM);
		}
	}
	assert_int_equal(err, 0);
	assert_non_null(find_step(w, &(struct expected){"r1", TC_ORB_FAILED, 1}));
	assert_non_null(find_step(w, &(struct expected){"r1", TC_ORB_GONE, 1}));
	w->closed = true;
	close_world(w);
}

static void a_command_with_an_open_quote_is_refused(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	static const struct tc_orbs_events none = {0};
	struct tc_orbs *orbs;
	config.orb_command = "node 'aiorb.js";
	assert_int_equal(tc_orbs_create(&orbs, &config, &none, w), -EINVAL);
	config.orb_command = NULL;
	assert_int_equal(tc_orbs_create(&orbs, &config, &none, w), -EINVAL);
	w->closed = true;
	close_world(w);
}

int main(int argc, char **argv)
{
	take_arguments(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closing_asks_all_and_kills_who_stays),
		cmocka_unit_test(a_second_signal_kills_at_once),
		cmocka_unit_test(fifty_lives_leave_no_descriptor_and_no_zombie),
		cmocka_unit_test(without_memory_it_fails_whole),
		cmocka_unit_test(a_command_with_an_open_quote_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
