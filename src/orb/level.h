/* orb/level.h -- loudness as the audio level header (RFC 6464) and the picture want it. Pure,
 * RT-safe. */
#ifndef TC_ORB_LEVEL_H
#define TC_ORB_LEVEL_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* RMS in dBFS, -127 for silence. */
static inline float tc_level_db(const int16_t *pcm, size_t samples)
{
	int64_t sum = 0;
	for (size_t i = 0; i < samples; i++) {
		sum += (int32_t)pcm[i] * pcm[i];
	}
	if (sum == 0) {
		return -127;
	}
	float db = 10 * log10f((float)sum / ((float)samples * 32768.0f * 32768.0f));
	return db < -127 ? -127 : db;
}

/* -60 dBFS and below: 0; 0 dBFS: 1. */
static inline float tc_level_scale(float db)
{
	float scaled = 1 + db / 60;
	return scaled < 0 ? 0 : scaled > 1 ? 1 : scaled;
}

#endif
