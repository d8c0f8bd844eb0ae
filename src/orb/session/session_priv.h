/* orb/session/session_priv.h -- what the files of a session share. Everything here is the loop's
 * thread's, but `events`, which the other threads push to.
 */
#ifndef TC_ORB_SESSION_PRIV_H
#define TC_ORB_SESSION_PRIV_H

#include "orb/session/session.h"

#include <pthread.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/pulse.h"
#include "base/queue.h"
#include "mind/mind.h"
#include "orb/manager_link.h"
#include "orb/names.h"
#include "orb/painter.h"
#include "orb/roster.h"
#include "orb/session/engines.h"
#include "orb/speaker.h"
#include "proto/signal.h"
#include "uplink/uplink.h"
#include "rtc/peer.h"
#include "speech/hearing.h"
#include "speech/voice.h"

#define TC_PEOPLE_MAX  3 /* two, and a successor whose forerunner was not reported gone yet */
#define TC_ANSWERS_MAX 16
#define TC_EARLY_MS    3000 /* sound kept per person while the models load */
#define TC_EARLY_COUNT (TC_EARLY_MS * 16)
#define TC_LATENCIES   64

enum tc_session_state {
	TC_SESSION_JOINING,  /* not in the room yet */
	TC_SESSION_LIVE,     /* in the room */
	TC_SESSION_ENDING,   /* last words are being collected: until all threads are done, or too
			      * late
			      */
	TC_SESSION_FLUSHING, /* the summary is on its way to the manager */
	TC_SESSION_LEAVING,  /* the server is being told */
	TC_SESSION_OVER,     /* the loop may quit */
};

/* What has threads to be joined at the end. A thread of its own does that, since it may take as
 * long as a word takes to be recognized, and people are still served meanwhile. */
struct tc_closer {
	struct tc_session *session; /* borrowed */
	struct tc_painter *painter; /* owned, as the rest */
	struct tc_voice *voice;
	struct tc_speaker *speaker;
	struct tc_hearing *hearing;
	pthread_t thread;
	bool started, joined;
};

struct tc_person {
	struct tc_session *session;
	bool present;
	char id[TC_ID_SIZE];
	char name[TC_SIGNAL_NAME_SIZE];
	enum tc_mind_role role;
	struct tc_peer *peer;  /* owned; NULL until the first offer or candidate */
	char offer_origin[80]; /* the o= line of the connection we answer: a new one is a new page
				*/
	int64_t away_until_ms; /* not listed by a server that is new, but connected; 0: here */
	bool met;              /* the mind knows that this person hears us */
	int lane;              /* -1: none */
	bool voice;            /* voice activity */
	float level;
	int64_t first_sound_us;
	int16_t *early; /* owned; sound before the models were there */
	size_t early_count;
};

/* What a lane of the recognizer is saying. It outlives its person: the last final comes after they
 * left. */
struct tc_lane {
	char user_id[TC_ID_SIZE];
	char utterance_id[TC_ID_SIZE]; /* of the open utterance; "": none */
	uint32_t utterance;
	char shown[TC_HYPOTHESIS_TEXT]; /* the partial people saw last */
	int64_t start_ms;               /* monotonic, of the open utterance */
};

enum tc_answer_state {
	TC_ANSWER_NONE,
	TC_ANSWER_PREPARING, /* being synthesised; nobody hears it */
	TC_ANSWER_PLAYING,
};

struct tc_answer {
	enum tc_answer_state state;
	uint32_t id;
	char *text; /* owned */
	char utterance_id[TC_ID_SIZE];
	int64_t decided_us; /* to speak it */
	int64_t turn_us;    /* that the turn it answers is over; 0: it answers none */
	int64_t started_ms;
	size_t heard; /* bytes of text that people were shown as said */
};

/* That it could not keep up, said to people once. */
enum tc_excuse {
	TC_EXCUSE_NONE,
	TC_EXCUSE_OWED, /* as soon as nobody speaks */
	TC_EXCUSE_MADE,
};

