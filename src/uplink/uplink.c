// SPDX-License-Identifier: Apache-2.0
#include "uplink/uplink_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("uplink");

#define FIRST_TRIES_MS 10000
#define LEAVE_MAX_MS   1000
#define PING_S         20 /* WebSocket ping after this much silence, dead after three times that */

void tc_uplink_set_state(struct tc_uplink *up, enum uplink_state next, const char *why)
{
	static const char *const names[] = {"down",   "resolving", "connecting", "joining",
					    "joined", "leaving",   "closed"};
	if (next != up->state) {
		TC_DEBUG(up->room, "%s -> %s (%s)", names[up->state], names[next], why);
		up->state = next;
	}
}

int tc_uplink_send(struct tc_uplink *up, const char *json, size_t len)
{
	if (up->state == UPLINK_LEAVING || up->state == UPLINK_CLOSED) {
		return 0;
	}
	int err = tc_uplink_outbox_append(&up->outbox, json, len);
	if (err < 0) {
		return err;
	}
	if (err) {
		TC_WARN(up->room, "the server was away too long: an old message is dropped");
		up->join_waits =
			false; /* if it was that: the server hangs up on us, and we begin anew */
	}
	if (up->state == UPLINK_JOINED) {
		lws_callback_on_writable(up->wsi);
	}
	return 0;
}

static void field_if(struct tc_json_writer *w, const char *key, const char *text)
{
	if (text) {
		tc_json_field_str(w, key, text);
	}
}

static int queue_join(struct tc_uplink *up)
{
	struct tc_buf buf;
	struct tc_json_writer w;
	tc_buf_init(&buf);
	tc_json_writer_init(&w, &buf);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "type", "join");
	tc_json_field_str(&w, "roomId", up->room);
	field_if(&w, "userId", up->user_id);
	field_if(&w, "userRole", up->role);
	field_if(&w, "userName", up->user_name);
	tc_json_field_str(&w, "participantType", up->participant);
	if (up->was_joined) {
		tc_json_field_bool(&w, "resume", true);
	}
	tc_json_end_object(&w);
	int err = buf.err ? -ENOMEM : tc_uplink_outbox_prepend(&up->outbox, buf.data, buf.len);
	tc_buf_finish(&buf);
	up->join_waits = !err;
	return err;
}

void tc_uplink_finish_leave(struct tc_uplink *up)
{
	tc_timer_cancel(up->leave_timer);
	up->leave_timer = NULL;
	tc_uplink_set_state(up, UPLINK_CLOSED, "left");
	if (up->done) {
		tc_loop_fn done = up->done;
		up->done = NULL;
		done(up->done_user);
	}
}

/* --- what comes in --- */

static void note_close(struct tc_uplink *up, const unsigned char *in, size_t len)
{
	unsigned code = len >= 2 ? (unsigned)in[0] << 8 | in[1] : 0;
	if (tc_uplink_final_code(code)) {
		snprintf(up->refusal, sizeof(up->refusal), "closed by the server with %u %.*s",
			 code, (int)(len - 2 < 100 ? len - 2 : 100), (const char *)in + 2);
	}
}

static void note_refusal(struct tc_uplink *up, const char *text)
{
	/* lws says "HS: ws upgrade response not 200" or the like; the status is asked for apart. */
	unsigned status = lws_http_client_http_response(up->wsi);
	if (status == 401 || status == 403 || status == 404) {
		snprintf(up->refusal, sizeof(up->refusal), "the server refused the upgrade with %u",
			 status);
	}
	TC_DEBUG(up->room, "connecting failed: %s", text);
}

static void handle_text(struct tc_uplink *up, const char *text, size_t len)
{
	struct tc_json message;
	char type[64];
	if (tc_json_parse(&message, text, len, NULL) != 0 ||
	    tc_json_get_str(message, "type", type, sizeof(type)) < 0) {
		TC_WARN(up->room, "a message from the server is no JSON object with a type");
		return;
	}
	if (strcmp(type, "peer-discovery") == 0) {
		bool again = up->was_joined;
		up->was_joined = true;
		up->backoff_ms = TC_UPLINK_BACKOFF_MS;
		tc_uplink_set_state(up, UPLINK_JOINED, "peer-discovery");
		if (up->outbox.first) {
			lws_callback_on_writable(up->wsi);
		}
		up->events.joined(up->user, message, again);
	} else if (strcmp(type, "error") == 0) {
		char code[64] = "", why[128] = "";
		tc_json_get_str(message, "code", code, sizeof(code));
		tc_json_get_str(message, "message", why, sizeof(why));
		TC_WARN(up->room, "the server says %s: %s", code, why);
	} else if (up->state == UPLINK_JOINED) {
		up->events.message(up->user, type, message);
	}
}

