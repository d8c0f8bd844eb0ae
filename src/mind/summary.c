// SPDX-License-Identifier: Apache-2.0
// The session in a few sentences, each from what was really said; and the transcript.
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "mind/mind_priv.h"
#include "mind/topics.h"
#include "mind/vocabulary.h"

#define QUOTES  3
#define CLEARLY 0.5f /* what was hardly understood is not quoted */

#define MINUTES_FROM_S 90 /* shorter times are told in seconds */

struct findings {
	int client_turns, coach_turns;
	int64_t client_ms, coach_ms;
	const struct tc_utterance *wishes[QUOTES]; /* the latest ones; borrowed from memory */
	int wish_count;
	const char *bad, *good; /* the last feelings named; of the vocabulary's words */
	char bad_word[TC_TOPIC_SIZE], good_word[TC_TOPIC_SIZE];
	bool breathed;
};

static void note_feelings(struct findings *f, const struct tc_words *words)
{
	for (int i = 0; i < words->count; i++) {
		bool negated = i > 0 && tc_word_in(words->at[i - 1], "not|no|never");
		if (negated) {
			continue;
		}
		if (tc_word_in(words->at[i], TC_FEELING_BAD)) {
			snprintf(f->bad_word, sizeof(f->bad_word), "%s", words->at[i]);
			f->bad = f->bad_word;
		} else if (tc_word_in(words->at[i], TC_FEELING_GOOD)) {
			snprintf(f->good_word, sizeof(f->good_word), "%s", words->at[i]);
			f->good = f->good_word;
		}
	}
}

static void note_client(struct findings *f, const struct tc_utterance *u)
{
	struct tc_words words;
	f->client_turns++;
	f->client_ms += u->end_ms - u->start_ms;
	if (u->confidence < CLEARLY) {
		return;
	}
	tc_words_split(&words, u->text);
	note_feelings(f, &words);
	if (tc_words_find(&words, "i want|will|plan|decided|need to|a|my", NULL) >= 0 ||
	    tc_words_find(&words, "i am going to", NULL) >= 0 ||
	    tc_words_find(&words, "my goal", NULL) >= 0) {
		f->wishes[f->wish_count++ % QUOTES] = u;
	}
}

static void find(const struct tc_memory *memory, struct findings *f)
{
	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < memory->count; i++) {
		const struct tc_utterance *u = &memory->at[i];
		if (u->orb) {
			f->breathed = f->breathed || strstr(u->text, "One more. In.") != NULL;
		} else if (u->client) {
			note_client(f, u);
		} else {
			f->coach_turns++;
			f->coach_ms += u->end_ms - u->start_ms;
		}
	}
}

/* "34 seconds", "12 minutes": as people say it. */
static void put_times(struct tc_buf *out, const char *who, int turns, int64_t ms)
{
	if (!turns) {
		return;
	}
	int seconds = ms > 1000 ? (int)((ms + 500) / 1000) : 1;
	bool long_enough = seconds >= MINUTES_FROM_S;
	int count = long_enough ? (seconds + 30) / 60 : seconds;
	tc_buf_putf(out, "The %s spoke %d time%s, %d %s%s in all. ", who, turns,
		    turns == 1 ? "" : "s", count, long_enough ? "minute" : "second",
		    count == 1 ? "" : "s");
}

static void put_wishes(struct tc_buf *out, const struct findings *f, const char *lead)
{
	int count = f->wish_count < QUOTES ? f->wish_count : QUOTES;
	for (int i = 0; i < count; i++) {
		tc_buf_putf(out, "%s\"%s\"", i ? ", " : lead, f->wishes[i]->text);
	}
	if (count) {
		tc_buf_puts(out, ". ");
	}
}

