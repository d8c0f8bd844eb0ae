// SPDX-License-Identifier: Apache-2.0
/* The WAV parser: voice clips and recordings may come from anybody. */
#include <stddef.h>
#include <stdint.h>

#include "media/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tc_wav wav = {0};
	if (!tc_wav_parse(&wav, data, size)) {
		int sum = 0;
		for (size_t i = 0; i < wav.samples; i++) {
			sum ^= wav.pcm[i];
		}
		volatile int sink = sum;
		(void)sink;
	}
	tc_wav_finish(&wav);
	return 0;
}
