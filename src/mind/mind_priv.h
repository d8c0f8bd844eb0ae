/* mind/mind_priv.h -- the inside of the mind, shared by its verbs: mind.c (people, controls),
 * turns.c (who has the floor), turns_final.c (what becomes of the words), answers.c (what is being
 * said), dialogue.c (what to say), breathing.c (the exercise),
 * called.c (what to say to who called the orb by its name).
 */
#ifndef TC_MIND_MIND_PRIV_H
#define TC_MIND_MIND_PRIV_H

#include "base/id.h"
#include "mind/guess.h"
#include "mind/intent.h"
#include "mind/memory.h"
#include "mind/mind.h"
#include "mind/policy.h"
#include "mind/reflect.h"
#include "mind/words.h"

#define TC_MIND_PEOPLE 4 /* two at a time; who left is remembered for late words */
#define TC_MIND_NAME   64
#define TC_MIND_TEXT   1024 /* of an answer */
#define TC_MIND_CUTS   8
#define TC_RETRY_MS    300 /* what waits for silence looks again after this */

/* Confidence of a final: below, it is reflected but asked whether it was heard right... */
#define TC_UNSURE     0.65f
#define TC_NOT_CAUGHT 0.45f /* ... and below this, it is said that it was not understood */

#define TC_ABILITIES \
	"I can guide a breathing exercise, tell you the time left, or repeat what I said."

enum tc_turn_state {
	TC_TURN_NONE,    /* silent; until a voice begins */
	TC_TURN_TALKING, /* the voice is on; until it stops */
	TC_TURN_PAUSING, /* the voice stopped; until it comes back or the turn is declared over */
	TC_TURN_ENDING,  /* end_turn was called; until the final (or nothing) comes */
};

struct tc_mind_person {
	char user_id[TC_ID_SIZE];
	char name[TC_MIND_NAME];
	enum tc_mind_role role;
	bool present;
	bool connected;
	bool greeted;
	bool being_greeted; /* by the answer that is SPOKEN */
	/* the turn */
	enum tc_turn_state turn;
	uint32_t utterance; /* 0: no words yet */
	char text[TC_WORDS_TEXT];
	float end_score;
	int64_t stable_since;  /* when the words last changed */
	int64_t voice_since;   /* when the voice began, first time in this turn */
	int64_t silence_since; /* PAUSING: when it stopped */
	int64_t ended_at;      /* ENDING: when the final was asked for */
	bool speculated;       /* PAUSING: an answer was planned on these words */
	/* Words that were final but whose answer nobody heard, because they went on speaking. */
	char carry[TC_WORDS_TEXT];
	int64_t carry_at;
};

struct tc_plan {
	enum tc_intent intent;
	bool addressed; /* they called it by name: they get an answer whatever it understood */
	bool unclear;   /* it says that it did not understand */
	bool listens;   /* they only called it: whatever they say next is for it */
	enum tc_intent offers; /* "did you ask for ...?": a yes means this */
	bool greets;
	bool breathes;      /* a step of the exercise */
	bool offers_breath; /* asks whether to go on with it */
	bool ends_breath;
	int step;
	struct tc_phrasing phrasing;
	char text[TC_MIND_TEXT]; /* "": say nothing */
};

enum tc_answer_state {
	TC_REPLY_NONE,     /* nothing is being said */
	TC_REPLY_PREPARED, /* prepare was called; until it is wanted, or not */
	TC_REPLY_SPOKEN,   /* speak was called; until the first packet */
	TC_REPLY_PLAYING,  /* people hear it; until its end */
};

struct tc_reply {
	enum tc_answer_state state;
	uint32_t id;
	struct tc_plan plan;
	char to[TC_ID_SIZE];         /* whose words it answers; "": nobody's */
	char because[TC_WORDS_TEXT]; /* those words */
	int64_t started;
};

/* One that was stopped, of which we still hear how far it came. */
struct tc_cut {
	uint32_t id;
	char text[TC_MIND_TEXT];
	int64_t started;
};

