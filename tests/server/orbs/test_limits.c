// SPDX-License-Identifier: Apache-2.0
/* What orbs use, and what follows from it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/orbs/limits.h"
#include "server/orbs/priv.h"
#include "server/orbs/sample.h"
#include "server/orbs/world.h"

static const struct tc_limits limits = {.cpu_percent = 50, .memory_mb = 100, .can_shed = true};

static enum tc_limit_act repeat(struct tc_limit_state *s, const struct tc_limits *l, int times,
				double cpu, double memory)
{
	enum tc_limit_act act = TC_LIMIT_NOTHING;
	for (int i = 0; i < times; i++) {
		assert_int_equal(act, TC_LIMIT_NOTHING); /* nothing before the last step */
		act = tc_limit_step(s, l, cpu, memory);
	}
	return act;
}

static void from_four_fifths_on_it_is_said_once(void **state)
{
	struct tc_limit_state s = {0};
	assert_int_equal(tc_limit_step(&s, &limits, 39, 79), TC_LIMIT_NOTHING);
	assert_int_equal(tc_limit_step(&s, &limits, 41, 10), TC_LIMIT_WARN_CPU);
	assert_int_equal(tc_limit_step(&s, &limits, 44, 10), TC_LIMIT_NOTHING);
	assert_int_equal(tc_limit_step(&s, &limits, 10, 81), TC_LIMIT_WARN_MEMORY);
	assert_int_equal(tc_limit_step(&s, &limits, 10, 75), TC_LIMIT_NOTHING);
	assert_int_equal(tc_limit_step(&s, &limits, 10, 81), TC_LIMIT_NOTHING);
	assert_int_equal(tc_limit_step(&s, &limits, 45, 10), TC_LIMIT_WARN_CPU); /* calm between */
}

static void too_much_cpu_sheds_twice_then_restarts(void **state)
{
	struct tc_limit_state s = {.warned_cpu = true};
	assert_int_equal(repeat(&s, &limits, 3, 60, 10), TC_LIMIT_SHED);
	assert_int_equal(s.shed, 1);
	assert_int_equal(repeat(&s, &limits, 3, 60, 10), TC_LIMIT_SHED);
	assert_int_equal(s.shed, 2);
	assert_int_equal(repeat(&s, &limits, 6, 60, 10), TC_LIMIT_RESTART_CPU);
}

static void one_that_cannot_shed_has_as_long(void **state)
{
	struct tc_limits foreign = limits;
	struct tc_limit_state s = {.warned_cpu = true};
	foreign.can_shed = false;
	assert_int_equal(repeat(&s, &foreign, 12, 60, 10), TC_LIMIT_RESTART_CPU);
	assert_int_equal(s.shed, 0);
}

static void a_peak_is_forgiven(void **state)
{
	struct tc_limit_state s = {.warned_cpu = true, .warned_memory = true};
	for (int i = 0; i < 50; i++) {
		assert_int_equal(tc_limit_step(&s, &limits, i % 3 ? 45 : 90, i % 3 ? 90 : 110),
				 TC_LIMIT_NOTHING);
	}
}

static void what_was_shed_comes_back_when_there_is_much_room(void **state)
{
	struct tc_limit_state s = {.shed = 2};
	assert_int_equal(repeat(&s, &limits, 20, 30, 10), TC_LIMIT_NOTHING); /* not enough of it */
	assert_int_equal(repeat(&s, &limits, 6, 20, 10), TC_LIMIT_UNSHED);
	assert_int_equal(s.shed, 1);
	assert_int_equal(repeat(&s, &limits, 6, 20, 10), TC_LIMIT_UNSHED);
	assert_int_equal(s.shed, 0);
	assert_int_equal(repeat(&s, &limits, 20, 20, 10), TC_LIMIT_NOTHING);
}

