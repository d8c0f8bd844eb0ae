// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/log.h"
#include "server/listener.h"
#include "server/rooms.h"
#include "server/ws.h"

struct app {
	uv_loop_t loop;
	uv_signal_t term, interrupt;
	struct tc_rooms *rooms;
	struct tc_ws *ws;
	struct tc_listener *listener;
};

/* Admits whoever names a token "USER:ROLE". */
static int access_by_name(void *user, const struct tc_access_request *request,
			  struct tc_access *out, const char **why)
{
	const char *colon = request->token ? strchr(request->token, ':') : NULL;
	if (!colon || colon - request->token >= TC_ID_SIZE) {
		*why = "not signed in";
		return 401;
	}
	snprintf(out->user_id, sizeof(out->user_id), "%.*s", (int)(colon - request->token),
		 request->token);
	snprintf(out->user_name, sizeof(out->user_name), "%s", out->user_id);
	out->role = tc_role_parse(colon + 1);
	return 0;
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct app *app = handle->data;
	uv_close((uv_handle_t *)&app->term, NULL);
	uv_close((uv_handle_t *)&app->interrupt, NULL);
	tc_listener_close(app->listener);
	tc_ws_close(app->ws);
}

int main(int argc, char **argv)
{
	static struct app app;
	if (argc != 2 || strcmp(argv[1], "serve") != 0) {
		fprintf(stderr, "usage: tricall serve\n");
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&app.loop);
	struct tc_ws_config ws = {.loop = &app.loop, .access = access_by_name};
	const char *port = getenv("PORT");
	struct tc_listener_config listener = {
		.loop = &app.loop,
		.host = getenv("HOST"),
		.port = port ? atoi(port) : 3000,
		.tls_cert = getenv("TLS_CERT"),
		.tls_key = getenv("TLS_KEY"),
	};
	char why[256] = "out of memory";
	const char *rate = getenv("SIGNAL_RATE");
	const char *burst = getenv("SIGNAL_BURST");
	struct tc_rooms_config rooms = {
		.rate = rate ? atoi(rate) : 0,
		.burst = burst ? atoi(burst) : 0,
	};
	int err = tc_rooms_create(&app.rooms, &rooms, &tc_ws_sink, NULL, NULL);
	if (!err) {
		ws.rooms = app.rooms;
		err = tc_ws_create(&app.ws, &ws);
	}
	if (!err) {
		listener.ws = app.ws;
		err = tc_listener_create(&app.listener, &listener, why, sizeof(why));
	}
	if (err) {
		fprintf(stderr, "tricall: %s\n", why);
		return 1;
	}
	uv_signal_init(&app.loop, &app.term);
	uv_signal_init(&app.loop, &app.interrupt);
	app.term.data = app.interrupt.data = &app;
	uv_signal_start(&app.term, on_signal, SIGTERM);
	uv_signal_start(&app.interrupt, on_signal, SIGINT);
	printf("tricall ready on %s://%s:%d\n", listener.tls_cert ? "https" : "http",
	       listener.host ? listener.host : "127.0.0.1", tc_listener_port(app.listener));
	fflush(stdout);
	uv_run(&app.loop, UV_RUN_DEFAULT);
	tc_rooms_destroy(app.rooms);
	return uv_loop_close(&app.loop) ? 1 : 0;
}
