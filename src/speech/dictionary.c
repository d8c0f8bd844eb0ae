// SPDX-License-Identifier: Apache-2.0
#include "speech/dictionary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORD_MAX 128

static bool is_known(const char *line, bool (*known)(void *user, const char *word), void *user)
{
	char word[WORD_MAX];
	size_t size = strcspn(line, "( \t\r\n");
	if (!size || size >= sizeof(word)) {
		return false;
	}
	memcpy(word, line, size);
	word[size] = '\0';
	return known(user, word);
}

/* 0, or -ENOENT: nothing is known. */
static int copy(FILE *in, FILE *out, bool (*known)(void *user, const char *word), void *user)
{
	char *line = NULL;
	size_t room = 0;
	int err = -ENOENT;
	while (getline(&line, &room, in) >= 0) {
		if (is_known(line, known, user)) {
			fputs(line, out);
			err = 0;
		}
	}
	free(line);
	return ferror(in) ? -EIO : err;
}

int tc_dictionary_cut(const char *path, bool (*known)(void *user, const char *word), void *user)
{
	FILE *in = fopen(path, "re");
	if (!in) {
		return -errno;
	}
	int fd = memfd_create("dictionary", MFD_CLOEXEC);
	int second = fd < 0 ? -1 : dup(fd); /* fclose() takes it */
	FILE *out = second < 0 ? NULL : fdopen(second, "w");
	int err = out ? copy(in, out, known, user) : -errno;
	if (out) {
		err = fclose(out) != 0 && !err ? -EIO : err;
	} else if (second >= 0) {
		close(second);
	}
	fclose(in);
	if (err && fd >= 0) {
		close(fd);
	}
	return err ? err : fd;
}
