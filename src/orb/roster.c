// SPDX-License-Identifier: Apache-2.0
#include "orb/roster.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct tc_roster {
	pthread_rwlock_t lock;
	struct tc_peer *peers[TC_ROSTER_MAX]; /* borrowed */
};

int tc_roster_create(struct tc_roster **out)
{
	struct tc_roster *roster = calloc(1, sizeof(*roster));
	if (!roster) {
		return -ENOMEM;
	}
	pthread_rwlock_init(&roster->lock, NULL);
	*out = roster;
	return 0;
}

void tc_roster_destroy(struct tc_roster *roster)
{
	if (roster) {
		pthread_rwlock_destroy(&roster->lock);
		free(roster);
	}
}

static int replace(struct tc_roster *roster, struct tc_peer *old, struct tc_peer *now)
{
	int err = -ENOSPC;
	pthread_rwlock_wrlock(&roster->lock);
	for (int i = 0; i < TC_ROSTER_MAX && err; i++) {
		if (roster->peers[i] == old) {
			roster->peers[i] = now;
			err = 0;
		}
	}
	pthread_rwlock_unlock(&roster->lock);
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

int tc_roster_send_audio(struct tc_roster *roster, const struct tc_audio_out *audio)
{
	int taken = 0;
	pthread_rwlock_rdlock(&roster->lock);
	for (int i = 0; i < TC_ROSTER_MAX; i++) {
		taken += roster->peers[i] && tc_peer_send_audio(roster->peers[i], audio) == 0;
	}
	pthread_rwlock_unlock(&roster->lock);
	return taken;
}

int tc_roster_send_video(struct tc_roster *roster, const struct tc_video_out *video)
{
	int taken = 0;
	pthread_rwlock_rdlock(&roster->lock);
	for (int i = 0; i < TC_ROSTER_MAX; i++) {
		taken += roster->peers[i] && tc_peer_send_video(roster->peers[i], video) == 0;
	}
	pthread_rwlock_unlock(&roster->lock);
	return taken;
}

int tc_roster_connected(struct tc_roster *roster)
{
	int count = 0;
	pthread_rwlock_rdlock(&roster->lock);
	for (int i = 0; i < TC_ROSTER_MAX; i++) {
		enum tc_peer_state state =
			roster->peers[i] ? tc_peer_state(roster->peers[i]) : TC_PEER_CLOSED;
		count += state == TC_PEER_CONNECTED || state == TC_PEER_STALLED;
	}
	pthread_rwlock_unlock(&roster->lock);
	return count;
}
