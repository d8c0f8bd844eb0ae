// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/admin/admin.h"
#include "server/admin/board.h"

TC_LOG_TOPIC("server.admin");

/* What waits for one dashboard; a snapshot of all rooms fits several times. */
#define MAX_WAITING (2 * 1024 * 1024)

struct tc_event_reader {
	struct tc_site *site;          /* borrowed, outlives us */
	struct tc_http_stream *stream; /* it calls on_closed when it goes */
	struct tc_feed_reader *in_feed;
	char *cookie; /* owned: whether they are an admin is asked again and again */
	LIST_ENTRY(tc_event_reader) link;
};

static void on_closed(void *user)
{
	struct tc_event_reader *reader = user;
	tc_feed_detach(reader->in_feed);
	LIST_REMOVE(reader, link);
	free(reader->cookie);
	free(reader);
}

int tc_admin_write(void *user, const char *data, size_t len)
{
	struct tc_event_reader *reader = user;
	int err = tc_http_stream_write(reader->stream, data, len);
	if (err == -ENOBUFS) {
		tc_registry_add(reader->site->config.board->registry, TC_M_EVENT_READERS_DROPPED, 0,
				0, 1);
	}
	return err;
}

static void greet(struct tc_event_reader *reader, bool missed)
{
	struct tc_buf json;
	tc_buf_init(&json);
	/* Who came back was told the steps it missed; the rest is as of now. */
	tc_board_snapshot(reader->site->config.board, &json, !missed, false);
	if (!json.err) {
		tc_feed_tell(reader->in_feed, "snapshot", json.data, json.len);
	}
	tc_buf_finish(&json);
}

static int open_stream(struct tc_site *site, struct tc_http_request *r)
{
	struct tc_event_reader *reader = calloc(1, sizeof(*reader));
	const char *cookie = r->header[TC_HTTP_COOKIE];
	char last_id[64] = "";
	bool missed = false;
	char *copy = reader ? strdup(cookie ? cookie : "") : NULL;
	if (!copy) {
		free(reader);
		return -ENOMEM;
	}
	if (r->header[TC_HTTP_LAST_EVENT_ID]) {
		snprintf(last_id, sizeof(last_id), "%s", r->header[TC_HTTP_LAST_EVENT_ID]);
	}
	tc_http_put_header(r, "cache-control", "no-store");
	/* nginx would collect what is to be seen now. */
	tc_http_put_header(r, "x-accel-buffering", "no");
	reader->site = site;
	reader->cookie = copy;
	reader->stream =
		tc_http_stream_open(r, "text/event-stream", MAX_WAITING, on_closed, reader);
	if (!reader->stream) {
		free(copy);
		free(reader);
		return -ENOMEM;
	}
	LIST_INSERT_HEAD(&site->event_readers, reader, link);
	if (tc_feed_attach(site->config.board->feed, &reader->in_feed, reader,
			   last_id[0] ? last_id : NULL, &missed) != 0) {
		tc_http_stream_end(reader->stream);
		return 0;
	}
	greet(reader, missed);
	return 0;
}

void tc_admin_events(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_user user;
	int status = tc_site_admin(site, r, &user);
	if (status) {
		tc_site_refuse(r, status);
	} else if (r->head) {
		tc_http_answer(r, 200, "text/event-stream", "", 0);
	} else if (tc_feed_readers(site->config.board->feed) >= TC_FEED_READERS_MAX) {
		tc_site_problem(r, 503, "too many dashboards are open");
	} else if (open_stream(site, r) != 0) {
		tc_site_problem(r, 503, "out of memory");
	}
}

static bool still_admin(const struct tc_event_reader *reader)
{
	struct tc_user user;
	int err = tc_gate_session(reader->site->config.gate, reader->cookie, &user, NULL);
	/* A database that does not answer is no reason to leave an operator in the dark. */
	return err ? err != -ENOENT : user.role == TC_ROLE_ADMIN;
}

void tc_admin_tick(struct tc_site *site)
{
	int64_t now_ms = tc_clock_ms(site->config.clock);
	struct tc_event_reader *reader;
	if (now_ms - site->beat_ms < TC_BOARD_BEAT_MS) {
		return;
	}
	site->beat_ms = now_ms;
	tc_feed_beat(site->config.board->feed);
	LIST_FOREACH(reader, &site->event_readers, link)
	{
		if (!still_admin(reader)) {
			TC_INFO(NULL, "a dashboard's session is over");
			tc_http_stream_end(reader->stream);
		}
	}
}

void tc_admin_end_streams(struct tc_site *site)
{
	struct tc_event_reader *reader;
	LIST_FOREACH(reader, &site->event_readers, link)
	{
		tc_http_stream_end(reader->stream);
	}
}
