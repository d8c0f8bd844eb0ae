/* store/store.h -- what outlives a process: people, sign-ins, appointments, calls and their words.
 *
 * The seam between the server and its database (sqlite.c today). Thread: any; calls on one store
 * take turns, so a slow writer would hold up a reader: the server opens one store for its loop
 * (short reads; WAL readers never wait for writers) and one for the thread pool (writes). Several
 * processes may have the same data folder open.
 * Errors: -ENOENT nothing found (or a person referred to does not exist), -EEXIST taken, -EINVAL
 * refused by a rule of the schema, -EBUSY, -ENOSPC, -EROFS, -EIO, -ENOMEM.
 */
#ifndef TC_STORE_STORE_H
#define TC_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "proto/role.h"

#define TC_EMAIL_SIZE      255
#define TC_NAME_SIZE       256
#define TC_LOGIN_HASH_SIZE 32
#define TC_ORB_WORD_SIZE   16
#define TC_ORB_REASON_SIZE 256
/* What is kept of orbs' steps: whichever is less. */
#define TC_ORB_EVENTS_MS  (24 * 3600 * 1000)
#define TC_ORB_EVENTS_MAX 20000

struct tc_store;

struct tc_user {
	char id[TC_ID_SIZE];
	char email[TC_EMAIL_SIZE]; /* unique, whatever the case of its ASCII letters */
	char name[TC_NAME_SIZE];
	enum tc_role role; /* coach, client or admin */
	int64_t created_ms;
};

struct tc_appointment {
	char room[TC_ID_SIZE];
	char coach[TC_ID_SIZE], client[TC_ID_SIZE];               /* user ids */
	char coach_name[TC_NAME_SIZE], client_name[TC_NAME_SIZE]; /* filled in when read */
	int64_t starts_ms;                                        /* 0: no fixed time */
	int64_t minutes;
	bool test; /* status "test": a trial of the equipment, the orb leaves soon */
};

struct tc_call { /* one session: from the first person in to the room being empty */
	char id[TC_ID_SIZE];
	char room[TC_ID_SIZE];
	char coach[TC_ID_SIZE], client[TC_ID_SIZE]; /* user ids; "" when not known */
	int64_t started_ms;
	int64_t ended_ms; /* 0: still open */
	bool cut;         /* a server's end ended it: people may come back to it */
};

struct tc_utterance {
	char id[TC_ID_SIZE];
	char user_id[TC_ID_SIZE];
	char user_name[TC_NAME_SIZE]; /* read only; "" when it is nobody of ours (the orb, a guest)
				       */
	char *text;                   /* owned */
	int64_t start_ms, end_ms;     /* since the call began */
};

struct tc_orb_step { /* of an orb's life, for operators */
	int64_t id;  /* read only: later steps have higher ones */
	int64_t at_ms;
	char room[TC_ID_SIZE], session[TC_ID_SIZE];
	int64_t life; /* which process of the session, from 1 */
	int64_t pid;  /* 0: none ran */
	char from[TC_ORB_WORD_SIZE], to[TC_ORB_WORD_SIZE];
	char reason[TC_ORB_REASON_SIZE];
};

/* One minute of the server, for operators. Integers in small units: what SQLite keeps exactly. */
struct tc_minute {
	int64_t minute;                          /* since 1970 */
	int64_t rooms, people, orbs;             /* the most at one time */
	int64_t orb_cpu_permille, orb_memory_kb; /* of all orbs, mean; 1000 is one core */
	int64_t cpu_permille, memory_kb;         /* of the server */
	int64_t lag_us;                          /* the worst of the event loop */
	int64_t answers, answer_p50_us, answer_p95_us;
	int64_t connected, failed; /* connections that browsers tried */
};
#define TC_MINUTES_MAX 1440 /* a day: no more is kept */

struct tc_store_config {
	const char *data_dir; /* made (0700) if only its last part is missing */
	bool check;           /* look for damage before anything else; the server's start does */
	bool must_exist;      /* reading only makes sense if there is something: make nothing */
	bool durable;         /* what is written outlives a power cut, too: each write waits for the
				 disk */
	bool no_wait;         /* for a thread that may not sleep: while another connection is in the
				 way, a call is -EBUSY at once and not after 5 s */
};

/* Opens DIR/tricall.db and brings its schema up to date in one transaction. On failure `why` (if
 * given) has the one line to print. -TC_EVERSION: written by a newer tricall; -EIO: damaged. */
int tc_store_open(struct tc_store **out, const struct tc_store_config *config, char *why,
		  size_t why_size);
void tc_store_close(struct tc_store *store); /* NULL-safe */
/* 0 if a read works: what /readyz asks. */
int tc_store_ping(struct tc_store *store);
/* Many writes that reach the disk together. Until commit or rollback the store is one thread's
 * alone. */
