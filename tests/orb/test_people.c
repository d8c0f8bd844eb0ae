// SPDX-License-Identifier: Apache-2.0
/* Who is there and what becomes of their connections: a session without media threads and without a
 * server; what it would send is kept here. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orb/session/session_priv.h"

#define SENT_MAX 64
#define COACH                                                                                     \
	"{\"userId\":\"carl\",\"userRole\":\"coach\",\"participantType\":\"human\",\"userName\":" \
	"\"Carl\"}"
#define CLIENT                                                                                     \
	"{\"userId\":\"anna\",\"userRole\":\"client\",\"participantType\":\"human\",\"userName\":" \
	"\"Anna\"}"
#define ORB "{\"userId\":\"orb\",\"userRole\":\"ai\",\"participantType\":\"ai\"}"

/* --- the server that is not there: in the place of uplink/ --- */

static char *sent[SENT_MAX];
static int sent_count;
static bool up = true;
static tc_loop_fn leave_done;
static void *leave_user;

int tc_uplink_create(struct tc_uplink **out, const struct tc_uplink_config *config,
		     const struct tc_uplink_events *events, void *user)
{
	return -ENOSYS;
}

int tc_uplink_send(struct tc_uplink *uplink, const char *json, size_t len)
{
	assert_true(sent_count < SENT_MAX);
	sent[sent_count++] = strndup(json, len);
	return 0;
}

void tc_uplink_hold(struct tc_uplink *uplink)
{
}

int tc_uplink_resume(struct tc_uplink *uplink, const char *token)
{
	return 0;
}

bool tc_uplink_up(const struct tc_uplink *uplink)
{
	return up;
}

void tc_uplink_leave(struct tc_uplink *uplink, tc_loop_fn done, void *user)
{
	leave_done = done;
	leave_user = user;
}

void tc_uplink_destroy(struct tc_uplink *uplink)
{
}

static void forget_sent(void)
{
	while (sent_count > 0) {
		free(sent[--sent_count]);
	}
}

/* The last message sent that has this in it; NULL: none. */
static const char *find_sent(const char *part)
{
	for (int i = sent_count; i > 0; i--) {
		if (strstr(sent[i - 1], part)) {
			return sent[i - 1];
		}
	}
	return NULL;
}

/* --- a session --- */

struct fixture {
	struct tc_loop *loop;
	struct tc_orb_args args;
	struct tc_session *s;
};

static void on_events(void *user)
{
	tc_session_drain(user);
}

static int setup(void **state)
{
	static char client[] = "anna", nobody[] = "", room[] = "r1", session[] = "s1";
	static char uplink;
	struct fixture *f = calloc(1, sizeof(*f));
	f->args = (struct tc_orb_args){.client = client,
				       .coach = nobody,
				       .room = room,
				       .session = session,
				       .user_id = "orb",
				       .idle_timeout = 3600 * 1000};
	assert_int_equal(tc_loop_create(&f->loop), 0);
	struct tc_session *s = f->s = calloc(1, sizeof(*s));
	s->loop = f->loop;
	s->args = &f->args;
	s->clock = tc_clock_system();
	s->began_us = tc_clock_us(s->clock);
	s->mind_deadline = INT64_MAX;
	s->told_status = "";
	s->uplink = (struct tc_uplink *)&uplink;
	tc_buf_init(&s->out);
	STAILQ_INIT(&s->unstored);
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		s->people[i].session = s;
		s->people[i].lane = -1;
	}
	struct tc_rtc_config rtc = {.loop = f->loop, .bind_address = "127.0.0.1"};
	struct tc_mind_config mind = {.now_ms = tc_session_now(s)};
	assert_int_equal(tc_rtc_create(&s->rtc, &rtc), 0);
	assert_int_equal(tc_roster_create(&s->roster), 0);
	assert_int_equal(tc_mind_create(&s->mind, &mind, &tc_session_mind_events, s), 0);
	assert_int_equal(tc_queue_create(&s->events, sizeof(struct tc_session_event), 64, true), 0);
	s->event_watch = tc_loop_watch(f->loop, tc_queue_wake_fd(s->events), on_events, s);
	up = true;
	leave_done = NULL;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	tc_session_destroy(f->s);
	tc_loop_destroy(f->loop);
	forget_sent();
	free(f);
	return 0;
}

