/* The named baseline: the same scene, drawn the plain way. Every pixel at full resolution works out
 * its distance, glow, waves, sphere normal, two layers of four-octave noise, light and tones in
 * float. */
#ifndef TC_BENCH_FACE_NAIVE_H
#define TC_BENCH_FACE_NAIVE_H

#include "face/motion.h"
#include "media/picture.h"

void naive_draw(const struct tc_look *look, struct tc_picture *picture);

#endif