int tc_store_begin(struct tc_store *store);
int tc_store_commit(struct tc_store *store); /* an error: nothing was written */
void tc_store_rollback(struct tc_store *store);

/* ---- people ---- */
int tc_store_user_add(struct tc_store *store, const struct tc_user *user,
		      const char *password_hash);
int tc_store_user(struct tc_store *store, const char *id, struct tc_user *out);
/* hash (may be NULL): at least 129 bytes. */
int tc_store_user_by_email(struct tc_store *store, const char *email, struct tc_user *out,
			   char *hash, size_t hash_size);
int tc_store_user_count(struct tc_store *store, int64_t *out);

/* ---- sign-ins: only the hash of a cookie's token is kept ---- */
int tc_store_login_add(struct tc_store *store, const uint8_t hash[TC_LOGIN_HASH_SIZE],
		       const char *user_id, int64_t now_ms, int64_t expires_ms);
int tc_store_login(struct tc_store *store, const uint8_t hash[TC_LOGIN_HASH_SIZE], int64_t now_ms,
		   struct tc_user *out);
int tc_store_login_remove(struct tc_store *store, const uint8_t hash[TC_LOGIN_HASH_SIZE]);
int tc_store_login_purge(struct tc_store *store, int64_t now_ms); /* the expired ones */

/* ---- appointments ---- */
int tc_store_appointment_add(struct tc_store *store, const struct tc_appointment *appointment);
int tc_store_appointment(struct tc_store *store, const char *room, struct tc_appointment *out);
/* Of a coach or client, or everybody's (NULL); soonest first, those without a time before them, at
 * most `max`. *out: free() it. */
int tc_store_appointments(struct tc_store *store, const char *user_id, size_t max,
			  struct tc_appointment **out, size_t *count);

/* ---- calls and what was said ---- */
int tc_store_call_add(struct tc_store *store, const struct tc_call *call);
/* Writes ended_ms and cut, and who its people are if that was not known. */
int tc_store_call_end(struct tc_store *store, const struct tc_call *call);
int tc_store_call_resume(struct tc_store *store, const char *id); /* it is open again */
/* Ends what a crash left open: cut, at its last words, or when it began. Returns how many, or an
 * error. */
int tc_store_calls_close_open(struct tc_store *store);
/* The calls that were cut at since_ms or later, of each room the newest. *out: free() it. */
int tc_store_calls_cut(struct tc_store *store, int64_t since_ms, struct tc_call **out,
		       size_t *count);
/* Those that ended and have words, but no summary, or (stale_too) one from before their last words;
 * at most `max`. *out: free() it. */
int tc_store_calls_unsummed(struct tc_store *store, bool stale_too, size_t max,
			    struct tc_call **out, size_t *count);
int tc_store_call(struct tc_store *store, const char *id, struct tc_call *out);
/* Newest first, at most `max`, of one room or all (NULL). *out: free() it. */
int tc_store_calls(struct tc_store *store, const char *room, size_t max, struct tc_call **out,
		   size_t *count);
/* The same utterance id again replaces its text: an orb may send one twice. */
int tc_store_utterance_put(struct tc_store *store, const char *call_id,
			   const struct tc_utterance *utterance);
/* By time. *out: tc_utterances_free(). */
int tc_store_utterances(struct tc_store *store, const char *call_id, struct tc_utterance **out,
			size_t *count);
void tc_utterances_free(struct tc_utterance *utterances, size_t count);
int tc_store_summary_put(struct tc_store *store, const char *call_id, const char *json, size_t len);
/* How many of the call's utterances came after its summary was stored. -ENOENT: it has none. */
int64_t tc_store_summary_missing(struct tc_store *store, const char *call_id);
/* *json: free() it. */
int tc_store_summary(struct tc_store *store, const char *call_id, char **json);

/* ---- orbs' steps ---- */
/* Drops what is older than TC_ORB_EVENTS_MS before it, and beyond TC_ORB_EVENTS_MAX. */
int tc_store_orb_event_add(struct tc_store *store, const struct tc_orb_step *step);
/* At since_ms or later, of one room or all (NULL); newest first, at most `max`. *out: free() it. */
int tc_store_orb_events(struct tc_store *store, int64_t since_ms, const char *room, size_t max,
			struct tc_orb_step **out, size_t *count);

/* ---- minutes ---- */
/* Replaces one of the same minute; drops those that are a day older or newer than it. */
int tc_store_minute_put(struct tc_store *store, const struct tc_minute *minute);
/* From this minute on, oldest first, at most `max`. */
int tc_store_minutes(struct tc_store *store, int64_t since, struct tc_minute *out, size_t max,
		     size_t *count);
/* 0 if a write works: what /readyz asks. */
int tc_store_write_check(struct tc_store *store, int64_t now_ms);

#endif