static void too_much_memory_is_not_shed(void **state)
{
	struct tc_limit_state s = {.warned_memory = true};
	assert_int_equal(repeat(&s, &limits, 3, 10, 110), TC_LIMIT_RESTART_MEMORY);
	s = (struct tc_limit_state){0};
	assert_int_equal(tc_limit_step(&s, &limits, 10, 150), TC_LIMIT_RESTART_MEMORY);
}

static void no_limit_is_no_limit(void **state)
{
	struct tc_limit_state s = {0};
	struct tc_limits none = {.can_shed = true};
	assert_int_equal(repeat(&s, &none, 50, 1000, 1000000), TC_LIMIT_NOTHING);
}

/* --- /proc --- */

static void put(const char *dir, const char *file, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void proc_is_read_whatever_a_program_is_called(void **state)
{
	char dir[] = "/tmp/tricall-proc-XXXXXX", sub[64], remove[128];
	assert_non_null(mkdtemp(dir));
	snprintf(sub, sizeof(sub), "%s/7", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	put(sub, "smaps_rollup", "a-b ---p 0 0 0 [rollup]\nRss:  9000 kB\nPss:  5000 kB\n");
	put(sub, "stat", "7 (a) 1 2) S 1 7 7 0 -1 0 1 2 3 4 150 50 0 0 20 0 1 0 5 6\n");
	put(dir, "meminfo", "MemTotal: 8000000 kB\nMemFree: 1 kB\nMemAvailable: 1000000 kB\n");
	put(dir, "stat", "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1\n");
	struct tc_sample_process process = {.pid = 7};
	struct tc_sample_machine machine;
	tc_sample_process(dir, &process);
	tc_sample_machine(dir, &machine);
	assert_true(process.memory_mb == 5.12);
	assert_int_equal(process.cpu_ms, 2000);
	assert_true(machine.available_mb == 1024.0);
	assert_int_equal(machine.idle_ms, 8000);
	assert_int_equal(machine.all_ms, 10000);
	process.pid = 8;
	tc_sample_process(dir, &process);
	assert_true(process.memory_mb < 0 && process.cpu_ms < 0);
	snprintf(remove, sizeof(remove), "rm -r %s", dir);
	assert_int_equal(system(remove), 0);
}

/* --- with real processes --- */

static bool is_measured(struct world *w, const void *arg)
{
	struct tc_orb_info info = info_of(w, "r1");
	return info.memory_mb > 0 && info.memory_mb != 64; /* 64: its own word */
}

static void what_is_measured_counts_more_than_its_own_word(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,eat");
	config.sample_ms = 50;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_for(w, is_measured, NULL);
	wait_state(w, "r1", TC_ORB_READY);
	assert_true(info_of(w, "r1").cpu_percent != 12.5);
	close_world(w);
}

static void who_eats_memory_is_replaced(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,eat");
	config.sample_ms = 50;
	config.max_memory_mb = 40;
	config.restart_limit = 1;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	const char *why = wait_state(w, "r1", TC_ORB_RESTARTING);
	expect_part(why, "MB of memory, more than 40");
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	wait_state(w, "r1", TC_ORB_FAILED); /* it does it again */
	close_world(w);
}

static void who_spins_is_replaced(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,spin");
	config.sample_ms = 500; /* CPU is counted in ticks of 10 ms: a small share must show */
	config.max_cpu_percent = 1;
	config.restart_limit = 1;
	config.kill_grace_ms = 50;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	const char *why = wait_state(w, "r1", TC_ORB_RESTARTING);
	expect_part(why, "% of a core, more than 1");
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	close_world(w);
}

static void our_own_sheds_first(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = own_config(w, "FAKE_ORB=ready,busy");
	config.sample_ms = 500;
	config.max_cpu_percent = 1;
	config.restart_limit = 1;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_for(w, has_text, "shed:level 1");
	wait_for(w, has_text, "shed:level 2");
	wait_state(w, "r1", TC_ORB_RESTARTING);
	close_world(w);
}

static char proc_dir[] = "/tmp/tricall-proc-XXXXXX";

static int make_proc(void **state)
{
	return mkdtemp(proc_dir) ? 0 : -1;
}

static int remove_proc(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -r %s", proc_dir);
	return system(command);
}

/* It refuses the second, and takes it when there is room again. */
static void expect_refusal(struct tc_orbs_config *config, struct world *w, const char *file,
			   const char *text, const char *better, const char *reason)
{
	config->sample_ms = 20;
	config->admission = true;
	config->proc = proc_dir;
	start_manager(w, config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	put(proc_dir, file, text);
	join(w, "r2", "coach2");
	assert_string_equal(wait_state(w, "r2", TC_ORB_FULL), reason);
	put(proc_dir, file, better);
	wait_state(w, "r2", TC_ORB_READY);
	close_world(w);
}

static void a_machine_without_memory_takes_no_more(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	put(proc_dir, "stat", "");
	put(proc_dir, "meminfo", "MemTotal: 1 kB\nMemAvailable: 4000000 kB\n");
	expect_refusal(&config, w, "meminfo", "MemTotal: 1 kB\nMemAvailable: 200000 kB\n",
		       "MemTotal: 1 kB\nMemAvailable: 4000000 kB\n",
		       "the machine has no memory left");
}

/* Writes /proc/stat on and on: time goes by, and what of it was idle. */
struct busy_machine {
	uv_timer_t timer;
	long all, idle, step;
};

static void on_tick(uv_timer_t *timer)
{
	struct busy_machine *m = timer->data;
	char text[128];
	m->all += 10;
	m->idle += m->step;
	snprintf(text, sizeof(text), "cpu  %ld 0 0 %ld 0 0 0 0\n", m->all - m->idle, m->idle);
	put(proc_dir, "stat", text);
}

static bool is_judged(struct world *w, const void *arg)
{
	return tc_measure_samples(w->orbs->measure) >= 6;
}

static void a_machine_without_cpu_takes_the_first_and_no_more(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	struct busy_machine machine = {0};
	put(proc_dir, "meminfo", "MemTotal: 1 kB\nMemAvailable: 4000000 kB\n");
	config.sample_ms = 20;
	config.admission = true;
	config.proc = proc_dir;
	uv_timer_init(&w->loop, &machine.timer);
	machine.timer.data = &machine;
	uv_timer_start(&machine.timer, on_tick, 0, 5);
	start_manager(w, &config);
	wait_for(w, is_judged, NULL);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	join(w, "r2", "coach2");
	assert_string_equal(wait_state(w, "r2", TC_ORB_FULL), "the machine has no CPU left");
	machine.step = 9;
	wait_state(w, "r2", TC_ORB_READY);
	uv_close((uv_handle_t *)&machine.timer, NULL);
	close_world(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_four_fifths_on_it_is_said_once),
		cmocka_unit_test(too_much_cpu_sheds_twice_then_restarts),
		cmocka_unit_test(one_that_cannot_shed_has_as_long),
		cmocka_unit_test(a_peak_is_forgiven),
		cmocka_unit_test(what_was_shed_comes_back_when_there_is_much_room),
		cmocka_unit_test(too_much_memory_is_not_shed),
		cmocka_unit_test(no_limit_is_no_limit),
		cmocka_unit_test(proc_is_read_whatever_a_program_is_called),
		cmocka_unit_test(what_is_measured_counts_more_than_its_own_word),
		cmocka_unit_test(who_eats_memory_is_replaced),
		cmocka_unit_test(who_spins_is_replaced),
		cmocka_unit_test(our_own_sheds_first),
		cmocka_unit_test(a_machine_without_memory_takes_no_more),
		cmocka_unit_test(a_machine_without_cpu_takes_the_first_and_no_more),
	};
	take_arguments(argc, argv);
	return cmocka_run_group_tests(tests, make_proc, remove_proc);
}
