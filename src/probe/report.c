// SPDX-License-Identifier: Apache-2.0
#include "probe/report.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/json.h"

enum figure {
	JOIN,
	ORB,
	CONNECT,
	PICTURE,
	CALL,
	VOICE,
	BETWEEN,
	ANSWER,
	BACK,
	LOSS,
	LATE,
	JITTER,
	RTT,
	FPS,
	STILL,
	FIGURES,
};

static const struct {
	const char *key, *text, *unit;
} figures[FIGURES] = {
	[JOIN] = {"joinMs", "join", "ms"},
	[ORB] = {"orbMs", "orb in the room", "ms"},
	[CONNECT] = {"connectMs", "connect", "ms"},
	[PICTURE] = {"pictureMs", "first picture", "ms"},
	[CALL] = {"callMs", "join to picture", "ms"},
	[VOICE] = {"voiceMs", "join to voice", "ms"},
	[BETWEEN] = {"betweenMs", "connect people", "ms"},
	[ANSWER] = {"answerMs", "answer", "ms"},
	[BACK] = {"backMs", "orb back", "ms"},
	[LOSS] = {"lossPercent", "loss", "%"},
	[LATE] = {"latePercent", "late sound", "%"},
	[JITTER] = {"jitterMs", "jitter", "ms"},
	[RTT] = {"rttMs", "round trip", "ms"},
	[FPS] = {"fps", "pictures", "/s"},
	[STILL] = {"stillMs", "longest still", "ms"},
};

struct summary {
	struct tc_stats of[FIGURES];
};

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static double loss_of(const struct tc_caller_totals *t)
{
	return percent(t->lost + t->video_lost,
		       t->received + t->lost + t->video_received + t->video_lost);
}

static void add_if(struct tc_stats *to, double value)
{
	if (value >= 0) {
		tc_stats_add(to, value);
	}
}

static void add_person(struct summary *sum, struct tc_probe_room *room, int i)
{
	const struct tc_probe_room_steps *steps = &room->steps[i];
	struct tc_caller_totals t;
	add_if(&sum->of[JOIN], steps->join_ms);
	add_if(&sum->of[ORB], steps->orb_ms);
	add_if(&sum->of[CONNECT], steps->connect_ms);
	add_if(&sum->of[PICTURE], steps->picture_ms);
	add_if(&sum->of[CALL], steps->call_ms);
	add_if(&sum->of[VOICE], steps->voice_ms);
	add_if(&sum->of[BETWEEN], steps->between_ms);
	tc_caller_totals(&room->people[i], true, &t);
	if (t.received + t.video_received > 0) {
		tc_stats_add(&sum->of[LOSS], loss_of(&t));
		tc_stats_add(&sum->of[LATE], percent(t.late, t.pieces));
		tc_stats_add(&sum->of[JITTER], t.jitter_us / 1000.0);
		add_if(&sum->of[RTT], t.rtt_ms);
		add_if(&sum->of[FPS], t.pictures > 1 ? t.fps : -1);
		add_if(&sum->of[STILL], t.pictures > 1 ? (double)t.still_us / 1000 : -1);
	}
}

static void add_up(struct summary *sum, struct tc_run *run)
{
	*sum = (struct summary){0};
	for (size_t r = 0; r < run->count; r++) {
		struct tc_probe_room *room = &run->rooms[r];
		for (int i = 0; i < room->config.people; i++) {
			add_person(sum, room, i);
		}
		tc_stats_add_all(&sum->of[ANSWER], &room->answers);
		tc_stats_add_all(&sum->of[BACK], &room->backs);
	}
}

static void finish(struct summary *sum)
{
	for (int i = 0; i < FIGURES; i++) {
		tc_stats_finish(&sum->of[i]);
	}
}

/* How many rooms failed with this one's code, if it is the first with it; else 0. */
static unsigned count_of_code(const struct tc_run *run, size_t at)
{
	const char *code = run->rooms[at].code;
	unsigned count = 0;
	for (size_t i = 0; i < run->count && code[0]; i++) {
		bool same = strcmp(run->rooms[i].code, code) == 0;
		if (same && i < at) {
			return 0;
		}
		count += same;
	}
	return count;
}

/* --- for people --- */

static void put_ms(struct tc_buf *out, const char *what, double ms)
{
	if (ms >= 0) {
		tc_buf_putf(out, ", %s %.0f ms", what, ms);
	}
}

static void put_media(struct tc_buf *out, const char *to, const struct tc_caller_totals *t)
{
	if (t->received + t->video_received == 0) {
		return;
	}
	tc_buf_putf(out, "\n    %s: loss %.2f %%, jitter %.1f ms, late %.1f %%", to, loss_of(t),
		    t->jitter_us / 1000.0, percent(t->late, t->pieces));
	if (t->rtt_ms >= 0) {
		tc_buf_putf(out, ", rtt %d ms", t->rtt_ms);
	}
	if (t->pictures > 1) {
		tc_buf_putf(out, ", %.1f pictures/s, longest still %.0f ms", t->fps,
			    (double)t->still_us / 1000);
	}
}

