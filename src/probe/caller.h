/* probe/caller.h -- one of the probe's people in a room: signaling, and a connection to each other
 * participant.
 *
 * Thread: the loop's. Owner: its room.
 */
#ifndef TC_PROBE_CALLER_H
#define TC_PROBE_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/leg.h"
#include "probe/identity.h"
#include "probe/stats.h"
#include "uplink/uplink.h"

#define TC_CALLER_OTHERS 2 /* a room has three seats */

struct tc_caller;

struct tc_caller_events {
	void (*joined)(void *user, struct tc_caller *caller);
	void (*orb_state)(void *user, const char *state, const char *reason);
	void (*orb_here)(void *user, struct tc_caller *caller);
	void (*orb_gone)(void *user, struct tc_caller *caller);
	void (*connected)(void *user, struct tc_caller *caller, struct tc_leg *leg);
	void (*pictured)(void *user, struct tc_caller *caller);
	void (*voice)(void *user, struct tc_caller *caller, int64_t onset_us); /* the orb's */
	/* code: a word of probe/room.h's list. */
	void (*failed)(void *user, struct tc_caller *caller, const char *code, const char *why);
	void (*left)(void *user, struct tc_caller *caller);
};

struct tc_caller_config {
	struct tc_loop *loop; /* borrowed, as all here */
	const struct tc_clock *clock;
	struct tc_rtc *rtc;
	const char *url, *ca, *cookie; /* NULL: none */
	const char *room;
	const struct tc_identity *who;
	int timeout_ms;
};

/* What has become of connections that are gone is counted here, too. */
struct tc_caller_totals {
	uint64_t sent, received, lost, video_received, video_lost, pictures, pieces, late;
	uint64_t concealed_ms, srtp_rejected;
	int64_t still_us, late_worst_us;
	double fps; /* of the newest */
	int rtt_ms, jitter_us, remote_jitter_us, remote_loss_percent;
};

struct tc_caller {
	struct tc_caller_config config;
	struct tc_caller_events events;
	void *user;
	char role[16];
	struct tc_uplink *uplink; /* owned */
	struct tc_leg others[TC_CALLER_OTHERS];
	int64_t began_us, joined_us; /* -1: not yet */
	unsigned joins;
	bool leaving, gone;
	struct tc_caller_totals orb_before, human_before; /* of closed connections */
};

int tc_caller_start(struct tc_caller *caller, const struct tc_caller_config *config,
		    const struct tc_caller_events *events, void *user);
void tc_caller_leave(struct tc_caller *caller); /* `left` follows */
void tc_caller_finish(struct tc_caller *caller);
/* NULL: not in the room. */
struct tc_leg *tc_caller_orb(struct tc_caller *caller);
struct tc_leg *tc_caller_human(struct tc_caller *caller);
void tc_caller_say(struct tc_caller *caller, const struct tc_clip_packet *packet, uint32_t ticks,
		   bool first);
void tc_caller_totals(struct tc_caller *caller, bool orb, struct tc_caller_totals *out);

#endif
