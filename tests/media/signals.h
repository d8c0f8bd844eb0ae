/* Sounds and figures shared by the tests of src/media. */
#ifndef TC_TEST_MEDIA_SIGNALS_H
#define TC_TEST_MEDIA_SIGNALS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define TC_TEST_PI 3.14159265358979

static inline void sine(int16_t *out, size_t count, int rate, double hz, double amplitude)
{
	for (size_t i = 0; i < count; i++) {
		out[i] = (int16_t)lrint(amplitude * sin(2 * TC_TEST_PI * hz * (double)i / rate));
	}
}

/* Like a held vowel: harmonics of a 140 Hz voice under two formants, swelling four times a second.
 */
static inline void vowel(int16_t *out, size_t count, int rate, double amplitude)
{
	for (size_t i = 0; i < count; i++) {
		double t = (double)i / rate, v = 0;
		for (int k = 1; k <= 20; k++) {
			double hz = 140.0 * k;
			double formant = exp(-pow((hz - 600) / 300, 2)) +
					 0.5 * exp(-pow((hz - 1400) / 400, 2));
			v += formant * sin(2 * TC_TEST_PI * hz * t + k);
		}
		v *= 0.6 + 0.4 * sin(2 * TC_TEST_PI * 4 * t);
		out[i] = (int16_t)lrint(amplitude * v / 4);
	}
}

static inline double energy(const int16_t *pcm, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += (double)pcm[i] * pcm[i];
	}
	return count ? sum / (double)count : 0;
}

/* Signal-to-noise ratio in dB of `got` against `want`. */
static inline double snr(const int16_t *want, const int16_t *got, size_t count)
{
	double noise = 1e-9;
	for (size_t i = 0; i < count; i++) {
		double d = (double)want[i] - got[i];
		noise += d * d;
	}
	return 10 * log10(energy(want, count) * (double)count / noise);
}

#endif
