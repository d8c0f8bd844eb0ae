// SPDX-License-Identifier: Apache-2.0
#include "rtc/peer/peer_priv.h"

#include "base/log.h"

TC_LOG_TOPIC("rtc.peer");

#define BIT(state) (1u << (state))

/* From each state, where it may go. */
static const unsigned allowed[] = {
	[TC_PEER_NEW] = BIT(TC_PEER_CONNECTING) | BIT(TC_PEER_CLOSED),
	[TC_PEER_CONNECTING] = BIT(TC_PEER_CONNECTED) | BIT(TC_PEER_FAILED) | BIT(TC_PEER_CLOSED),
	[TC_PEER_CONNECTED] = BIT(TC_PEER_STALLED) | BIT(TC_PEER_CONNECTING) | BIT(TC_PEER_FAILED) |
			      BIT(TC_PEER_CLOSED),
	[TC_PEER_STALLED] = BIT(TC_PEER_CONNECTED) | BIT(TC_PEER_SILENT) | BIT(TC_PEER_CONNECTING) |
			    BIT(TC_PEER_FAILED) | BIT(TC_PEER_CLOSED),
	[TC_PEER_SILENT] = BIT(TC_PEER_CONNECTED) | BIT(TC_PEER_CONNECTING) | BIT(TC_PEER_FAILED) |
			   BIT(TC_PEER_CLOSED),
	/* CONNECTED: a path or handshake that came after we gave up is still welcome. */
	[TC_PEER_FAILED] = BIT(TC_PEER_CONNECTING) | BIT(TC_PEER_CONNECTED) | BIT(TC_PEER_CLOSED),
	[TC_PEER_CLOSED] = 0,
};

const char *tc_peer_state_str(enum tc_peer_state state)
{
	switch (state) {
	case TC_PEER_NEW:
		return "NEW";
	case TC_PEER_CONNECTING:
		return "CONNECTING";
	case TC_PEER_CONNECTED:
		return "CONNECTED";
	case TC_PEER_STALLED:
		return "STALLED";
	case TC_PEER_SILENT:
		return "SILENT";
	case TC_PEER_FAILED:
		return "FAILED";
	case TC_PEER_CLOSED:
		return "CLOSED";
	}
	return "?";
}

enum tc_peer_state tc_peer_state(const struct tc_peer *peer)
{
	return atomic_load(&peer->state);
}

void tc_peer_open(struct tc_peer *peer, bool open)
{
	pthread_mutex_lock(&peer->out.lock);
	peer->out.open = open && peer->out.srtp;
	pthread_mutex_unlock(&peer->out.lock);
}

static bool sends_in(enum tc_peer_state state)
{
	return state == TC_PEER_CONNECTED || state == TC_PEER_STALLED;
}

static void on_connect_timeout(void *user)
{
	struct tc_peer *peer = user;
	tc_peer_set_state(peer, TC_PEER_FAILED,
			  peer->link_up ? "no DTLS in time" : "no path in time");
}

static void watch_connecting(struct tc_peer *peer, bool on)
{
	tc_timer_cancel(peer->connect_timer);
	peer->connect_timer = NULL;
	if (on) {
		peer->connect_timer = tc_loop_timer(peer->rtc->loop, TC_PEER_CONNECT_MS, false,
						    on_connect_timeout, peer);
	}
}

static void notify(struct tc_peer *peer, enum tc_peer_state now, enum tc_peer_state was,
		   const char *why)
{
	TC_INFO(peer->tag, "%s -> %s (%s)", tc_peer_state_str(was), tc_peer_state_str(now), why);
	if (!peer->closed && peer->events.state) {
		peer->events.state(peer->user, now, was, why);
	}
}

void tc_peer_set_state(struct tc_peer *peer, enum tc_peer_state next, const char *why)
{
	TC_ASSERT_HOME(peer);
	enum tc_peer_state was = atomic_load(&peer->state);
	if (was == next) {
		return;
	}
	TC_ASSERT(allowed[was] & BIT(next));
	atomic_store(&peer->state, next);
	tc_peer_open(peer, sends_in(next));
	if (sends_in(next)) {
		tc_peer_start_reports(peer);
	}
	watch_connecting(peer, next == TC_PEER_CONNECTING);
	notify(peer, next, was, why);
}

void tc_peer_heard(struct tc_peer *peer)
{
	atomic_store(&peer->count.last_heard_us, peer_now_us(peer));
	peer->told_missed = false;
	enum tc_peer_state state = atomic_load(&peer->state);
	if (state == TC_PEER_STALLED || state == TC_PEER_SILENT) {
		tc_peer_set_state(peer, TC_PEER_CONNECTED, "heard again");
		tc_peer_want_keyframe(peer);
	}
}

/* libnice cannot be asked whether the other side still lives (see rtc/ice/), and a killed browser
 * says no goodbye: what counts is when the last authenticated packet came. */
void tc_peer_check_liveness(struct tc_peer *peer)
{
	enum tc_peer_state state = atomic_load(&peer->state);
	if (!sends_in(state)) {
		return;
	}
	int64_t quiet = (peer_now_us(peer) - atomic_load(&peer->count.last_heard_us)) / 1000;
	int64_t stalled = peer->out.video.on || peer->agreement.audio.receive
				  ? TC_PEER_STALLED_MS
				  : TC_PEER_STALLED_AUDIO_ONLY_MS;
	if (state == TC_PEER_CONNECTED && quiet >= stalled) {
		tc_peer_set_state(peer, TC_PEER_STALLED, "nothing heard for a while");
	} else if (quiet >= TC_PEER_SILENT_MS) {
		tc_peer_set_state(peer, TC_PEER_SILENT, "nothing heard for 30 s");
	} else if (quiet >= TC_PEER_MISSED_MS && !peer->told_missed) {
		peer->told_missed = true;
		notify(peer, state, state, "nothing heard for 15 s");
	}
}
