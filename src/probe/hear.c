// SPDX-License-Identifier: Apache-2.0
#include "probe/hear.h"

#include <math.h>

#define LOUD_RMS     150.0  /* -47 dBFS: above comfort noise, below the faintest of voices */
#define STRETCH_US   100000 /* silence not sent: the sender's clock may have been set anew */
#define FULL_SCALE   32768.0
#define SILENT_LEVEL 127

static double rms(const int16_t *pcm, size_t samples)
{
	double sum = 0;
	for (size_t i = 0; i < samples; i++) {
		sum += (double)pcm[i] * pcm[i];
	}
	return samples ? sqrt(sum / (double)samples) : 0;
}

bool tc_hear_loud(const int16_t *pcm, size_t samples)
{
	return rms(pcm, samples) > LOUD_RMS;
}

int tc_hear_level(const int16_t *pcm, size_t samples)
{
	double loudness = rms(pcm, samples) / FULL_SCALE;
	double level = loudness > 0 ? -20 * log10(loudness) : SILENT_LEVEL;
	return level < SILENT_LEVEL ? (int)level : SILENT_LEVEL;
}

bool tc_hear_quiet(const struct tc_hear *hear, int64_t now_us, int64_t for_us)
{
	return hear->last_loud_us == 0 || now_us - hear->last_loud_us >= for_us;
}

static int64_t length_us(const struct tc_hear_piece *piece)
{
	return (int64_t)piece->samples * 1000000 / TC_HEAR_RATE;
}

static void watch_time(struct tc_hear *hear, const struct tc_hear_piece *piece)
{
	hear->pieces++;
	if (!hear->placed || piece->skipped_us < 0 || piece->skipped_us > STRETCH_US) {
		hear->placed = true;
		hear->position_us = 0;
		hear->soonest_us = piece->time_us;
	} else {
		hear->position_us += piece->skipped_us;
	}
	int64_t behind = piece->time_us - hear->position_us - hear->soonest_us;
	hear->position_us += length_us(piece);
	if (piece->concealed) {
		return;
	}
	if (behind < 0) {
		hear->soonest_us += behind;
		return;
	}
	hear->late += behind > TC_HEAR_LATE_US;
	hear->worst_us = behind > hear->worst_us ? behind : hear->worst_us;
}

static bool rise(struct tc_hear *hear, const struct tc_hear_piece *piece)
{
	if (hear->state == TC_HEAR_SILENT) {
		hear->state = TC_HEAR_RISING;
		hear->rose_us = piece->time_us;
		hear->loud_us = 0;
	}
	hear->loud_us += length_us(piece);
	hear->last_loud_us = piece->time_us + length_us(piece);
	if (hear->state == TC_HEAR_VOICED || hear->loud_us < TC_HEAR_ONSET_US) {
		return false;
	}
	hear->state = TC_HEAR_VOICED;
	hear->onset_us = hear->rose_us;
	hear->onsets++;
	return true;
}

bool tc_hear_sound(struct tc_hear *hear, const struct tc_hear_piece *piece)
{
	watch_time(hear, piece);
	if (hear->state == TC_HEAR_VOICED &&
	    tc_hear_quiet(hear, piece->time_us, TC_HEAR_QUIET_US)) {
		hear->state = TC_HEAR_SILENT;
	}
	bool loud = !piece->concealed && tc_hear_loud(piece->pcm, piece->samples);
	/* A rise is one unbroken stretch of sound; a lone loud packet was a click. */
	if (hear->state == TC_HEAR_RISING &&
	    (!loud || tc_hear_quiet(hear, piece->time_us, TC_HEAR_QUIET_US))) {
		hear->state = TC_HEAR_SILENT;
	}
	return loud && rise(hear, piece);
}
