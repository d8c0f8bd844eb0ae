// SPDX-License-Identifier: Apache-2.0
#include "orb/roster.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/lock.h"

/* The audio thread runs at real-time priority: whoever holds a seat it waits for must inherit it,
 * else a busy neighbour delays the sound by preempting the video thread. */
struct seat {
	pthread_mutex_t lock;
	struct tc_peer *peer; /* borrowed */
};

struct tc_roster {
	struct seat seats[TC_ROSTER_MAX];
};

int tc_roster_create(struct tc_roster **out)
{
	struct tc_roster *roster = calloc(1, sizeof(*roster));
	if (!roster) {
		return -ENOMEM;
	}
	for (int i = 0; i < TC_ROSTER_MAX; i++) {
		tc_lock_init(&roster->seats[i].lock);
	}
	*out = roster;
	return 0;
}

void tc_roster_destroy(struct tc_roster *roster)
{
	if (!roster) {
		return;
	}
	for (int i = 0; i < TC_ROSTER_MAX; i++) {
		pthread_mutex_destroy(&roster->seats[i].lock);
	}
	free(roster);
}

static int replace(struct tc_roster *roster, struct tc_peer *old, struct tc_peer *now)
{
	int err = -ENOSPC;
	for (int i = 0; i < TC_ROSTER_MAX && err; i++) {
		struct seat *seat = &roster->seats[i];
		pthread_mutex_lock(&seat->lock);
		if (seat->peer == old) {
			seat->peer = now;
			err = 0;
		}
		pthread_mutex_unlock(&seat->lock);
	}
	return err;
}

int tc_roster_add(struct tc_roster *roster, struct tc_peer *peer)
{
	return replace(roster, NULL, peer);
}

void tc_roster_remove(struct tc_roster *roster, struct tc_peer *peer)
{
	replace(roster, peer, NULL);
}

/* The seat is locked for the look only: a picture is sent in bursts with gaps between them, and the
 * sound must not wait for those. */
static struct tc_peer *hold(struct seat *seat)
{
	pthread_mutex_lock(&seat->lock);
	struct tc_peer *peer = seat->peer;
	if (peer) {
		tc_peer_hold(peer);
	}
	pthread_mutex_unlock(&seat->lock);
	return peer;
}

/* How many of those seated `take` it. */
static int each(struct tc_roster *roster, bool (*take)(struct tc_peer *peer, const void *what),
		const void *what)
{
	int taken = 0;
	for (int i = 0; i < TC_ROSTER_MAX; i++) {
		struct tc_peer *peer = hold(&roster->seats[i]);
		if (peer) {
			taken += take(peer, what);
			tc_peer_release(peer);
		}
	}
	return taken;
}

static bool take_audio(struct tc_peer *peer, const void *audio)
{
	return tc_peer_send_audio(peer, audio) == 0;
}

static bool take_video(struct tc_peer *peer, const void *video)
{
	return tc_peer_send_video(peer, video) == 0;
}

static bool connected(struct tc_peer *peer, const void *unused)
{
	enum tc_peer_state state = tc_peer_state(peer);
	return state == TC_PEER_CONNECTED || state == TC_PEER_STALLED;
}

static bool watching(struct tc_peer *peer, const void *unused)
{
	return tc_peer_takes_video(peer);
}

int tc_roster_send_audio(struct tc_roster *roster, const struct tc_audio_out *audio)
{
	return each(roster, take_audio, audio);
}

int tc_roster_send_video(struct tc_roster *roster, const struct tc_video_out *video)
{
	return each(roster, take_video, video);
}

int tc_roster_connected(struct tc_roster *roster)
{
	return each(roster, connected, NULL);
}

int tc_roster_watching(struct tc_roster *roster)
{
	return each(roster, watching, NULL);
}