static void write_progress(const struct findings *f, struct tc_buf *out)
{
	if (!f->client_turns && !f->coach_turns) {
		tc_buf_puts(out, "Nothing was said that could be understood.");
		return;
	}
	put_times(out, "client", f->client_turns, f->client_ms);
	put_times(out, "coach", f->coach_turns, f->coach_ms);
	if (f->bad) {
		tc_buf_putf(out, "The client used the word \"%s\". ", f->bad);
	}
	if (f->good) {
		tc_buf_putf(out, "The client also said \"%s\". ", f->good);
	}
	put_wishes(out, f, "Intentions named: ");
	if (f->breathed) {
		tc_buf_puts(out, "A breathing exercise was done. ");
	}
}

static void write_recommendations(const struct findings *f, const struct tc_topics *topics,
				  struct tc_buf *out)
{
	put_wishes(out, f, "Ask next time how it went with: ");
	if (f->bad) {
		tc_buf_putf(out, "Come back to what lies behind the word \"%s\". ", f->bad);
	}
	if (f->bad && !f->breathed) {
		tc_buf_puts(out, "Offer a breathing exercise. ");
	} else if (f->breathed) {
		tc_buf_puts(out, "Ask how the breathing exercise felt and whether to repeat it. ");
	}
	if (!f->wish_count && !f->bad && topics->count) {
		tc_buf_putf(out, "Agree on a first step concerning %s. ", topics->at[0]);
	}
	if (!out->len) {
		tc_buf_puts(out, "Too little was said for a recommendation.");
	}
}

static void put_trimmed(struct tc_json_writer *w, const char *key, struct tc_buf *text)
{
	while (text->len && text->data[text->len - 1] == ' ') {
		text->len--;
	}
	tc_json_field_str(w, key, tc_buf_str(text));
	tc_buf_reset(text);
}

static void put_transcript(const struct tc_memory *memory, int64_t began_ms,
			   struct tc_json_writer *w)
{
	tc_json_key(w, "transcript");
	tc_json_begin_array(w);
	for (size_t i = 0; i < memory->count; i++) {
		const struct tc_utterance *u = &memory->at[i];
		tc_json_begin_object(w);
		tc_json_field_str(w, "userId", u->user_id);
		tc_json_field_str(w, "text", u->text);
		tc_json_field_int(w, "startMs", u->start_ms - began_ms);
		tc_json_field_int(w, "endMs", u->end_ms - began_ms);
		if (u->cut) {
			tc_json_field_bool(w, "interrupted", true);
		}
		tc_json_end_object(w);
	}
	tc_json_end_array(w);
}

static void write_summary(const struct tc_memory *memory, int64_t began_ms, int64_t duration_ms,
			  struct tc_buf *out)
{
	struct tc_json_writer w;
	struct findings findings;
	struct tc_topics topics;
	struct tc_buf text;
	tc_buf_init(&text);
	find(memory, &findings);
	if (tc_topics_find(memory, &topics)) {
		topics.count = 0; /* no memory: the transcript matters more */
	}
	tc_json_writer_init(&w, out);
	tc_json_begin_object(&w);
	tc_json_field_int(&w, "duration", duration_ms);
	tc_json_key(&w, "keyTopics");
	tc_json_begin_array(&w);
	for (int i = 0; i < topics.count; i++) {
		tc_json_put_str(&w, topics.at[i]);
	}
	tc_json_end_array(&w);
	write_progress(&findings, &text);
	put_trimmed(&w, "progress", &text);
	write_recommendations(&findings, &topics, &text);
	put_trimmed(&w, "recommendations", &text);
	put_transcript(memory, began_ms, &w);
	tc_json_end_object(&w);
	tc_buf_finish(&text);
}

void tc_mind_summary(const struct tc_mind *mind, int64_t now, struct tc_buf *out)
{
	write_summary(&mind->memory, mind->began_ms, now - mind->began_ms, out);
}

int tc_mind_summary_of(const struct tc_mind_said *said, size_t count, int64_t duration_ms,
		       struct tc_buf *out)
{
	struct tc_memory memory = {0};
	int err = 0;
	for (size_t i = 0; !err && i < count; i++) {
		err = tc_memory_add_said(&memory, &said[i], 0);
	}
	if (!err) {
		write_summary(&memory, 0, duration_ms, out);
		err = out->err;
	}
	tc_memory_finish(&memory);
	return err;
}
