// SPDX-License-Identifier: Apache-2.0
#include "speech/model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

/* The library ends the process over a file that is empty, as a copy broken off leaves it. */
static int check_file(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0 || access(path, R_OK) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	}
	return st.st_size > 0 ? 0 : -ENODATA;
}

int tc_speech_model_check(const char *dir, char *why, size_t size)
{
	static const char *const files[] = {TC_SPEECH_MODEL_HMM "/mdef",
					    TC_SPEECH_MODEL_HMM "/means",
					    TC_SPEECH_MODEL_HMM "/variances",
					    TC_SPEECH_MODEL_HMM "/transition_matrices",
					    TC_SPEECH_MODEL_LM,
					    TC_SPEECH_MODEL_DICT};
	char path[4096];
	for (size_t i = 0; i < TC_COUNT(files); i++) {
		int n = snprintf(path, sizeof(path), "%s/%s", dir ? dir : TC_SPEECH_MODEL_DIR,
				 files[i]);
		if (n < 0 || (size_t)n >= sizeof(path)) {
			snprintf(why, size, "the path of the speech model is too long");
			return -ENAMETOOLONG;
		}
		int err = check_file(path);
		if (err) {
			snprintf(why, size,
				 "no speech model: %s: %s; install Debian's pocketsphinx-en-us, or "
				 "set ORB_MODEL_DIR",
				 path, err == -ENODATA ? "it is empty" : strerror(-err));
			return err;
		}
	}
	return 0;
}
