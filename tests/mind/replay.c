// SPDX-License-Identifier: Apache-2.0
/* Replays event files through the mind and compares its decisions, word for word.
 *
 *	replay [--update] FILE...
 *
 * A file: settings and events, `---`, then what the mind did. Times are ms. Recognizer and speaker
 * are played by the runner: end_turn brings the final 10 ms later, speak starts to sound after 20
 * ms, takes 60 ms a letter and reports how far it came when it is cut.
 *
 *	set end|seed|mode|mute N|WORD        before the first event
 *	T joined USER coach|client NAME      T connected USER        T left USER
 *	T says USER SCORE CONFIDENCE WORDS   voice, a partial every 300 ms a word, then silence.
 *	                                     SCORE: log10 P(sentence end). `-` for WORDS: a noise.
 *	T late USER CONFIDENCE WORDS         a final nobody asked for
 *	T start USER, T stop USER            voice on and off without words
 *	T mode active|on-call|silent         T mute 0|1              T say TEXT      T halt
 *	T remark TEXT
 *	T summary                            T wait
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "mind/mind.h"

#define ACTIONS     256
#define WORD_MS     300
#define FINAL_MS    10
#define PACKET_MS   20
#define LETTER_MS   60
#define LINE        2048
#define NOISE_VOICE 250

enum kind { START, STOP, PARTIAL, FINAL, PLAY_STARTED, PLAY_ENDED };

struct action { /* something the runner will do */
	enum kind kind;
	int64_t at;
	char user[64];
	char text[LINE];
	float score, confidence;
	uint32_t id;
};

struct speaker { /* what a person is saying, for the final */
	char user[64];
	char text[LINE];
	float confidence;
	uint32_t utterance;
	int64_t start, end;
	bool open;
};

static struct tc_mind *mind;
static struct action actions[ACTIONS];
static int action_count;
static struct speaker speakers[4];
static struct tc_buf out;
static int64_t now;
static uint32_t playing;
static char playing_text[LINE];
static int64_t playing_since;

static void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void put(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	tc_buf_putf(&out, "%lld ", (long long)now);
	tc_buf_vputf(&out, fmt, ap);
	tc_buf_puts(&out, "\n");
	va_end(ap);
}

static struct action *later(enum kind kind, int64_t at, const char *user)
{
	TC_ASSERT(action_count < ACTIONS);
	struct action *a = &actions[action_count++];
	*a = (struct action){.kind = kind, .at = at};
	snprintf(a->user, sizeof(a->user), "%s", user);
	return a;
}

static struct speaker *speaker_of(const char *user)
{
	for (size_t i = 0; i < TC_COUNT(speakers); i++) {
		if (!speakers[i].user[0] || strcmp(speakers[i].user, user) == 0) {
			snprintf(speakers[i].user, sizeof(speakers[i].user), "%s", user);
			return &speakers[i];
		}
	}
	abort();
}

static void on_end_turn(void *user, const char *id, uint32_t utterance)
{
	put("end_turn %s %u", id, utterance);
	later(FINAL, now + FINAL_MS, id);
}

static void on_prepare(void *user, uint32_t answer, const char *text)
{
	put("prepare %u %s", answer, text);
}

static void on_speak(void *user, uint32_t answer, const char *text)
{
	put("speak %u %s", answer, text);
	playing = answer;
	playing_since = -1;
	snprintf(playing_text, sizeof(playing_text), "%s", text);
	later(PLAY_STARTED, now + PACKET_MS, "")->id = answer;
}

static void on_cancel(void *user, uint32_t answer)
{
	put("cancel %u", answer);
	if (answer == playing) {
		struct action *a = later(PLAY_ENDED, now + PACKET_MS, "cut");
		a->id = answer;
	}
}

static void on_duck(void *user, bool down)
{
	put("duck %s", down ? "down" : "up");
}

static void on_status(void *user, enum tc_mind_status status)
{
	static const char *const names[] = {"ready", "listening", "processing"};
	put("status %s", names[status]);
}

static const struct tc_mind_events events = {
	.end_turn = on_end_turn,
	.prepare = on_prepare,
	.speak = on_speak,
	.cancel = on_cancel,
	.duck = on_duck,
	.status = on_status,
};

static void do_final(const struct action *a)
{
	struct speaker *s = speaker_of(a->user);
	struct tc_mind_words words = {.utterance = s->utterance,
				      .text = s->text,
				      .confidence = s->confidence,
				      .start_ms = s->start,
				      .end_ms = s->end};
	s->open = false;
	if (s->text[0]) {
		tc_mind_final(mind, a->user, &words, now);
	} else {
		tc_mind_discarded(mind, a->user, s->utterance, now);
	}
}

