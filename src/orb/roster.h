/* orb/roster.h -- the peers our sound and picture go to, shared by main, audio and video thread.
 *
 * Main adds and removes; the media threads hold a peer while they send to it, so that one which is
 * removed and closed meanwhile is not freed under them. A seat's lock is held for the look only: a
 * picture leaves in bursts with pauses between them, and nobody waits for those. The locks inherit
 * priority, as the peers' own send locks do.
 */
#ifndef TC_ORB_ROSTER_H
#define TC_ORB_ROSTER_H

#include "rtc/peer.h"

#define TC_ROSTER_MAX 4 /* two humans, and room for one being replaced */

struct tc_roster;

int tc_roster_create(struct tc_roster **out);
void tc_roster_destroy(struct tc_roster *roster);
int tc_roster_add(struct tc_roster *roster, struct tc_peer *peer); /* borrowed; -ENOSPC */
void tc_roster_remove(struct tc_roster *roster, struct tc_peer *peer);
/* Thread: any. How many peers took it. */
int tc_roster_send_audio(struct tc_roster *roster, const struct tc_audio_out *audio);
int tc_roster_send_video(struct tc_roster *roster, const struct tc_video_out *video);
/* Peers that media flows to. Thread: any. */
int tc_roster_connected(struct tc_roster *roster);
/* Those of them that asked for a picture. Thread: any. */
int tc_roster_watching(struct tc_roster *roster);

#endif
