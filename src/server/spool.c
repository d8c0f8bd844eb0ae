// SPDX-License-Identifier: Apache-2.0
#include "server/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "server/journal.h"

TC_LOG_TOPIC("server.spool");

#define FILE_MAX  (16 * 1024 * 1024)
#define PATH_SIZE 4096
#define SUFFIX    ".ndjson"

/* A file whose lines are on their way. */
struct taken {
	STAILQ_ENTRY(taken) next;
	uint64_t failed; /* of the journal, before */
	char path[];
};

struct tc_spool {
	struct tc_journal *journal; /* borrowed */
	STAILQ_HEAD(, taken) taken; /* owned */
	char dir[];
};

int tc_spool_create(struct tc_spool **out, const char *dir, struct tc_journal *journal)
{
	struct tc_spool *spool = calloc(1, sizeof(*spool) + strlen(dir) + 1);
	if (!spool) {
		return -ENOMEM;
	}
	strcpy(spool->dir, dir);
	spool->journal = journal;
	STAILQ_INIT(&spool->taken);
	*out = spool;
	return 0;
}

static int take_line(struct tc_spool *spool, const char *line, size_t len)
{
	struct tc_json object;
	char type[32], session[TC_ID_SIZE];
	if (tc_json_parse(&object, line, len, NULL) ||
	    tc_json_get_str(object, "type", type, sizeof(type)) < 0 ||
	    tc_json_get_str(object, "sessionId", session, sizeof(session)) < 0 ||
	    !tc_id_valid(session)) {
		return -TC_EPARSE;
	}
	if (strcmp(type, "utterance") == 0) {
		return tc_journal_utterance(spool->journal, session, line, len);
	}
	return strcmp(type, "session_summary") == 0
		       ? tc_journal_summary(spool->journal, session, line, len)
		       : -TC_EPARSE;
}

/* Lines that cannot be read are passed over and told, all at once; one that finds no room stops the
 * file. */
static int take_lines(struct tc_spool *spool, const char *path, const char *text, size_t len)
{
	const char *end = text + len;
	size_t unread = 0;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);
		int err = n ? take_line(spool, text, n) : 0;
		if (err == -TC_EPARSE) {
			unread++;
		} else if (err) {
			return err;
		}
		text += n + 1;
	}
	if (unread) {
		TC_WARN(NULL, "%s: %zu lines are no utterance and no summary", path, unread);
	}
	return 0;
}

static int read_file(const char *path, char **out, size_t *len)
{
	struct stat st;
	/* Whatever else may lie there: no pipe is waited for, no link followed. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		int cause = -errno;
		if (fd >= 0) {
			close(fd);
		}
		return cause;
	}
	int err = fstat(fd, &st) < 0      ? -errno
		  : !S_ISREG(st.st_mode)  ? -EINVAL
		  : st.st_size > FILE_MAX ? -EFBIG
					  : 0;
	char *text = err ? NULL : malloc((size_t)st.st_size + 1);
	if (!err && !text) {
		err = -ENOMEM;
	}
	if (!err) {
		*len = fread(text, 1, (size_t)st.st_size, file);
		*out = text;
	}
	fclose(file);
	return err;
}

static bool on_its_way(const struct tc_spool *spool, const char *path)
{
	const struct taken *taken;
	STAILQ_FOREACH(taken, &spool->taken, next)
	{
		if (strcmp(taken->path, path) == 0) {
			return true;
		}
	}
	return false;
}

static void take_file(struct tc_spool *spool, const char *path)
{
	char *text = NULL;
	size_t len = 0;
	struct taken *taken = malloc(sizeof(*taken) + strlen(path) + 1);
	int err = taken ? read_file(path, &text, &len) : -ENOMEM;
	if (!err) {
		taken->failed = tc_journal_counts(spool->journal).failed;
		strcpy(taken->path, path);
		err = take_lines(spool, path, text, len);
	}
	free(text);
	if (err) {
		TC_WARN(NULL, "%s: not taken yet: %s", path, tc_err_str(err));
		free(taken);
		return;
	}
	TC_INFO(NULL, "last words of an orb are taken in from %s", path);
	STAILQ_INSERT_TAIL(&spool->taken, taken, next);
}

void tc_spool_take(struct tc_spool *spool)
{
	DIR *dir = spool ? opendir(spool->dir) : NULL;
	if (!dir) {
		return;
	}
	const struct dirent *entry;
	while ((entry = readdir(dir))) {
		char path[PATH_SIZE];
		size_t len = strlen(entry->d_name);
		bool ours = len > strlen(SUFFIX) &&
			    strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
		int n = snprintf(path, sizeof(path), "%s/%s", spool->dir, entry->d_name);
		if (ours && n < (int)sizeof(path) && !on_its_way(spool, path)) {
			take_file(spool, path);
		}
	}
	closedir(dir);
}

void tc_spool_tick(struct tc_spool *spool)
{
	if (!spool || STAILQ_EMPTY(&spool->taken)) {
		return;
	}
	struct tc_journal_counts counts = tc_journal_counts(spool->journal);
	if (counts.waiting > 0) {
		return;
	}
	while (!STAILQ_EMPTY(&spool->taken)) {
		struct taken *taken = STAILQ_FIRST(&spool->taken);
		STAILQ_REMOVE_HEAD(&spool->taken, next);
		/* If any write failed since, it may have been ours: it stays for another look. */
		if (counts.failed == taken->failed && unlink(taken->path) < 0) {
			TC_WARN(NULL, "%s: %s", taken->path, tc_err_str(-errno));
		}
		free(taken);
	}
}

void tc_spool_destroy(struct tc_spool *spool)
{
	while (spool && !STAILQ_EMPTY(&spool->taken)) {
		struct taken *taken = STAILQ_FIRST(&spool->taken);
		STAILQ_REMOVE_HEAD(&spool->taken, next);
		free(taken);
	}
	free(spool);
}
