/* proto/channel.h -- the orb <-> manager channel (protocol.md section 3): lines, messages, writers.
 *
 * Newline-delimited JSON, the same that Node speaks on a child's IPC channel. Pure: bytes in,
 * messages out; the socket is the caller's. Both ends use it: server/orbs reads what orbs say, the
 * orb reads what its manager (ours, or a Node parent) says. Thread: any, one at a time.
 */
#ifndef TC_PROTO_CHANNEL_H
#define TC_PROTO_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/json.h"

#define TC_CHANNEL_MAX_LINE (8u * 1024 * 1024) /* without the newline */

enum tc_channel_type {
	TC_CHANNEL_OTHER, /* an object whose type we do not know; see message.json */
	/* orb -> manager */
	TC_CHANNEL_ORB_READY,
	TC_CHANNEL_ORB_HEARTBEAT,
	TC_CHANNEL_ORB_ERROR,
	TC_CHANNEL_SESSION_SUMMARY,
	TC_CHANNEL_UTTERANCE,
	TC_CHANNEL_PONG,
	TC_CHANNEL_ADOPT,
	/* manager -> orb */
	TC_CHANNEL_SHUTDOWN_GRACEFUL,
	TC_CHANNEL_UPDATE_PARTICIPANTS,
	TC_CHANNEL_RESTORE,
	TC_CHANNEL_PING,
	TC_CHANNEL_STORED,
	TC_CHANNEL_SHED,
	TC_CHANNEL_ADOPTED,
};

/* The orb's threads beside its main loop, whose progress a pong tells. */
enum tc_worker {
	TC_WORKER_AUDIO,
	TC_WORKER_VIDEO,
	TC_WORKER_RECOGNIZER,
	TC_WORKER_VOICE,
	TC_WORKERS,
};
const char *tc_worker_str(enum tc_worker worker);

/* What an orb may be asked to do without, one step after the other. */
enum tc_shed {
	TC_SHED_NOTHING,
	TC_SHED_PICTURE,    /* its picture comes less often */
	TC_SHED_RECOGNIZER, /* and the recognizer tries less hard */
};

/* NAN (or -1 for the counts): not known; such a field is not written. */
struct tc_channel_metrics {
	double cpu_percent, memory_mb, latency_ms;
	double chosen_ms; /* of latency_ms: until what to answer was chosen */
	double loss_percent, jitter_ms;
	int64_t answers;       /* to turns, so far */
	int64_t sound_lost_ms; /* of what people said, so far: the recognizer was too slow */
	int64_t packets_sent, packets_received, queue_depth;
	bool speaking;
};
void tc_channel_metrics_init(struct tc_channel_metrics *metrics); /* nothing known, not speaking */

/* What one person (or the orb) said; times in ms since the session began. */
struct tc_channel_utterance {
	const char *id, *user_id, *text; /* borrowed; id may be NULL in a transcript */
	int64_t start_ms, end_ms;
};

/* One parsed message. Everything is optional but the type: a field that is absent is "", NONE, 0,
 * false, or unknown. */
struct tc_channel_message {
	enum tc_channel_type type;
	struct tc_json json;      /* the whole object; borrowed, as are all below */
	char room[TC_ID_SIZE];    /* roomId */
	char session[TC_ID_SIZE]; /* sessionId */
	char status[64];          /* orb_ready: webrtcStatus; restore: mode */
	char reason[64];          /* shutdown_graceful */
	char error[512];          /* orb_error, cut to fit */
	bool fatal;               /* orb_error */
	int64_t timestamp_ms;     /* orb_heartbeat */
	int64_t elapsed_ms;       /* restore, adopt: since the session began */
	int64_t ping;             /* ping, pong: id */
	/* pong: how long each thread has been at what it is doing now; 0: it waits; -1: not told */
	int64_t busy_ms[TC_WORKERS];
	char utterance[TC_ID_SIZE]; /* stored: utteranceId; "" with summary_stored */
	bool summary_stored;
	bool muted;   /* restore */
	int64_t shed; /* shed: level, see enum tc_shed */
	int64_t pid;  /* adopt, as are the next three */
	char coach[TC_ID_SIZE], client[TC_ID_SIZE];
	bool test;
	struct tc_json token; /* string: adopted; its new ORB_TOKEN */
	struct tc_channel_metrics metrics;
	struct tc_json participants; /* array: orb_ready, update_participants, adopt */
	struct tc_json utterances;   /* array: restore; items for tc_channel_utterance_parse() */
	struct tc_json summary;      /* object: session_summary */
};

