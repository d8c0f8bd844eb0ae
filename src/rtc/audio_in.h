/* rtc/audio_in.h -- one person's sound: Opus packets in, 16 kHz PCM out, in order, holes concealed.
 *
 * rtc/jitter.h decides what comes when; this decodes it. Thread: one at a time (the loop).
 */
#ifndef TC_RTC_AUDIO_IN_H
#define TC_RTC_AUDIO_IN_H

#include <stddef.h>
#include <stdint.h>

#include "rtc/jitter.h"
#include "rtc/peer.h"

#define TC_AUDIO_IN_RATE 16000 /* what the recognizer takes */

struct tc_audio_in;
typedef void (*tc_audio_in_fn)(void *user, const struct tc_peer_sound *sound);

int tc_audio_in_create(struct tc_audio_in **out, tc_audio_in_fn fn, void *user);
/* NULL-safe; not from inside fn. */
void tc_audio_in_destroy(struct tc_audio_in *in);
/* Calls fn for what became playable. Only header fields, level, data, len and arrival_us of the
 * packet are read. 0, or why it was not taken (rtc/jitter.h; -TC_EPARSE: no Opus). */
int tc_audio_in_push(struct tc_audio_in *in, const struct tc_jitter_packet *packet);
/* Calls fn for what has been waited for long enough. */
void tc_audio_in_poll(struct tc_audio_in *in, int64_t now_us);
int64_t tc_audio_in_next_us(const struct tc_audio_in *in); /* when to poll; -1: no need */
void tc_audio_in_reset(struct tc_audio_in *in);            /* another stream follows */
void tc_audio_in_stats(const struct tc_audio_in *in, struct tc_jitter_stats *out);

#endif