static void do_partial(const struct action *a)
{
	struct speaker *s = speaker_of(a->user);
	struct tc_mind_words words = {.utterance = s->utterance,
				      .text = a->text,
				      .end_score = a->score,
				      .start_ms = s->start,
				      .end_ms = now};
	snprintf(s->text, sizeof(s->text), "%s", a->text);
	s->confidence = a->confidence;
	tc_mind_partial(mind, a->user, &words, now);
}

static void do_play_started(const struct action *a)
{
	if (a->id != playing) {
		return;
	}
	bool cut = false;
	for (int i = 0; i < action_count; i++) {
		cut = cut || (actions[i].kind == PLAY_ENDED && actions[i].id == a->id);
	}
	if (cut) {
		return;
	}
	playing_since = now;
	tc_mind_play_started(mind, a->id, now);
	later(PLAY_ENDED, now + (int64_t)strlen(playing_text) * LETTER_MS, "")->id = a->id;
}

static void do_play_ended(const struct action *a)
{
	if (a->id != playing) {
		return;
	}
	size_t len = strlen(playing_text);
	size_t heard = playing_since < 0 ? 0 : (size_t)((now - playing_since) / LETTER_MS);
	playing = 0;
	heard = heard < len ? heard : len;
	tc_mind_play_ended(mind, a->id, heard, a->user[0] != '\0', now);
}

static void act(const struct action *a)
{
	struct speaker *s = a->user[0] ? speaker_of(a->user) : NULL;
	switch (a->kind) {
	case START:
		if (!s->open) {
			s->open = true;
			s->utterance++;
			s->start = now;
			s->text[0] = '\0';
		}
		tc_mind_speech_start(mind, a->user, now);
		break;
	case STOP:
		s->end = now;
		tc_mind_speech_end(mind, a->user, now);
		break;
	case PARTIAL:
		do_partial(a);
		break;
	case FINAL:
		do_final(a);
		break;
	case PLAY_STARTED:
		do_play_started(a);
		break;
	case PLAY_ENDED:
		do_play_ended(a);
		break;
	}
}

/* Everything that is due until `until`, in order of time. */
static void run_until(int64_t until)
{
	for (;;) {
		int first = -1;
		for (int i = 0; i < action_count; i++) {
			if (first < 0 || actions[i].at < actions[first].at) {
				first = i;
			}
		}
		int64_t next = tc_mind_next(mind);
		int64_t at = first >= 0 ? actions[first].at : INT64_MAX;
		if ((next < at ? next : at) > until) {
			now = until;
			return;
		}
		if (next < at) {
			now = next > now ? next : now;
			tc_mind_tick(mind, now);
			TC_ASSERT(tc_mind_next(mind) > now); /* else a caller would spin */
			continue;
		}
		struct action a = actions[first];
		memmove(&actions[first], &actions[first + 1],
			(size_t)(--action_count - first) * sizeof(a));
		now = a.at;
		act(&a);
	}
}

static void says(const char *user, float score, float confidence, const char *text)
{
	later(START, now, user);
	if (strcmp(text, "-") == 0) {
		later(STOP, now + NOISE_VOICE, user);
		return;
	}
	/* A pause inside a turn goes on with the words before it. */
	struct speaker *s = speaker_of(user);
	char all[2 * LINE];
	int64_t at = now;
	snprintf(all, sizeof(all), "%s%s%s", s->open ? s->text : "", s->open ? " " : "", text);
	size_t done = strlen(all) - strlen(text);
	while (all[done]) {
		done += strcspn(all + done, " ");
		at += WORD_MS;
		struct action *a = later(PARTIAL, at, user);
		snprintf(a->text, sizeof(a->text), "%.*s", (int)done, all);
		a->score = all[done] ? -2.0f : score;
		a->confidence = confidence;
		done += all[done] == ' ';
	}
	later(STOP, at, user);
}

static void summary(void)
{
	struct tc_buf text;
	tc_buf_init(&text);
	tc_mind_summary(mind, now, &text);
	put("summary %s", tc_buf_str(&text));
	tc_buf_finish(&text);
}

static void joined(const char *rest)
{
	char user[64], role[16], name[64];
	TC_ASSERT(sscanf(rest, "%63s %15s %63[^\n]", user, role, name) == 3);
	tc_mind_joined(mind, user, strcmp(role, "coach") ? TC_MIND_CLIENT : TC_MIND_COACH, name,
		       now);
}

