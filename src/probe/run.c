// SPDX-License-Identifier: Apache-2.0
#include "probe/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "auth/jwt.h"
#include "auth/turn.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"

#define TOKEN_LIVES_S 3600 /* beyond the duration */

static int64_t now_us(void)
{
	return tc_clock_us(tc_clock_system());
}

/* --- the loop's turn --- */

static void start_rooms(struct tc_run *run, int64_t now)
{
	int64_t stagger_us = run->args->stagger_ms * 1000;
	while (run->started < run->count && !run->signals &&
	       now - run->began_us >= (int64_t)run->started * stagger_us) {
		tc_probe_room_start(&run->rooms[run->started++], now);
	}
}

/* A room that is still on its way in has its own deadline. */
static void end_rooms(struct tc_run *run, int64_t now)
{
	int64_t last_us = (int64_t)(run->count - 1) * run->args->stagger_ms * 1000;
	if (!run->args->duration_s ||
	    now - run->began_us - last_us < run->args->duration_s * 1000000) {
		return;
	}
	for (size_t i = 0; i < run->count; i++) {
		struct tc_probe_room *room = &run->rooms[i];
		char why[80];
		snprintf(why, sizeof(why), "%u of %u times", room->unanswered, room->asked);
		if (room->state > TC_PROBE_ROOM_CONNECTING) {
			tc_probe_room_leave(room, room->unanswered ? "no-answer" : NULL, why);
		}
	}
}

static bool all_done(const struct tc_run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		if (run->rooms[i].state != TC_PROBE_ROOM_DONE) {
			return false;
		}
	}
	return true;
}

static void turn(void *user)
{
	struct tc_run *run = user;
	int64_t now = now_us(), first;
	tc_timer_cancel(run->timer);
	run->timer = NULL;
	bool first_turn = run->started == 0;
	start_rooms(run, now);
	if (first_turn) { /* what libraries do once is not of the call */
		now = now_us();
		tc_pace_start(&run->pace, now);
	}
	int due = tc_pace_due(&run->pace, now, &first);
	for (size_t i = 0; i < run->started; i++) {
		tc_probe_room_tick(&run->rooms[i], now);
		for (int k = 0; k < due; k++) {
			tc_probe_room_say(&run->rooms[i], first + k, now);
		}
	}
	end_rooms(run, now);
	run->timer = all_done(run) ? NULL
				   : tc_loop_timer(run->loop, tc_pace_wait_ms(&run->pace, now_us()),
						   false, turn, run);
	if (!run->timer) {
		tc_loop_quit(run->loop);
	}
}

