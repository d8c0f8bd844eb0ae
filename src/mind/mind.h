/* mind/mind.h -- the conversation: who spoke, whose turn it is, what to answer. Pure logic over
 * events.
 *
 * The owner feeds what happened, with the time it happened; the mind calls back with what to do. No
 * threads, sockets or clocks of its own: a recorded event file replays to the same decisions.
 * Parts: endpointing (when a turn is over), turn policy (who is answered), dialogue (what is said),
 * memory (what was said), summary. Thread: home only. All times: monotonic ms. Strings are copied
 * if kept.
 */
#ifndef TC_MIND_MIND_H
#define TC_MIND_MIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct tc_mind;

enum tc_mind_role {
	TC_MIND_COACH,
	TC_MIND_CLIENT,
};

enum tc_mind_mode {
	TC_MIND_ACTIVE, /* the client is answered; the coach when alone with the orb or naming it */
	TC_MIND_ON_CALL, /* only who addresses the orb */
	TC_MIND_SILENT,  /* hears and transcribes, says nothing */
};

enum tc_mind_status { /* of the conversation; "speaking" is added by whoever sends the packets */
		      TC_MIND_READY,
		      TC_MIND_LISTENING,
		      TC_MIND_PROCESSING,
};

struct tc_mind_words { /* a partial or final of one turn */
	uint32_t utterance;
	const char *text;
	float confidence; /* finals */
	float end_score;  /* log10 P(sentence end) */
	int stable_ms;
	int64_t start_ms, end_ms;
};

struct tc_mind_said { /* what was said before us, in an earlier life of this orb; all borrowed */
	const char *user_id, *text;
	int64_t start_ms, end_ms; /* since the session began */
	bool orb;
	enum tc_mind_role role; /* if it was not the orb */
};

struct tc_mind_events {
	/* The turn of this person is over: ask the recognizer for its final, then tc_mind_final()
	 * or tc_mind_discarded(). utterance 0: whichever is open (no words came of it yet). */
	void (*end_turn)(void *user, const char *user_id, uint32_t utterance);
	/* Prepare (synthesise, do not play) an answer that may be dropped again. */
	void (*prepare)(void *user, uint32_t answer, const char *text);
	/* Play it: one that was prepared, or a new one (prepare was not called). */
	void (*speak)(void *user, uint32_t answer, const char *text);
	/* Stop and forget: prepared or being played. tc_mind_play_ended() follows if it was spoken.
	 */
	void (*cancel)(void *user, uint32_t answer);
	/* Lower the voice (true) or give it back (false) while it is not sure who has the floor. */
	void (*duck)(void *user, bool down);
	void (*status)(void *user, enum tc_mind_status status);
};

struct tc_mind_config {          /* zero: default */
	const char *orb_name;    /* what people call it; "orb" */
	const char *orb_user_id; /* who said what the orb said, in the transcript; "orb" */
	int64_t session_end_ms;  /* monotonic; 0: unknown */
	int64_t now_ms;
	int64_t began_ms; /* when the session began; 0: now */
	bool hold;        /* greet nobody until tc_mind_restore() or tc_mind_go() */
	uint32_t seed;    /* picks between phrasings */
};

/* "active", "on-call", "silent". -EINVAL */
int tc_mind_mode_parse(const char *word, enum tc_mind_mode *out);

int tc_mind_create(struct tc_mind **out, const struct tc_mind_config *config,
		   const struct tc_mind_events *events, void *user);
void tc_mind_destroy(struct tc_mind *mind);

/* The session is not new: this was said in it; may be called more than once, in order. Ends with
 * tc_mind_go(). -ENOMEM: some of it is not remembered. */
int tc_mind_restore(struct tc_mind *mind, const struct tc_mind_said *said, size_t count,
		    int64_t now);
void tc_mind_set_began(struct tc_mind *mind, int64_t began_ms); /* before anything is restored */
/* All is restored that will be: whoever waits may be greeted. Who is there now knows us, if the orb
 * has spoken in what was restored. */
void tc_mind_go(struct tc_mind *mind, int64_t now);
/* This person met the orb in an earlier life of it. */
void tc_mind_knows(struct tc_mind *mind, const char *user_id);

void tc_mind_joined(struct tc_mind *mind, const char *user_id, enum tc_mind_role role,
		    const char *name, int64_t now);
void tc_mind_left(struct tc_mind *mind, const char *user_id, int64_t now);
/* The person hears us: greetings wait for this. */
void tc_mind_connected(struct tc_mind *mind, const char *user_id, int64_t now);
/* Voice activity. `now` of speech_end is when the voice stopped, which lies a little back. */
void tc_mind_speech_start(struct tc_mind *mind, const char *user_id, int64_t now);
void tc_mind_speech_end(struct tc_mind *mind, const char *user_id, int64_t now);
void tc_mind_partial(struct tc_mind *mind, const char *user_id, const struct tc_mind_words *words,
		     int64_t now);
void tc_mind_final(struct tc_mind *mind, const char *user_id, const struct tc_mind_words *words,
		   int64_t now);
void tc_mind_discarded(struct tc_mind *mind, const char *user_id, uint32_t utterance, int64_t now);
/* Playout: the first packet went out; all of it did, or it was cut after `heard` bytes of its text.
 */
void tc_mind_play_started(struct tc_mind *mind, uint32_t answer, int64_t now);
void tc_mind_play_ended(struct tc_mind *mind, uint32_t answer, size_t heard, bool cut, int64_t now);
/* Coach's controls. */
void tc_mind_set_mode(struct tc_mind *mind, enum tc_mind_mode mode, int64_t now);
void tc_mind_set_muted(struct tc_mind *mind, bool muted, int64_t now);
bool tc_mind_muted(const struct tc_mind *mind);
void tc_mind_say(struct tc_mind *mind, const char *text, int64_t now);
/* Said of its own accord, so only where nobody has the floor and it may speak. Was it? */
bool tc_mind_remark(struct tc_mind *mind, const char *text, int64_t now);
void tc_mind_stop(struct tc_mind *mind, int64_t now);
/* Time passes: call at the deadline tc_mind_next() names (INT64_MAX: nothing pending). */
void tc_mind_tick(struct tc_mind *mind, int64_t now);
int64_t tc_mind_next(const struct tc_mind *mind);

/* Appends the `summary` object of session_summary (protocol.md section 3) to out. Utterance times
 * are ms since the session began. */
void tc_mind_summary(const struct tc_mind *mind, int64_t now, struct tc_buf *out);
/* The same without a mind: for a session whose orb died before it could. By start. -ENOMEM. */
int tc_mind_summary_of(const struct tc_mind_said *said, size_t count, int64_t duration_ms,
		       struct tc_buf *out);

#endif
