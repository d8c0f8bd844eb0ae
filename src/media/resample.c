// SPDX-License-Identifier: Apache-2.0
#include "media/resample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <speex/speex_resampler.h>

#define MIN_RATE 1000
#define MAX_RATE 384000
/* 0-10. 4 keeps aliases of speech below what 16 bit and Opus leave anyway. */
#define QUALITY 4

struct tc_resampler {
	SpeexResamplerState *speex; /* owned; NULL: the rates are equal */
};

static int rate_ok(int rate)
{
	return rate >= MIN_RATE && rate <= MAX_RATE;
}

int tc_resampler_create(struct tc_resampler **out, int from_rate, int to_rate)
{
	if (!rate_ok(from_rate) || !rate_ok(to_rate)) {
		return -EINVAL;
	}
	struct tc_resampler *r = calloc(1, sizeof(*r));
	if (!r) {
		return -ENOMEM;
	}
	if (from_rate != to_rate) {
		r->speex = speex_resampler_init(1, (spx_uint32_t)from_rate, (spx_uint32_t)to_rate,
						QUALITY, NULL);
		if (!r->speex) {
			free(r);
			return -ENOMEM;
		}
	}
	*out = r;
	return 0;
}

void tc_resampler_destroy(struct tc_resampler *r)
{
	if (!r) {
		return;
	}
	if (r->speex) {
		speex_resampler_destroy(r->speex);
	}
	free(r);
}

static size_t copy(const int16_t *in, size_t count, int16_t *out, size_t room)
{
	size_t n = count < room ? count : room;
	memcpy(out, in, n * sizeof(*out));
	return n;
}

size_t tc_resample(struct tc_resampler *r, const int16_t *in, size_t count, int16_t *out,
		   size_t room)
{
	if (!r->speex) {
		return copy(in, count, out, room);
	}
	size_t written = 0;
	while (count && written < room) {
		spx_uint32_t eaten = count > UINT16_MAX ? UINT16_MAX : (spx_uint32_t)count;
		size_t left = room - written;
		spx_uint32_t made = left > INT32_MAX ? INT32_MAX : (spx_uint32_t)left;
		speex_resampler_process_int(r->speex, 0, in, &eaten, out + written, &made);
		in += eaten;
		count -= eaten;
		written += made;
		if (!eaten && !made) {
			break;
		}
	}
	return written;
}

void tc_resampler_reset(struct tc_resampler *r)
{
	if (r->speex) {
		speex_resampler_reset_mem(r->speex);
	}
}
