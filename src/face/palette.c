// SPDX-License-Identifier: Apache-2.0
#include "face/palette.h"

/* Each state differs from the others in hue, in form and in motion, so that it can be told without
 * seeing colours: ready only breathes; listening is larger, with a bright rim and rings that run
 * inwards; processing is smaller, with a light that circles; speaking sends rings outwards. */
static const struct tc_mood moods[TC_FACE_STATES] =
	{
		[TC_FACE_READY] =
			{
				.lit = {0.05f, 0.22f, 0.36f},
				.deep = {0.04f, 0.02f, 0.16f},
				.mist = {0.04f, 0.46f, 0.62f},
				.veil = {0.30f, 0.16f, 0.74f},
				.spark = {0.70f, 1.10f, 1.00f},
				.core = {0.10f, 0.34f, 0.46f},
				.rim = {0.46f, 0.86f, 1.10f},
				.glow = {0.05f, 0.26f, 0.40f},
				.halo = {0.03f, 0.09f, 0.20f},
				.wave = {0.0f, 0.0f, 0.0f},
				.radius = 0.520f,
				.breath = 0.018f,
				.breath_hz = 0.16f,
				.drift = 2.2f,
				.spin = 0.0f,
				.swirl = 0.0f,
				.lean = 0.0f,
			},
		[TC_FACE_LISTENING] =
			{
				.lit = {0.04f, 0.28f, 0.24f},
				.deep = {0.01f, 0.08f, 0.14f},
				.mist = {0.08f, 0.62f, 0.42f},
				.veil = {0.02f, 0.36f, 0.56f},
				.spark = {1.00f, 1.15f, 0.70f},
				.core = {0.10f, 0.38f, 0.28f},
				.rim = {0.95f, 1.35f, 1.20f},
				.glow = {0.10f, 0.42f, 0.36f},
				.halo = {0.02f, 0.13f, 0.13f},
				.wave = {0.15f, 0.46f, 0.36f},
				.radius = 0.560f,
				.breath = 0.008f,
				.breath_hz = 0.22f,
				.drift = 3.0f,
				.inward = 1.0f,
				.lean = 0.035f,
				.lift = 0.35f,
				.ring = 0.480f,
			},
		[TC_FACE_PROCESSING] =
			{
				.lit = {0.16f, 0.08f, 0.34f},
				.deep = {0.06f, 0.01f, 0.15f},
				.mist = {0.40f, 0.14f, 0.66f},
				.veil = {0.10f, 0.18f, 0.74f},
				.spark = {0.95f, 0.75f, 1.10f},
				.core = {0.46f, 0.28f, 0.80f},
				.rim = {0.56f, 0.46f, 1.00f},
				.glow = {0.20f, 0.10f, 0.40f},
				.halo = {0.07f, 0.04f, 0.18f},
				.wave = {0.0f, 0.0f, 0.0f},
				.radius = 0.485f,
				.breath = 0.008f,
				.breath_hz = 0.35f,
				.drift = 3.5f,
				.spin = 0.10f,
				.swirl = 1.9f,
				.orbit = 1.0f,
			},
		[TC_FACE_SPEAKING] =
			{
				.lit = {0.44f, 0.14f, 0.10f},
				.deep = {0.20f, 0.02f, 0.10f},
				.mist = {0.95f, 0.46f, 0.10f},
				.veil = {0.86f, 0.18f, 0.20f},
				.spark = {1.30f, 1.15f, 0.70f},
				.core = {0.80f, 0.44f, 0.16f},
				.rim = {1.20f, 0.70f, 0.44f},
				.glow = {0.54f, 0.22f, 0.10f},
				.halo = {0.22f, 0.08f, 0.05f},
				.wave = {0.40f, 0.17f, 0.08f},
				.radius = 0.525f,
				.breath = 0.008f,
				.breath_hz = 0.22f,
				.drift = 5.0f,
				.outward = 1.0f,
				.lean = 0.045f,
				.lift = 0.75f,
			},
};

const struct tc_mood *tc_palette_mood(enum tc_face_state state)
{
	return (unsigned)state < TC_FACE_STATES ? &moods[state] : &moods[TC_FACE_READY];
}

struct tc_rgb tc_palette_background(void)
{
	return (struct tc_rgb){0.024f, 0.024f, 0.024f};
}