static void event(const char *verb, const char *rest)
{
	char user[64] = "";
	float score, confidence;
	int used = 0;
	sscanf(rest, "%63s", user);
	if (strcmp(verb, "joined") == 0) {
		joined(rest);
	} else if (strcmp(verb, "connected") == 0) {
		tc_mind_connected(mind, user, now);
	} else if (strcmp(verb, "left") == 0) {
		tc_mind_left(mind, user, now);
	} else if (strcmp(verb, "says") == 0) {
		TC_ASSERT(sscanf(rest, "%63s %f %f %n", user, &score, &confidence, &used) == 3);
		says(user, score, confidence, rest + used);
	} else if (strcmp(verb, "late") == 0) {
		TC_ASSERT(sscanf(rest, "%63s %f %n", user, &confidence, &used) == 2);
		struct tc_mind_words words = {.text = rest + used,
					      .confidence = confidence,
					      .start_ms = now - 900,
					      .end_ms = now};
		tc_mind_final(mind, user, &words, now);
	} else if (strcmp(verb, "start") == 0) {
		later(START, now, user);
	} else if (strcmp(verb, "stop") == 0) {
		later(STOP, now, user);
	} else if (strcmp(verb, "mode") == 0) {
		tc_mind_set_mode(mind,
				 strcmp(user, "silent") == 0    ? TC_MIND_SILENT
				 : strcmp(user, "on-call") == 0 ? TC_MIND_ON_CALL
								: TC_MIND_ACTIVE,
				 now);
	} else if (strcmp(verb, "mute") == 0) {
		tc_mind_set_muted(mind, user[0] == '1', now);
	} else if (strcmp(verb, "say") == 0) {
		tc_mind_say(mind, rest, now);
	} else if (strcmp(verb, "remark") == 0) {
		tc_mind_remark(mind, rest, now);
	} else if (strcmp(verb, "halt") == 0) {
		tc_mind_stop(mind, now);
	} else if (strcmp(verb, "summary") == 0) {
		summary();
	} else if (strcmp(verb, "wait") != 0) {
		fprintf(stderr, "unknown event: %s\n", verb);
		exit(1);
	}
}

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	if (!file) {
		perror(path);
		exit(1);
	}
	char *text = calloc(1, 1 << 18);
	TC_ASSERT(text && fread(text, 1, (1 << 18) - 1, file) < (1 << 18) - 1);
	fclose(file);
	return text;
}

static void reset(void)
{
	action_count = 0;
	memset(speakers, 0, sizeof(speakers));
	now = 0;
	playing = 0;
	tc_buf_init(&out);
}

static void replay(char *text)
{
	struct tc_mind_config config = {0};
	reset();
	for (char *save, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char verb[32];
		long long at;
		int used = 0;
		if (*line == '#') {
			continue;
		}
		if (sscanf(line, "set end %lld", &at) == 1) {
			config.session_end_ms = at;
			continue;
		}
		if (sscanf(line, "set seed %lld", &at) == 1) {
			config.seed = (uint32_t)at;
			continue;
		}
		if (!mind) {
			TC_ASSERT(!tc_mind_create(&mind, &config, &events, NULL));
		}
		TC_ASSERT(sscanf(line, "%lld %31s %n", &at, verb, &used) == 2);
		run_until(at);
		event(verb, line + used);
	}
	run_until(now + 9000);
	tc_mind_destroy(mind);
	mind = NULL;
}

static int check(const char *path, bool update)
{
	char *text = read_all(path);
	char *mark = strstr(text, "---\n");
	const char *expected = "";
	if (mark) {
		*mark = '\0';
		expected = mark + 4;
	}
	char *head = strdup(text);
	TC_ASSERT(head);
	replay(text);
	const char *got = tc_buf_str(&out);
	int failed = strcmp(expected, got) != 0;
	if (failed && update) {
		FILE *file = fopen(path, "w");
		TC_ASSERT(file);
		fprintf(file, "%s---\n%s", head, got);
		fclose(file);
	} else if (failed) {
		fprintf(stderr, "%s\n--- expected\n%s--- got\n%s", path, expected, got);
	}
	tc_buf_finish(&out);
	free(head);
	free(text);
	return failed && !update;
}

int main(int argc, char **argv)
{
	bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
	int failed = 0;
	for (int i = 1 + update; i < argc; i++) {
		failed += check(argv[i], update);
	}
	printf("%d of %d event files as expected\n", argc - 1 - update - failed, argc - 1 - update);
	return failed || argc - 1 - update == 0;
}