static struct tc_json parse(const char *text)
{
	struct tc_json json;
	assert_int_equal(tc_json_parse(&json, text, strlen(text), NULL), 0);
	return json;
}

static void joined(struct fixture *f, const char *peers)
{
	char text[2048];
	snprintf(text, sizeof(text), "{\"type\":\"peer-discovery\",\"peers\":[%s]}", peers);
	tc_session_uplink_events.joined(f->s, parse(text), f->s->state != TC_SESSION_JOINING);
}

static void tell(struct fixture *f, const char *type, const char *text)
{
	struct tc_buf message;
	tc_buf_init(&message);
	tc_buf_putf(&message, "{\"type\":\"%s\",%s", type, text + 1);
	tc_session_uplink_events.message(f->s, type, parse(tc_buf_str(&message)));
	tc_buf_finish(&message);
}

/* An SDP as Chromium made it once; `session_id`: of its o= line, NULL: as it was. */
static void load_sdp(char *out, size_t size, const char *name, const char *session_id)
{
	char path[4096], sdp[32768];
	snprintf(path, sizeof(path), "%s/%s.sdp", SDP_DIR, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	sdp[fread(sdp, 1, sizeof(sdp) - 1, file)] = '\0';
	fclose(file);
	char *id = strstr(sdp, "o=- ");
	assert_non_null(id);
	id += 4;
	size_t len = strcspn(id, " ");
	snprintf(out, size, "%.*s%.*s%s", (int)(id - sdp), sdp,
		 session_id ? (int)strlen(session_id) : (int)len, session_id ? session_id : id,
		 id + len);
}

static void offer_text(struct fixture *f, const char *from, const char *sdp, bool bare)
{
	struct tc_buf buf;
	struct tc_json_writer w;
	tc_buf_init(&buf);
	tc_json_writer_init(&w, &buf);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "fromId", from);
	if (bare) {
		tc_json_field_str(&w, "offer", sdp);
	} else {
		tc_json_key(&w, "offer");
		tc_json_begin_object(&w);
		tc_json_field_str(&w, "type", "offer");
		tc_json_field_str(&w, "sdp", sdp);
		tc_json_end_object(&w);
	}
	tc_json_end_object(&w);
	tell(f, "offer", tc_buf_str(&buf));
	tc_buf_finish(&buf);
}

static void offer(struct fixture *f, const char *from, const char *name, const char *session_id)
{
	char sdp[32768];
	load_sdp(sdp, sizeof(sdp), name, session_id);
	offer_text(f, from, sdp, false);
}

static struct tc_peer *peer_of(struct fixture *f, const char *id)
{
	struct tc_person *p = tc_people_find(f->s, id);
	return p ? p->peer : NULL;
}

static int seated(struct fixture *f)
{
	int count = 0;
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		count += f->s->people[i].peer != NULL;
	}
	return count;
}

/* --- who is there --- */

static void people_are_here_and_other_machines_are_not(void **state)
{
	struct fixture *f = *state;
	joined(f, COACH "," CLIENT "," ORB);
	assert_int_equal(f->s->state, TC_SESSION_LIVE);
	assert_int_equal(tc_people_present(f->s), 2);
	assert_int_equal(tc_people_find(f->s, "carl")->role, TC_MIND_COACH);
	assert_int_equal(tc_people_find(f->s, "anna")->role, TC_MIND_CLIENT);
	assert_null(tc_people_find(f->s, "orb"));
	tell(f, "user-joined", COACH); /* told twice */
	assert_int_equal(tc_people_present(f->s), 2);
	assert_non_null(find_sent("\"status\":\"ready\""));
}