/* From other threads to the loop. */
enum tc_session_event_kind {
	TC_EVENT_HEARD,        /* ptr: struct tc_hearing_event, heap */
	TC_EVENT_PLAY_STARTED, /* answer, a: time_us */
	TC_EVENT_CLAUSE,       /* answer, a: offset, b: len */
	TC_EVENT_PLAY_ENDED,   /* answer, a: heard, b: cut */
	TC_EVENT_VOICE_DONE,   /* answer, a: err */
	TC_EVENT_ENGINES,      /* ptr: struct tc_engines, heap: loaded or failed */
	TC_EVENT_CLOSED,       /* the closer: no thread says anything after this */
};

struct tc_session_event {
	enum tc_session_event_kind kind;
	uint32_t answer;
	int64_t a, b;
	void *ptr;
};

struct tc_session {
	struct tc_loop *loop;           /* borrowed */
	const struct tc_orb_args *args; /* borrowed */
	const struct tc_clock *clock;
	enum tc_session_state state;
	int exit_code;
	char tag[160];
	char reason[64];
	int64_t began_us, began_wall_ms; /* this life */
	int64_t session_ms;              /* monotonic: when the session began, which may be older */

	struct tc_rtc *rtc;
	struct tc_roster *roster;
	struct tc_speaker *speaker;
	struct tc_speaker *voice_out; /* the same, for the voice thread: stays while that runs */
	struct tc_painter *painter;
	struct tc_engine_loader *loader;
	struct tc_engines *engines; /* owned; NULL until loaded */
	struct tc_hearing *hearing;
	struct tc_voice *voice;
	struct tc_mind *mind;
	struct tc_uplink *uplink;
	struct tc_manager_link *manager; /* NULL: nobody gave us a channel */

	struct tc_pulse pulses[TC_WORKERS];
	enum tc_shed shed; /* what the manager asked us to do without */
	struct tc_queue *events;
	struct tc_watch *event_watch;
	struct tc_timer *mind_timer, *lifetime_timer, *idle_timer, *heartbeat_timer, *soon_timer,
		*away_timer;
	struct tc_timer *restore_timer; /* until it no longer waits for a memory */
	const char *idle_reason;        /* of idle_timer */
	bool met_anybody;
	struct tc_timer *end_timer; /* of the step of the end we are at */
	struct tc_closer closer;
	int64_t mind_deadline;

	struct tc_person people[TC_PEOPLE_MAX];
	struct tc_lane lanes[TC_HEARING_LANES];
	struct tc_names names; /* what the recognizer was taught */
	struct tc_answer answers[TC_ANSWERS_MAX];
	uint32_t playing; /* answer whose packets go out; 0: none */
	enum tc_mind_status mind_status;
	const char *told_status; /* what ai_status said last */
	bool told_muted;         /* likewise */
	char id_prefix[12];      /* of utterance ids of this life */
	uint32_t utterances;
	struct tc_buf out;                   /* scratch for one message */
	STAILQ_HEAD(, tc_unstored) unstored; /* owned; keep.c */
	size_t unstored_count;

	int64_t turn_ended_us; /* decided so, and its words are awaited; 0: none */
	double latency_ms;     /* of the newest answer to a turn: end decided -> first packet */
	double chosen_ms;      /* of it, until the answer was chosen */
	double latencies[TC_LATENCIES];
	size_t latency_count;
	int64_t cpu_us, cpu_at_us;
	enum tc_excuse excuse;
	int64_t sound_lost_ms; /* as last asked */
	int64_t lost_told_ms;  /* when the manager last heard of lost sound; 0: never */
};

/* session.c */
int64_t tc_session_now(const struct tc_session *s); /* monotonic ms */
int64_t tc_session_ms(const struct tc_session *s,
		      int64_t monotonic_ms); /* since the session began */
void tc_session_push(struct tc_session *s, const struct tc_session_event *event); /* thread: any */
void tc_session_plan(struct tc_session *s); /* after the mind was told something */
void tc_session_check_idle(struct tc_session *s);
void tc_session_next_id(struct tc_session *s, char out[TC_ID_SIZE]);
void tc_session_drain(struct tc_session *s); /* takes the events of the other threads */
void tc_session_set_state(struct tc_session *s, enum tc_session_state next, const char *why);

/* restore.c */
int tc_restore_expect(struct tc_session *s); /* -ENOMEM */
void tc_restore_take(struct tc_session *s, const struct tc_channel_message *message);

