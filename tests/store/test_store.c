// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/err.h"
#include "mock/oom.h"

struct fixture {
	char dir[64];
	struct tc_store *store;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	strcpy(f->dir, "/tmp/tc-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	struct tc_store_config config = {.data_dir = f->dir};
	assert_int_equal(tc_store_open(&f->store, &config, NULL, 0), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	tc_store_close(f->store);
	nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static void add_user(struct tc_store *store, const char *id, const char *email, enum tc_role role)
{
	struct tc_user user = {.role = role, .created_ms = 17};
	strcpy(user.id, id);
	strcpy(user.email, email);
	strcpy(user.name, id);
	assert_int_equal(tc_store_user_add(store, &user, "hash"), 0);
}

static void a_user_is_found_by_id_and_by_email_in_any_case(void **state)
{
	struct fixture *f = *state;
	add_user(f->store, "ann", "Ann@Example.org", TC_ROLE_COACH);
	struct tc_user user;
	char hash[129];
	assert_int_equal(tc_store_user(f->store, "ann", &user), 0);
	assert_string_equal(user.email, "Ann@Example.org");
	assert_int_equal(user.role, TC_ROLE_COACH);
	assert_int_equal(user.created_ms, 17);
	assert_int_equal(
		tc_store_user_by_email(f->store, "aNN@example.ORG", &user, hash, sizeof(hash)), 0);
	assert_string_equal(user.id, "ann");
	assert_string_equal(hash, "hash");
	assert_int_equal(tc_store_user(f->store, "bob", &user), -ENOENT);
	assert_int_equal(tc_store_user_by_email(f->store, "", &user, NULL, 0), -ENOENT);
}

static void an_email_is_taken_whatever_its_case(void **state)
{
	struct fixture *f = *state;
	add_user(f->store, "ann", "ann@example.org", TC_ROLE_COACH);
	struct tc_user user = {
		.id = "eve", .email = "ANN@example.org", .name = "Eve", .role = TC_ROLE_CLIENT};
	assert_int_equal(tc_store_user_add(f->store, &user, "hash"), -EEXIST);
	strcpy(user.email, "eve@example.org");
	user.role = TC_ROLE_AI;
	assert_int_equal(tc_store_user_add(f->store, &user, "hash"), -EINVAL);
	int64_t count = 0;
	assert_int_equal(tc_store_user_count(f->store, &count), 0);
	assert_int_equal(count, 1);
}

static void a_login_ends_when_it_expires_or_is_removed(void **state)
{
	struct fixture *f = *state;
	add_user(f->store, "ann", "ann@example.org", TC_ROLE_COACH);
	uint8_t hash[32] = {1};
	struct tc_user user;
	assert_int_equal(tc_store_login_add(f->store, hash, "ann", 100, 200), 0);
	assert_int_equal(tc_store_login(f->store, hash, 199, &user), 0);
	assert_string_equal(user.id, "ann");
	assert_int_equal(tc_store_login(f->store, hash, 200, &user), -ENOENT);
	assert_int_equal(tc_store_login_purge(f->store, 199), 0);
	assert_int_equal(tc_store_login_remove(f->store, hash), 0);
	assert_int_equal(tc_store_login_remove(f->store, hash), -ENOENT);
	assert_int_equal(tc_store_login_add(f->store, hash, "nobody", 100, 200), -ENOENT);
	assert_int_equal(tc_store_login_add(f->store, hash, "ann", 100, 200), 0);
	assert_int_equal(tc_store_login_purge(f->store, 200), 0);
	assert_int_equal(tc_store_login(f->store, hash, 100, &user), -ENOENT);
}

static void an_appointment_needs_two_people_who_exist(void **state)
{
	struct fixture *f = *state;
	add_user(f->store, "ann", "ann@example.org", TC_ROLE_COACH);
	add_user(f->store, "bob", "bob@example.org", TC_ROLE_CLIENT);
	struct tc_appointment a = {.room = "r1", .coach = "ann", .client = "zoe", .minutes = 50};
	assert_int_equal(tc_store_appointment_add(f->store, &a), -ENOENT);
	strcpy(a.client, "ann");
	assert_int_equal(tc_store_appointment_add(f->store, &a), -EINVAL);
	strcpy(a.client, "bob");
	a.minutes = 0;
	assert_int_equal(tc_store_appointment_add(f->store, &a), -EINVAL);
	a.minutes = 50;
	a.test = true;
	assert_int_equal(tc_store_appointment_add(f->store, &a), 0);
	assert_int_equal(tc_store_appointment_add(f->store, &a), -EEXIST);
	struct tc_appointment got;
	assert_int_equal(tc_store_appointment(f->store, "r1", &got), 0);
	assert_string_equal(got.coach_name, "ann");
	assert_string_equal(got.client_name, "bob");
	assert_int_equal(got.starts_ms, 0);
	assert_true(got.test);
	assert_int_equal(tc_store_appointment(f->store, "R1", &got), -ENOENT);
}

static void appointments_are_listed_by_person_and_time(void **state)
{
	struct fixture *f = *state;
	add_user(f->store, "ann", "ann@example.org", TC_ROLE_COACH);
	add_user(f->store, "bob", "bob@example.org", TC_ROLE_CLIENT);
	add_user(f->store, "cat", "cat@example.org", TC_ROLE_CLIENT);
	for (int i = 0; i < 20; i++) {
		struct tc_appointment a = {.coach = "ann", .minutes = 50, .starts_ms = 1000 - i};
		snprintf(a.room, sizeof(a.room), "r%02d", i);
		strcpy(a.client, i % 2 ? "bob" : "cat");
		assert_int_equal(tc_store_appointment_add(f->store, &a), 0);
	}
	struct tc_appointment *list = NULL;
	size_t count = 0;
	assert_int_equal(tc_store_appointments(f->store, "bob", 100, &list, &count), 0);
	assert_int_equal(count, 10);
	assert_string_equal(list[0].room, "r19");
	assert_string_equal(list[9].room, "r01");
	free(list);
	/* Who is a coach here and a client there has one list, and the limit is for both. */
	struct tc_appointment own = {
		.room = "own", .coach = "bob", .client = "cat", .minutes = 50, .starts_ms = 984};
	assert_int_equal(tc_store_appointment_add(f->store, &own), 0);
	assert_int_equal(tc_store_appointments(f->store, "bob", 4, &list, &count), 0);
	assert_int_equal(count, 4);
	assert_string_equal(list[0].room, "r19");
	assert_string_equal(list[1].room, "r17");
	assert_string_equal(list[2].room, "own");
	assert_string_equal(list[3].room, "r15");
	free(list);
	assert_int_equal(tc_store_appointments(f->store, NULL, 7, &list, &count), 0);
	assert_int_equal(count, 7);
	free(list);
	assert_int_equal(tc_store_appointments(f->store, "nobody", 7, &list, &count), 0);
	assert_int_equal(count, 0);
	free(list);
}

static void a_call_keeps_its_words_and_summary(void **state)
{
	struct fixture *f = *state;
	struct tc_call call = {.id = "s1", .room = "r1", .started_ms = 1000};
	struct tc_utterance u = {
		.id = "u2", .user_id = "x", .text = (char *)"later", .start_ms = 9, .end_ms = 12};
	assert_int_equal(tc_store_utterance_put(f->store, "s1", &u), -ENOENT);
	assert_int_equal(tc_store_call_add(f->store, &call), 0);
	assert_int_equal(tc_store_call_add(f->store, &call), -EEXIST);
	assert_int_equal(tc_store_utterance_put(f->store, "s1", &u), 0);
	strcpy(u.id, "u1");
	u.text = (char *)"first";
	u.start_ms = 3;
	assert_int_equal(tc_store_utterance_put(f->store, "s1", &u), 0);
	u.text = (char *)"first, corrected";
	assert_int_equal(tc_store_utterance_put(f->store, "s1", &u), 0);
	struct tc_utterance *list = NULL;
	size_t count = 0;
	assert_int_equal(tc_store_utterances(f->store, "s1", &list, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].text, "first, corrected");
	assert_string_equal(list[1].text, "later");
	tc_utterances_free(list, count);
	char *json = NULL;
	assert_int_equal(tc_store_summary(f->store, "s1", &json), -ENOENT);
	assert_int_equal(tc_store_summary_put(f->store, "s1", "{}garbage", 2), 0);
	assert_int_equal(tc_store_summary(f->store, "s1", &json), 0);
	assert_string_equal(json, "{}");
	free(json);
}

static void what_a_crash_left_open_ends_at_its_last_words(void **state)
{
	struct fixture *f = *state;
	struct tc_call call = {.id = "s1", .room = "r1", .started_ms = 1000};
	assert_int_equal(tc_store_call_add(f->store, &call), 0);
	strcpy(call.id, "s2");
	call.started_ms = 2000;
	assert_int_equal(tc_store_call_add(f->store, &call), 0);
	struct tc_call over = {.id = "s2", .client = "bob", .ended_ms = 2500};
	assert_int_equal(tc_store_call_end(f->store, &over), 0);
	strcpy(over.id, "s3");
	assert_int_equal(tc_store_call_end(f->store, &over), -ENOENT);
	struct tc_utterance u = {.id = "u", .user_id = "x", .text = (char *)"t", .end_ms = 77};
	assert_int_equal(tc_store_utterance_put(f->store, "s1", &u), 0);
	assert_int_equal(tc_store_calls_close_open(f->store), 1);
	struct tc_call *list = NULL;
	size_t count = 0;
	assert_int_equal(tc_store_calls(f->store, "r1", 10, &list, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].id, "s2");
	assert_int_equal(list[0].ended_ms, 2500);
	assert_string_equal(list[0].client, "bob"); /* nobody knew when it began */
	assert_false(list[0].cut);
	assert_int_equal(list[1].ended_ms, 1077);
	assert_true(list[1].cut);
	free(list);
	assert_int_equal(tc_store_call(f->store, "s9", &call), -ENOENT);
}

static void people_come_back_to_the_newest_call_that_was_cut(void **state)
{
	struct fixture *f = *state;
	struct tc_call *list = NULL;
	size_t count = 0;
	static const struct {
		const char *id, *room;
		int64_t started_ms, ended_ms;
		bool cut;
	} calls[] = {
		{"old", "r1", 1000, 2000, true},  {"new", "r1", 3000, 5000, true},
		{"past", "r2", 1000, 4999, true}, {"done", "r3", 1000, 5000, false},
		{"then", "r4", 1000, 5000, true}, {"over", "r4", 2000, 5000, false},
	};
	for (size_t i = 0; i < TC_COUNT(calls); i++) {
		struct tc_call call = {.started_ms = calls[i].started_ms,
				       .ended_ms = calls[i].ended_ms,
				       .cut = calls[i].cut};
		strcpy(call.id, calls[i].id);
		strcpy(call.room, calls[i].room);
		assert_int_equal(tc_store_call_add(f->store, &call), 0);
		assert_int_equal(tc_store_call_end(f->store, &call), 0);
	}
	assert_int_equal(tc_store_calls_cut(f->store, 5000, &list, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].id, "new");
	free(list);
	assert_int_equal(tc_store_call_resume(f->store, "new"), 0);
	assert_int_equal(tc_store_call_resume(f->store, "none"), -ENOENT);
	struct tc_call call;
	assert_int_equal(tc_store_call(f->store, "new", &call), 0);
	assert_int_equal(call.ended_ms, 0);
	assert_false(call.cut);
}

static void a_summary_knows_which_words_it_is_of(void **state)
{
	struct fixture *f = *state;
	struct tc_call call = {.id = "s1", .room = "r1", .started_ms = 1000, .ended_ms = 9000};
	struct tc_utterance u = {.id = "u1", .user_id = "x", .text = (char *)"one", .end_ms = 7};
	struct tc_call *list = NULL;
	size_t count = 0;
	assert_int_equal(tc_store_call_add(f->store, &call), 0);
	assert_int_equal(tc_store_call_end(f->store, &call), 0);
	strcpy(call.id, "wordless");
	assert_int_equal(tc_store_call_add(f->store, &call), 0);
	assert_int_equal(tc_store_call_end(f->store, &call), 0);
	assert_int_equal(tc_store_utterance_put(f->store, "s1", &u), 0);
	assert_int_equal(tc_store_summary_missing(f->store, "s1"), -ENOENT);
	assert_int_equal(tc_store_calls_unsummed(f->store, false, 9, &list, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].id, "s1");
	free(list);
	assert_int_equal(tc_store_summary_put(f->store, "s1", "{}", 2), 0);
	assert_int_equal(tc_store_utterance_put(f->store, "s1", &u), 0); /* the same again */
	assert_int_equal(tc_store_summary_missing(f->store, "s1"), 0);
	strcpy(u.id, "u2");
	assert_int_equal(tc_store_utterance_put(f->store, "s1", &u), 0);
	assert_int_equal(tc_store_summary_missing(f->store, "s1"), 1);
	assert_int_equal(tc_store_calls_unsummed(f->store, false, 9, &list, &count), 0);
	assert_int_equal(count, 0);
	free(list);
	assert_int_equal(tc_store_calls_unsummed(f->store, true, 9, &list, &count), 0);
	assert_int_equal(count, 1);
	free(list);
}

static void what_is_rolled_back_was_never_there(void **state)
{
	struct fixture *f = *state;
	struct tc_call call = {.id = "s1", .room = "r1", .started_ms = 1000};
	assert_int_equal(tc_store_begin(f->store), 0);
	assert_int_equal(tc_store_call_add(f->store, &call), 0);
	tc_store_rollback(f->store);
	assert_int_equal(tc_store_call(f->store, "s1", &call), -ENOENT);
	strcpy(call.id, "s2");
	assert_int_equal(tc_store_begin(f->store), 0);
	assert_int_equal(tc_store_call_add(f->store, &call), 0);
	assert_int_equal(tc_store_call_add(f->store, &call), -EEXIST); /* the rest stands */
	assert_int_equal(tc_store_commit(f->store), 0);
	assert_int_equal(tc_store_call(f->store, "s2", &call), 0);
	tc_store_rollback(f->store); /* nothing to roll back: no harm */
}

static void add_step(struct tc_store *store, const char *room, int64_t at_ms)
{
	struct tc_orb_step step = {.at_ms = at_ms, .life = 2, .pid = 4711};
	strcpy(step.room, room);
	strcpy(step.session, "s1");
	strcpy(step.from, "ready");
	strcpy(step.to, "gone");
	strcpy(step.reason, "room_cleanup");
	assert_int_equal(tc_store_orb_event_add(store, &step), 0);
}

static size_t count_steps(struct tc_store *store, int64_t since_ms, const char *room)
{
	struct tc_orb_step *steps;
	size_t count;
	assert_int_equal(tc_store_orb_events(store, since_ms, room, 100000, &steps, &count), 0);
	free(steps);
	return count;
}

static void steps_of_orbs_are_kept_for_a_day(void **state)
{
	struct fixture *f = *state;
	struct tc_orb_step *steps;
	size_t count;
	add_step(f->store, "r1", 1000);
	add_step(f->store, "r2", 2000);
	add_step(f->store, "r1", 3000);
	assert_int_equal(tc_store_orb_events(f->store, 2000, NULL, 9, &steps, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(steps[0].at_ms, 3000); /* the newest first */
	assert_string_equal(steps[0].room, "r1");
	assert_string_equal(steps[0].session, "s1");
	assert_string_equal(steps[0].from, "ready");
	assert_string_equal(steps[0].to, "gone");
	assert_string_equal(steps[0].reason, "room_cleanup");
	assert_int_equal(steps[0].life, 2);
	assert_int_equal(steps[0].pid, 4711);
	assert_true(steps[0].id > steps[1].id);
	free(steps);
	assert_int_equal(count_steps(f->store, 0, "r1"), 2);
	assert_int_equal(tc_store_orb_events(f->store, 0, NULL, 1, &steps, &count), 0);
	assert_int_equal(count, 1);
	free(steps);
	add_step(f->store, "r1", 2500 + TC_ORB_EVENTS_MS);
	assert_int_equal(count_steps(f->store, 0, NULL), 2);
}

static void steps_of_orbs_are_bounded_in_number(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < TC_ORB_EVENTS_MAX + 20; i++) {
		add_step(f->store, "r1", i);
	}
	assert_int_equal(count_steps(f->store, 0, NULL), TC_ORB_EVENTS_MAX);
	assert_int_equal(count_steps(f->store, TC_ORB_EVENTS_MAX + 19, NULL), 1);
}

static void one_that_may_not_wait_is_told_busy_at_once(void **state)
{
	struct fixture *f = *state;
	struct tc_store *loops = NULL;
	struct tc_store_config config = {.data_dir = f->dir, .no_wait = true};
	assert_int_equal(tc_store_open(&loops, &config, NULL, 0), 0);
	add_user(loops, "ann", "ann@example.org", TC_ROLE_COACH); /* nobody is in the way */
	struct tc_user user = {.id = "bob", .email = "bob@example.org", .role = TC_ROLE_CLIENT};
	assert_int_equal(tc_store_begin(f->store), 0);
	int64_t since = tc_clock_ms(tc_clock_system());
	assert_int_equal(tc_store_user_add(loops, &user, "hash"), -EBUSY);
	assert_in_range(tc_clock_ms(tc_clock_system()) - since, 0, 4000); /* not the 5 s */
	assert_int_equal(tc_store_user(loops, "ann", &user), 0);
	tc_store_rollback(f->store);
	tc_store_close(loops);
}

static void two_processes_see_each_others_writes(void **state)
{
	struct fixture *f = *state;
	struct tc_store *other = NULL;
	struct tc_store_config config = {.data_dir = f->dir, .check = true};
	assert_int_equal(tc_store_open(&other, &config, NULL, 0), 0);
	add_user(other, "ann", "ann@example.org", TC_ROLE_COACH);
	struct tc_user user;
	assert_int_equal(tc_store_user(f->store, "ann", &user), 0);
	assert_int_equal(tc_store_ping(f->store), 0);
	tc_store_close(other);
}

/* What the program does when it is run with a folder and an id: SQLite's locks are a process's, so
 * a fork alone would prove nothing. */
static int add_from_outside(const char *dir, const char *id)
{
	struct tc_store *store = NULL;
	struct tc_store_config config = {.data_dir = dir};
	struct tc_user user = {.name = "New", .role = TC_ROLE_CLIENT};
	snprintf(user.id, sizeof(user.id), "%s", id);
	snprintf(user.email, sizeof(user.email), "%s@example.org", id);
	int err = tc_store_open(&store, &config, NULL, 0);
	err = err ? err : tc_store_user_add(store, &user, "hash");
	tc_store_close(store);
	return err ? 1 : 0;
}

/* The server has three stores open while the command line comes and goes. */
static void a_process_that_comes_and_goes_is_seen_by_all_who_stay(void **state)
{
	static const char *const ids[] = {"one", "two", "three"};
	struct fixture *f = *state;
	struct tc_store *other = NULL;
	struct tc_user user;
	struct tc_store_config config = {.data_dir = f->dir};
	assert_int_equal(tc_store_open(&other, &config, NULL, 0), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tc_store_user(other, ids[i], &user), -ENOENT);
		assert_int_equal(tc_store_user(f->store, ids[i], &user), -ENOENT);
		pid_t pid = fork();
		if (pid == 0) {
			execl("/proc/self/exe", "test_store", f->dir, ids[i], (char *)NULL);
			_exit(127);
		}
		int status = -1;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(tc_store_user(other, ids[i], &user), 0);
		assert_int_equal(tc_store_user(f->store, ids[i], &user), 0);
	}
	tc_store_close(other);
}

static void overwrite(const struct fixture *f, off_t at, const char *bytes, size_t len)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/tricall.db", f->dir);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	close(fd);
}

static void garbage_is_refused_and_left_as_it_is(void **state)
{
	struct fixture *f = *state;
	tc_store_close(f->store);
	f->store = NULL;
	overwrite(f, 0, "this is no database at all", 26);
	char why[256] = "";
	struct tc_store *store = NULL;
	struct tc_store_config config = {.data_dir = f->dir, .check = true};
	assert_true(tc_store_open(&store, &config, why, sizeof(why)) < 0);
	assert_null(store);
	assert_non_null(strstr(why, "not a database"));
	config.check = false;
	assert_true(tc_store_open(&store, &config, why, sizeof(why)) < 0);
}

static void a_damaged_page_is_found_by_the_check(void **state)
{
	struct fixture *f = *state;
	tc_store_close(f->store);
	f->store = NULL;
	char noise[4000];
	memset(noise, 0xa5, sizeof(noise));
	overwrite(f, 4096, noise, sizeof(noise));
	char why[256] = "";
	struct tc_store_config config = {.data_dir = f->dir, .check = true};
	assert_int_equal(tc_store_open(&f->store, &config, why, sizeof(why)), -EIO);
	assert_non_null(strstr(why, "damaged"));
	assert_null(strchr(why, '\n'));
}

static void a_newer_schema_and_a_foreign_file_are_refused(void **state)
{
	struct fixture *f = *state;
	tc_store_close(f->store);
	f->store = NULL;
	/* user_version is the big-endian word at byte 60, application_id at 68 (SQLite's format).
	 */
	overwrite(f, 60, "\0\0\0\x63", 4);
	char why[256] = "";
	struct tc_store_config config = {.data_dir = f->dir};
	assert_int_equal(tc_store_open(&f->store, &config, why, sizeof(why)), -TC_EVERSION);
	assert_non_null(strstr(why, "newer tricall (schema 99"));
	overwrite(f, 60, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
	assert_int_equal(tc_store_open(&f->store, &config, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "is not a database of tricall"));
}

static void a_folder_that_cannot_be_used_says_why_and_nothing_is_made(void **state)
{
	struct fixture *f = *state;
	char path[128];
	char why[256] = "";
	struct tc_store *store = NULL;
	snprintf(path, sizeof(path), "%s/a/b", f->dir);
	struct tc_store_config config = {.data_dir = path};
	assert_int_equal(tc_store_open(&store, &config, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "No such file"));
	snprintf(path, sizeof(path), "%s/tricall.db", f->dir);
	assert_int_equal(tc_store_open(&store, &config, why, sizeof(why)), -ENOTDIR);
	snprintf(path, sizeof(path), "%s/new", f->dir);
	config.must_exist = true;
	assert_int_equal(tc_store_open(&store, &config, why, sizeof(why)), -ENOENT);
	assert_int_equal(access(path, F_OK), -1);
	config.must_exist = false;
	assert_int_equal(tc_store_open(&store, &config, why, sizeof(why)), 0);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	tc_store_close(store);
}

static void a_folder_that_may_not_be_made_is_a_matter_of_permission(void **state)
{
	struct fixture *f = *state;
	char path[128];
	char why[256] = "";
	struct tc_store *store = NULL;
	snprintf(path, sizeof(path), "%s/new", f->dir);
	struct tc_store_config config = {.data_dir = path};
	bool root = geteuid() == 0; /* whom nothing is forbidden */
	assert_int_equal(chmod(f->dir, 0555), 0);
	assert_int_equal(root ? seteuid(65534) : 0, 0);
	int err = tc_store_open(&store, &config, why, sizeof(why));
	assert_int_equal(root ? seteuid(0) : 0, 0);
	assert_int_equal(chmod(f->dir, 0700), 0);
	assert_int_equal(err, -EACCES);
	assert_non_null(strstr(why, "/new: Permission denied; set DATA_DIR"));
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;
	add_user(f->store, "ann", "ann@example.org", TC_ROLE_COACH);
	struct tc_call call = {.id = "s1", .room = "r1", .started_ms = 1000};
	assert_int_equal(tc_store_call_add(f->store, &call), 0);
	struct tc_utterance u = {.id = "u", .user_id = "x", .text = (char *)"t", .end_ms = 77};
	assert_int_equal(tc_store_utterance_put(f->store, "s1", &u), 0);
	struct tc_store_config config = {.data_dir = f->dir};
	TC_OOM_LOOP(n)
	{
		struct tc_store *store = NULL;
		int err = tc_store_open(&store, &config, NULL, 0);
		struct tc_utterance *list = NULL;
		size_t count = 0;
		if (!err && tc_store_utterances(store, "s1", &list, &count) == 0) {
			tc_utterances_free(list, count);
		}
		tc_store_close(store);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3) {
		return add_from_outside(argv[1], argv[2]);
	}
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_user_is_found_by_id_and_by_email_in_any_case),
		TEST(an_email_is_taken_whatever_its_case),
		TEST(a_login_ends_when_it_expires_or_is_removed),
		TEST(an_appointment_needs_two_people_who_exist),
		TEST(appointments_are_listed_by_person_and_time),
		TEST(a_call_keeps_its_words_and_summary),
		TEST(what_a_crash_left_open_ends_at_its_last_words),
		TEST(people_come_back_to_the_newest_call_that_was_cut),
		TEST(a_summary_knows_which_words_it_is_of),
		TEST(what_is_rolled_back_was_never_there),
		TEST(steps_of_orbs_are_kept_for_a_day),
		TEST(steps_of_orbs_are_bounded_in_number),
		TEST(one_that_may_not_wait_is_told_busy_at_once),
		TEST(two_processes_see_each_others_writes),
		TEST(a_process_that_comes_and_goes_is_seen_by_all_who_stay),
		TEST(garbage_is_refused_and_left_as_it_is),
		TEST(a_damaged_page_is_found_by_the_check),
		TEST(a_newer_schema_and_a_foreign_file_are_refused),
		TEST(a_folder_that_cannot_be_used_says_why_and_nothing_is_made),
		TEST(a_folder_that_may_not_be_made_is_a_matter_of_permission),
		TEST(running_out_of_memory_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