static void there_are_so_many_places(void **state)
{
	struct fixture *f = *state;
	joined(f, "");
	for (int i = 0; i <= TC_PEOPLE_MAX; i++) {
		char text[64];
		snprintf(text, sizeof(text), "{\"userId\":\"u%d\",\"userRole\":\"coach\"}", i);
		tell(f, "user-joined", text);
	}
	assert_int_equal(tc_people_present(f->s), TC_PEOPLE_MAX);
	tell(f, "user-left", "{\"userId\":\"u0\"}");
	tell(f, "user-joined", "{\"userId\":\"late\"}");
	assert_non_null(tc_people_find(f->s, "late"));
}

static void alone_it_waits_for_the_idle_timeout_only(void **state)
{
	struct fixture *f = *state;
	joined(f, "");
	assert_non_null(f->s->idle_timer);
	tell(f, "user-joined", CLIENT);
	assert_null(f->s->idle_timer);
	tell(f, "user-left", "{\"userId\":\"anna\"}");
	assert_non_null(f->s->idle_timer);
}

static void who_went_while_our_socket_was_down_is_gone(void **state)
{
	struct fixture *f = *state;
	joined(f, COACH "," CLIENT);
	offer(f, "anna", "chromium-mic-cam", NULL);
	offer(f, "carl", "chromium-mic-cam", NULL);
	struct tc_peer *carls = peer_of(f, "carl");
	assert_int_equal(seated(f), 2);
	joined(f, COACH);
	assert_null(tc_people_find(f->s, "anna"));
	assert_ptr_equal(peer_of(f, "carl"), carls); /* and the other notices nothing */
	assert_int_equal(seated(f), 1);
}

/* --- their connections --- */

static void an_offer_is_answered_to_its_sender(void **state)
{
	struct fixture *f = *state;
	joined(f, COACH "," CLIENT);
	offer(f, "anna", "chromium-mic-cam", NULL);
	const char *answer = find_sent("\"type\":\"answer\"");
	assert_non_null(answer);
	assert_non_null(strstr(answer, "\"toId\":\"anna\""));
	assert_non_null(strstr(answer, "a=setup:active"));
	assert_null(peer_of(f, "carl"));
}

static void an_offer_may_be_its_bare_text(void **state)
{
	struct fixture *f = *state;
	char sdp[32768];
	joined(f, CLIENT);
	load_sdp(sdp, sizeof(sdp), "chromium-mic-cam", NULL);
	offer_text(f, "anna", sdp, true);
	assert_non_null(find_sent("\"type\":\"answer\""));
}

static void candidates_may_come_before_the_offer(void **state)
{
	struct fixture *f = *state;
	joined(f, CLIENT);
	tell(f, "ice-candidate",
	     "{\"fromId\":\"anna\",\"candidate\":{\"candidate\":\"candidate:1 1 udp 2122 127.0.0.1 "
	     "9999 "
	     "typ host\",\"sdpMid\":\"0\"}}");
	struct tc_peer *early = peer_of(f, "anna");
	assert_non_null(early);
	assert_null(find_sent("\"type\":\"answer\""));
	offer(f, "anna", "chromium-mic-cam", NULL);
	assert_ptr_equal(peer_of(f, "anna"), early);
	assert_non_null(find_sent("\"type\":\"answer\""));
	/* All forms of a candidate, the end of them included, are none of them an error. */
	tell(f, "ice-candidate", "{\"fromId\":\"anna\",\"candidate\":\"candidate:x\"}");
	tell(f, "ice-candidate", "{\"fromId\":\"anna\",\"candidate\":{\"candidate\":\"\"}}");
	tell(f, "ice-candidate", "{\"fromId\":\"anna\",\"candidate\":null}");
	tell(f, "ice-candidate", "{\"fromId\":\"anna\"}");
	assert_ptr_equal(peer_of(f, "anna"), early);
}

