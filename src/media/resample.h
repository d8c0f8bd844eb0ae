/* media/resample.h -- mono 16-bit sample rate conversion around speexdsp. RT-safe after create. */
#ifndef TC_MEDIA_RESAMPLE_H
#define TC_MEDIA_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct tc_resampler;

int tc_resampler_create(struct tc_resampler **out, int from_rate,
			int to_rate); /* -EINVAL, -ENOMEM */
void tc_resampler_destroy(struct tc_resampler *r);
/* Consumes all of `in`; returns the samples written, at most `room` (make it in * to/from + 16;
 * what does not fit is lost). */
size_t tc_resample(struct tc_resampler *r, const int16_t *in, size_t count, int16_t *out,
		   size_t room);
void tc_resampler_reset(struct tc_resampler *r);

#endif