struct tc_channel_events {
	/* An object of the other end; Node's own (`cmd` starts "NODE_") never get here. Must not
	 * push to or finish this framer. */
	void (*object)(void *user, struct tc_json object);
	/* A line of `len` bytes was dropped; the stream goes on. */
	void (*dropped)(void *user, const char *why, size_t len);
};

struct tc_channel_framer {
	struct tc_buf half; /* owned; a line that has no end yet */
	size_t skipped;     /* > 0: inside a line that is too long, this many bytes so far */
	const struct tc_channel_events *events; /* borrowed, outlives us */
	void *user;
};

void tc_channel_framer_init(struct tc_channel_framer *framer,
			    const struct tc_channel_events *events, void *user);
void tc_channel_framer_finish(struct tc_channel_framer *framer); /* a half line is lost */
void tc_channel_framer_push(struct tc_channel_framer *framer, const void *data, size_t len);

/* 0; -TC_EPARSE: `type` is no string, or a field of ours has the wrong type (*field names it). */
int tc_channel_parse(struct tc_channel_message *out, struct tc_json object, const char **field);
/* One utterance of a restore, or the utterance message itself. The three strings are on the heap:
 * release with tc_channel_utterance_finish(). -TC_EPARSE: userId or text missing; -ENOMEM. */
int tc_channel_utterance_parse(struct tc_channel_utterance *out, struct tc_json object);
void tc_channel_utterance_finish(struct tc_channel_utterance *utterance);
const char *tc_channel_type_str(enum tc_channel_type type); /* the word on the wire */

/* Writers: one whole line, newline included, appended to `out`; errors stick in the buffer. */
void tc_channel_put_ready(struct tc_buf *out, const char *room, const char *webrtc_status,
			  const char *const *participants, size_t count);
void tc_channel_put_heartbeat(struct tc_buf *out, const char *room, int64_t timestamp_ms,
			      const struct tc_channel_metrics *metrics);
void tc_channel_put_error(struct tc_buf *out, const char *room, const char *error, bool fatal);
void tc_channel_put_utterance(struct tc_buf *out, const char *room, const char *session,
			      const struct tc_channel_utterance *utterance);

struct tc_channel_summary { /* all borrowed; NULL: null */
	const char *room, *session, *client;
	struct tc_json summary; /* {duration, keyTopics, progress, recommendations, transcript} */
};
void tc_channel_put_summary(struct tc_buf *out, const struct tc_channel_summary *summary);

void tc_channel_put_shutdown(struct tc_buf *out, const char *reason);
void tc_channel_put_participants(struct tc_buf *out, const char *const *ids, size_t count);
/* mode NULL: not known. */
void tc_channel_put_restore(struct tc_buf *out, const char *mode, bool muted, int64_t elapsed_ms,
			    const struct tc_channel_utterance *utterances, size_t count);
void tc_channel_put_ping(struct tc_buf *out, int64_t id);
void tc_channel_put_pong(struct tc_buf *out, int64_t id, const int64_t busy_ms[TC_WORKERS]);
/* utterance_id NULL: the summary is. */
void tc_channel_put_stored(struct tc_buf *out, const char *utterance_id);
void tc_channel_put_shed(struct tc_buf *out, enum tc_shed level);

struct tc_channel_adopt { /* all borrowed */
	const char *room, *session, *coach, *client;
	bool test;
	int64_t pid, elapsed_ms;
	const char *const *participants;
	size_t count;
};
void tc_channel_put_adopt(struct tc_buf *out, const struct tc_channel_adopt *adopt);
void tc_channel_put_adopted(struct tc_buf *out, const char *token); /* NULL: the old one holds */

#endif
