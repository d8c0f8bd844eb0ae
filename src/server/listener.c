// SPDX-License-Identifier: Apache-2.0
#include "server/listener.h"

#include <errno.h>
#include <libwebsockets.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "server/http.h"
#include "server/http_headers.h"
#include "server/tls_files.h"
#include "server/ws.h"

TC_LOG_TOPIC("server.listener");

#define NO_LIBUV  "libwebsockets has no libuv support: install libwebsockets-evlib-uv"
#define ORB_VHOST "orbs"

struct tc_listener {
	struct lws_context *context; /* owned */
	struct tc_http *http;        /* borrowed, outlives us */
	struct tc_ws *ws;            /* borrowed, outlives us */
	int port;
	int orb_port; /* 0: none */
	bool tls;
};

/* What libwebsockets keeps pointers to; one process has one listener's shape. */
static struct lws_protocols protocols[3];
static struct lws_protocols orb_protocols[3];

/* An upgrade that names no subprotocol would go to protocols[0]; this sends it to ours. */
static const struct lws_protocol_vhost_options ws_is_default = {
	.name = "default",
	.value = "1",
};
static const struct lws_protocol_vhost_options ws_options = {
	.name = TC_WS_PROTOCOL,
	.value = "",
	.options = &ws_is_default,
};

/* What libwebsockets takes for an error of ours, and anybody can make it say. */
static bool is_a_strangers_doing(const char *line)
{
	static const char *const words[] = {
		"Ran out of header data space", "absent conn hdr",
		"protocol list too long",       "pcol name too long",
		"malformatted protocol list",
	};
	for (size_t i = 0; i < TC_COUNT(words); i++) {
		if (strstr(line, words[i])) {
			return true;
		}
	}
	return false;
}

/* While it starts: kept, for the one line that says why it did not. */
static char *complaint;
static size_t complaint_size;

static void on_lws_log(int level, const char *line)
{
	int len = (int)strcspn(line, "\n");
	if ((level & LLL_ERR) && complaint) {
		snprintf(complaint, complaint_size, "%.*s", len, line);
	} else if ((level & LLL_ERR) && !is_a_strangers_doing(line)) {
		TC_ERROR("lws", "%.*s", len, line);
	} else {
		TC_DEBUG("lws", "%.*s", len, line);
	}
}

/* Binds for a moment, so that a refusal has its errno: libwebsockets only says "failed". */
static int try_bind(const char *host, int port)
{
	char service[12];
	snprintf(service, sizeof(service), "%d", port);
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *address = NULL;
	if (getaddrinfo(host, service, &hints, &address) != 0) {
		return -EINVAL;
	}
	int err = 0;
	int one = 1;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err = -errno;
	} else {
		/* As the real one: connections in TIME_WAIT don't count as busy. */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, address->ai_addr, address->ai_addrlen) != 0) {
			err = -errno;
		}
		close(fd);
	}
	freeaddrinfo(address);
	return err;
}

static int check_files(const struct tc_listener_config *config, char *why, size_t size)
{
	if (!config->tls_cert != !config->tls_key) {
		snprintf(why, size, "TLS_CERT and TLS_KEY belong together: set both or none");
		return -EINVAL;
	}
	return config->tls_cert ? tc_tls_files_check(config->tls_cert, config->tls_key, why, size)
				: 0;
}

/* The orbs' port has no pages: what is no upgrade is answered here. */
static int on_orb_http(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in,
		       size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		tc_http_say_no(wsi, 404, "not found", "");
		return -1;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return tc_http_callback(wsi, reason, NULL, in, len);
	default:
		return lws_callback_http_dummy(wsi, reason, session, in, len);
	}
}

static void fill_protocols(void)
{
	protocols[0] = (struct lws_protocols){
		/* No token: a client cannot name it as its subprotocol (RFC 6455 section 4.1). */
		.name = "(http)",
		.callback = tc_http_callback,
		.per_session_data_size = tc_http_session_size,
	};
	protocols[1] = (struct lws_protocols){
		.name = TC_WS_PROTOCOL,
		.callback = tc_ws_callback,
		.per_session_data_size = tc_ws_session_size,
		.rx_buffer_size = TC_WS_RX_BUFFER,
		/* Else what is longer than the receive buffer goes out in pieces, each a wake-up.
		 */
		.tx_packet_size = 128 * 1024,
	};
	orb_protocols[0] = (struct lws_protocols){.name = "http", .callback = on_orb_http};
	orb_protocols[1] = protocols[1];
}

/* Its ports are opened one by one afterwards: a context that fails because of one takes our libuv
 * loop's callbacks with it (it unloads its plugin), and the loop could not be run any more. */
