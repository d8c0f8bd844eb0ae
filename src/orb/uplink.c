// SPDX-License-Identifier: Apache-2.0
#include "orb/uplink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

#include "base/err.h"
#include "base/id.h"
#include "base/log.h"

TC_LOG_TOPIC("orb.uplink");

#define RX_MAX           (256 * 1024) /* the server relays at most 64 KiB; peer-discovery is small */
#define QUEUE_MAX        512          /* messages kept while the socket is down */
#define FIRST_TRIES_MS   10000
#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS   5000
#define LEAVE_MAX_MS     1000
#define PING_S           20 /* WebSocket ping after this much silence, dead after three times that */

enum state {
	DOWN,       /* no socket; a timer will try again */
	CONNECTING, /* TCP, TLS, upgrade */
	JOINING,    /* open; our join is on its way */
	JOINED,
	LEAVING, /* writes what is queued, then closes */
	CLOSED,  /* for good */
};

struct message {
	struct message *next;
	size_t len;
	unsigned char data[]; /* LWS_PRE bytes, then the text */
};

struct tc_uplink {
	struct tc_loop *loop; /* borrowed */
	struct tc_uplink_events events;
	void *user;
	char *token, *room, *user_id, *user_name; /* owned */
	char *ca;                                 /* owned */
	char *host, *path;                        /* owned */
	int port;
	bool tls;
	struct lws_context *lws; /* owned */
	struct lws *wsi;         /* lws's */
	enum state state;
	bool was_joined;
	struct message *first, *last; /* owned */
	size_t queued;
	char *rx; /* owned */
	size_t rx_len, rx_cap;
	struct tc_timer *retry, *leave_timer;
	int64_t backoff_ms, tried_ms;
	tc_loop_fn done;
	void *done_user;
	char refusal[160];
};

static void set_state(struct tc_uplink *up, enum state next, const char *why)
{
	static const char *const names[] = {"down",   "connecting", "joining",
					    "joined", "leaving",    "closed"};
	if (next != up->state) {
		TC_DEBUG(up->room, "%s -> %s (%s)", names[up->state], names[next], why);
		up->state = next;
	}
}

/* --- what waits to be sent --- */

static struct message *make_message(const char *text, size_t len)
{
	struct message *m = malloc(sizeof(*m) + LWS_PRE + len);
	if (m) {
		m->next = NULL;
		m->len = len;
		memcpy(m->data + LWS_PRE, text, len);
	}
	return m;
}

static void drop_first(struct tc_uplink *up)
{
	struct message *m = up->first;
	up->first = m->next;
	if (!up->first) {
		up->last = NULL;
	}
	up->queued--;
	free(m);
}

static void append(struct tc_uplink *up, struct message *m)
{
	if (up->queued == QUEUE_MAX) {
		TC_WARN(up->room, "the server was away too long: an old message is dropped");
		drop_first(up);
	}
	if (up->last) {
		up->last->next = m;
	} else {
		up->first = m;
	}
	up->last = m;
	up->queued++;
}

static void prepend(struct tc_uplink *up, struct message *m)
{
	m->next = up->first;
	up->first = m;
	if (!up->last) {
		up->last = m;
	}
	up->queued++;
}

int tc_uplink_send(struct tc_uplink *up, const char *json, size_t len)
{
	if (up->state == LEAVING || up->state == CLOSED) {
		return 0;
	}
	struct message *m = make_message(json, len);
	if (!m) {
		return -ENOMEM;
	}
	append(up, m);
	if (up->state == JOINED) {
		lws_callback_on_writable(up->wsi);
	}
	return 0;
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
	tc_json_field_str(&w, "userId", up->user_id);
	tc_json_field_str(&w, "userRole", "ai");
	tc_json_field_str(&w, "userName", up->user_name);
	tc_json_field_str(&w, "participantType", "ai");
	if (up->was_joined) {
		tc_json_field_bool(&w, "resume", true);
	}
	tc_json_end_object(&w);
	struct message *m = buf.err ? NULL : make_message(buf.data, buf.len);
	tc_buf_finish(&buf);
	if (!m) {
		return -ENOMEM;
	}
	prepend(up, m);
	return 0;
}

/* --- connecting --- */

static void finish_leave(struct tc_uplink *up)
{
	tc_timer_cancel(up->leave_timer);
	up->leave_timer = NULL;
	set_state(up, CLOSED, "left");
	if (up->done) {
		tc_loop_fn done = up->done;
		up->done = NULL;
		done(up->done_user);
	}
}

static void lost(struct tc_uplink *up, const char *why);

