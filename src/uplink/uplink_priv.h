/* uplink/uplink_priv.h -- what the files of the uplink share.
 *
 * uplink.c life, what comes in · connect.c the way to the server, again and again · outbox.c what
 * waits to be sent · inbox.c frames to messages · url.c where to. Thread: the loop's.
 */
#ifndef TC_UPLINK_UPLINK_PRIV_H
#define TC_UPLINK_UPLINK_PRIV_H

#include "uplink/uplink.h"

#include <stdint.h>

#include "rtc/resolve.h"

#define TC_UPLINK_QUEUE_MAX      512          /* messages kept while the socket is down */
#define TC_UPLINK_RX_MAX         (256 * 1024) /* the server relays at most 64 KiB */
#define TC_UPLINK_ADDRESSES      8
#define TC_UPLINK_BACKOFF_MS     250
#define TC_UPLINK_BACKOFF_MAX_MS 5000

struct lws;
struct lws_context;

enum uplink_state {
	UPLINK_DOWN,       /* no socket; a timer will try again */
	UPLINK_RESOLVING,  /* the server's name is being looked up */
	UPLINK_CONNECTING, /* TCP, TLS, upgrade */
	UPLINK_JOINING,    /* open; our join is on its way */
	UPLINK_JOINED,
	UPLINK_LEAVING, /* writes what is queued, then closes */
	UPLINK_CLOSED,  /* for good */
};

/* --- outbox.c: a bounded queue; when full the oldest goes --- */

struct uplink_message {
	struct uplink_message *next;
	size_t len;
	unsigned char *text; /* libwebsockets writes its frame header in front of it */
};

struct uplink_outbox {                       /* zero: empty */
	struct uplink_message *first, *last; /* owned */
	size_t count;
};

/* text is copied. 1: the oldest was dropped for it; -ENOMEM. */
int tc_uplink_outbox_append(struct uplink_outbox *box, const char *text, size_t len);
int tc_uplink_outbox_prepend(struct uplink_outbox *box, const char *text, size_t len);
void tc_uplink_outbox_drop_first(struct uplink_outbox *box);
void tc_uplink_outbox_finish(struct uplink_outbox *box);

/* --- inbox.c: the pieces of one message --- */

struct uplink_inbox { /* zero: empty */
	char *data;   /* owned */
	size_t len, room;
};

/* -EMSGSIZE: more than TC_UPLINK_RX_MAX in one message; -ENOMEM. */
int tc_uplink_inbox_add(struct uplink_inbox *box, const char *piece, size_t len);
/* The whole of it; the next piece begins another. Valid until then. */
size_t tc_uplink_inbox_take(struct uplink_inbox *box, const char **data);
void tc_uplink_inbox_finish(struct uplink_inbox *box);

/* --- url.c --- */

struct uplink_url {
	char *host, *path; /* owned */
	int port;
	bool tls;
};

/* ws://HOST[:PORT][/prefix] or wss://...: path gets /ws-simple/ROOM. -EINVAL, -ENOMEM. */
int tc_uplink_url_parse(struct uplink_url *out, const char *url, const char *room);
void tc_uplink_url_finish(struct uplink_url *url);

/* --- connect.c --- */

/* The next wait, 75-125 % of *backoff_ms by `noise` (not all of a server's people at once), which
 * doubles up to its bound. */
int64_t tc_uplink_backoff(int64_t *backoff_ms, uint8_t noise);
/* Close codes after which trying again is of no use (protocol.md section 1). */
bool tc_uplink_final_code(unsigned code);

struct tc_uplink {
	struct tc_loop *loop; /* borrowed */
	struct tc_uplink_events events;
	void *user;
	char *token, *cookie, *ca, *room, *user_id, *user_name, *role, *participant; /* owned */
	int64_t first_tries_ms;
	struct uplink_url url;
	struct lws_context *lws; /* owned */
	struct lws *wsi;         /* lws's */
	enum uplink_state state;
	bool was_joined;
	bool held;       /* no new socket until tc_uplink_resume() */
	bool join_waits; /* is the first of the outbox */
	struct uplink_outbox outbox;
	struct uplink_inbox inbox;
	struct tc_resolve *resolve;           /* owned; while RESOLVING */
	char *addresses[TC_UPLINK_ADDRESSES]; /* owned; to be tried in this round */
	size_t address_count, address_at;
	struct tc_timer *retry, *leave_timer, *first_timer; /* owned */
	int64_t backoff_ms;
	int64_t began_ms; /* monotonic */
	tc_loop_fn done;
	void *done_user;
	char refusal[160]; /* set: the server does not want us */
	char problem[96];  /* why the last try failed */
};

void tc_uplink_set_state(struct tc_uplink *up, enum uplink_state next, const char *why);
void tc_uplink_connect(void *uplink); /* a round: the name, then each address; a tc_loop_fn */
void tc_uplink_first_tries_over(void *uplink);
void tc_uplink_lost(struct tc_uplink *up, const char *why);
void tc_uplink_stop_connecting(struct tc_uplink *up);
void tc_uplink_finish_leave(struct tc_uplink *up);

#endif