static int receive(struct tc_uplink *up, struct lws *wsi, const char *in, size_t len)
{
	int err = tc_uplink_inbox_add(&up->inbox, in, len);
	if (err) {
		TC_WARN(up->room, "a message of the server was not taken: %s", tc_err_str(err));
		return -1;
	}
	if (lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0) {
		const char *text;
		size_t whole = tc_uplink_inbox_take(&up->inbox, &text);
		handle_text(up, text, whole);
	}
	return up->state == UPLINK_CLOSED ? -1 : 0;
}

static int write_some(struct tc_uplink *up, struct lws *wsi)
{
	/* Only what was queued is ours to send: WRITEABLE also comes unasked in libwebsockets.
	 * Before the answer to our join nothing but the join goes out. */
	while (up->outbox.first && (up->state != UPLINK_JOINING || up->join_waits)) {
		struct uplink_message *m = up->outbox.first;
		int n = lws_write(wsi, m->text, m->len, LWS_WRITE_TEXT);
		if (n < (int)m->len) {
			return -1;
		}
		tc_uplink_outbox_drop_first(&up->outbox);
		up->join_waits = false;
		if (up->outbox.first && lws_send_pipe_choked(wsi)) {
			lws_callback_on_writable(wsi);
			return 0;
		}
	}
	if (up->state == UPLINK_LEAVING) {
		lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
		return -1;
	}
	return 0;
}

static int add_header(struct lws *wsi, const char *name, const char *scheme, const char *value,
		      unsigned char **p, unsigned char *end)
{
	if (!value) {
		return 0;
	}
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_buf_puts(&buf, scheme);
	tc_buf_puts(&buf, value);
	int err = buf.err || lws_add_http_header_by_name(wsi, (const unsigned char *)name,
							 (const unsigned char *)buf.data,
							 (int)buf.len, p, end);
	tc_buf_finish(&buf);
	return err ? -1 : 0;
}

/* Who we are. */
static int add_headers(struct tc_uplink *up, struct lws *wsi, unsigned char **p, unsigned char *end)
{
	int err = add_header(wsi, "authorization:", "Bearer ", up->token, p, end);
	return err ? err : add_header(wsi, "cookie:", "", up->cookie, p, end);
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in,
		  size_t len)
{
	struct tc_uplink *up = lws_get_opaque_user_data(wsi);
	if (!up) {
		return lws_callback_http_dummy(wsi, reason, session, in, len);
	}
	switch (reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return add_headers(up, wsi, in, *(unsigned char **)in + len);
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		if (up->state != UPLINK_CONNECTING) {
			return -1; /* given up, or leaving */
		}
		up->wsi = wsi;
		tc_uplink_set_state(up, UPLINK_JOINING, "open");
		if (queue_join(up) != 0) {
			return -1;
		}
		lws_callback_on_writable(wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return receive(up, wsi, in, len);
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return write_some(up, wsi);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		note_close(up, in, len);
		return 0;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		up->wsi = wsi;
		note_refusal(up, in ? (const char *)in : "unknown");
		tc_uplink_lost(up, in ? (const char *)in : "connection error");
		return 0;
	case LWS_CALLBACK_CLIENT_CLOSED:
		tc_uplink_lost(up, "closed");
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, session, in, len);
	}
}

/* --- life --- */