static void connect_now(void *arg)
{
	struct tc_uplink *up = arg;
	tc_timer_cancel(up->retry);
	up->retry = NULL;
	set_state(up, CONNECTING, "trying");
	struct lws_client_connect_info info = {
		.context = up->lws,
		.address = up->host,
		.host = up->host,
		.port = up->port,
		.path = up->path,
		.local_protocol_name = "tricall",
		.pwsi = &up->wsi,
		.ssl_connection = up->tls ? LCCSCF_USE_SSL : 0,
		.opaque_user_data = up,
	};
	up->refusal[0] = '\0';
	/* lws tells some failures by callback, some by NULL only. */
	if (!lws_client_connect_via_info(&info) && up->state == CONNECTING) {
		lost(up, "no connection");
	}
}

static void schedule(struct tc_uplink *up)
{
	uint8_t noise;
	tc_random_bytes(&noise, 1);
	int64_t delay =
		up->backoff_ms * (192 + noise / 2) / 256; /* 75-125 %: not all orbs at once */
	up->backoff_ms = up->backoff_ms * 2 < BACKOFF_MAX_MS ? up->backoff_ms * 2 : BACKOFF_MAX_MS;
	up->tried_ms += delay;
	tc_timer_cancel(up->retry);
	up->retry = tc_loop_timer(up->loop, delay, false, connect_now, up);
}

static void lost(struct tc_uplink *up, const char *why)
{
	up->wsi = NULL;
	up->rx_len = 0;
	if (up->state == LEAVING) {
		finish_leave(up);
		return;
	}
	if (up->state == CLOSED || up->state == DOWN) {
		return;
	}
	bool first_time = !up->was_joined;
	set_state(up, DOWN, why);
	if (up->refusal[0]) {
		set_state(up, CLOSED, up->refusal);
		up->events.failed(up->user, up->refusal, false);
	} else if (first_time && up->tried_ms > FIRST_TRIES_MS) {
		set_state(up, CLOSED, why);
		up->events.failed(up->user, why, true);
	} else {
		if (!first_time) {
			TC_INFO(up->room, "signaling lost (%s); trying again", why);
		}
		schedule(up);
	}
}

/* --- what comes in --- */

/* Close codes after which trying again is of no use (protocol.md section 1). */
static bool final_code(unsigned code)
{
	return code == 4000 || code == 4403 || code == 4409;
}

static void note_close(struct tc_uplink *up, const unsigned char *in, size_t len)
{
	unsigned code = len >= 2 ? (unsigned)in[0] << 8 | in[1] : 0;
	if (final_code(code)) {
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
		up->backoff_ms = BACKOFF_FIRST_MS;
		set_state(up, JOINED, "peer-discovery");
		if (up->first) {
			lws_callback_on_writable(up->wsi);
		}
		up->events.joined(up->user, message, again);
	} else if (strcmp(type, "error") == 0) {
		char code[64] = "", why[128] = "";
		tc_json_get_str(message, "code", code, sizeof(code));
		tc_json_get_str(message, "message", why, sizeof(why));
		TC_WARN(up->room, "the server says %s: %s", code, why);
	} else if (up->state == JOINED) {
		up->events.message(up->user, type, message);
	}
}

static int receive(struct tc_uplink *up, struct lws *wsi, const char *in, size_t len)
{
	if (up->rx_len + len > RX_MAX) {
		TC_WARN(up->room, "a message of over %d bytes from the server", RX_MAX);
		return -1;
	}
	if (up->rx_len + len > up->rx_cap) {
		char *rx = realloc(up->rx, up->rx_len + len);
		if (!rx) {
			return -1;
		}
		up->rx = rx;
		up->rx_cap = up->rx_len + len;
	}
	memcpy(up->rx + up->rx_len, in, len);
	up->rx_len += len;
	if (lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0) {
		size_t whole = up->rx_len;
		up->rx_len = 0;
		handle_text(up, up->rx, whole);
	}
	return up->state == CLOSED ? -1 : 0;
}

static int write_some(struct tc_uplink *up, struct lws *wsi)
{
	/* Only what was queued is ours to send: WRITEABLE also comes unasked (webrtc.md, gotcha 1).
	 * Before the answer to our join nothing but the join goes out. */
	while (up->first) {
		struct message *m = up->first;
		int n = lws_write(wsi, m->data + LWS_PRE, m->len, LWS_WRITE_TEXT);
		if (n < (int)m->len) {
			return -1;
		}
		drop_first(up);
		if (up->state == JOINING) {
			return 0;
		}
		if (up->first && lws_send_pipe_choked(wsi)) {
			lws_callback_on_writable(wsi);
			return 0;
		}
	}
	if (up->state == LEAVING) {
		lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
		return -1;
	}
	return 0;
}

