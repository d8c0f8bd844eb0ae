// SPDX-License-Identifier: Apache-2.0
#include "speech/synthesizer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "speech/null.h"

#define CHUNK     (TC_NULL_RATE / 50)
#define TONE_HZ   220.0
#define AMPLITUDE 8000.0

struct tc_synthesizer {
	int16_t tone[CHUNK * TC_NULL_CHAR_MS / 20];
};

static int null_open(struct tc_synthesizer **out, const char *voice)
{
	struct tc_synthesizer *s = calloc(1, sizeof(*s));
	if (!s) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < sizeof(s->tone) / sizeof(s->tone[0]); i++) {
		s->tone[i] =
			(int16_t)(AMPLITUDE * sin(2.0 * M_PI * TONE_HZ * (double)i / TC_NULL_RATE));
	}
	*out = s;
	return 0;
}

static void null_close(struct tc_synthesizer *s)
{
	free(s);
}

static int null_say(struct tc_synthesizer *s, const char *clause, tc_pcm_fn chunk, void *user)
{
	static const int16_t silence[CHUNK];
	for (const char *p = clause; *p; p++) {
		for (size_t at = 0; at < sizeof(s->tone) / sizeof(s->tone[0]); at += CHUNK) {
			if (!chunk(user, *p == ' ' ? silence : s->tone + at, CHUNK)) {
				return 1;
			}
		}
	}
	return 0;
}

const struct tc_synthesizer_ops tc_synthesizer_null = {
	.name = "null",
	.rate = TC_NULL_RATE,
	.open = null_open,
	.close = null_close,
	.say = null_say,
};