static void a_stranger_is_not_answered(void **state)
{
	struct fixture *f = *state;
	joined(f, CLIENT);
	forget_sent();
	offer(f, "mallory", "chromium-mic-cam", NULL);
	tell(f, "ice-candidate", "{\"fromId\":\"mallory\",\"candidate\":\"candidate:x\"}");
	assert_int_equal(sent_count, 0);
}

static void an_offer_that_is_none_changes_nothing_and_its_sender_knows(void **state)
{
	static const char *const none[] = {
		"{\"fromId\":\"anna\"}",
		"{\"fromId\":\"anna\",\"offer\":{\"sdp\":\"nonsense\"}}",
		"{\"fromId\":\"anna\",\"offer\":{\"sdp\":\"v=0\\r\\no=- 1 2 IN IP4 "
		"0.0.0.0\\r\\ns=-\\r"
		"\\nt=0 0\\r\\n\"}}",
	};
	struct fixture *f = *state;
	joined(f, CLIENT);
	tell(f, "offer", none[1]);
	offer(f, "anna", "chromium-mic-cam", NULL); /* nonsense before it spoils nothing */
	assert_non_null(find_sent("\"type\":\"answer\""));
	struct tc_peer *annas = peer_of(f, "anna");
	char origin[80];
	memcpy(origin, tc_people_find(f->s, "anna")->offer_origin, sizeof(origin));
	for (size_t i = 0; i < 3; i++) {
		forget_sent();
		tell(f, "offer", none[i]);
		assert_ptr_equal(peer_of(f, "anna"), annas);
		assert_int_equal(tc_peer_state(annas), TC_PEER_CONNECTING);
		assert_string_equal(tc_people_find(f->s, "anna")->offer_origin, origin);
		const char *error = find_sent("\"code\":\"offer-refused\"");
		assert_non_null(error);
		assert_non_null(strstr(error, "\"toId\":\"anna\""));
		assert_int_equal(sent_count, 1);
	}
}

static void a_page_that_was_loaded_again_gets_a_new_connection(void **state)
{
	struct fixture *f = *state;
	joined(f, COACH "," CLIENT);
	offer(f, "anna", "chromium-restart-1-first", NULL);
	offer(f, "carl", "chromium-mic-cam", NULL);
	struct tc_peer *first = peer_of(f, "anna"), *carls = peer_of(f, "carl");
	offer(f, "anna", "chromium-restart-2-ice", NULL); /* of the same connection */
	assert_ptr_equal(peer_of(f, "anna"), first);
	char origin[80];
	memcpy(origin, tc_people_find(f->s, "anna")->offer_origin, sizeof(origin));
	forget_sent();
	offer(f, "anna", "chromium-restart-1-first", "77");
	assert_string_not_equal(tc_people_find(f->s, "anna")->offer_origin, origin);
	assert_non_null(find_sent("\"type\":\"answer\""));
	assert_int_equal(seated(f), 2); /* the old one is gone, not kept beside it */
	assert_ptr_equal(peer_of(f, "carl"), carls);
}

static void who_leaves_takes_only_their_own_connection(void **state)
{
	struct fixture *f = *state;
	joined(f, COACH "," CLIENT);
	offer(f, "anna", "chromium-mic-cam", NULL);
	offer(f, "carl", "chromium-mic-cam", NULL);
	struct tc_peer *annas = peer_of(f, "anna");
	tell(f, "user-left", "{\"userId\":\"carl\"}");
	tell(f, "user-left", "{\"userId\":\"nobody\"}");
	assert_int_equal(seated(f), 1);
	assert_ptr_equal(peer_of(f, "anna"), annas);
	tell(f, "user-joined", COACH);
	assert_null(peer_of(f, "carl")); /* until they offer again */
	offer(f, "carl", "chromium-mic-cam", NULL);
	assert_int_equal(seated(f), 2);
}

/* --- the end --- */

