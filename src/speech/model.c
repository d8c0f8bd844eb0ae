// SPDX-License-Identifier: Apache-2.0
#include "speech/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

#define START_SIZE 2048 /* of a file: what is looked at */

/* How each file begins: enough to tell it from another one, a web page saved under its name, or
 * rubbish. The library ends the process over what it cannot read. */
static bool starts_with(const char *start, const char *word)
{
	return strncmp(start, word, strlen(word)) == 0;
}

/* Lines of text behind comments; the first one is the version. */
static bool is_mdef(const char *start)
{
	while (*start == '#') {
		start += strcspn(start, "\n");
		start += *start == '\n';
	}
	return starts_with(start, "BMDF") || starts_with(start, "FDMB") ||
	       starts_with(start, "0.3");
}

static bool is_s3(const char *start)
{
	return starts_with(start, "s3\n");
}

/* Binary, of the older kind with a length before it, or ARPA's text. */
static bool is_lm(const char *start)
{
	return starts_with(start, "Trie Language Model") ||
	       starts_with(start + 4, "Darpa Trigram LM") || strstr(start, "\\data\\") != NULL;
}

/* Text, the first line of which that is no comment is a word and its phones: "hello HH AH L OW". */
static bool is_dict(const char *start)
{
	for (const char *at = start; *at; at++) {
		if ((unsigned char)*at < ' ' && !strchr("\t\r\n", *at)) {
			return false;
		}
	}
	const char *line = start;
	while (starts_with(line, ";;;") || starts_with(line, "##") || *line == '\n') {
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	size_t word = strcspn(line, " \t\r\n");
	size_t gap = strspn(line + word, " \t");
	size_t phones = strcspn(line + word + gap, "\r\n");
	return word > 0 && gap > 0 && phones > 0 && !strchr("<{[\"", *line);
}

/* 0, or a negative errno: -ENODATA for an empty file, as a copy broken off leaves it, -EBADMSG for
 * one that is something else. */
static int check_file(const char *path, bool (*is_one)(const char *start))
{
	char start[START_SIZE + 1];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
	if (!err && !S_ISREG(st.st_mode)) {
		err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	}
	ssize_t n = err ? 0 : read(fd, start, START_SIZE);
	if (n < 0) {
		err = -errno;
	} else if (!err && n == 0) {
		err = -ENODATA;
	} else if (!err) {
		memset(start + n, 0, sizeof(start) - (size_t)n);
		err = is_one(start) ? 0 : -EBADMSG;
	}
	if (fd >= 0) {
		close(fd);
	}
	return err;
}

static const char *reason(int err)
{
	return err == -ENODATA   ? "it is empty"
	       : err == -EBADMSG ? "it is not what its name says"
				 : strerror(-err);
}

int tc_speech_model_check(const char *dir, char *why, size_t size)
{
	static const struct {
		const char *name;
		bool (*is_one)(const char *start);
	} files[] = {
		{TC_SPEECH_MODEL_HMM "/mdef", is_mdef},
		{TC_SPEECH_MODEL_HMM "/means", is_s3},
		{TC_SPEECH_MODEL_HMM "/variances", is_s3},
		{TC_SPEECH_MODEL_HMM "/transition_matrices", is_s3},
		{TC_SPEECH_MODEL_LM, is_lm},
		{TC_SPEECH_MODEL_DICT, is_dict},
	};
	char path[4096];
	for (size_t i = 0; i < TC_COUNT(files); i++) {
		int n = snprintf(path, sizeof(path), "%s/%s", dir ? dir : TC_SPEECH_MODEL_DIR,
				 files[i].name);
		if (n < 0 || (size_t)n >= sizeof(path)) {
			snprintf(why, size, "the path of the speech model is too long");
			return -ENAMETOOLONG;
		}
		int err = check_file(path, files[i].is_one);
		if (err) {
			snprintf(why, size,
				 "no speech model: %s: %s; install Debian's pocketsphinx-en-us, or "
				 "set ORB_MODEL_DIR",
				 path, reason(err));
			return err;
		}
	}
	return 0;
}
