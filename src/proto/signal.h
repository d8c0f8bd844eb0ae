/* proto/signal.h -- signaling messages (protocol.md section 1): shape, checks, writers.
 *
 * Pure. A message is checked once and then only pointed into; relaying splices the true `fromId` in
 * front and copies nothing before the outgoing buffer. Used by the server (rooms) and by the orb's
 * signaling client. Thread: any.
 */
#ifndef TC_PROTO_SIGNAL_H
#define TC_PROTO_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/json.h"
#include "proto/role.h"

#define TC_SIGNAL_MAX_LEN   (64u * 1024) /* a longer message closes the socket with 1009 */
#define TC_SIGNAL_NAME_SIZE 256          /* userName, with its 0 */

/* Close codes of protocol.md. */
#define TC_CLOSE_ENDED      4000
#define TC_CLOSE_BAD        4400
#define TC_CLOSE_REFUSED    4403 /* identity-mismatch, room-full */
#define TC_CLOSE_TIMEOUT    4408
#define TC_CLOSE_REPLACED   4409
#define TC_CLOSE_OVERLOADED 4429
#define TC_CLOSE_NOT_TEXT   1007
#define TC_CLOSE_TOO_BIG    1009
#define TC_CLOSE_GOING_AWAY 1001

#define TC_SIGNAL_TYPES(X)                  \
	X(JOIN, "join")                     \
	X(OFFER, "offer")                   \
	X(ANSWER, "answer")                 \
	X(ICE_CANDIDATE, "ice-candidate")   \
	X(RENEGOTIATE, "renegotiate")       \
	X(LEAVE, "leave")                   \
	X(PING, "ping")                     \
	X(PONG, "pong")                     \
	X(AI_STATUS, "ai_status")           \
	X(TRANSCRIPT, "transcript")         \
	X(SUGGESTION, "suggestion")         \
	X(ORB_CONTROL, "orb-control")       \
	/* server -> peer only */           \
	X(PEER_DISCOVERY, "peer-discovery") \
	X(USER_JOINED, "user-joined")       \
	X(USER_LEFT, "user-left")           \
	X(ORB_STATE, "orb-state")           \
	X(SESSION_ENDED, "session-ended")   \
	X(ERROR, "error")

enum tc_signal_type {
	TC_SIGNAL_OTHER, /* a string we do not know */
#define X(name, text) TC_SIGNAL_##name,
	TC_SIGNAL_TYPES(X)
#undef X
};
const char *tc_signal_type_str(enum tc_signal_type type); /* "other" for OTHER */

/* One message; everything is borrowed from the text. */
struct tc_signal {
	enum tc_signal_type type;
	struct tc_json object;
	struct tc_json type_value; /* the string itself, for `inReplyTo` */
	struct tc_json to;         /* toId, or the legacy targetId; NONE: to all others */
	struct tc_json from; /* fromId: the server's word; from a peer it counts for nothing */
};

/* 0; -TC_EPARSE: no JSON object, no string `type`, or a target that is no string. */
int tc_signal_parse(struct tc_signal *out, const char *text, size_t len);

/* --- what a peer may send to the server --- */

/* Does it carry what its type must (transcript: ids, text, times...; orb-control: a known
 * action...)? NULL, or one line saying what is missing. The bodies of offer, answer and
 * ice-candidate are between the peers. */
const char *tc_signal_check(const struct tc_signal *signal);

struct tc_signal_join {
	char room[TC_ID_SIZE]; /* "" when absent, as the next two */
	char user_id[TC_ID_SIZE];
	char user_name[TC_SIGNAL_NAME_SIZE];
	enum tc_role role; /* NONE: absent */
	bool has_participant;
	bool ai; /* participantType "ai" */
	bool resume;
	/* A text that nobody's identity can be: "userId", "userRole", "participantType" or
	 * "roomId". It contradicts whatever was proven. NULL: none. */
	const char *impossible;
};
/* 0 or -EINVAL: a field of a type that no join can have. */
int tc_signal_read_join(const struct tc_signal *signal, struct tc_signal_join *out);

/* The message as it goes on: without any `fromId` of the sender's (however spelled, however often)
 * and, if `from` is given, with the true one in front. At most two pieces, borrowed from the
 * message, `prefix` and `scratch` (used only when there is something to cut out; the caller resets
 * it). Returns the count, or -ENOMEM. prefix: made once by tc_signal_prefix(); NULL: no fromId is
 * added.
 */