/* Ctrl-C: leave as one leaves a call, then tell what there is. Twice: at once. */
static void on_signal(void *user)
{
	struct tc_run *run = user;
	struct signalfd_siginfo info;
	if (read(run->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return;
	}
	if (++run->signals > 1) {
		_exit(128 + (int)info.ssi_signo);
	}
	for (size_t i = 0; i < run->count; i++) {
		bool whole = tc_probe_room_measured(&run->rooms[i]);
		tc_probe_room_leave(&run->rooms[i], whole ? NULL : "interrupted",
				    strsignal((int)info.ssi_signo));
	}
}

/* --- who comes --- */

static enum tc_role other_role(enum tc_role role)
{
	return role == TC_ROLE_COACH ? TC_ROLE_CLIENT : TC_ROLE_COACH;
}

static int sign(struct tc_identity who[TC_PROBE_ROOM_PEOPLE], const struct tc_probe_args *args,
		const struct tc_api_keys *keys, const char *room, const char *run_id)
{
	struct tc_identity_wish wish = {
		.keys = keys,
		.key = args->key,
		.room = room,
		.run = run_id,
		.role = tc_role_parse(args->role),
		.now_s = tc_clock_wall_ms(tc_clock_system()) / 1000,
		.lives_s = args->duration_s + TOKEN_LIVES_S,
	};
	int err = tc_identity_sign(&who[0], &wish);
	wish.role = other_role(wish.role);
	return err || !args->second ? err : tc_identity_sign(&who[1], &wish);
}

static int take_tokens(struct tc_identity who[TC_PROBE_ROOM_PEOPLE],
		       const struct tc_probe_args *args, char *why, size_t size)
{
	const char *token = args->token ? args->token : args->probe_token;
	int err = token ? tc_identity_of_token(&who[0], token) : 0; /* else the cookie */
	if (!err && args->second_token) {
		err = tc_identity_of_token(&who[1], args->second_token);
	}
	if (err) {
		snprintf(why, size, "a token: expected a JWT");
		return -EINVAL;
	}
	return 0;
}

static void add_room(struct tc_run *run, size_t i, const char *name, const struct tc_identity *who)
{
	const struct tc_probe_args *args = run->args;
	const struct tc_probe_room_config config = {
		.caller = {.loop = run->loop,
			   .clock = tc_clock_system(),
			   .rtc = run->rtc,
			   .url = args->url,
			   .ca = args->ca,
			   .cookie = who[0].token[0] ? NULL : args->probe_cookie,
			   .timeout_ms = (int)args->timeout_s * 1000},
		.name = name,
		.who = who,
		.people = args->second ? 2 : 1,
		.clip = &run->clip,
		.timeout_us = args->timeout_s * 1000000,
		.stays = args->duration_s > 0,
	};
	tc_probe_room_init(&run->rooms[i], &config);
}

static int add_rooms(struct tc_run *run, const struct tc_api_keys *keys, char *why, size_t size)
{
	const struct tc_probe_args *args = run->args;
	const char *prefix = args->room ? args->room : "probe";
	char run_id[9];
	tc_id_random(run_id, sizeof(run_id) - 1);
	size_t count = args->rooms ? (size_t)args->rooms : 1;
	run->rooms = calloc(count, sizeof(*run->rooms));
	if (!run->rooms) {
		snprintf(why, size, "%s", tc_err_str(-ENOMEM));
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		struct tc_identity who[TC_PROBE_ROOM_PEOPLE] = {0};
		char name[TC_ID_SIZE];
		snprintf(name, sizeof(name), args->rooms ? "%s-%zu" : "%s", prefix, i + 1);
		int err = args->key ? sign(who, args, keys, name, run_id)
				    : take_tokens(who, args, why, size);
		if (err) {
			if (args->key) {
				snprintf(why, size, "--key=%.100s: %s", args->key,
					 err == -ENOENT ? "API_KEYS has no such key"
							: tc_err_str(err));
			}
			return -EINVAL;
		}
		add_room(run, i, name, who);
		run->count = i + 1;
	}
	return 0;
}

static int make_rooms(struct tc_run *run, char *why, size_t size)
{
	struct tc_api_keys keys;
	char line[200] = "";
	if (tc_api_keys_parse(&keys, run->args->api_keys, line, sizeof(line)) != 0) {
		snprintf(why, size, "API_KEYS: %s", line);
		return -EINVAL;
	}
	int err = add_rooms(run, &keys, why, size);
	tc_api_keys_finish(&keys);
	return err;
}

/* --- life --- */

static int make_rtc(struct tc_run *run, char *why, size_t size)
{
	const struct tc_probe_args *args = run->args;
	struct tc_turn_credentials turn = {0};
	int64_t expires_s =
		tc_clock_wall_ms(tc_clock_system()) / 1000 + args->duration_s + TOKEN_LIVES_S;
	int err =
		args->turn ? tc_turn_credentials(&turn, args->turn_secret, "probe", expires_s) : 0;
	const struct tc_rtc_config config = {
		.loop = run->loop,
		.loopback = tc_probe_args_local(args),
		.stun_server = args->stun,
		.turn_server = args->turn,
		.turn_user = args->turn ? turn.username : NULL,
		.turn_password = args->turn ? turn.credential : NULL,
		.relay_only = args->relay,
	};
	err = err ? err : tc_rtc_create(&run->rtc, &config);
	if (err) {
		snprintf(why, size, "%s",
			 err == -EINVAL ? "--stun, --turn: expected HOST:PORT" : tc_err_str(err));
	}
	return err;
}

static int make_clip(struct tc_run *run, char *why, size_t size)
{
	const struct tc_probe_args *args = run->args;
	if (args->play) { /* whatever is wrong with the file: another was to be named */
		int err = tc_clip_load(&run->clip, args->play, why, size);
		return err && err != -ENOMEM ? -EINVAL : err;
	}
	if (!args->silent) {
		return tc_clip_speak(&run->clip, why, size);
	}
	int err = tc_clip_encode(&run->clip, NULL, 0);
	snprintf(why, size, "%s", err ? tc_err_str(err) : "");
	return err;
}

/* Before any thread is there, so that signals come on the loop only. */
static int block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int tc_run_create(struct tc_run *run, const struct tc_probe_args *args, char *why, size_t size)
{
	*run = (struct tc_run){.args = args, .signal_fd = block_signals()};
	int err = run->signal_fd < 0 ? -errno : tc_loop_create(&run->loop);
	if (!err) {
		run->watch = tc_loop_watch(run->loop, run->signal_fd, on_signal, run);
		err = run->watch ? 0 : -ENOMEM;
	}
	if (err) {
		snprintf(why, size, "%s", tc_err_str(err));
		return err;
	}
	err = make_clip(run, why, size);
	err = err ? err : make_rtc(run, why, size);
	return err ? err : make_rooms(run, why, size);
}

void tc_run_loop(struct tc_run *run)
{
	run->began_us = now_us();
	run->timer = tc_loop_timer(run->loop, 0, false, turn, run);
	if (run->timer) {
		tc_loop_run(run->loop);
	}
	run->ended_us = now_us();
}

size_t tc_run_failed(const struct tc_run *run)
{
	size_t failed = 0;
	for (size_t i = 0; i < run->count; i++) {
		failed += run->rooms[i].code[0] != '\0';
	}
	return failed;
}

void tc_run_destroy(struct tc_run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		tc_probe_room_finish(&run->rooms[i]);
	}
	free(run->rooms);
	tc_timer_cancel(run->timer);
	tc_watch_cancel(run->watch);
	tc_rtc_destroy(run->rtc); /* closed peers hold it until the loop's last turns */
	tc_clip_finish(&run->clip);
	tc_loop_destroy(run->loop);
	if (run->signal_fd >= 0) {
		close(run->signal_fd);
	}
}