static void put_person(struct tc_buf *out, struct tc_probe_room *room, int i)
{
	const struct tc_probe_room_steps *s = &room->steps[i];
	struct tc_caller_totals totals;
	if (room->people[i].role[0]) {
		tc_buf_putf(out, "\n  %s: ", room->people[i].role);
		tc_buf_putf(out, s->join_ms >= 0 ? "join %.0f ms" : "not in the room", s->join_ms);
		put_ms(out, "orb in the room", s->orb_ms);
		put_ms(out, "connect", s->connect_ms);
		put_ms(out, "first picture", s->picture_ms);
		put_ms(out, "in all", s->call_ms);
		put_ms(out, "first voice", s->voice_ms);
		put_ms(out, "connect to the other", s->between_ms);
		tc_caller_totals(&room->people[i], true, &totals);
		put_media(out, "from the orb", &totals);
		tc_caller_totals(&room->people[i], false, &totals);
		put_media(out, "from the other", &totals);
	}
}

static void put_room(struct tc_buf *out, struct tc_probe_room *room)
{
	tc_buf_putf(out, "%s: %s%s%s%s", room->name, room->code[0] ? "FAILED: " : "ok", room->code,
		    room->why[0] ? ": " : "", room->code[0] ? room->why : "");
	for (int i = 0; i < room->config.people; i++) {
		put_person(out, room, i);
	}
	if (room->asked) {
		tc_buf_putf(out, "\n  answers: %zu of %u", room->answers.count, room->asked);
	}
	for (size_t i = 0; i < room->answers.count && i < 8; i++) {
		tc_buf_putf(out, "%s%.0f ms", i ? ", " : ": ", room->answers.values[i]);
	}
	if (room->orb_lives > 1) {
		tc_buf_putf(out, "\n  the orb was replaced %u times", room->orb_lives - 1);
	}
	tc_buf_puts(out, "\n");
}

static void put_summary(struct tc_buf *out, struct tc_run *run)
{
	struct summary sum;
	add_up(&sum, run);
	tc_buf_putf(out, "\n%-18s %8s %8s %8s %6s\n", "", "p50", "p95", "most", "of");
	for (int i = 0; i < FIGURES; i++) {
		struct tc_stats *s = &sum.of[i];
		if (s->count) {
			tc_buf_putf(out, "%-15s %2s %8.1f %8.1f %8.1f %6zu\n", figures[i].text,
				    figures[i].unit, tc_stats_percentile(s, 50),
				    tc_stats_percentile(s, 95), tc_stats_percentile(s, 100),
				    s->count);
		}
	}
	finish(&sum);
}

void tc_report_text(struct tc_run *run, struct tc_buf *out)
{
	for (size_t i = 0; i < run->count; i++) {
		put_room(out, &run->rooms[i]);
	}
	if (run->count > 1 || run->args->duration_s) {
		put_summary(out, run);
	}
	size_t failed = tc_run_failed(run);
	tc_buf_putf(out, "\n%zu of %zu rooms well", run->count - failed, run->count);
	for (size_t i = 0; i < run->count; i++) {
		unsigned same = count_of_code(run, i);
		if (same) {
			tc_buf_putf(out, ", %u %s", same, run->rooms[i].code);
		}
	}
	tc_buf_puts(out, "\n");
	if (run->pace.late) {
		tc_buf_putf(
			out,
			"the probe itself was late %llu times, %.0f ms at worst: this machine has "
			"too little left for figures to be of the server only\n",
			(unsigned long long)run->pace.late, (double)run->pace.worst_us / 1000);
	}
}

/* --- JSON --- */

static void put_step(struct tc_json_writer *w, const char *key, double ms)
{
	tc_json_field_double(w, key, ms >= 0 ? round(ms * 10) / 10 : NAN);
}

static void put_totals(struct tc_json_writer *w, const char *key, const struct tc_caller_totals *t)
{
	tc_json_key(w, key);
	tc_json_begin_object(w);
	tc_json_field_int(w, "audioSent", (int64_t)t->sent);
	tc_json_field_int(w, "audioReceived", (int64_t)t->received);
	tc_json_field_int(w, "audioLost", (int64_t)t->lost);
	tc_json_field_int(w, "audioConcealedMs", (int64_t)t->concealed_ms);
	tc_json_field_int(w, "audioLate", (int64_t)t->late);
	put_step(w, "audioLateWorstMs", (double)t->late_worst_us / 1000);
	tc_json_field_int(w, "videoReceived", (int64_t)t->video_received);
	tc_json_field_int(w, "videoLost", (int64_t)t->video_lost);
	tc_json_field_int(w, "pictures", (int64_t)t->pictures);
	put_step(w, "fps", t->pictures > 1 ? t->fps : -1);
	put_step(w, "stillMs", t->pictures > 1 ? (double)t->still_us / 1000 : -1);
	put_step(w, "lossPercent", loss_of(t));
	put_step(w, "jitterMs", t->jitter_us / 1000.0);
	put_step(w, "rttMs", t->rtt_ms);
	put_step(w, "theirJitterMs", t->remote_jitter_us / 1000.0);
	tc_json_field_int(w, "theirLossPercent", t->remote_loss_percent);
	tc_json_end_object(w);
}