static int create_context(struct tc_uplink *up)
{
	static const struct lws_protocols protocols[] = {
		{"tricall", on_lws, 0, 4096, 0, NULL, 0},
		{NULL, NULL, 0, 0, 0, NULL, 0},
	};
	static const lws_retry_bo_t keepalive = {
		.secs_since_valid_ping = PING_S,
		.secs_since_valid_hangup = 3 * PING_S,
	};
	void *loops[1] = {tc_loop_native_main(up->loop)};
	lws_set_log_level(0, NULL);
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_GLIB |
			   (up->url.tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
		.foreign_loops = loops,
		.retry_and_idle_policy = &keepalive,
		.fd_limit_per_thread =
			64, /* lws sizes its tables by this; one socket is all we open */
		.pt_serv_buf_size = 16384,
		.client_ssl_ca_filepath = up->url.tls ? up->ca : NULL,
	};
	up->lws = lws_create_context(&info);
	return up->lws ? 0 : -TC_EENGINE;
}

/* NULL stays NULL. -ENOMEM. */
static int copy(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? -ENOMEM : 0;
}

static int copy_strings(struct tc_uplink *up, const struct tc_uplink_config *config)
{
	int err = copy(&up->token, config->token);
	err = err ? err : copy(&up->cookie, config->cookie);
	err = err ? err : copy(&up->ca, config->ca);
	err = err ? err : copy(&up->room, config->room);
	err = err ? err : copy(&up->user_id, config->user_id);
	err = err ? err : copy(&up->user_name, config->user_name);
	err = err ? err : copy(&up->role, config->role);
	return err ? err
		   : copy(&up->participant,
			  config->participant_type ? config->participant_type : "human");
}

int tc_uplink_create(struct tc_uplink **out, const struct tc_uplink_config *config,
		     const struct tc_uplink_events *events, void *user)
{
	struct tc_uplink *up = calloc(1, sizeof(*up));
	if (!up) {
		return -ENOMEM;
	}
	up->loop = config->loop;
	up->events = *events;
	up->user = user;
	up->backoff_ms = TC_UPLINK_BACKOFF_MS;
	up->began_ms = tc_clock_ms(tc_clock_system());
	up->first_tries_ms = config->first_tries_ms ? config->first_tries_ms : FIRST_TRIES_MS;
	int err = copy_strings(up, config);
	if (!err) {
		err = tc_uplink_url_parse(&up->url, config->url, up->room);
	}
	if (!err) {
		err = create_context(up);
	}
	if (!err) {
		up->retry = tc_loop_timer(up->loop, 0, false, tc_uplink_connect, up);
		up->first_timer = tc_loop_timer(up->loop, up->first_tries_ms, false,
						tc_uplink_first_tries_over, up);
		err = up->retry && up->first_timer ? 0 : -ENOMEM;
	}
	if (err) {
		tc_uplink_destroy(up);
		return err;
	}
	*out = up;
	return 0;
}

bool tc_uplink_up(const struct tc_uplink *up)
{
	return up->state == UPLINK_JOINED;
}

static void leave_late(void *arg)
{
	tc_uplink_finish_leave(arg);
}

void tc_uplink_leave(struct tc_uplink *up, tc_loop_fn done, void *user)
{
	static const char leave[] = "{\"type\":\"leave\"}";
	bool up_now = up->state == UPLINK_JOINED;
	if (up_now) {
		tc_uplink_send(up, leave, sizeof(leave) - 1);
		lws_callback_on_writable(up->wsi);
	}
	up->done = done;
	up->done_user = user;
	tc_uplink_stop_connecting(up);
	tc_uplink_set_state(up, UPLINK_LEAVING, "leave");
	/* Not from inside this call: at once when there is no socket to write to. */
	up->leave_timer = tc_loop_timer(up->loop, up_now ? LEAVE_MAX_MS : 0, false, leave_late, up);
	if (!up->leave_timer) {
		tc_uplink_finish_leave(up);
	}
}

void tc_uplink_destroy(struct tc_uplink *up)
{
	if (!up) {
		return;
	}
	up->state = UPLINK_CLOSED;
	tc_uplink_stop_connecting(up);
	tc_timer_cancel(up->leave_timer);
	tc_timer_cancel(up->first_timer);
	if (up->lws) {
		lws_context_destroy(up->lws);
	}
	tc_uplink_outbox_finish(&up->outbox);
	tc_uplink_inbox_finish(&up->inbox);
	free(up->token);
	free(up->cookie);
	free(up->ca);
	free(up->room);
	free(up->user_id);
	free(up->user_name);
	free(up->role);
	free(up->participant);
	tc_uplink_url_finish(&up->url);
	free(up);
}