struct tc_signal_piece {
	const char *data;
	size_t len;
};
#define TC_SIGNAL_PREFIX_SIZE (TC_ID_SIZE + 16)
size_t tc_signal_prefix(char out[TC_SIGNAL_PREFIX_SIZE], const char *from);
int tc_signal_relay(const struct tc_signal *signal, const char *prefix, size_t prefix_len,
		    struct tc_buf *scratch, struct tc_signal_piece out[2]);

/* Who offers (the same answer computed for both ends): the AI never; a human facing it always; of
 * two humans the smaller id, in byte order. True: `self` offers to `other`. */
bool tc_signal_offers(const char *self_id, bool self_ai, const char *other_id, bool other_ai);

/* --- what the server sends to a peer --- */

struct tc_signal_peer {
	char user_id[TC_ID_SIZE];
	char user_name[TC_SIGNAL_NAME_SIZE];
	enum tc_role role;
	bool ai;
	bool should_create_offer; /* the reader offers to this peer */
};
/* The fields of `user-joined`, of `user-left`, or of one entry of `peers`. -EINVAL: no userId. A
 * `user-joined` of an id already known: their socket began anew, or the server did; whether their
 * page did, too, its offer tells. */
int tc_signal_read_peer(struct tc_json object, struct tc_signal_peer *out);
/* For `peer-discovery`: for (it = tc_signal_peers(m); tc_json_next(&it);) ...read_peer(it.value) */
struct tc_json_iter tc_signal_peers(const struct tc_signal *signal);
/* -EINVAL when there is no valid one. */
int tc_signal_read_from(const struct tc_signal *signal, char out[TC_ID_SIZE]);
/* The description in an `offer` or `answer` (RTCSessionDescription, or the bare text). Caller
 * frees; NULL: none there, or no memory. */
char *tc_signal_sdp_dup(const struct tc_signal *signal);

struct tc_signal_candidate {
	char line[1024]; /* "candidate:..."; "": no more will come */
	char mid[64];    /* sdpMid; "": absent */
	int mline;       /* sdpMLineIndex; -1: absent */
};
/* 0, or -EINVAL: no `candidate` member, or one that fits no line. */
int tc_signal_read_candidate(const struct tc_signal *signal, struct tc_signal_candidate *out);

/* What an orb is made to say at one time, with its 0. */
#define TC_SIGNAL_SAY_SIZE 2048

struct tc_signal_control {
	char action[16]; /* mode mute unmute say stop leave */
	char value[TC_SIGNAL_SAY_SIZE];
};
int tc_signal_read_control(const struct tc_signal *signal, struct tc_signal_control *out);

/* --- writers: one whole message appended to buf; errors stick there --- */

struct tc_signal_transcript {
	const char *utterance_id, *user_id, *text;
	bool final;
	int64_t start_ms, end_ms;
};

void tc_signal_write_bare(struct tc_buf *buf, enum tc_signal_type type); /* ping pong leave */
void tc_signal_write_join(struct tc_buf *buf, const struct tc_signal_join *join);
void tc_signal_write_offer(struct tc_buf *buf, const char *to, const char *sdp);
void tc_signal_write_answer(struct tc_buf *buf, const char *to, const char *sdp);
/* candidate NULL: end of candidates. */
void tc_signal_write_candidate(struct tc_buf *buf, const char *to, const char *candidate,
			       const char *mid, int mline);
void tc_signal_write_ai_status(struct tc_buf *buf, const char *status, bool muted,
			       const char *session);
void tc_signal_write_transcript(struct tc_buf *buf, const struct tc_signal_transcript *transcript);

void tc_signal_write_discovery(struct tc_buf *buf, const struct tc_signal_peer *peers,
			       size_t count);
void tc_signal_write_user_joined(struct tc_buf *buf, const struct tc_signal_peer *peer);
void tc_signal_write_user_left(struct tc_buf *buf, const char *user_id, enum tc_role role,
			       const char *reason);
void tc_signal_write_orb_state(struct tc_buf *buf, const char *state, const char *reason);
void tc_signal_write_session_ended(struct tc_buf *buf, const char *reason);
/* in_reply_to: the string value of the refused message's type; NONE: null. */
void tc_signal_write_error(struct tc_buf *buf, const char *code, const char *message,
			   struct tc_json in_reply_to);
/* Of the orb, to one peer. */
void tc_signal_write_error_to(struct tc_buf *buf, const char *to, const char *code,
			      const char *message, struct tc_json in_reply_to);

#endif