/* end.c */
void tc_end_closed(struct tc_session *s);       /* the closer is done */
void tc_end_channel_lost(struct tc_session *s); /* while ending: nobody is there to be told */
void tc_end_flushed(struct tc_session *s);      /* the manager has all, or is gone */
bool tc_end_join(struct tc_session *s);         /* false: a thread hangs */

/* media.c */
int tc_media_create(struct tc_session *s);

/* shed.c */
void tc_shed_set(struct tc_session *s, int64_t level);
void tc_shed_apply(struct tc_session *s); /* to what is there by now */

/* room.c */
extern const struct tc_uplink_events tc_session_uplink_events;

/* people.c */
int tc_people_present(const struct tc_session *s);
struct tc_person *tc_people_find(struct tc_session *s, const char *id);
void tc_people_listed(struct tc_session *s, const struct tc_signal *discovery); /* we are in */
/* NULL: an orb, or there is no place. Who is here already stays as they are. */
struct tc_person *tc_people_joined(struct tc_session *s, struct tc_json who);
void tc_people_left(struct tc_session *s, const char *id);
void tc_people_close(struct tc_session *s);

/* connection.c */
void tc_connection_offer(struct tc_person *p, const struct tc_signal *offer);
void tc_connection_candidate(struct tc_person *p, const struct tc_signal *message);
void tc_connection_drop(struct tc_person *p);
void tc_connection_show_hearing(struct tc_session *s); /* the loudest voice moves the picture */

/* ear.c */
void tc_ear_open(struct tc_person *p);
void tc_ear_close(struct tc_person *p);
void tc_ear_sound(struct tc_person *p, const struct tc_peer_sound *sound);
void tc_ear_engines_ready(struct tc_session *s);
void tc_ear_handle(struct tc_session *s, const struct tc_hearing_event *event);
void tc_ear_event(void *user, const struct tc_hearing_event *event); /* recognizer thread */
void tc_ear_excuse(struct tc_session *s); /* the floor may be free: what is owed is said */
void tc_ear_end_turn(struct tc_person *p, uint32_t utterance);
/* No final will come any more: what people saw of the open utterances is it. */
void tc_ear_settle(struct tc_session *s);

/* mouth.c */
extern const struct tc_mind_events tc_session_mind_events;
extern const struct tc_speaker_events tc_session_speaker_events;
extern const struct tc_voice_events tc_session_voice_events;
void tc_mouth_handle(struct tc_session *s, const struct tc_session_event *event);
void tc_mouth_engines_ready(struct tc_session *s);
void tc_mouth_hush(struct tc_session *s); /* fades out; `ended` comes as an event */
/* Nothing more comes of the audio thread: what people saw of the open answer is final. */
void tc_mouth_settle(struct tc_session *s);

/* report.c */
void tc_report_status(struct tc_session *s);
void tc_report_ready(struct tc_session *s);
void tc_report_heartbeat(struct tc_session *s);
void tc_report_soon(struct tc_session *s); /* a heartbeat within 1 s: something changed */
void tc_report_pong(struct tc_session *s, int64_t id);
void tc_report_error(struct tc_session *s, const char *what, bool fatal);
void tc_report_summary(struct tc_session *s);
/* Times: since the session began. */
void tc_report_transcript(struct tc_session *s, const struct tc_signal_transcript *t);

/* keep.c */
void tc_keep_add(struct tc_session *s, const char *id, const struct tc_buf *line);
void tc_keep_stored(struct tc_session *s, const char *id); /* "": the summary */
bool tc_keep_empty(const struct tc_session *s);
void tc_keep_tell_again(struct tc_session *s); /* to a manager that took us up */
void tc_keep_spool(struct tc_session *s);      /* to the server's next start */
void tc_keep_finish(struct tc_session *s);

/* adopt.c */
void tc_adopt_lost(struct tc_session *s); /* the channel is closed */
void tc_adopt_introduce(struct tc_session *s, struct tc_buf *out);
void tc_adopt_taken(struct tc_session *s, const struct tc_channel_message *message);
void tc_adopt_given_up(struct tc_session *s);

#endif
