/* probe/leg.h -- the probe's WebRTC connection to one other participant, and what it
 * measures.
 *
 * Thread: the loop's. Owner: the caller (caller.h) whose it is.
 */
#ifndef TC_PROBE_LEG_H
#define TC_PROBE_LEG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "media/vp8.h"
#include "probe/clip.h"
#include "probe/hear.h"
#include "proto/signal.h"
#include "rtc/peer.h"

struct tc_leg;

struct tc_leg_events {
	/* A message for them, to be sent as it is. */
	void (*send)(void *user, const char *json, size_t len);
	void (*connected)(void *user, struct tc_leg *leg);
	void (*pictured)(void *user, struct tc_leg *leg); /* the first that decodes */
	void (*voice)(void *user, struct tc_leg *leg);    /* theirs began */
	void (*failed)(void *user, struct tc_leg *leg, const char *why);
};

struct tc_leg_config {
	struct tc_rtc *rtc; /* borrowed */
	const struct tc_clock *clock;
	const struct tc_signal_peer *to; /* copied */
};

/* -1: not yet. Monotonic microseconds. */
struct tc_leg_times {
	int64_t met_us; /* when they were in the room */
	int64_t connected_us, pictured_us, voiced_us;
};

struct tc_leg_media {
	struct tc_peer_stats peer;
	uint64_t pictures, pictures_broken;
	int64_t still_us; /* the longest time without a new picture */
	double fps;
	struct tc_hear hear;
};

struct tc_leg {
	const struct tc_clock *clock;
	struct tc_leg_events events;
	void *user;
	char id[TC_ID_SIZE]; /* whom to; "": free */
	bool ai, offers;
	struct tc_peer *peer;           /* owned */
	struct tc_vp8_decoder *decoder; /* owned; until the first picture is seen */
	struct tc_leg_times times;
	struct tc_hear hear;
	uint64_t pictures, broken;
	int64_t first_picture_us, last_picture_us, still_us;
	bool lost; /* was connected and is not */
};

int tc_leg_open(struct tc_leg *c, const struct tc_leg_config *config,
		const struct tc_leg_events *events, void *user);
void tc_leg_close(struct tc_leg *c);
/* offer, answer, ice-candidate or renegotiate of theirs. */
void tc_leg_signal(struct tc_leg *c, const struct tc_signal *signal);
/* ticks: the position on the shared 48 kHz clock. */
void tc_leg_say(struct tc_leg *c, const struct tc_clip_packet *packet, uint32_t ticks, bool first);
void tc_leg_media(struct tc_leg *c, struct tc_leg_media *out);

#endif
