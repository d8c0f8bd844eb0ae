// SPDX-License-Identifier: Apache-2.0
#include "server/needs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"
#include "server/orbs/argv.h"
#include "server/paths.h"
#include "speech/model.h"

#define PATH_SIZE 4096

int tc_needs_speech(const struct tc_config *config, char *why, size_t size)
{
	const char *engine = getenv("ORB_RECOGNIZER");
	if (engine && strcmp(engine, "null") == 0) {
		return 0; /* hears a script, for tests */
	}
	return tc_speech_model_check(config->orb_model_dir, why, size);
}

static int executable(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EACCES;
	}
	return access(path, X_OK) < 0 ? -errno : 0;
}

/* As execvpe() will look for it, from the orbs' working directory. */
static int find_program(const char *name, const char *work_dir, char *out, size_t size)
{
	if (strchr(name, '/')) {
		bool beside = name[0] != '/' && work_dir;
		int n = snprintf(out, size, "%s%s%s", beside ? work_dir : "", beside ? "/" : "",
				 name);
		return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : executable(out);
	}
	const char *dirs = getenv("PATH");
	for (const char *p = dirs ? dirs : "/bin:/usr/bin"; *p;) {
		size_t len = strcspn(p, ":");
		int n = snprintf(out, size, "%.*s/%s", (int)len, p, name);
		if (len && n > 0 && (size_t)n < size && executable(out) == 0) {
			return 0;
		}
		p += len + (p[len] == ':');
	}
	return -ENOENT;
}

int tc_needs_orb(const struct tc_config *config, char *out, size_t size)
{
	char path[PATH_SIZE] = "";
	if (!config->orb_command) {
		int err = tc_path_beside("aiorb", path, sizeof(path));
		err = err ? err : executable(path);
		snprintf(out, size, "%s",
			 err ? "no program aiorb beside tricall: set ORB_COMMAND, or "
			       "ENABLE_AI_ORBS=false"
			     : path);
		return err;
	}
	struct tc_strings words = {0};
	int err = tc_orb_split_command(&words, config->orb_command);
	if (err || words.count == 0) {
		err = err ? err : -EINVAL;
		snprintf(out, size,
			 "ORB_COMMAND=%.200s: expected a command line with its quotes closed",
			 config->orb_command);
	} else {
		err = find_program(words.list[0], config->gpu_server_path, path, sizeof(path));
		if (err) {
			snprintf(out, size, "ORB_COMMAND=%.200s: %.200s: %s", config->orb_command,
				 words.list[0], tc_err_str(err));
		} else {
			snprintf(out, size, "%s", path);
		}
	}
	tc_strings_finish(&words);
	return err;
}

void tc_needs_unused(const struct tc_config *config, struct tc_buf *out)
{
	const struct {
		const char *name, *value;
	} settings[] = {
		{"LLM_URL", config->llm_url},         {"LLM_MODEL", config->llm_model},
		{"LLM_API_KEY", config->llm_api_key}, {"STT_URL", config->stt_url},
		{"TTS_URL", config->tts_url},
	};
	for (size_t i = 0; i < TC_COUNT(settings); i++) {
		if (settings[i].value) {
			tc_buf_putf(out, "%s%s", out->len ? ", " : "", settings[i].name);
		}
	}
}