static void write_person(struct tc_json_writer *w, struct tc_probe_room *room, int i)
{
	const struct tc_probe_room_steps *s = &room->steps[i];
	struct tc_caller_totals totals;
	tc_json_begin_object(w);
	tc_json_field_str(w, "role", room->people[i].role);
	put_step(w, "joinMs", s->join_ms);
	put_step(w, "orbMs", s->orb_ms);
	put_step(w, "connectMs", s->connect_ms);
	put_step(w, "pictureMs", s->picture_ms);
	put_step(w, "callMs", s->call_ms);
	put_step(w, "voiceMs", s->voice_ms);
	put_step(w, "betweenMs", s->between_ms);
	tc_json_field_int(w, "rejoins",
			  room->people[i].joins ? (int64_t)room->people[i].joins - 1 : 0);
	tc_caller_totals(&room->people[i], true, &totals);
	put_totals(w, "orb", &totals);
	if (room->config.people > 1) {
		tc_caller_totals(&room->people[i], false, &totals);
		put_totals(w, "other", &totals);
	}
	tc_json_end_object(w);
}

static void write_values(struct tc_json_writer *w, const char *key, const struct tc_stats *s)
{
	tc_json_key(w, key);
	tc_json_begin_array(w);
	for (size_t i = 0; i < tc_stats_kept(s); i++) {
		tc_json_put_double(w, round(s->values[i] * 10) / 10);
	}
	tc_json_end_array(w);
}

static void write_room(struct tc_json_writer *w, struct tc_probe_room *room)
{
	bool ok = !room->code[0];
	tc_json_begin_object(w);
	tc_json_field_str(w, "room", room->name);
	tc_json_field_bool(w, "ok", ok);
	tc_json_field_str(w, "failure", ok ? NULL : room->code);
	tc_json_field_str(w, "why", ok ? NULL : room->why);
	tc_json_field_int(w, "asked", room->asked);
	tc_json_field_int(w, "unanswered", room->unanswered);
	tc_json_field_int(w, "early", room->early);
	tc_json_field_int(w, "orbLives", room->orb_lives);
	write_values(w, "answersMs", &room->answers);
	write_values(w, "backsMs", &room->backs);
	tc_json_key(w, "people");
	tc_json_begin_array(w);
	for (int i = 0; i < room->config.people; i++) {
		write_person(w, room, i);
	}
	tc_json_end_array(w);
	tc_json_end_object(w);
}

static void write_summary(struct tc_json_writer *w, struct tc_run *run)
{
	struct summary sum;
	add_up(&sum, run);
	tc_json_key(w, "summary");
	tc_json_begin_object(w);
	for (int i = 0; i < FIGURES; i++) {
		struct tc_stats *s = &sum.of[i];
		tc_json_key(w, figures[i].key);
		tc_json_begin_object(w);
		tc_json_field_int(w, "count", (int64_t)s->count);
		tc_json_field_double(w, "p50", round(tc_stats_percentile(s, 50) * 10) / 10);
		tc_json_field_double(w, "p95", round(tc_stats_percentile(s, 95) * 10) / 10);
		tc_json_field_double(w, "max", round(tc_stats_percentile(s, 100) * 10) / 10);
		tc_json_end_object(w);
	}
	tc_json_end_object(w);
	finish(&sum);
}

static void write_failures(struct tc_json_writer *w, const struct tc_run *run)
{
	tc_json_key(w, "failures");
	tc_json_begin_object(w);
	for (size_t i = 0; i < run->count; i++) {
		unsigned same = count_of_code(run, i);
		if (same) {
			tc_json_field_int(w, run->rooms[i].code, same);
		}
	}
	tc_json_end_object(w);
}

static void write_pace(struct tc_json_writer *w, const struct tc_run *run)
{
	tc_json_key(w, "probe");
	tc_json_begin_object(w);
	tc_json_field_str(w, "version", TC_VERSION);
	tc_json_field_int(w, "tookMs", (run->ended_us - run->began_us) / 1000);
	tc_json_field_int(w, "late", (int64_t)run->pace.late);
	put_step(w, "lateWorstMs", (double)run->pace.worst_us / 1000);
	tc_json_field_int(w, "leftOut", (int64_t)run->pace.left_out);
	tc_json_end_object(w);
}

void tc_report_json(struct tc_run *run, struct tc_buf *out)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	tc_json_begin_object(&w);
	tc_json_field_bool(&w, "ok", tc_run_failed(run) == 0);
	tc_json_field_str(&w, "url", run->args->url);
	write_failures(&w, run);
	write_summary(&w, run);
	tc_json_key(&w, "rooms");
	tc_json_begin_array(&w);
	for (size_t i = 0; i < run->count; i++) {
		write_room(&w, &run->rooms[i]);
	}
	tc_json_end_array(&w);
	write_pace(&w, run);
	tc_json_end_object(&w);
	tc_buf_puts(out, "\n");
}