struct tc_mind {
	struct tc_mind_events events;
	void *user;
	char orb_name[TC_MIND_NAME];
	char orb_user_id[TC_ID_SIZE];
	int64_t session_end_ms, began_ms, now;
	uint32_t seed;
	enum tc_mind_mode mode;
	bool muted;
	enum tc_mind_status status;
	struct tc_mind_person people[TC_MIND_PEOPLE];
	struct tc_memory memory;
	uint32_t next_answer;
	struct tc_reply reply;
	struct tc_cut cuts[TC_MIND_CUTS];
	int next_cut;
	bool ducked;
	/* what the dialogue remembers of itself */
	bool introduced;
	bool held;           /* greetings wait for what is restored */
	int64_t greet_at;    /* INT64_MAX: nobody waits */
	int64_t greet_since; /* the first of those who wait has waited since */
	struct tc_phrasing phrasing;
	uint32_t replies;
	char last_said[TC_MIND_TEXT];
	bool asked; /* it ended with a question */
	int64_t asked_at;
	int64_t unclear_at;       /* when it last said that it did not understand */
	enum tc_intent offered;   /* what it last asked about: "did you ask for ...?" */
	char awaited[TC_ID_SIZE]; /* whom it asked to say it again; they need not call it anew */
	int64_t awaited_until;
	bool awaited_all;        /* all they say is for it, else only what is a request */
	int breath_step;         /* the step to come; -1: no exercise */
	bool breath_paused;      /* interrupted: "continue" takes it up */
	bool breath_stopped;     /* and we said that we stopped */
	int64_t breath_next_at;  /* INT64_MAX: not waiting for its next step */
	bool breath_let_be;      /* no offer to go on: there was one, or they said stop */
	int64_t breath_offer_at; /* INT64_MAX: no offer */
	/* An answer we owe because somebody else was speaking. */
	char owed_to[TC_ID_SIZE];
	char owed[TC_WORDS_TEXT];
	float owed_confidence;
	bool owed_addressed;      /* they called it by name */
	bool owed_any;            /* only a sound was in the way so far: anything is said */
	bool owed_planned;        /* owed_plan is it: it was decided on, and nobody heard it */
	struct tc_plan owed_plan; /* owed_to "": an answer to nobody */
	int64_t owed_at;
};

/* mind.c */
struct tc_mind_person *tc_mind_find(struct tc_mind *mind, const char *user_id);
bool tc_mind_alone(const struct tc_mind *mind, const struct tc_mind_person *person);
bool tc_mind_anybody_speaks(const struct tc_mind *mind);
void tc_mind_update_status(struct tc_mind *mind);
/* Nobody speaks, and the orb may. */
bool tc_mind_may_begin(const struct tc_mind *mind);
/* Who was to be greeted was (their first packet is out), or is not any more: they wait again. */
void tc_mind_greeted(struct tc_mind *mind, bool heard);
/* Time is what the last event said, and never runs back. */
void tc_mind_at(struct tc_mind *mind, int64_t now);

/* turns.c */
void tc_turns_tick(struct tc_mind *mind);
int64_t tc_turns_next(const struct tc_mind *mind);
void tc_turns_forget(struct tc_mind_person *person);
/* Says what is owed to somebody who was spoken over, if nobody has the floor. */
void tc_turns_pay_debt(struct tc_mind *mind);
/* What was decided, and nobody heard, is said when the floor is free. */
void tc_turns_owe_reply(struct tc_mind *mind, const struct tc_reply *reply);
/* The words so far are done with; if the voice is on, it goes on in a new turn. */
void tc_turns_finish(struct tc_mind *mind, struct tc_mind_person *p);
bool tc_turns_orb_talks(const struct tc_mind *mind);
/* Nobody but `p` is speaking, or has just stopped for breath. */
bool tc_turns_floor_free_but_for(const struct tc_mind *mind, const struct tc_mind_person *p);
bool tc_turns_is_answered(const struct tc_mind *mind, const struct tc_mind_person *p,
			  const struct tc_words *words);
/* What was said before an answer that nobody heard belongs to what is said now. */
void tc_turns_with_carry(const struct tc_mind *mind, const struct tc_mind_person *p,
			 const char *text, char *out, size_t size);

