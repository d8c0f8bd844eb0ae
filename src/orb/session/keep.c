// SPDX-License-Identifier: Apache-2.0
/* What the manager was told and has not said it stored: a server may die between the two. It is
 * told again to the next manager, or spooled for the server's next start. */
#include "orb/session/session_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("orb.keep");

/* A server that stores nothing for that long has been complaining for as long; the summary has it
 * all. */
#define KEEP_MAX 4096

struct tc_unstored {
	STAILQ_ENTRY(tc_unstored) next;
	char id[TC_ID_SIZE]; /* "": the summary */
	size_t len;
	char line[]; /* newline included */
};

/* A parent that is no manager of ours stores, or not, without telling. */
static bool told_when_stored(const struct tc_session *s)
{
	return s->args->manager_socket != NULL;
}

static void drop(struct tc_session *s, struct tc_unstored *u)
{
	STAILQ_REMOVE(&s->unstored, u, tc_unstored, next);
	s->unstored_count--;
	free(u);
}

void tc_keep_add(struct tc_session *s, const char *id, const struct tc_buf *line)
{
	if (!told_when_stored(s) || line->err) {
		return;
	}
	struct tc_unstored *u = malloc(sizeof(*u) + line->len);
	if (!u) {
		TC_ERROR(s->tag, "no memory to keep what was said");
		return;
	}
	if (s->unstored_count == KEEP_MAX) {
		drop(s, STAILQ_FIRST(&s->unstored));
	}
	snprintf(u->id, sizeof(u->id), "%s", id);
	u->len = line->len;
	memcpy(u->line, line->data, line->len);
	STAILQ_INSERT_TAIL(&s->unstored, u, next);
	s->unstored_count++;
}

/* The same utterance may be there twice: it was corrected. */
void tc_keep_stored(struct tc_session *s, const char *id)
{
	struct tc_unstored *u;
	STAILQ_FOREACH(u, &s->unstored, next)
	{
		if (strcmp(u->id, id) == 0) {
			drop(s, u);
			return;
		}
	}
}

bool tc_keep_empty(const struct tc_session *s)
{
	return s->unstored_count == 0;
}

void tc_keep_tell_again(struct tc_session *s)
{
	struct tc_unstored *u;
	STAILQ_FOREACH(u, &s->unstored, next)
	{
		tc_buf_reset(&s->out);
		tc_buf_put(&s->out, u->line, u->len);
		tc_manager_link_send(s->manager, &s->out);
	}
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int write_file(struct tc_session *s, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	int err = 0;
	struct tc_unstored *u;
	STAILQ_FOREACH(u, &s->unstored, next)
	{
		err = err ? err : write_all(fd, u->line, u->len);
	}
	if (!err && fsync(fd) < 0) {
		err = -errno;
	}
	close(fd);
	return err;
}

/* The server takes in what ends in .ndjson: half a file has another name. */
void tc_keep_spool(struct tc_session *s)
{
	char half[512], whole[512];
	if (!s->args->spool_dir || tc_keep_empty(s)) {
		return;
	}
	int n = snprintf(whole, sizeof(whole), "%s/%s-%d.ndjson", s->args->spool_dir,
			 s->args->session, (int)getpid());
	snprintf(half, sizeof(half), "%.500s.half", whole);
	int err = n < (int)sizeof(half) - 5 ? write_file(s, half) : -ENAMETOOLONG;
	if (!err && rename(half, whole) < 0) {
		err = -errno;
	}
	if (err) {
		TC_ERROR(s->tag, "the last words are lost: %s: %s", s->args->spool_dir,
			 tc_err_str(err));
		unlink(half);
		return;
	}
	TC_INFO(s->tag, "%zu messages that no manager took are in the spool", s->unstored_count);
	tc_keep_finish(s);
}

void tc_keep_finish(struct tc_session *s)
{
	while (!STAILQ_EMPTY(&s->unstored)) {
		drop(s, STAILQ_FIRST(&s->unstored));
	}
}