static void turn_until(struct fixture *f, enum tc_session_state state)
{
	for (int i = 0; i < 1000 && f->s->state < state; i++) {
		tc_loop_turn(f->loop, true);
	}
	assert_int_equal(f->s->state, state);
}

static void the_end_goes_step_by_step_and_hears_nobody_any_more(void **state)
{
	struct fixture *f = *state;
	joined(f, CLIENT);
	offer(f, "anna", "chromium-mic-cam", NULL);
	tell(f, "orb-control", "{\"action\":\"leave\"}");
	assert_int_equal(f->s->state, TC_SESSION_ENDING); /* it came back at once */
	assert_non_null(peer_of(f, "anna"));              /* and the media go on */
	tell(f, "user-joined", COACH);
	assert_int_equal(tc_people_present(f->s), 1);
	turn_until(f, TC_SESSION_LEAVING);
	assert_null(peer_of(f, "anna"));
	assert_non_null(leave_done);
	leave_done(leave_user);
	assert_int_equal(f->s->state, TC_SESSION_OVER);
	assert_int_equal(f->s->exit_code, TC_EXIT_OK);
}

static void who_is_thrown_out_has_an_exit_code_for_it(void **state)
{
	struct fixture *f = *state;
	tc_session_uplink_events.failed(f->s, "no way", true);
	assert_int_equal(f->s->exit_code, TC_EXIT_UNREACHABLE);
	turn_until(f, TC_SESSION_LEAVING);
}

static void who_is_refused_is_no_defect_nor_is_who_is_replaced(void **state)
{
	struct fixture *f = *state;
	tc_session_uplink_events.failed(f->s, "403", false);
	assert_int_equal(f->s->exit_code, TC_EXIT_UNREACHABLE);
	turn_until(f, TC_SESSION_LEAVING);
	f->s->state = TC_SESSION_JOINING;
	f->s->closer = (struct tc_closer){0};
	joined(f, CLIENT);
	tc_session_uplink_events.failed(f->s, "4409", false);
	assert_int_equal(f->s->exit_code, TC_EXIT_OK);
	assert_string_equal(f->s->reason, "replaced");
	turn_until(f, TC_SESSION_LEAVING);
}

static void words_shown_are_final_when_the_recognizer_hangs(void **state)
{
	struct fixture *f = *state;
	joined(f, CLIENT);
	struct tc_hearing_event event = {.kind = TC_HEARING_PARTIAL,
					 .lane = 0,
					 .utterance = 1,
					 .start_ms = tc_session_now(f->s),
					 .time_ms = tc_session_now(f->s)};
	f->s->state = TC_SESSION_ENDING; /* no answers are made any more */
	snprintf(f->s->lanes[0].user_id, sizeof(f->s->lanes[0].user_id), "anna");
	strcpy(event.hypothesis.text, "i wanted to say");
	tc_ear_handle(f->s, &event);
	assert_non_null(find_sent("\"final\":false"));
	forget_sent();
	tc_ear_settle(f->s);
	const char *final = find_sent("\"final\":true");
	assert_non_null(final);
	assert_non_null(strstr(final, "\"text\":\"i wanted to say\""));
	assert_non_null(strstr(final, "\"userId\":\"anna\""));
	forget_sent();
	tc_ear_settle(f->s); /* once */
	assert_null(find_sent("transcript"));
}

static struct tc_hearing_event heard(struct fixture *f, enum tc_hearing_kind kind, const char *text)
{
	struct tc_hearing_event event = {.kind = kind,
					 .utterance = 1,
					 .start_ms = tc_session_now(f->s),
					 .time_ms = tc_session_now(f->s)};
	snprintf(f->s->lanes[0].user_id, sizeof(f->s->lanes[0].user_id), "anna");
	strcpy(event.hypothesis.text, text);
	tc_ear_handle(f->s, &event);
	return event;
}