/* answers.c */
void tc_answers_prepare(struct tc_mind *mind, const struct tc_plan *plan, const char *to,
			const char *because);
/* Speaks the prepared answer if it is the same, else this. */
void tc_answers_speak(struct tc_mind *mind, const struct tc_plan *plan, const char *to,
		      const char *because);
/* Stops whatever is prepared or being said. */
void tc_answers_cancel(struct tc_mind *mind);
/* The same because of `by`. What nobody heard of, and is not for `by`, is owed. */
void tc_answers_yield(struct tc_mind *mind, const struct tc_mind_person *by);
void tc_answers_duck(struct tc_mind *mind, bool down);

/* dialogue.c */
/* What to say to these words. Changes nothing, so that it can be asked ahead of time. */
void tc_dialogue_plan(const struct tc_mind *mind, const struct tc_mind_person *person,
		      const char *text, float confidence, struct tc_plan *out);
void tc_dialogue_plan_greeting(const struct tc_mind *mind, struct tc_plan *out);
/* It was planned a while ago: what time has made of it. */
void tc_dialogue_refresh(const struct tc_mind *mind, struct tc_plan *plan);
/* It is really said: remember so. */
void tc_dialogue_commit(struct tc_mind *mind, const struct tc_plan *plan);
/* It was said to its end, to `to` ("": to nobody in particular). */
void tc_dialogue_done(struct tc_mind *mind, const struct tc_plan *plan, const char *to);
/* Is the orb called by its name? */
bool tc_dialogue_addressed(const struct tc_mind *mind, const struct tc_words *words);
/* Parts of tc_dialogue_plan(), for called.c. */
void tc_dialogue_plan_intent(const struct tc_mind *mind, const struct tc_mind_person *person,
			     const struct tc_words *words, bool unsure, struct tc_plan *out);
void tc_dialogue_reflect(const struct tc_mind *mind, const struct tc_words *words, bool unsure,
			 struct tc_plan *out);
bool tc_dialogue_unclear_lately(const struct tc_mind *mind);

/* Was a question of the orb's the last thing said, lately? */
bool tc_dialogue_just_asked(const struct tc_mind *mind);

/* breathing.c */
/* The step to come. */
void tc_breathing_plan(const struct tc_mind *mind, struct tc_plan *out);
/* What it means for the exercise that this is said, was said to its end, or was interrupted. */
void tc_breathing_commit(struct tc_mind *mind, const struct tc_plan *plan);
void tc_breathing_done(struct tc_mind *mind, const struct tc_plan *plan);
void tc_breathing_interrupted(struct tc_mind *mind, const struct tc_plan *plan);
void tc_breathing_tick(struct tc_mind *mind);
int64_t tc_breathing_next(const struct tc_mind *mind);
/* Something was said, or there was a sound: an offer to go on waits for silence after it. */
void tc_breathing_heard(struct tc_mind *mind);
/* The exercise was interrupted and is not to be offered (again). */
void tc_breathing_let_be(struct tc_mind *mind);
/* A step of its own, or the offer, gave way before anybody heard it: again when it is quiet. */
void tc_breathing_unheard(struct tc_mind *mind, const struct tc_plan *plan);
void tc_breathing_end(struct tc_mind *mind);
/* "Shall we go on with the breathing?" was asked just now. */
bool tc_breathing_offered(const struct tc_mind *mind);
/* Is this the answer? A coach's "okay" is for the client, unless it names the orb: only the word
 * that the orb asked for is not. */
bool tc_breathing_answers(const struct tc_mind *mind, const struct tc_mind_person *person,
			  const struct tc_words *words);

/* called.c */
/* What to say to words behind the orb's name that are no sentence tc_intent_of() knows. */
void tc_called_plan(const struct tc_mind *mind, const struct tc_mind_person *person,
		    const struct tc_words *words, float confidence, struct tc_plan *out);
/* Do they say again what the orb had asked them to? Then they need not call it anew. */
bool tc_called_follows_up(const struct tc_mind *mind, const struct tc_mind_person *person,
			  const struct tc_words *words);

#endif
