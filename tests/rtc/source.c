// SPDX-License-Identifier: Apache-2.0
#include "source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define RATE  48000
#define FRAME 960

void tc_test_source_init(struct tc_test_source *source, int hz, int side)
{
	*source = (struct tc_test_source){.hz = hz, .side = side};
	/* Opus takes a steady tone for noise and would leave it out; silence is left out by us. */
	const struct tc_opus_encoder_config opus = {.no_dtx = true};
	TC_ASSERT(tc_opus_encoder_create(&source->opus, &opus) == 0);
	const struct tc_vp8_config config = {.width = side, .height = side};
	TC_ASSERT(tc_vp8_encoder_create(&source->vp8, &config) == 0);
	TC_ASSERT(tc_picture_init(&source->picture, side, side) == 0);
}

void tc_test_source_finish(struct tc_test_source *source)
{
	tc_opus_encoder_destroy(source->opus);
	tc_vp8_encoder_destroy(source->vp8);
	tc_picture_finish(&source->picture);
}

bool tc_test_source_audio(struct tc_test_source *source, bool loud, struct tc_audio_out *out)
{
	int16_t pcm[FRAME] = {0};
	for (int i = 0; loud && i < FRAME; i++) {
		pcm[i] = (int16_t)lrint(8000 * sin(source->phase));
		source->phase += 2 * M_PI * source->hz / RATE;
	}
	int len = tc_opus_encode(source->opus, pcm, source->packet, sizeof(source->packet));
	TC_ASSERT(len >= 0);
	*out = (struct tc_audio_out){
		.data = source->packet,
		.len = (size_t)len,
		.ticks = source->audio_ticks,
		.marker = loud && !source->spoke,
		.level = loud ? 12 : 127,
		.voice = loud,
	};
	source->audio_ticks += FRAME;
	source->spoke = loud;
	return loud;
}

static void draw(struct tc_test_source *source)
{
	struct tc_picture *p = &source->picture;
	int bar = source->frame * 4 % source->side;
	for (int y = 0; y < p->height; y++) {
		for (int x = 0; x < p->width; x++) {
			bool in_bar = x >= bar && x < bar + 32;
			p->y[y * p->y_stride + x] = in_bar ? 220 : (uint8_t)(40 + (x + y) / 8 % 64);
		}
	}
	for (int y = 0; y < p->height / 2; y++) {
		memset(p->u + y * p->uv_stride, 90 + source->frame % 60, (size_t)p->width / 2);
		memset(p->v + y * p->uv_stride, 150, (size_t)p->width / 2);
	}
	source->frame++;
}

bool tc_test_source_video(struct tc_test_source *source, bool key, struct tc_video_out *out)
{
	struct tc_vp8_frame frame;
	draw(source);
	source->video_ticks += 3000;
	int rc = tc_vp8_encode(source->vp8, &source->picture, source->video_ticks, key, &frame);
	TC_ASSERT(rc >= 0);
	if (rc == 0) {
		return false;
	}
	*out = (struct tc_video_out){
		.data = frame.data,
		.len = frame.len,
		.ticks = source->video_ticks,
		.key = frame.key,
	};
	return true;
}