static void the_level_a_browser_tells_moves_the_picture(void **state)
{
	static const int16_t quiet[320];
	struct fixture *f = *state;
	joined(f, CLIENT);
	struct tc_person *anna = tc_people_find(f->s, "anna");
	f->s->state = TC_SESSION_ENDING; /* nothing is kept for the recognizer */
	struct tc_peer_sound sound = {.pcm = quiet, .samples = 320, .level = 20};
	tc_ear_sound(anna, &sound);
	float told = anna->level;
	assert_true(told > 0.1f);
	sound.level = -1; /* not told, or made up for a lost packet */
	tc_ear_sound(anna, &sound);
	assert_true(anna->level < told);
}

static void a_guess_that_was_none_takes_its_line_back(void **state)
{
	struct fixture *f = *state;
	joined(f, CLIENT);
	heard(f, TC_HEARING_SPEECH_START, "");
	heard(f, TC_HEARING_PARTIAL, "uh");
	forget_sent();
	heard(f, TC_HEARING_DISCARDED, "");
	const char *back = find_sent("\"text\":\"\"");
	assert_non_null(back);
	assert_non_null(strstr(back, "\"final\":true"));
	assert_true(tc_keep_empty(f->s)); /* and is nothing to be stored */
}

static void that_it_could_not_keep_up_is_said_when_nobody_speaks(void **state)
{
	struct fixture *f = *state;
	joined(f, CLIENT);
	heard(f, TC_HEARING_SPEECH_START, "");
	heard(f, TC_HEARING_LOST, "");
	assert_int_equal(f->s->excuse, TC_EXCUSE_OWED);
	assert_true(f->s->lost_told_ms > 0); /* the manager knows already */
	tc_mind_set_muted(f->s->mind, true, tc_session_now(f->s));
	heard(f, TC_HEARING_DISCARDED, "");
	assert_int_equal(f->s->excuse, TC_EXCUSE_OWED); /* muted it says nothing */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void everybody_hears_of_it_when_the_orb_is_muted(void **state)
{
	struct fixture *f = *state;
	joined(f, COACH);
	forget_sent();
	tell(f, "orb-control", "{\"fromId\":\"carl\",\"action\":\"mute\"}");
	assert_int_equal(sent_count, 1);
	assert_non_null(strstr(sent[0], "\"type\":\"ai_status\""));
	assert_non_null(strstr(sent[0], "\"muted\":true"));
	tell(f, "orb-control", "{\"fromId\":\"carl\",\"action\":\"mute\"}");
	assert_int_equal(sent_count, 1);
	tell(f, "orb-control", "{\"fromId\":\"carl\",\"action\":\"unmute\"}");
	assert_int_equal(sent_count, 2);
	assert_non_null(strstr(sent[1], "\"muted\":false"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(people_are_here_and_other_machines_are_not),
		TEST(there_are_so_many_places),
		TEST(alone_it_waits_for_the_idle_timeout_only),
		TEST(who_went_while_our_socket_was_down_is_gone),
		TEST(an_offer_is_answered_to_its_sender),
		TEST(an_offer_may_be_its_bare_text),
		TEST(candidates_may_come_before_the_offer),
		TEST(a_stranger_is_not_answered),
		TEST(an_offer_that_is_none_changes_nothing_and_its_sender_knows),
		TEST(a_page_that_was_loaded_again_gets_a_new_connection),
		TEST(who_leaves_takes_only_their_own_connection),
		TEST(the_end_goes_step_by_step_and_hears_nobody_any_more),
		TEST(who_is_thrown_out_has_an_exit_code_for_it),
		TEST(who_is_refused_is_no_defect_nor_is_who_is_replaced),
		TEST(words_shown_are_final_when_the_recognizer_hangs),
		TEST(everybody_hears_of_it_when_the_orb_is_muted),
		TEST(the_level_a_browser_tells_moves_the_picture),
		TEST(a_guess_that_was_none_takes_its_line_back),
		TEST(that_it_could_not_keep_up_is_said_when_nobody_speaks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
