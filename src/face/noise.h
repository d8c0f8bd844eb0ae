/* face/noise.h -- tiles of smooth noise that repeat without a seam, and fast look-ups in them.
 *
 * A tile holds for every texel its four neighbours, so one load serves a bilinear look-up. Slow
 * motion needs that: whole texels would make the picture stutter.
 */
#ifndef TC_FACE_NOISE_H
#define TC_FACE_NOISE_H

#include <stdint.h>

#define TC_NOISE_SIDE 128 /* texels; a power of two */

struct tc_noise {
	uint32_t quad[TC_NOISE_SIDE * TC_NOISE_SIDE]; /* bytes: here, right, below, below right */
};

enum tc_noise_kind {
	TC_NOISE_CLOUDS,  /* soft lumps */
	TC_NOISE_THREADS, /* bright ridges, as in smoke */
};

void tc_noise_fill(struct tc_noise *noise, enum tc_noise_kind kind, uint32_t seed);

/* u, v: texels * 256; they wrap. Returns 0..32640. RT-safe. */
static inline int16_t tc_noise_at(const struct tc_noise *noise, uint16_t u, uint16_t v)
{
	uint32_t column = u >> 8 & (TC_NOISE_SIDE - 1), row = v >> 8 & (TC_NOISE_SIDE - 1);
	uint32_t quad = noise->quad[row * TC_NOISE_SIDE + column];
	uint32_t fu = u & 255, fv = v & 255;
	/* Both rows at once: the upper in the lower half of the word. */
	uint32_t rows = (quad & 0x00ff00ff) * (256 - fu) + (quad >> 8 & 0x00ff00ff) * fu;
	return (int16_t)(((rows & 0xffff) * (256 - fv) + (rows >> 16) * fv) >> 9);
}

#endif
