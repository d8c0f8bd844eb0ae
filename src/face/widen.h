/* face/widen.h -- from 16-bit half-resolution rows to the 8-bit picture, dithered.
 *
 * Values are in Q6 (64 = one 8-bit step). The dither stands still, so that it neither flickers nor
 * costs the encoder bits. RT-safe.
 */
#ifndef TC_FACE_WIDEN_H
#define TC_FACE_WIDEN_H

#include <stdint.h>

#define TC_WIDEN_Q 6

/* One row of `count` values to bytes; y: the row's number, for the dither. */
void tc_widen_narrow(const int16_t *in, int count, int y, uint8_t *out);
/* Doubles a plane of width x height bilinearly. Values below 240 << 6. */
void tc_widen_double(const uint16_t *in, int width, int height, uint8_t *out, int stride);

#endif
