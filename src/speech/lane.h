/* speech/lane.h -- one person's sound on the recognizer thread: voice activity, pre-roll, turns,
 * events. Private to speech/hearing. Thread: recognizer, but for create, destroy and level.
 */
#ifndef TC_SPEECH_LANE_H
#define TC_SPEECH_LANE_H

#include "speech/hearing.h"
#include "speech/vad.h"

#define TC_LANE_NAME 64

struct tc_lane;

/* config: borrowed, outlives the lane. */
int tc_lane_create(struct tc_lane **out, int number, const struct tc_hearing_config *config);
void tc_lane_destroy(struct tc_lane *lane);
/* A person is on this lane: takes a stream of the engine. */
int tc_lane_start(struct tc_lane *lane, const char *speaker);
/* Open words become a final; then the stream is given back. */
void tc_lane_stop(struct tc_lane *lane);
/* The same without any event. */
void tc_lane_abandon(struct tc_lane *lane);
void tc_lane_sound(struct tc_lane *lane, const int16_t *pcm, size_t samples, int64_t time_us);
void tc_lane_end_turn(struct tc_lane *lane, uint32_t utterance);
/* What follows is lost: words understood so far become a final. */
void tc_lane_cut(struct tc_lane *lane);
/* Much sound waits: pauses are recognised for a shorter time. */
void tc_lane_hurry(struct tc_lane *lane, bool late);
/* No sound waits: if the last is older than limit_us, the voice has stopped. */
void tc_lane_starved(struct tc_lane *lane, int64_t now_us, int64_t limit_us);
bool tc_lane_is_open(const struct tc_lane *lane);   /* a turn is */
float tc_lane_level_db(const struct tc_lane *lane); /* any thread */

#endif
