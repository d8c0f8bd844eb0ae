/* orb/painter.h -- the video thread: draws the orb, encodes once, sends to every peer.
 *
 * 30 pictures a second while something moves, 10 at rest, none while nobody watches. It times
 * itself and steps down when it cannot keep up; it never delays audio (own thread, lower priority).
 * Threads: all setters from any thread.
 */
#ifndef TC_ORB_PAINTER_H
#define TC_ORB_PAINTER_H

#include <stdint.h>

#include "base/clock.h"
#include "base/pulse.h"
#include "face/scene.h"
#include "orb/roster.h"
#include "orb/speaker.h"

struct tc_painter;

struct tc_painter_config {
	struct tc_roster *roster;     /* borrowed */
	const struct tc_clock *clock; /* borrowed */
	int64_t epoch_us;             /* where the media clock starts */
	struct tc_pulse *pulse;       /* of the video thread; borrowed, or NULL */
	int width, height;            /* 0: 480 */
	uint32_t seed;
};

struct tc_painter_stats {
	uint64_t frames, keyframes, bytes;
	int fps;          /* the rate it allows itself now */
	int64_t frame_us; /* CPU of one frame, smoothed */
};

/* In the nest: makes what the first painter of each process forked from us takes, so that drawing
 * tables and encoder cost an orb no time, and no memory until it writes to them. The seed is the
 * default one then: orbs of one nest are alike. 0 or a negative error; the size is 480x480. */
int tc_painter_prepare(void);
void tc_painter_forget(void); /* what was prepared and not taken */

/* Takes all the memory it will ever need and draws nothing. Best before the process has a second
 * thread: only then what libvpx took and does not use can be given back (base/memory.h). */
int tc_painter_create(struct tc_painter **out, const struct tc_painter_config *config);
/* Once: begins to draw. The speaker (borrowed) has the level of our own sound. -errno. */
int tc_painter_start(struct tc_painter *p, const struct tc_speaker *speaker);
void tc_painter_destroy(struct tc_painter *p);
void tc_painter_set_state(struct tc_painter *p, enum tc_face_state state);
void tc_painter_set_hearing(struct tc_painter *p, float level); /* 0..1 */
void tc_painter_set_bitrate(struct tc_painter *p, int bps);
/* No more pictures a second than this; 0: as many as it likes. */
void tc_painter_set_limit(struct tc_painter *p, int fps);
/* The next picture is a key frame and comes now. */
void tc_painter_keyframe(struct tc_painter *p);
/* Somebody connected or left: look again whether there is anyone to draw for. */
void tc_painter_wake(struct tc_painter *p);
void tc_painter_stats(const struct tc_painter *p, struct tc_painter_stats *out);

#endif