static int add_token(struct tc_uplink *up, struct lws *wsi, unsigned char **p, unsigned char *end)
{
	if (!up->token) {
		return 0;
	}
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_buf_putf(&buf, "Bearer %s", up->token);
	int err = buf.err || lws_add_http_header_by_name(
				     wsi, (const unsigned char *)"authorization:",
				     (const unsigned char *)buf.data, (int)buf.len, p, end);
	tc_buf_finish(&buf);
	return err ? -1 : 0;
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
		return add_token(up, wsi, in, *(unsigned char **)in + len);
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		up->wsi = wsi;
		set_state(up, JOINING, "open");
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
		lost(up, in ? (const char *)in : "connection error");
		return 0;
	case LWS_CALLBACK_CLIENT_CLOSED:
		lost(up, "closed");
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, session, in, len);
	}
}

/* --- life --- */

static int parse_url(struct tc_uplink *up, const char *url)
{
	up->tls = strncmp(url, "wss://", 6) == 0;
	const char *rest = url + (up->tls ? 6 : 5);
	size_t authority = strcspn(rest, "/");
	const char *prefix = rest + authority;
	size_t prefix_len = strlen(prefix);
	while (prefix_len > 0 && prefix[prefix_len - 1] == '/') {
		prefix_len--;
	}
	const char *colon = NULL;
	for (const char *p = rest; p < rest + authority; p++) {
		colon = *p == ':' ? p : *p == ']' ? NULL : colon;
	}
	size_t host_len = colon ? (size_t)(colon - rest) : authority;
	up->port = colon ? atoi(colon + 1) : up->tls ? 443 : 80;
	if (host_len == 0 || up->port <= 0 || up->port > 65535) {
		return -EINVAL;
	}
	if (rest[0] == '[') { /* an IPv6 literal */
		rest++;
		host_len -= 2;
	}
	up->host = strndup(rest, host_len);
	struct tc_buf path;
	tc_buf_init(&path);
	tc_buf_putf(&path, "%.*s/ws-simple/%s", (int)prefix_len, prefix, up->room);
	up->path = tc_buf_take_str(&path);
	return up->host && up->path ? 0 : -ENOMEM;
}

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
			   (up->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
		.foreign_loops = loops,
		.retry_and_idle_policy = &keepalive,
		.fd_limit_per_thread =
			64, /* lws sizes its tables by this; one socket is all we open */
		.pt_serv_buf_size = 16384,
		.client_ssl_ca_filepath = up->tls ? up->ca : NULL,
	};
	up->lws = lws_create_context(&info);
	return up->lws ? 0 : -TC_EENGINE;
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
	up->backoff_ms = BACKOFF_FIRST_MS;
	up->token = config->token ? strdup(config->token) : NULL;
	up->ca = config->ca ? strdup(config->ca) : NULL;
	up->room = strdup(config->room);
	up->user_id = strdup(config->user_id);
	up->user_name = strdup(config->user_name);
	int err = up->room && up->user_id && up->user_name && (!config->token || up->token) &&
				  (!config->ca || up->ca)
			  ? 0
			  : -ENOMEM;
	if (!err) {
		err = parse_url(up, config->url);
	}
	if (!err) {
		err = create_context(up);
	}
	if (!err) {
		up->retry = tc_loop_timer(up->loop, 0, false, connect_now, up);
		err = up->retry ? 0 : -ENOMEM;
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
	return up->state == JOINED;
}

static void leave_late(void *arg)
{
	finish_leave(arg);
}

void tc_uplink_leave(struct tc_uplink *up, tc_loop_fn done, void *user)
{
	static const char leave[] = "{\"type\":\"leave\"}";
	bool up_now = up->state == JOINED;
	if (up_now) {
		tc_uplink_send(up, leave, sizeof(leave) - 1);
		lws_callback_on_writable(up->wsi);
	}
	up->done = done;
	up->done_user = user;
	tc_timer_cancel(up->retry);
	up->retry = NULL;
	set_state(up, LEAVING, "leave");
	/* Not from inside this call: at once when there is no socket to write to. */
	up->leave_timer = tc_loop_timer(up->loop, up_now ? LEAVE_MAX_MS : 0, false, leave_late, up);
	if (!up->leave_timer) {
		finish_leave(up);
	}
}

void tc_uplink_destroy(struct tc_uplink *up)
{
	if (!up) {
		return;
	}
	up->state = CLOSED;
	tc_timer_cancel(up->retry);
	tc_timer_cancel(up->leave_timer);
	if (up->lws) {
		lws_context_destroy(up->lws);
	}
	while (up->first) {
		drop_first(up);
	}
	free(up->rx);
	free(up->token);
	free(up->ca);
	free(up->room);
	free(up->user_id);
	free(up->user_name);
	free(up->host);
	free(up->path);
	free(up);
}