static struct lws_context *create_context(struct tc_listener *listener,
					  const struct tc_listener_config *config, char *why,
					  size_t why_size)
{
	char last[200] = "no reason given";
	void *loops[1] = {config->loop};
	struct lws_context_creation_info info = {
		.foreign_loops = loops,
		.user = listener,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN |
			   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
			   LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   (config->tls_cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
		/* One read takes what a burst of small messages left in the socket. */
		.pt_serv_buf_size = 64 * 1024,
		/* A join token in the URL and cookies beside it; what goes beyond TC_HTTP_MAX_HEAD,
		 * but not beyond this, is told so. libwebsockets hangs up on the rest. */
		.max_http_header_data = 2 * TC_HTTP_MAX_HEAD,
	};
	lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
	complaint = last;
	complaint_size = sizeof(last);
	struct lws_context *context = lws_create_context(&info);
	complaint = NULL;
	if (!context && strstr(last, "evlib")) {
		snprintf(why, why_size, "%s", NO_LIBUV);
	} else if (!context) {
		snprintf(why, why_size, "libwebsockets does not start: %s", last);
	}
	return context;
}

static struct lws_vhost *create_vhost(struct tc_listener *listener,
				      const struct tc_listener_config *config, const char *host)
{
	struct lws_context_creation_info info = {
		.port = config->port,
		.iface = host,
		.protocols = protocols,
		.pvo = &ws_options,
		.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
			   (config->tls_cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
		.vhost_name = "tricall",
		/* No HTTP/2: each browser would bring it, and WebSocket needs HTTP/1.1 anyway. */
		.alpn = "http/1.1",
		.keepalive_timeout = 30,
		.ssl_cert_filepath = config->tls_cert,
		.ssl_private_key_filepath = config->tls_key,
	};
	return lws_create_vhost(listener->context, &info);
}

static void count_handle(uv_handle_t *handle, void *arg)
{
	(*(int *)arg)++;
}

static int handles_of(uv_loop_t *loop)
{
	int count = 0;
	uv_walk(loop, count_handle, &count);
	return count;
}

static void explain_no_vhost(const struct tc_listener_config *config, const char *host, char *why,
			     size_t size)
{
	if (config->tls_cert) {
		snprintf(why, size,
			 "TLS does not start with %s and %s: a PEM certificate and its key?",
			 config->tls_cert, config->tls_key);
	} else {
		snprintf(why, size, "cannot start on %s port %d", host, config->port);
	}
}

/* libwebsockets may hand out a context that does nothing (its issue 2322: the event library's
 * plugin is missing), and one whose port never opened. */
static int open_port(struct tc_listener *listener, const struct tc_listener_config *config,
		     const char *host, char *why, size_t size)
{
	struct lws_vhost *vhost = create_vhost(listener, config, host);
	if (!vhost) {
		explain_no_vhost(config, host, why, size);
		return -EINVAL;
	}
	listener->port = lws_get_vhost_listen_port(vhost);
	if (listener->port <= 0 || try_bind(host, listener->port) != -EADDRINUSE) {
		snprintf(why, size, "%s port %d did not open", host, config->port);
		return -EADDRINUSE;
	}
	return 0;
}

static int open_orb_port(struct tc_listener *listener, char *why, size_t size)
{
	struct lws_context_creation_info info = {
		.port = 0,
		.iface = "127.0.0.1",
		.protocols = orb_protocols,
		.pvo = &ws_options,
		.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND,
		.vhost_name = ORB_VHOST,
		.keepalive_timeout = 30,
	};
	struct lws_vhost *vhost = lws_create_vhost(listener->context, &info);
	listener->orb_port = vhost ? lws_get_vhost_listen_port(vhost) : 0;
	if (listener->orb_port <= 0) {
		snprintf(why, size, "cannot open a port for orbs on 127.0.0.1");
		return -EADDRINUSE;
	}
	return 0;
}

int tc_listener_create(struct tc_listener **out, const struct tc_listener_config *config, char *why,
		       size_t size)
{
	const char *host = config->host ? config->host : "127.0.0.1";
	int err = check_files(config, why, size);
	if (err) {
		return err;
	}
	err = try_bind(host, config->port);
	if (err) {
		snprintf(why, size, "cannot listen on %s port %d: %s", host, config->port,
			 err == -EINVAL ? "HOST is no address of this machine" : tc_err_str(err));
		return err;
	}
	struct tc_listener *listener = calloc(1, sizeof(*listener));
	if (!listener) {
		snprintf(why, size, "out of memory");
		return -ENOMEM;
	}
	listener->http = config->http;
	listener->ws = config->ws;
	listener->tls = config->tls_cert != NULL;
	fill_protocols();
	int handles_before = handles_of(config->loop);
	listener->context = create_context(listener, config, why, size);
	if (!listener->context) {
		err = -ENOSYS;
	} else if (handles_of(config->loop) == handles_before) {
		snprintf(why, size, "%s", NO_LIBUV);
		err = -ENOSYS;
	} else {
		err = open_port(listener, config, host, why, size);
	}
	if (!err && config->orb_port) {
		err = open_orb_port(listener, why, size);
	}
	if (err) {
		tc_listener_close(listener);
		return err;
	}
	*out = listener;
	return 0;
}

void tc_listener_announce(const struct tc_listener *listener)
{
	TC_INFO(NULL, "listening on port %d%s", listener->port, listener->tls ? " (TLS)" : "");
	if (listener->orb_port) {
		TC_INFO(NULL, "orbs reach us on 127.0.0.1 port %d, without TLS",
			listener->orb_port);
	}
}

int tc_listener_port(const struct tc_listener *listener)
{
	return listener->port;
}

int tc_listener_orb_port(const struct tc_listener *listener)
{
	return listener->orb_port;
}

bool tc_listener_for_orbs(struct lws *wsi)
{
	return strcmp(lws_get_vhost_name(lws_get_vhost(wsi)), ORB_VHOST) == 0;
}

void tc_listener_close(struct tc_listener *listener)
{
	if (!listener) {
		return;
	}
	if (listener->context) {
		lws_context_destroy(listener->context);
	}
	free(listener);
}

struct tc_http *tc_listener_http(struct lws *wsi)
{
	struct tc_listener *listener = lws_context_user(lws_get_context(wsi));
	return listener->http;
}

struct tc_ws *tc_listener_ws(struct lws *wsi)
{
	struct tc_listener *listener = lws_context_user(lws_get_context(wsi));
	return listener->ws;
}
