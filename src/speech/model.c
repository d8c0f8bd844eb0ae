// SPDX-License-Identifier: Apache-2.0
#include "speech/model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

int tc_speech_model_check(const char *dir, char *why, size_t size)
{
	static const char *const files[] = {TC_SPEECH_MODEL_HMM "/mdef",
					    TC_SPEECH_MODEL_HMM "/means", TC_SPEECH_MODEL_LM,
					    TC_SPEECH_MODEL_DICT};
	char path[4096];
	for (size_t i = 0; i < TC_COUNT(files); i++) {
		int n = snprintf(path, sizeof(path), "%s/%s", dir ? dir : TC_SPEECH_MODEL_DIR,
				 files[i]);
		if (n < 0 || (size_t)n >= sizeof(path)) {
			snprintf(why, size, "the path of the speech model is too long");
			return -ENAMETOOLONG;
		}
		if (access(path, R_OK) != 0) {
			int err = -errno;
			snprintf(why, size,
				 "no speech model: %s: %s; install Debian's pocketsphinx-en-us, or "
				 "set ORB_MODEL_DIR",
				 path, strerror(-err));
			return err;
		}
	}
	return 0;
}
